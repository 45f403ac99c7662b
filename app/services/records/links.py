"""What a student's records refer to, changed by hand: guardians and who is whose, schools, and what the program knows.
OneRoster's users follow in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select, text

from app.extensions import db
from app.models.organizations import Organization
from app.models.student_records import (
    Guardian,
    RosterStatus,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import contact, lookups, plain
from app.services.errors import Invalid, explain
from app.services.records import years
from app.services.records.following import follow, follow_guardians
from app.services.records.labels import row_title
from app.services.resource import Result
from app.services.transaction import lock_many, transactional

explain(
    {
        "uq_guardians_user_id": ("user_id", _l("This account belongs to another guardian.")),
        "ck_guardians_name_not_blank": ("first_name", _l("This field is required.")),
        "uq_student_guardians_student_id_guardian_id": (
            "guardian_id",
            _l("They are a guardian of this student already."),
        ),
        "ck_student_program_extensions_custom_data_object": ("custom_data", _l("Must be a JSON object.")),
        "uq_student_guardians_primary": ("primary_contact", _l("Another guardian is the first to be called.")),
        "uq_student_school_associations_student_id_school_id_entry_date": (
            "entry_date",
            _l("The student entered this school on this day already."),
        ),
        "uq_student_school_associations_open_primary_school": (
            "primary_school",
            _l("The student has another primary school in this year: enter an exit there first."),
        ),
        "ck_student_school_associations_exit_after_entry": ("exit_date", _l("Must not be before the first day.")),
        "ck_student_school_associations_exit_type_descriptor": (
            "exit_type_descriptor",
            _l("A reason for leaving needs the day."),
        ),
        "ck_student_school_associations_school_year": ("school_year", _l("Must be a year between 1900 and 2199.")),
    }
)


def name_of(person: Any) -> str:
    return f"{person.first_name} {person.last_name}"


def _contact(values: Mapping[str, Any], known: Guardian | None = None) -> dict[str, Any]:
    """The values with the phone number as it is stored. Raises Invalid at the field."""
    data = dict(values)
    if problems := contact.normalise(data, known):
        raise Invalid(fields=problems)
    return data


@transactional
def create_guardian(values: Mapping[str, Any], *, actor: Actor) -> Guardian:
    """Add a guardian. Raises Invalid at the field, Conflict for an account that another one has."""
    lookups.check("guardian-accounts", actor, values.get("user_id"), "user_id")
    made: Guardian = plain.create(Guardian, _contact(values), actor=actor)
    return made


# Whoever OneRoster knows already is called there as they are here.
_RENAME = text("""
    UPDATE oneroster_users u SET given_name = g.first_name, family_name = g.last_name, email = g.email, phone = g.phone
    FROM guardians g WHERE g.id = :id AND u.guardian_id = g.id
""")


@transactional
def update_guardian(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Guardian:
    """Change a guardian, if nobody changed them since `version`. Raises NotFound, Conflict, Invalid."""
    known = db.session.scalar(select(Guardian.user_id).where(Guardian.id == key))
    if values.get("user_id") not in (None, known):
        lookups.check("guardian-accounts", actor, values["user_id"], "user_id")
    changed = plain.update(Guardian, key, _contact(values, db.session.get(Guardian, key)), actor=actor, version=version)
    db.session.execute(_RENAME, {"id": key})
    return changed


_CHILDREN = text("""
    SELECT count(*) FROM student_guardians sg JOIN students s ON s.id = sg.student_id AND s.deleted_at IS NULL
    WHERE sg.guardian_id = :id
""")
_LEAVE_THE_GONE = text("DELETE FROM student_guardians WHERE guardian_id = ANY(:ids) RETURNING student_id")


def _has_children(guardian: Any) -> Any:
    count = db.session.scalar(_CHILDREN, {"id": guardian.id})
    return (
        ngettext("They are still guardian of %(num)s student.", "They are still guardian of %(num)s students.", count)
        if count
        else None
    )


@transactional
def delete_guardians(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete guardians softly, also for OneRoster's readers; whoever still has a student stays. Students who were deleted
    themselves have them no more.
    """
    result = plain.delete(Guardian, ids, actor=actor, title=name_of, hindrance=_has_children)
    follow(set(db.session.scalars(_LEAVE_THE_GONE, {"ids": _done(result)})))
    _tell_roster(result, RosterStatus.TO_BE_DELETED)
    return result


