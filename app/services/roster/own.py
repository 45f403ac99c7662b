"""An assistant's own shifts, as they were published: for their page and their calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.assistants import HelpDeskAssistant
from app.models.courses import Course
from app.models.roster import PublishedShift, Roster
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.timetables.reading import ClassEntry

AHEAD: Final = timedelta(days=92)
MOST: Final = 500
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class OwnShift:
    id: UUID
    starts_at: datetime
    ends_at: datetime
    course: str
    place: str


def shifts_of(actor: Actor) -> list[OwnShift]:
    """The published shifts of the actor from today on, in the order of time."""
    first = school.today()
    rows = db.session.execute(_own(actor, first, first + AHEAD).where(visible(PublishedShift, actor)))
    return [OwnShift(row.id, row.starts_at, row.ends_at, row.course, row.place or "") for row in rows]


def calendar(first: date, last: date, *, actor: Actor) -> list[ClassEntry]:
    """The same as entries of a calendar, from day to day. Those that were taken back are there as cancelled."""
    return [
        ClassEntry(
            f"shift-{row.id}", row.id, row.starts_at.astimezone(school.zone()).date(), row.starts_at, row.ends_at,
            _("Help desk: %(course)s", course=row.course), "", row.place or "", "scheduled", row.revision,
            row.changed_at, cancelled=row.cancelled, shift=True,
        )
        for row in db.session.execute(_own(actor, first, last))
    ]  # fmt: skip


def _own(actor: Actor, first: date, last: date) -> Any:
    """Whatever was ever published to the actor's own account."""
    return (
        select(
            PublishedShift.id,
            PublishedShift.starts_at,
            PublishedShift.ends_at,
            PublishedShift.place,
            PublishedShift.revision,
            PublishedShift.changed_at,
            (PublishedShift.cancelled_at.is_not(None) | Roster.published_at.is_(None)).label("cancelled"),
            Course.name.label("course"),
        )
        .join(Roster, Roster.id == PublishedShift.roster_id)
        .join(Course, Course.id == PublishedShift.course_id)
        .join(HelpDeskAssistant, HelpDeskAssistant.id == PublishedShift.assistant_id)
        .join(Student, Student.id == HelpDeskAssistant.student_id)
        .where(
            Student.user_id == actor.id,
            Student.deleted_at.is_(None),
            PublishedShift.starts_at >= school.midnight(first),
            PublishedShift.starts_at < school.midnight(last + _DAY),
        )
        .order_by(PublishedShift.starts_at, PublishedShift.id)
        .limit(MOST)
    )
