"""Writing one student: entering them, with their possible duplicates, and changing them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from pydantic import SecretStr
from sqlalchemy import select, text

from app.extensions import db
from app.models.enrollments import Enrollment
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import accounts, contact, lookups, plain, school
from app.services.admissions import waitlist
from app.services.errors import Conflict, Invalid, WrongState, explain
from app.services.keysets import among
from app.services.records import erasing, following, person, unmerging
from app.services.resource import Result
from app.services.students import identity
from app.services.test_sessions import leaving
from app.services.transaction import lock, lock_many, transactional

LONGEST_NAME = 64  # of an account

explain(
    {
        "uq_students_user_id": ("user_id", _l("This account belongs to another student.")),
        "uq_students_student_unique_id": ("student_unique_id", _l("Another student has this id.")),
        "ck_students_name_not_blank": ("first_name", _l("This field is required.")),
        "ck_students_birth_date": ("birth_date", _l("Must be after 1900.")),
    }
)


class SameStudent(Invalid):
    """Live students with the same phone, e-mail or name and birth date exist; saving again with `accept_duplicates`
    saves all the same.
    """

    code = "possible_duplicates"

    def __init__(self, students: Sequence[Any]) -> None:
        super().__init__(_("This may be a student you already have."))
        self.students = students

    def details(self) -> dict[str, Any]:
        return {
            "duplicates": [
                {"id": str(each.id), "name": each.name, "phone": each.phone, "email": each.email}
                for each in self.students
            ]
        }


def title(student: Any) -> str:
    return f"{student.first_name} {student.last_name}"


# Each through its own index; the names of one day of birth are few.
_SAME = text("""
    SELECT id FROM students WHERE deleted_at IS NULL AND search_text LIKE search_fold('%' || :last_name || '%')
        AND search_fold(first_name) = search_fold(:first_name) AND birth_date = :birth_date
    UNION SELECT id FROM students
    WHERE deleted_at IS NULL AND search_text LIKE '%' || :phone || '%' AND phone = :phone
    UNION SELECT id FROM students
    WHERE deleted_at IS NULL AND search_text LIKE search_fold('%' || :email || '%') AND lower(email) = lower(:email)
    LIMIT 5
""")


def duplicates_of(values: Mapping[str, Any], actor: Actor) -> list[Student]:
    """Visible live students who may be the same person."""
    names = ("first_name", "last_name", "birth_date", "phone", "email")
    keys = list(db.session.scalars(_SAME, {name: values.get(name) for name in names}))
    return list(db.session.scalars(select(Student).where(Student.id.in_(keys), visible(Student, actor))))


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> Student:
    """Enter a student. Raises Invalid at the field, SameStudent unless `accept_duplicates` is given."""
    data = dict(values)
    accepted = data.pop("accept_duplicates", False)
    _normalise(data)
    if not accepted and (found := duplicates_of(data, actor)):
        raise SameStudent(found)
    made: Student = plain.create(Student, data, actor=actor)
    return made


@transactional
def update(student_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Student:
    """Change the given fields of a student, if nobody changed them since `version`. Raises NotFound, Conflict, Invalid."""
    data = {name: value for name, value in values.items() if name != "accept_duplicates"}
    known = lock(Student, student_id, visible(Student, actor), version=version)
    _normalise(data, known)
    for name, value in data.items():
        setattr(known, name, value)
    db.session.flush()
    return known


def _normalise(data: dict[str, Any], known: Student | None = None) -> None:
    """Put the values into the form in which they are stored. Raises Invalid with everything that is wrong."""
    problems = contact.normalise(data, known)
    if (born := data.get("birth_date")) and born > school.today():
        problems["birth_date"] = [_("Must not be in the future.")]
    try:
        _check_identity(data, known)
    except Invalid as refusal:
        problems = {**refusal.fields, **problems}
    if problems:
        raise Invalid(fields=problems)


def _check_identity(data: dict[str, Any], known: Student | None) -> None:
    """What is checked is what the student will have: a change may name only one part of it."""
    names = ("identity_type", "identity_number", "birth_date")
    if not set(names) & data.keys():
        return
    if "identity_number" in data:
        data["identity_number"] = identity.normalise(data["identity_number"])
    identity.check(*(data[name] if name in data else getattr(known, name, None) for name in names))


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete students softly, with their bookings and seats of tests to come (04-test-sessions), and with the places
    that are offered to them; refused while an admission or enrollment of theirs is not over. The outcome tells what
    they leave.
    """
    lock_many(Enrollment, list(db.session.scalars(select(Enrollment.id).where(among(Enrollment.student_id, ids)))))
    waitlist.lock_slots_of(ids)
    leaving.hold_tests(ids)
    result = plain.delete(Student, ids, actor=actor, title=title, hindrance=lambda each: person.not_over([each.id]))
    gone = [UUID(each.id) for each in result.outcomes if each.state == "ok"]
    leaving.hold_tests(gone)
    bookings, seats = leaving.leave_tests(gone)
    offers = waitlist.leave(gone)
    following.follow_families(gone)
    left = {str(key): _left(bookings[key], seats[key], offers[key]) for key in gone}
    return Result([replace(each, message=left.get(each.id, "")) for each in result.outcomes])


