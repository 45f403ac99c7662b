"""Making a help desk assistant of somebody who is a student here already, with the account that they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.assistants import HelpDeskAssistant
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_decide_registration
from app.services import plain
from app.services.accounts import access
from app.services.errors import NotAllowed, WrongState, explain
from app.services.resource import Result
from app.services.students import records
from app.services.transaction import transactional

explain({"uq_help_desk_assistants_student_id": ("student_id", _l("They are an assistant already."))})


def hindrance(actor: Actor, student: Any) -> Any:
    """Why this student cannot be made an assistant, or None."""
    if student.user_id is None:
        return _l("They have no account, which an assistant needs: create a login first.")
    return may_decide_registration(actor, student)


@transactional
def make_assistant(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Make assistants of these students, and give their accounts the role; who is one already stays as they are. Courses
    and times are said on the page of the assistant.

    Refused per student: without an account, or with one that the actor may not change.
    """

    def change(student: Student) -> bool:
        if student.user_id is None:
            raise WrongState(hindrance(actor, student))
        if (reason := may_decide_registration(actor, student)) is not None:
            raise NotAllowed(reason)
        known = select(HelpDeskAssistant.id).where(HelpDeskAssistant.student_id == student.id)
        new = db.session.scalar(known) is None
        if new:
            db.session.add(HelpDeskAssistant(student_id=student.id))
        return access.add_role(student.user_id, Role.ASSISTANT, actor) or new

    return plain.each(Student, ids, records.title, change, actor=actor)
