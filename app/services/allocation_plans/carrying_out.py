"""One run: everybody who waits gets a seat, or a session is repaired. Called inside a transaction, with the session locked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.test_sessions import AllocationRun, AllocationRunKind, AllocationRunStatus, TestSession
from app.services.allocation_plans import explaining, planner, reading, repair, writing
from app.services.allocation_plans.explaining import SeatsShortError
from app.services.allocation_plans.problem import Plan, Problem, ShortageError
from app.services.test_sessions import notices
from app.services.transaction import moment

Report = Callable[[int], None]
SECONDS: Final = 5  # to look for the best plan; the wish may need them, nothing else ever does


@dataclass
class Freed:
    """Allocations as they were before a repair: of those who move, and of those who are no longer registered."""

    moved: list[dict[str, Any]] = field(default_factory=list)
    removed: list[dict[str, Any]] = field(default_factory=list)


def plan_of(session_id: UUID, options: dict[str, Any]) -> Plan:
    """The plan for those who wait; the others stay. Raises SeatsShortError."""
    apart = bool(options.get("keep_apart"))
    return _plan(reading.problem(session_id, apart=apart), apart, lambda: _hint(session_id))


def _plan(problem: Problem, apart: bool, hint: Callable[[], str]) -> Plan:
    try:
        return planner.plan(problem, apart=apart, seconds=SECONDS)
    except ShortageError as error:
        raise SeatsShortError(error.shortages, hint()) from error


def _hint(session_id: UUID) -> str:
    """Whether a repair would do, when it cannot be done without moving anybody."""
    found = reading.seated(session_id)
    movable = sum(each.accessible and not each.needs for each in found)
    try:
        repair.displaced(reading.problem(session_id), movable)
    except ShortageError:
        return ""
    return _("“Repair” makes room by moving students who do not need an accessible seat.")


def carry_out(session: TestSession, run: AllocationRun, report: Report = lambda percent: None) -> str:
    """Do a run and write down what it did. Returns it in words. Raises SeatsShortError."""
    options, freed = dict(run.options), Freed()
    report(5)
    if run.kind is AllocationRunKind.REPAIR:
        freed = _make_room(session.id)
    plan = plan_of(session.id, options)
    report(20)
    apart = bool(options.get("keep_apart"))
    writing.seat(session, run.id, plan.quotas, order=options["order"], apart=apart, moved=freed.moved, report=report)
    facts = explaining.summary(plan) | {"apart": apart, "moved": freed.moved, "removed": freed.removed}
    notices.tell(session.id, _touched(run.id, freed))
    run.applied_at = moment()
    run.summary, run.status, run.progress, run.message = facts, AllocationRunStatus.APPLIED, 100, ""
    db.session.flush()
    return told(plan, facts)


def told(plan: Plan, facts: dict[str, Any]) -> str:
    """What a run does, before or after it."""
    said = [explaining.told(facts), explaining.room_by_room(plan)] if plan.quotas else []
    return " ".join([*explaining.moves(facts), *said])


def _make_room(session_id: UUID) -> Freed:
    """Empty the seats of those who are not registered any more, of those who cannot stay, and of the fewest others.
    Raises SeatsShortError.
    """
    found = reading.seated(session_id)
    stay = [each for each in found if not each.gone and not each.stuck]
    removed = writing.leave(session_id, [each.student_id for each in found if each.gone])
    moved = writing.leave(session_id, [each.student_id for each in found if each.stuck and not each.gone])
    movable = [each for each in stay if each.accessible and not each.needs]
    try:
        count = repair.displaced(reading.problem(session_id), len(movable))
    except ShortageError as error:
        raise SeatsShortError(error.shortages) from error
    if count:
        moved += writing.leave(session_id, [each.student_id for each in movable[-count:]])
    return Freed(moved, removed)


def take_back(session: TestSession, run: AllocationRun) -> int | None:
    """Make the seats what they were before a run. What was done by hand since to those whom it seated goes with it. Who
    was deleted or erased since is not seated again: returns how many those are, or None when a former seat is not to be
    had any more.
    """
    moved, removed = run.summary.get("moved", []), run.summary.get("removed", [])
    touched = _touched(run.id, Freed(moved, removed))
    writing.take_back(run.id)
    left = {each["student_id"] for each in writing.leave(session.id, [UUID(row["student_id"]) for row in moved])}
    present = _seated_of(session.id, [row["student_id"] for row in removed])
    rows = [row for row in moved if row["student_id"] in left]
    rows += [row for row in removed if row["student_id"] not in present]
    there = _there([row["student_id"] for row in rows])
    back = [row for row in rows if row["student_id"] in there]
    if back and not writing.put_back(back):
        return None
    run.status, run.undone_at = AllocationRunStatus.UNDONE, moment()
    db.session.flush()
    notices.tell(session.id, touched)
    return len(rows) - len(back)


def _touched(run_id: UUID, freed: Freed) -> list[UUID]:
    """The students with an account for whom a run changed something."""
    students = [UUID(row["student_id"]) for row in (*freed.moved, *freed.removed)]
    statement = text("""
        SELECT st.id FROM students st WHERE st.user_id IS NOT NULL AND (
            st.id = ANY (:students) OR st.id IN (SELECT student_id FROM room_allocations WHERE allocation_run_id = :run_id))
    """)
    return list(db.session.scalars(statement, {"students": students, "run_id": run_id}))


def _there(students: list[str]) -> set[str]:
    statement = text("SELECT id::text FROM students WHERE id = ANY (CAST(:ids AS uuid[])) AND deleted_at IS NULL")
    return set(db.session.scalars(statement, {"ids": students}))


def _seated_of(session_id: UUID, students: list[str]) -> set[str]:
    statement = text(
        "SELECT student_id::text FROM room_allocations WHERE session_id = :id AND student_id = ANY (CAST(:ids AS uuid[]))"
    )
    return set(db.session.scalars(statement, {"id": session_id, "ids": students}))