def _left(bookings: int, seats: int, offers: int) -> str:
    """What a student leaves, in words; nothing where there is nothing."""
    said = []
    if bookings:
        said.append(
            ngettext(
                "%(num)s registration for a test is cancelled.",
                "%(num)s registrations for tests are cancelled.",
                bookings,
            )
        )
    if seats:
        said.append(ngettext("%(num)s seat is given up.", "%(num)s seats are given up.", seats))
    if offers:
        said.append(waitlist.given_up(offers))
    return " ".join(said)


@transactional
def restore(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Bring deleted students back; refused when their account has gone to another meanwhile, when they were merged into
    another, and when their data was erased. The bookings that deleting took are confirmed again while their sessions are
    open; seats are not given back, and the outcome says so. They are offered what is free where they wait.
    """
    returned: dict[str, int] = {}
    waitlist.lock_slots_of(ids)
    leaving.hold_tests(ids)

    def change(student: Student) -> bool:
        if unmerging.was_merged(student.id):
            raise WrongState(_("They were merged into another student: take the merge back there."))
        if erasing.was_erased(student.id):
            raise WrongState(_("Their data was erased on request."))
        assert student.deleted_at is not None
        returned[str(student.id)] = leaving.return_to_tests(student.id, student.deleted_at)
        student.deleted_at = student.deleted_by_id = None
        return True

    result = plain.each(Student, ids, title, change, actor=actor, deleted=True)
    back = [UUID(each.id) for each in result.outcomes if each.state == "ok"]
    waitlist.come_back(back)
    following.follow_families(back)
    return Result([replace(each, message=_returned(returned.get(each.id, 0))) for each in result.outcomes])


def _returned(count: int) -> str:
    """What came back with a student, in words; nothing when nothing did."""
    if count == 0:
        return ""
    return ngettext(
        "%(num)s registration for a test is confirmed again; a seat must be given anew.",
        "%(num)s registrations for tests are confirmed again; seats must be given anew.",
        count,
    )


@transactional
def link_account(ids: Sequence[UUID], *, actor: Actor, user_id: int) -> Result:
    """Give a student the account with which they log in: one with the role Student that nobody has yet. Raises Invalid
    at the field.
    """
    lookups.check("student-accounts", actor, user_id, "user_id")

    def change(student: Student) -> bool:
        if student.user_id is not None:
            raise WrongState(_("They have an account already: take it away first."))
        student.user_id = user_id
        return True

    return plain.each(Student, ids, title, change, actor=actor)


@transactional
def unlink_account(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take the account away from students; the account itself stays."""

    def change(student: Student) -> bool:
        changed, student.user_id = student.user_id is not None, None
        return changed

    return plain.each(Student, ids, title, change, actor=actor)


@transactional
def create_login(
    ids: Sequence[UUID], *, actor: Actor, username: str, password: SecretStr, email: str | None = None
) -> Result:
    """Make an account with the role Student, and give it to the student: both or nothing.

    Raises Invalid and Conflict at the field, as making an account does.
    """

    def change(student: Student) -> bool:
        if student.user_id is not None:
            raise WrongState(_("They have an account already."))
        made = accounts.create_account(
            username=username,
            email=email,
            first_name=student.first_name[:LONGEST_NAME],
            last_name=student.last_name[:LONGEST_NAME],
            password=password.get_secret_value(),
            roles=[Role.STUDENT.value],
            actor=actor,
        )
        student.user_id = made.id
        return True

    result = plain.each(Student, ids, title, change, actor=actor)
    for outcome in result.outcomes:
        if isinstance(outcome.refusal, (Invalid, Conflict)):  # what was typed is wrong, or taken: the form comes back
            raise outcome.refusal
    return result


def suggested_login(student: Any) -> dict[str, Any]:
    """What the form of a new login holds at first: a name that nobody else has."""
    letters = unicodedata.normalize("NFKD", f"{student.first_name}.{student.last_name}").lower()
    name = "".join(each for each in letters if each.isascii() and (each.isalnum() or each == "."))
    return {"username": f"{name.strip('.')[:80] or 'student'}.{student.student_usi}", "email": student.email}


def of_account(user_id: int | None) -> UUID | None:
    """The student whose account this is."""
    if user_id is None:
        return None
    return db.session.scalar(select(Student.id).where(Student.user_id == user_id, Student.deleted_at.is_(None)))
