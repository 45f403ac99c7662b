"""Filling a week in the background.

Whoever asks writes `solve_key`; the worker searches outside any transaction and may write only while the key is the same,
so that calling off is emptying it. What was searched is compared with what is there when the answer is written: a week
that somebody changed meanwhile keeps their change, and nothing else is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, insert, text, tuple_, update
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.models.roster import Roster, RosterStatus, ShiftAssignment
from app.policies.actor import Actor
from app.services import plain, queue, sessions
from app.services.alone import alone
from app.services.errors import WrongState
from app.services.resource import Result
from app.services.roster import reading
from app.services.roster.changes import may_plan
from app.services.roster.labels import roster_title
from app.services.roster.problem import Problem
from app.services.transaction import lock, transactional

if TYPE_CHECKING:
    from app.services.roster.solver import Answer

TASK = "roster.solve"


@transactional
def solve(ids: Sequence[UUID], *, actor: Actor, queued: bool = True) -> Result:
    """Ask for weeks to be filled, unless the caller does that itself. Asking again while one is being filled changes
    nothing. Raises NotAllowed; a week that needs nobody is refused.
    """
    may_plan(actor)

    def change(roster: Roster) -> bool:
        if roster.status is RosterStatus.SOLVING:
            return False
        if not reading.problem(roster.id).demands:
            raise WrongState(_("Say first which shifts need which courses."))
        roster.solve_key, roster.asked_at, roster.asked_by_id = uuid4(), datetime.now(UTC), actor.id
        roster.progress, roster.message = 0, ""
        if queued:
            _defer(roster.id)
        return True

    return plain.each(Roster, ids, roster_title, change, actor=actor)


@transactional
def cancel_solve(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Call the filling of weeks off: they stay as they are. One that is not being filled is left alone."""
    may_plan(actor)

    def change(roster: Roster) -> bool:
        if roster.status is not RosterStatus.SOLVING:
            return False
        roster.solve_key = roster.asked_at = None
        roster.message = _("It was called off. Nothing was changed.")
        return True

    return plain.each(Roster, ids, roster_title, change, actor=actor)


def run(roster_id: UUID) -> bool:
    """Fill a week that somebody asked for. Returns whether this call wrote it."""
    with alone(f"roster:{roster_id}") as held:
        roster = db.session.get(Roster, roster_id)
        if not held or roster is None or roster.solve_key is None:
            db.session.rollback()
            return False
        key = roster.solve_key
        actor = _asker(roster)
        problem = reading.problem(roster_id)
        db.session.rollback()  # only reading until here; nothing is held while the solver works
        with force_locale(actor.locale or current_app.config["BABEL_DEFAULT_LOCALE"]):
            return _run(roster_id, key, problem, actor)


def _asker(roster: Roster) -> Actor:
    """In whose name it is filled: the system's, when the account that asked is gone."""
    try:
        return sessions.load_by_id(roster.asked_by_id or 0)
    except LookupError:
        return sessions.system()


def _run(roster_id: UUID, key: UUID, problem: Problem, actor: Actor) -> bool:
    from app.services.roster.solver import StoppedError, fill  # large, and for the worker alone

    seconds = float(current_app.config["ROSTER_TIME_LIMIT"])
    try:
        answer = fill(problem, seconds=seconds, report=_Watch(roster_id, key, seconds))
    except StoppedError:
        return False
    except Exception:
        _end(roster_id, key, _("Something unexpected went wrong. Please tell your administrator."), actor=actor)
        raise
    return _write(roster_id, key, problem, answer, actor=actor)


class _Watch:
    """Writes down how far the search is, and stops it when nobody wants it any more."""

    _MARK = text("""
        WITH marked AS (
            UPDATE rosters SET progress = greatest(progress, :progress)
            WHERE id = (SELECT id FROM rosters WHERE id = :id AND solve_key = :key FOR NO KEY UPDATE SKIP LOCKED)
        )
        SELECT EXISTS (SELECT FROM rosters WHERE id = :id AND solve_key = :key)
    """)

    def __init__(self, roster_id: UUID, key: UUID, seconds: float) -> None:
        self._facts, self._seconds = {"id": roster_id, "key": key}, seconds

    def __call__(self, elapsed: float, gap: float) -> bool:
        progress = min(99, round(max(100 * elapsed / self._seconds, 100 - gap)))
        try:
            with db.engine.begin() as connection:
                return bool(connection.scalar(self._MARK, self._facts | {"progress": max(0, progress)}))
        except SQLAlchemyError:
            return False  # without the database there is nobody to write for; the sweep asks again


@transactional
def _write(roster_id: UUID, key: UUID, problem: Problem, answer: Answer, *, actor: Actor) -> bool:
    """Put the answer into the week, if it is still the one that was searched."""
    roster = lock(Roster, roster_id)
    if roster.solve_key != key:
        return False
    if not reading.problem(roster_id).same_as(problem):
        return _end(
            roster_id,
            key,
            _("Somebody changed the week, an availability or hours meanwhile, so nothing was written. Fill it again."),
            actor=actor,
        )
    store(roster, problem, answer)
    roster.solve_key = roster.asked_at = None
    return True


def store(roster: Roster, problem: Problem, answer: Answer) -> None:
    """Make the assignments of a locked week those of the answer; what stays is not touched."""
    present, wanted = set(problem.present), set(answer.assignments)
    gone = [(each.shift_id, each.assistant_id) for each in present - wanted if not each.pinned]
    if gone:
        where = tuple_(ShiftAssignment.shift_id, ShiftAssignment.assistant_id).in_(gone)
        db.session.execute(delete(ShiftAssignment).where(where, ~ShiftAssignment.pinned))
    new = [
        {"shift_id": each.shift_id, "course_id": each.course_id, "assistant_id": each.assistant_id}
        for each in sorted(wanted - present)
    ]
    if new:
        db.session.execute(insert(ShiftAssignment), new)
    roster.objective, roster.bound, roster.solved_at = answer.objective, answer.bound, datetime.now(UTC)
    roster.progress, roster.message = 100, ""
    db.session.flush()


@transactional
def _end(roster_id: UUID, key: UUID, message: str, *, actor: Actor) -> bool:
    """Give up. Returns False: nothing was written."""
    statement = update(Roster).where(Roster.id == roster_id, Roster.solve_key == key)
    db.session.execute(statement.values(solve_key=None, asked_at=None, message=message))
    return False


@transactional
def sweep() -> int:
    """Ask again for the weeks that a killed worker left behind. Returns how many."""
    statement = text("SELECT id FROM rosters WHERE solve_key IS NOT NULL AND updated_at < now() - interval '1 minute'")
    found = db.session.scalars(statement).all()
    for roster_id in found:
        _defer(roster_id)
    return len(found)


def _defer(roster_id: UUID) -> None:
    queue.defer(TASK, queueing_lock=f"{TASK}:{roster_id}", roster_id=roster_id)
