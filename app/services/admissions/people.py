"""Who is admitted: a lead, a student, or somebody who walked in and becomes a lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.leads import FollowUpStatus, Lead, LeadEvent, LeadSource, LeadStage
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.errors import Invalid, WrongState
from app.services.leads import events, records
from app.services.transaction import lock_many

NOT_YET = UUID(int=0)


@dataclass(frozen=True)
class Person:
    """A lead, a student, or both."""

    name: str
    lead_id: UUID | None = None
    owner_id: int | None = None
    student_id: UUID = NOT_YET
    user_id: int | None = None


def find(values: Mapping[str, Any], actor: Actor) -> Person:
    """The person who is to be admitted; a lead is locked, and made for a walk-in. Raises Invalid."""
    lead_id, student_id = values.get("lead_id"), values.get("student_id")
    if lead_id is not None and student_id is not None:
        raise Invalid(fields={"student_id": [_("Choose a lead or a student, not both.")]})
    if student_id is not None:
        known = db.session.scalar(select(Student).where(Student.id == student_id, visible(Student, actor)))
        if known is None:
            raise Invalid(fields={"student_id": [_("Choose one from the list.")]})
        return Person(known.name, student_id=known.id, user_id=known.user_id)
    lead = _lead(lead_id, actor) if lead_id is not None else _walk_in(values, actor)
    return Person(lead.name, lead.id, lead.owner_id)


def _lead(lead_id: UUID, actor: Actor) -> Lead:
    found = lock_many(Lead, [lead_id], visible(Lead, actor))
    if not found:
        raise Invalid(fields={"lead_id": [_("Choose one from the list.")]})
    return found[0]


def _onboarded() -> LeadStage:
    """The final stage. Raises WrongState when none is marked as such."""
    stage = db.session.scalar(select(LeadStage).where(LeadStage.is_onboarded))
    if stage is None:
        raise WrongState(_("No stage of the leads is marked as the final one: an admin has to choose it."))
    return stage


def _walk_in(values: Mapping[str, Any], actor: Actor) -> Lead:
    """A lead for somebody who came in by themselves, in the final stage. Raises Invalid for what is missing."""
    wanted = ("first_name", "last_name", "phone")
    missing = {name: [_("This field is required.")] for name in wanted if not values.get(name)}
    if len(missing) == len(wanted):
        raise Invalid(fields={"lead_id": [_("Choose a lead or a student, or enter who walked in.")]})
    if missing:
        raise Invalid(fields=missing)
    typed = {name: values.get(name) for name in (*wanted, "email")}
    return records.create(
        {
            **typed,
            "source": LeadSource.WALK_IN,
            "stage_id": _onboarded().id,
            "follow_up_date": school.today(),
            "follow_up_status": FollowUpStatus.DONE,
            "walk_in_date": school.today(),
            "accept_duplicates": True,
        },
        actor=actor,
    )


_OF_LEAD = text("""
    SELECT s.id FROM admissions a JOIN students s ON s.id = a.student_id
    WHERE a.lead_id = :lead_id AND s.deleted_at IS NULL ORDER BY a.created_at LIMIT 1
""")
_MAKE = text("""
    INSERT INTO students (first_name, last_name, phone, email, guardian_name)
    SELECT first_name, last_name, phone, email, guardian_name FROM leads WHERE id = :lead_id RETURNING id
""")
_LOCK = text("SELECT user_id, deleted_at FROM students WHERE id = :id FOR NO KEY UPDATE")


def has_student(lead_id: UUID) -> bool:
    """Whether somebody was admitted from this lead before, and is still there."""
    return db.session.scalar(_OF_LEAD, {"lead_id": lead_id}) is not None


def student_of(person: Person) -> Person:
    """The person with their student, locked: the one who was admitted from this lead before, or a new one. Raises
    WrongState for a student who was deleted before the lock.
    """
    student_id = person.student_id
    if person.lead_id is not None:
        facts = {"lead_id": person.lead_id}
        student_id = db.session.scalar(_OF_LEAD, facts) or db.session.scalar(_MAKE, facts)
    locked = db.session.execute(_LOCK, {"id": student_id}).one()
    if locked.deleted_at is not None:
        raise WrongState(_("This student was deleted meanwhile."))
    return replace(person, student_id=student_id, user_id=locked.user_id)


def onboard(person: Person) -> None:
    """Move the lead of somebody who was admitted to the final stage, and close its follow-up."""
    if person.lead_id is not None:
        onboard_lead(db.session.get_one(Lead, person.lead_id))


def onboard_lead(lead: Lead, why: events.Facts = None) -> dict[str, Any]:
    """Move a locked lead to the final stage, and close its follow-up: each is written down where it changes something.
    Returns what was changed, as it was before. Raises WrongState when no stage is marked as the final one.
    """
    return change_lead(lead, {"stage_id": _onboarded().id, "follow_up_status": FollowUpStatus.DONE}, why)


def change_lead(lead: Lead, values: dict[str, Any], why: events.Facts = None) -> dict[str, Any]:
    """Give a locked lead a stage or the state of its follow-up, each written down where it changes something, with why if
    that is said. Returns what was changed, as it was before.
    """
    before = {name: getattr(lead, name) for name, value in values.items() if getattr(lead, name) != value}
    for name in before:
        setattr(lead, name, values[name])
    db.session.flush()
    for name, was in before.items():
        events.record(_TOLD[name], [(lead.id, {name: was}, {name: values[name], **(why or {})})])
    return before


_TOLD = {"stage_id": LeadEvent.STAGE_CHANGED, "follow_up_status": LeadEvent.FOLLOW_UP_CHANGED}