@transactional
def restore_guardians(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Bring deleted guardians back; at OneRoster they are enabled when they are guardian of somebody again."""
    result = plain.restore(Guardian, ids, actor=actor, title=name_of)
    _tell_roster(result, RosterStatus.ACTIVE)
    return result


# Whoever is deleted, or was until now, has no student.
_STATUS = text("""
    UPDATE oneroster_users SET status = :status, enabled_user = false WHERE guardian_id = ANY(:ids) AND status <> :status
""")


def _tell_roster(result: Result, status: RosterStatus) -> None:
    db.session.execute(_STATUS, {"ids": _done(result), "status": status})


def _done(result: Result) -> list[UUID]:
    return [UUID(each.id) for each in result.outcomes if each.state == "ok"]


def _locked_student(student_id: UUID | None, actor: Actor) -> Student:
    """Raises Invalid at the field."""
    found = lock_many(Student, [student_id], visible(Student, actor)) if student_id else []
    if not found:
        raise Invalid(fields={"student_id": [_("Choose one from the list.")]})
    return found[0]


def student_name(key: UUID) -> str:
    return _name(Student, key)


def _name(model: Any, key: UUID) -> str:
    """Of who is known in the session already, or read now: titles are asked for with and without what is around a record."""
    return name_of(db.session.get_one(model, key))


def link_title(link: Any) -> str:
    return row_title(link) or f"{_name(Guardian, link.guardian_id)}, {student_name(link.student_id)}"


@transactional
def create_link(values: Mapping[str, Any], *, actor: Actor) -> StudentGuardian:
    """Make somebody guardian of a student. Raises Invalid and Conflict at the field."""
    _locked_student(values.get("student_id"), actor)
    lookups.check("guardians", actor, values.get("guardian_id"), "guardian_id")
    made: StudentGuardian = plain.create(StudentGuardian, values, actor=actor)
    follow([made.student_id])
    follow_guardians([made.guardian_id])
    return made


@transactional
def update_link(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> StudentGuardian:
    """Change how they are related, or who is called first. Raises NotFound, Conflict, Invalid."""
    data = {name: value for name, value in values.items() if name not in ("student_id", "guardian_id")}
    return plain.update(StudentGuardian, key, data, actor=actor, version=version)


@transactional
def delete_links(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Say that somebody is not guardian of a student any more."""
    rows = select(StudentGuardian.student_id, StudentGuardian.guardian_id).where(
        StudentGuardian.id.in_(list(ids)), visible(StudentGuardian, actor)
    )
    pairs = db.session.execute(rows).all()
    students = [pair.student_id for pair in pairs]
    lock_many(Student, students)  # what follows is read afresh by who waits here
    result = plain.delete(StudentGuardian, ids, actor=actor, title=link_title)
    follow(students)
    follow_guardians([pair.guardian_id for pair in pairs])
    return result


def association_title(association: Any) -> str:
    if (title := row_title(association)) is not None:
        return title
    return f"{student_name(association.student_id)}, {db.session.get_one(Organization, association.school_id).name}"


@transactional
def create_association(values: Mapping[str, Any], *, actor: Actor) -> StudentSchoolAssociation:
    """Enter a student at a school; without a year, in that of the first day. Raises Invalid and Conflict at the field."""
    _locked_student(values.get("student_id"), actor)
    lookups.check("schools", actor, values.get("school_id"), "school_id")
    data = dict(values)
    if data.get("school_year") is None:
        data["school_year"] = years.school_year(data["entry_date"])
    made: StudentSchoolAssociation = plain.create(StudentSchoolAssociation, data, actor=actor)
    follow([made.student_id])
    return made


@transactional
def update_association(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> StudentSchoolAssociation:
    """Change an association, as when the student leaves; whose it is stays. Raises NotFound, Conflict, Invalid."""
    data = {name: value for name, value in values.items() if name != "student_id"}
    statement = select(StudentSchoolAssociation).where(StudentSchoolAssociation.id == key)
    known = db.session.scalars(statement).one_or_none()
    if known is not None:
        lock_many(Student, [known.student_id])
        if data.get("school_id", known.school_id) != known.school_id:
            lookups.check("schools", actor, data["school_id"], "school_id")
    if "school_year" in data and data["school_year"] is None:
        del data["school_year"]
    changed = plain.update(StudentSchoolAssociation, key, data, actor=actor, version=version)
    follow([changed.student_id])
    return changed


@transactional
def delete_associations(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete associations that were entered by mistake; who leaves gets an exit date instead."""
    rows = select(StudentSchoolAssociation.student_id).where(
        StudentSchoolAssociation.id.in_(list(ids)), visible(StudentSchoolAssociation, actor)
    )
    students = list(db.session.scalars(rows))
    lock_many(Student, students)
    result = plain.delete(StudentSchoolAssociation, ids, actor=actor, title=association_title)
    follow(students)
    return result


@transactional
def update_extension(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> StudentProgramExtension:
    """Change what the program knows of a student. Raises NotFound, Conflict, Invalid."""
    data = dict(values)
    if isinstance(data.get("sport_interests"), str):
        typed = [each.strip() for each in data["sport_interests"].split(",")]
        data["sport_interests"] = list(dict.fromkeys(each for each in typed if each))
    return plain.update(StudentProgramExtension, key, data, actor=actor, version=version)
