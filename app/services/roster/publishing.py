"""Making a week known, taking it back, making it known again.

`published_shifts` holds what each assistant was told. Publishing compares the week with it: those for whom nothing
changed hear nothing, also when the week was taken back in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, text, update

from app.extensions import db
from app.models.notifications import NotificationType
from app.models.roster import PublishedShift, Roster, RosterStatus
from app.policies.actor import Actor
from app.services import plain, school
from app.services.errors import WrongState
from app.services.notifications import Notice, notify
from app.services.resource import Result
from app.services.roster import reading
from app.services.roster.changes import may_plan
from app.services.roster.labels import roster_title
from app.services.transaction import transactional

_WANTED = text("""
    SELECT a.shift_id, a.assistant_id, a.course_id, s.day, s.start_time, s.end_time, s.place
    FROM shift_assignments a JOIN roster_shifts s ON s.id = a.shift_id WHERE a.roster_id = :id
    ORDER BY a.assistant_id, a.week_minutes
""")
_FACTS = ("course_id", "starts_at", "ends_at", "place")


def title(shift: Any) -> str:
    """Who has the shift, and on which day of the reader's. Rows of a list bring the name with them."""
    name = getattr(shift, "assistant_name", None)
    if name is None:
        name = reading.assistant_names([shift.assistant_id]).get(shift.assistant_id, "")
    return f"{name}, {format_date(shift.starts_at)}"


@dataclass
class Changes:
    """What assistants were not told yet: new shifts, others, and those that they have no more."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[tuple[PublishedShift, dict[str, Any]]] = field(default_factory=list)
    gone: list[PublishedShift] = field(default_factory=list)
    same: list[PublishedShift] = field(default_factory=list)

    def by_assistant(self) -> dict[UUID, tuple[int, int, int]]:
        """How many shifts of each assistant are new, changed, taken back."""
        counts: defaultdict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0])
        for facts in self.new:
            counts[facts["assistant_id"]][0] += 1
        for row, _facts in self.changed:
            counts[row.assistant_id][1 if row.cancelled_at is None else 0] += 1
        for row in self.gone:
            counts[row.assistant_id][2] += 1
        return {key: (new, changed, gone) for key, (new, changed, gone) in sorted(counts.items())}


def changes(roster: Roster) -> Changes:
    """How the week differs from what assistants were told."""
    found = Changes()
    told: dict[tuple[UUID, UUID], PublishedShift] = {}
    for known in db.session.scalars(select(PublishedShift).where(PublishedShift.roster_id == roster.id)):
        if known.shift_id is not None:
            told[known.shift_id, known.assistant_id] = known
        elif known.cancelled_at is None:  # the shift was deleted
            found.gone.append(known)
    for facts in _wanted(roster):
        row = told.pop((facts["shift_id"], facts["assistant_id"]), None)
        if row is None:
            found.new.append(facts)
        elif row.cancelled_at is None and all(getattr(row, name) == facts[name] for name in _FACTS):
            found.same.append(row)
        else:
            found.changed.append((row, facts))
    found.gone += [row for row in told.values() if row.cancelled_at is None]
    return found


def _wanted(roster: Roster) -> list[dict[str, Any]]:
    """The assignments of a week, each at its moment."""

    def moment(day: int, clock: Any) -> datetime:
        return datetime.combine(roster.starts_on + timedelta(days=day), clock, school.zone()).astimezone(UTC)

    return [
        {
            "roster_id": roster.id,
            "shift_id": row.shift_id,
            "assistant_id": row.assistant_id,
            "course_id": row.course_id,
            "starts_at": moment(row.day, row.start_time),
            "ends_at": moment(row.day, row.end_time),
            "place": row.place,
        }
        for row in db.session.execute(_WANTED, {"id": roster.id})
    ]


@transactional
def publish(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Let assistants see their shifts of these weeks, and tell those for whom something is new. Publishing again without
    a change does nothing. Raises NotAllowed; a week that is being filled, or on which nobody is, is refused.
    """
    may_plan(actor)
    said: dict[str, str] = {}

    def change(roster: Roster) -> bool:
        if roster.status is RosterStatus.SOLVING:
            raise WrongState(_("It is being filled. Wait for it, or call that off."))
        found = changes(roster)
        if not (found.new or found.changed or found.gone or found.same):
            raise WrongState(_("Nobody is on this roster yet."))
        people = found.by_assistant()
        if roster.published_at is not None and not people:
            return False
        _store(roster, found)
        told = _tell(roster, people)
        said[str(roster.id)] = ngettext("%(num)s assistant is told.", "%(num)s assistants are told.", told)
        return True

    result = plain.each(Roster, ids, roster_title, change, actor=actor)
    return Result([replace(each, message=said.get(each.id, "")) for each in result.outcomes])


@transactional
def unpublish(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take weeks back: assistants see their shifts no more, and calendars show them as cancelled. Nobody is told before
    they are published again. Raises NotAllowed.
    """
    may_plan(actor)

    def change(roster: Roster) -> bool:
        if roster.published_at is None:
            return False
        _revise(roster)
        roster.published_at = None
        return True

    return plain.each(Roster, ids, roster_title, change, actor=actor)


def _revise(roster: Roster) -> None:
    """Calendars look again at the shifts of a week that stay as they are, but appear or vanish."""
    statement = update(PublishedShift).where(
        PublishedShift.roster_id == roster.id, PublishedShift.cancelled_at.is_(None)
    )
    db.session.execute(statement.values(revision=PublishedShift.revision + 1, changed_at=datetime.now(UTC)))


def _store(roster: Roster, found: Changes) -> None:
    """Write down what assistants are told."""
    now = datetime.now(UTC)
    if roster.published_at is None:
        _revise(roster)
        db.session.flush()
    for row, facts in found.changed:
        for name in _FACTS:
            setattr(row, name, facts[name])
        row.cancelled_at, row.revision, row.changed_at = None, row.revision + 1, now
    for row in found.gone:
        row.cancelled_at, row.revision, row.changed_at = now, row.revision + 1, now
    if found.new:
        db.session.execute(insert(PublishedShift), [{**facts, "changed_at": now} for facts in found.new])
    roster.published_at, roster.publication = now, roster.publication + 1
    db.session.flush()


_ACCOUNTS = text("""
    SELECT a.id, s.user_id FROM help_desk_assistants a JOIN students s ON s.id = a.student_id
    WHERE a.id = ANY(:ids) AND s.user_id IS NOT NULL ORDER BY a.id
""")


def _tell(roster: Roster, people: dict[UUID, tuple[int, int, int]]) -> int:
    """Tell each assistant what is new for them; those without an account cannot be told. Returns how many."""
    title = _l("Your shifts in the week of %(day)s", day=roster.starts_on)
    notices = []
    for row in db.session.execute(_ACCOUNTS, {"ids": list(people)}):
        new, changed, gone = people[row.id]
        body = _l("New: %(new)s. Changed: %(changed)s. Taken back: %(gone)s.", new=new, changed=changed, gone=gone)
        notices.append(Notice(row.user_id, f"{roster.id}:{roster.publication}", title, body, "/me/assistant"))
    notify(NotificationType.ROSTER_PUBLISHED, "rosters", notices)
    return len(notices)
