"""What an assistant does with their own record, found by their account: never by a key that they send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models.assistants import HelpDeskAssistant
from app.models.students import Student
from app.policies.actor import Actor
from app.services.assistants import records
from app.services.assistants.week import Period
from app.services.errors import NotFound, WrongState
from app.services.transaction import transactional


def find(actor: Actor) -> HelpDeskAssistant:
    """The assistant whose account the actor's is, with their student. Raises NotFound."""
    statement = (
        select(HelpDeskAssistant)
        .join(Student, Student.id == HelpDeskAssistant.student_id)
        .where(Student.user_id == actor.id, Student.deleted_at.is_(None))
        .options(joinedload(HelpDeskAssistant.student))
    )
    found = db.session.scalars(statement).one_or_none()
    if found is None or actor.id is None:
        raise NotFound(_("No assistant belongs to your account. Ask the office."))
    return found


@transactional
def set_availability(
    availability: Sequence[Period], *, actor: Actor, version: datetime | None = None
) -> HelpDeskAssistant:
    """Say when one can. What one can help with is the office's to change, as it was to approve.

    Raises NotFound, Conflict, WrongState for somebody who does not assist any more.
    """
    mine: UUID = find(actor).id
    changed = records.update_plan(mine, {"availability": availability}, actor=actor, version=version)
    if not changed.active:  # read after the lock
        raise WrongState(_("You are not active as an assistant. Ask the office."))
    return changed
