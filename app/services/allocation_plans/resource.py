"""The actions that belong to a session, and what runs are to people."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased, joinedload

from app.models.test_sessions import AllocationRun, AllocationRunKind, AllocationRunStatus, TestSession
from app.services.allocation_plans import rules, runs
from app.services.allocation_plans.schemas import EveryoneInput, OrderInput, UndoInput
from app.services.resource import Action, Attribute, Kind, Resource, options_of, register

KINDS: Final = options_of(AllocationRunKind, {"everyone": _l("Everyone"), "repair": _l("Repair")})
STATUSES: Final = options_of(
    AllocationRunStatus,
    {
        "queued": _l("Queued"),
        "running": _l("Running"),
        "applied": _l("Applied"),
        "undone": _l("Undone"),
        "failed": _l("Failed"),
    },
    {"queued": "info", "running": "info", "applied": "success", "failed": "danger"},
)
# For the resource of test sessions.
SESSION_ACTIONS: Final = (
    Action(
        "allocate_everyone",
        _l("Allocate everyone"),
        runs.allocate_everyone,
        rules.may_allocate,
        EveryoneInput,
        help=_l(
            "All who are registered and have no seat get one: in as few rooms as possible, then with as few empty seats as"
            " possible. Who has a seat keeps it."
        ),
        icon="sparkles",
        bulk=False,
        undo=runs.undo,
        previewed=True,
        defaults=lambda session: {"order": "surname"},
    ),
    Action(
        "repair_allocation",
        _l("Repair"),
        runs.repair_allocation,
        rules.may_allocate,
        OrderInput,
        help=_l(
            "For late students and lost rooms: whoever has no seat, or one where they cannot stay, gets one, and as few"
            " others as possible move."
        ),
        icon="refresh-cw",
        bulk=False,
        undo=runs.undo,
        previewed=True,
        defaults=lambda session: {"order": "surname"},
    ),
    Action(
        "undo_allocation",
        _l("Undo allocation"),
        runs.undo_allocation,
        rules.may_undo,
        UndoInput,
        help=_l("The last “Allocate everyone” or “Repair” is taken back as a whole, with what was moved since."),
        icon="undo-2",
        danger=True,
        bulk=False,
        previewed=True,
        defaults=rules.run_to_undo,
    ),
)


def title(run: AllocationRun) -> str:
    return f"{run.created_at:%Y-%m-%d %H:%M}"


_session = aliased(TestSession)
RUNS: Final = register(
    Resource(
        name="Allocation runs",
        slug="allocation-runs",
        model=AllocationRun,
        singular=_l("Allocation run"),
        plural=_l("Allocation runs"),
        title=title,
        attributes=(
            Attribute(
                "session",
                _l("Session"),
                Kind.RELATION,
                _session.code,
                key=AllocationRun.session_id,
                join=(_session, _session.id == AllocationRun.session_id),
                lookup="test-sessions",
            ),
            Attribute("kind", _l("Kind"), Kind.CHOICE, AllocationRun.kind, options=KINDS),
            Attribute("status", _l("Status"), Kind.CHOICE, AllocationRun.status, options=STATUSES),
            Attribute("progress", _l("Progress"), Kind.NUMBER, AllocationRun.progress),
            Attribute("message", _l("Message"), Kind.TEXT, AllocationRun.message, filterable=False),
            Attribute("applied_at", _l("Applied at"), Kind.DATETIME, AllocationRun.applied_at, nullable=True),
            Attribute("undone_at", _l("Undone at"), Kind.DATETIME, AllocationRun.undone_at, nullable=True),
            Attribute("created_at", _l("Asked for at"), Kind.DATETIME, AllocationRun.created_at),
        ),
        default_sort="-created_at",
        load=(joinedload(AllocationRun.session),),
        icon="sparkles",
        title_columns=(AllocationRun.created_at,),
        small=True,
    )
)
