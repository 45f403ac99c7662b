"""What a student is to people: attributes, input, actions."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import String, cast, select
from sqlalchemy.orm import aliased, joinedload

from app.models.access import User
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import inputs, people
from app.services.accounts.inputs import Secret
from app.services.inputs import Input, blank_is_none, storable
from app.services.records.descriptors import RACES, SEXES
from app.services.records.facts import RACE, code_of
from app.services.records.labels import codes
from app.services.records.student_actions import RECORD_ACTIONS
from app.services.resource import Action, Attribute, Kind, Lookup, Resource, register, register_lookup
from app.services.students import assisting, identity, records

LABELS = {
    "student_usi": _l("Student number"),
    "student_unique_id": _l("Student id"),
    "test_number": _l("Test number"),
    "name": _l("Name"),
    "first_name": _l("First name"),
    "middle_name": _l("Middle name"),
    "last_name": _l("Last name"),
    "generation_suffix": _l("Suffix"),
    "phone": _l("Phone"),
    "email": _l("E-mail"),
    "guardian_name": _l("Guardian"),
    "birth_date": _l("Born on"),
    "birth_city": _l("Place of birth"),
    "birth_state": _l("State of birth"),
    "birth_country": _l("Country of birth"),
    "birth_sex_descriptor": _l("Sex"),
    "identity_type": _l("Identity document"),
    "identity_number": _l("Number of the document"),
    "school_name": _l("School"),
    "needs_accessible_room": _l("Needs an accessible room"),
    "accommodation_needs": _l("Other needs at a test"),
    "notes": _l("Notes"),
    "account": _l("Account"),
    "user_id": _l("Account"),
    "username": _l("Username"),
    "password": _l("Password"),
    "created_at": _l("Entered"),
    "hispanic_latino_ethnicity": _l("Hispanic or Latino"),
    "races": _l("Races"),
    "into_id": _l("Student who stays"),
    "reason": _l("Who asked, and when"),
    "accept_duplicates": _l("This is someone else: save all the same"),
}

StudentInput = inputs.of(
    Student,
    "first_name",
    "middle_name",
    "last_name",
    "generation_suffix",
    "email",
    "guardian_name",
    "birth_date",
    "birth_city",
    "birth_state",
    "birth_country",
    "identity_type",
    "identity_number",
    "school_name",
    "needs_accessible_room",
    "accommodation_needs",
    "notes",
    name="StudentInput",
    phone=(
        Annotated[str | None, Field(max_length=40), BeforeValidator(blank_is_none), BeforeValidator(storable)],
        None,
    ),
    birth_sex_descriptor=(
        Annotated[str | None, BeforeValidator(blank_is_none), BeforeValidator(storable), code_of(SEXES)],
        None,
    ),
    hispanic_latino_ethnicity=(bool | None, None),
    races=(Annotated[list[RACE], Field(max_length=len(RACES))], []),
    accept_duplicates=(bool, False),
)


class LinkAccount(Input):
    user_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class CreateLogin(Input):
    username: Annotated[str, Field(min_length=1, max_length=128), BeforeValidator(storable)]
    password: Secret
    email: Annotated[str | None, Field(max_length=320), BeforeValidator(blank_is_none), BeforeValidator(storable)] = (
        None
    )


def _without(actor: Actor, student: Any) -> Any:
    return None if student.user_id is None else _l("They have an account already.")


def _with(actor: Actor, student: Any) -> Any:
    return _l("They have no account.") if student.user_id is None else None


_account = aliased(User)


def _text(name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(Student, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


STUDENTS = register(
    Resource(
        name="Students",
        slug="students",
        model=Student,
        singular=_l("Student"),
        plural=_l("Students"),
        title=records.title,
        attributes=(
            Attribute(
                "name", LABELS["name"], Kind.TEXT, Student.first_name + " " + Student.last_name, filterable=False
            ),
            # A name rather than a number: nobody adds them up.
            Attribute("student_usi", LABELS["student_usi"], Kind.TEXT, cast(Student.student_usi, String)),
            _text("student_unique_id"),
            _text("test_number"),
            _text("first_name"),
            _text("middle_name"),
            _text("last_name", sortable=True),
            _text("generation_suffix"),
            _text("phone", Kind.PHONE),
            _text("email", Kind.EMAIL),
            _text("guardian_name"),
            _text("birth_date", Kind.DATE),
            _text("birth_city"),
            _text("birth_state"),
            _text("birth_country"),
            _text("birth_sex_descriptor"),
            _text("school_name"),
            Attribute(
                "account",
                LABELS["account"],
                Kind.RELATION,
                _account.username,
                key=Student.user_id,
                join=(_account, _account.id == Student.user_id),
                lookup="accounts",
                nullable=True,
            ),
            _text("created_at", Kind.DATETIME, sortable=True),
        ),
        search=Student.search_text,
        search_help=_l("Name, number, phone or e-mail"),
        input=StudentInput,
        labels=LABELS,
        relations={"user_id": "student-accounts", "into_id": "students"},
        options={"identity_type": identity.TYPES, "birth_sex_descriptor": codes(SEXES), "races": codes(RACES)},
        create=records.create,
        update=records.update,
        delete=records.delete,
        restore=records.restore,
        actions=(
            Action(
                "create_login",
                _l("Create login"),
                records.create_login,
                _without,
                CreateLogin,
                icon="key-round",
                bulk=False,
                defaults=records.suggested_login,
                help=_l("Makes an account with the role Student. Tell them the password yourself."),
            ),
            Action(
                "link_account",
                _l("Link account"),
                records.link_account,
                _without,
                LinkAccount,
                icon="link",
                bulk=False,
                help=_l("Gives them an account that there is already."),
            ),
            Action(
                "unlink_account",
                _l("Unlink account"),
                records.unlink_account,
                _with,
                icon="x",
                bulk=False,
                danger=True,
                help=_l("The account itself stays, but shows nothing of this student any more."),
            ),
            Action(
                "make_assistant",
                _l("Make an assistant"),
                assisting.make_assistant,
                assisting.hindrance,
                icon="life-buoy",
                help=_l("They help at the help desk, with the account that they have. Say then with what and when."),
            ),
            *RECORD_ACTIONS,
        ),
        load=(joinedload(Student.account),),
        icon="user-round",
        title_columns=(Student.first_name, Student.last_name),
        told=("test_number", "birth_date", "phone"),
        export_columns=(
            "student_usi",
            "student_unique_id",
            "test_number",
            "first_name",
            "middle_name",
            "last_name",
            "phone",
            "email",
            "guardian_name",
            "birth_date",
            "school_name",
            "account",
            "created_at",
        ),
    )
)

register_lookup(
    Lookup(
        "students",
        ("lookup", "Students"),
        lambda actor: (
            select(Student.id, Student.first_name + " " + Student.last_name, cast(Student.student_usi, String))
            .where(visible(Student, actor))
            .order_by(Student.created_at.desc(), Student.id.desc())
        ),
        Student.search_text,
        Student.id,
        "students",
        folded=True,
    )
)


_taken = select(Student.user_id).where(Student.user_id.is_not(None), Student.deleted_at.is_(None))
_accounts = people.choices("student-accounts", "Accounts", Role.STUDENT)
register_lookup(replace(_accounts, offered=_accounts.offered & User.id.not_in(_taken)))
