"""What can be done with the seats of a session now: for the buttons of its page. The services ask again, under the lock."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.models.test_sessions import AllocationRun, AllocationRunStatus, TestSessionStatus
from app.policies.actor import Actor
from app.policies.rules import may_run_tests

Reason = Any

BUSY: Final = (AllocationRunStatus.QUEUED, AllocationRunStatus.RUNNING)
OVER: Final = (AllocationRunStatus.UNDONE, AllocationRunStatus.FAILED)  # nothing is left of it


def may_allocate(actor: Actor, session: Any) -> Reason | None:
    """Seats change while a session is open, one run at a time."""
    reason = may_run_tests(actor, session)
    if reason is None and session.status is not TestSessionStatus.OPEN:
        reason = _l("This session is not open: nothing changes in it.")
    if reason is None and (last := last_run(session)) is not None and last.status in BUSY:
        reason = _l("Seats are being given right now.")
    return reason


def may_undo(actor: Actor, session: Any) -> Reason | None:
    reason = may_allocate(actor, session)
    if reason is None and last_run(session) is None:
        return _l("Nothing was allocated in one go, or it was undone already.")
    return reason


def last_run(session: Any) -> AllocationRun | None:
    """The last run that was not undone and did not fail: the only one that can be undone."""
    return next((run for run in session.runs if run.status not in OVER), None)


def run_to_undo(session: Any) -> dict[str, Any]:
    """The run that a dialog opened now is about: the last, also one that was undone already, which it then says."""
    run = last_run(session) or next(iter(session.runs), None)
    return {"run_id": run.id} if run is not None else {}
