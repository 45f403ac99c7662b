"""The actions on a session: allocate everyone, repair, undo. Small ones are done at once, large ones by a worker.

A worker that is killed leaves a run that is queued or running and whose advisory lock is free: the sweep asks for it again.
All that a run writes is one transaction, so that it is done once or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from flask import current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import func, or_, select, text

from app.extensions import db
from app.models.access import User
from app.models.test_sessions import AllocationRun, AllocationRunKind, AllocationRunStatus, TestSession
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import queue, sessions
from app.services.allocation_plans import carrying_out, explaining, reading, rules
from app.services.allocation_plans.schemas import SeatOrder
from app.services.alone import alone
from app.services.errors import Busy, Conflict, Invalid, NotAllowed, NotFound, Refusal, WrongState
from app.services.import_run import apart
from app.services.resource import Outcome, Result
from app.services.test_sessions.locking import check_open, require
from app.services.transaction import is_rehearsed, lock, lock_many, savepoint, transactional

TASK: Final = "allocation_plans.carry_out"
AT_ONCE: Final = 2_000  # students that are seated while one waits for the page


@transactional
def allocate_everyone(
    ids: Sequence[UUID], *, actor: Actor, order: SeatOrder = SeatOrder.SURNAME, keep_apart: bool = False
) -> Result:
    """Give every confirmed student without a seat one; who has one keeps it. Repeating it changes nothing.

    Refused per session: SessionClosed, WrongState while another run is on, SeatsShortError with what is missing.
    """
    options = {"order": SeatOrder(order).value, "keep_apart": keep_apart}
    return _each(ids, AllocationRunKind.EVERYONE, options, actor)


@transactional
def repair_allocation(ids: Sequence[UUID], *, actor: Actor, order: SeatOrder = SeatOrder.SURNAME) -> Result:
    """Seat whoever waits or sits where they cannot stay, with the fewest moves of others; whoever is not registered any
    more leaves. Refused as `allocate_everyone` is.
    """
    return _each(ids, AllocationRunKind.REPAIR, {"order": SeatOrder(order).value}, actor)


@transactional
def undo_allocation(ids: Sequence[UUID], *, actor: Actor, run_id: UUID) -> Result:
    """Undo this run, if it is the last of its session. Repeating it changes nothing, whatever was allocated before it.

    Refused per session: Invalid at the field for a run of another one, WrongState while another run is on or when one
    came after it, SessionClosed, Conflict when a former seat is not to be had any more. Raises NotAllowed.
    """

    def change(session: TestSession) -> Outcome:
        run = next((each for each in session.runs if each.id == run_id), None)
        if run is None:
            raise Invalid(fields={"run_id": [_("Choose one from the list.")]})
        if run.status in rules.OVER:
            return _outcome(session, unchanged=True)
        return _undo(session, run, actor)

    return _act(ids, change, actor)


@transactional
def undo(batch_id: UUID, *, actor: Actor) -> Result:
    """Undo this run, if it is the last of its session. Raises NotFound, NotAllowed, WrongState, Conflict."""
    require(actor)
    run = db.session.get(AllocationRun, batch_id)
    if run is None:
        raise NotFound
    return Result([_undo(lock(TestSession, run.session_id, visible(TestSession, actor)), run, actor)])


def _undo(session: TestSession, run: AllocationRun, actor: Actor) -> Outcome:
    last = rules.last_run(session)
    if last is None or last.id != run.id:
        raise WrongState(_("Only the last allocation of a session can be undone."))
    _check(actor, session)
    reading.lock_rooms(session.id)
    students = int(run.summary.get("students", 0))
    left = carrying_out.take_back(session, run)
    if left is None:
        raise Conflict(_("It cannot be undone: a seat that would be given back is not to be had any more."))
    said = [ngettext("%(num)s student: undone.", "%(num)s students: undone.", students)]
    if left:
        said.append(
            ngettext(
                "%(num)s former seat stays free: the student was deleted since.",
                "%(num)s former seats stay free: the students were deleted since.",
                left,
            )
        )
    return _outcome(session, " ".join(said))


def _each(ids: Sequence[UUID], kind: AllocationRunKind, options: dict[str, Any], actor: Actor) -> Result:
    made: list[UUID] = []

    def change(session: TestSession) -> Outcome:
        _check(actor, session)
        reading.lock_rooms(session.id)
        work = reading.work(session.id, repair=kind is AllocationRunKind.REPAIR)
        if work == 0:
            return _outcome(session, _("Everybody has a seat."), unchanged=True)
        if work > AT_ONCE and is_rehearsed() and kind is AllocationRunKind.EVERYONE:
            return _outcome(session, _foretold(session, options))
        run = AllocationRun(session_id=session.id, kind=kind, options=options)
        db.session.add(run)
        db.session.flush()
        made.append(run.id)
        if work > AT_ONCE and not is_rehearsed():
            queue.defer(TASK, queueing_lock=f"{TASK}:{run.id}", run_id=run.id)
            return _outcome(session, _("This is done in the background. The page of the session shows how far it is."))
        return _outcome(session, carrying_out.carry_out(session, run))

    result = _act(ids, change, actor)
    return Result(result.outcomes, made[0] if len(made) == 1 else None)


def _foretold(session: TestSession, options: dict[str, Any]) -> str:
    """A large session is planned for the preview, but not written twice."""
    plan = carrying_out.plan_of(session.id, options)
    return carrying_out.told(
        plan, explaining.summary(plan) | {"apart": options["keep_apart"], "moved": [], "removed": []}
    )


def _check(actor: Actor, session: TestSession) -> None:
    """Raises SessionClosed; WrongState while another run is on."""
    check_open(session)
    reason = rules.may_allocate(actor, session)
    if reason is not None:
        raise WrongState(reason)


def _act(ids: Sequence[UUID], change: Callable[[TestSession], Outcome], actor: Actor) -> Result:
    """Do it to each session, all locked first in key order; a refusal is the outcome of its session alone.
    Raises NotAllowed.
    """
    require(actor)
    wanted = list(dict.fromkeys(ids))
    found = {row.id: row for row in lock_many(TestSession, wanted, visible(TestSession, actor))}
    outcomes = []
    for key in wanted:
        session = found.get(key)
        try:
            if session is None:
                raise NotFound
            with savepoint():
                outcomes.append(change(session))
        except Refusal as refused:
            outcomes.append(Outcome(str(key), session.code if session else str(key)[:8], refused))
    return Result(outcomes)


def _outcome(session: TestSession, message: str = "", *, unchanged: bool = False) -> Outcome:
    return Outcome(str(session.id), session.code, unchanged=unchanged, message=message)


def run(run_id: UUID) -> bool:
    """Do a queued run. Returns whether this call did it."""
    with alone(f"allocation_run:{run_id}") as held:
        found = db.session.get(AllocationRun, run_id)
        if not held or found is None or found.status not in rules.BUSY:
            db.session.rollback()
            return False
        actor = _asker(found)
        db.session.rollback()
        apart("UPDATE allocation_runs SET status = 'running', progress = 0 WHERE id = :id", id=run_id)
        with force_locale(actor.locale or current_app.config["BABEL_DEFAULT_LOCALE"]):
            return _attempt(run_id, actor)


def _attempt(run_id: UUID, actor: Actor) -> bool:
    try:
        return _carry_out(run_id, actor=actor)
    except Busy:
        raise  # the queue tries again, and the status lets it
    except Refusal as refused:
        return _fail(run_id, str(refused), actor=actor)
    except Exception:
        _fail(run_id, _("Something unexpected went wrong. Please tell your administrator."), actor=actor)
        raise


_FOR_LARGE_RUNS = text(
    "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true), set_config('work_mem', '64MB', true)"
)


@transactional
def _carry_out(run_id: UUID, *, actor: Actor) -> bool:
    """All of a run. Its own row is written at the end: until then its progress is written from outside."""
    db.session.execute(_FOR_LARGE_RUNS)
    _check_asker(actor)
    found = db.session.get_one(AllocationRun, run_id)
    session = lock(TestSession, found.session_id)
    check_open(session)
    reading.lock_rooms(session.id)
    carrying_out.carry_out(session, found, _Progress(run_id))
    return True


class _Progress:
    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id

    def __call__(self, percent: int) -> None:
        apart(
            "UPDATE allocation_runs SET progress = :percent WHERE id = :id", id=self._run_id, percent=min(percent, 99)
        )


@transactional
def _fail(run_id: UUID, message: str, *, actor: Actor) -> bool:
    """End a run that could not be done. Returns False: nothing was written."""
    found = lock(AllocationRun, run_id)
    found.status, found.message = AllocationRunStatus.FAILED, message[:500]
    return False


def _asker(found: AllocationRun) -> Actor:
    """In whose name it is done: the system's, when the account that asked is gone."""
    try:
        return sessions.load_by_id(found.created_by_id or 0)
    except LookupError:
        return sessions.system()


def _check_asker(actor: Actor) -> None:
    """A run that waited is done only if who asked for it might ask now. Raises NotAllowed."""
    is_open = select(or_(User.active, User.username == SYSTEM)).where(User.id == actor.id)
    if not db.session.scalar(is_open):
        raise NotAllowed(_("The account that asked for it is not active any more."))
    require(actor)


@transactional
def sweep() -> int:
    """Ask again for the runs that a killed worker left behind. Returns how many."""
    statement = select(AllocationRun.id).where(
        AllocationRun.status.in_(rules.BUSY), AllocationRun.updated_at < func.now() - text("interval '1 minute'")
    )
    found = db.session.scalars(statement).all()
    for run_id in found:
        queue.defer(TASK, queueing_lock=f"{TASK}:{run_id}", run_id=run_id)
    return len(found)
