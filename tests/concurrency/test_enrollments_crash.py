"""Crashes of what a family cannot do without: nothing remains of what was begun, no half set of records and no attempt that
tells of one, and what is repeated succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.extensions import db
from app.models.enrollments import Enrollment
from app.services.enrollments import deciding, documents, progress, steps
from app.services.enrollments.schemas import PaymentMethod
from app.services.records import creation, retrying
from tests.concurrency.crashing import crash_everywhere
from tests.concurrency.racing import actor
from tests.factories import enrollments as make

SETS = """
    SELECT e.status || ' ' || e.current_step || ' ' || count(DISTINCT s.id) || ' '
        || count(DISTINCT a.id) FILTER (WHERE a.succeeded)
    FROM enrollments e LEFT JOIN students s ON s.id = e.student_id
    LEFT JOIN record_creation_attempts a ON a.enrollment_id = e.id
    WHERE e.id = :id GROUP BY e.id
"""
PAID = {"enrollments", "enrollment_steps"}
RECORDS = {"students", "guardians", "student_guardians", "student_school_associations", "oneroster_users"}


def waiting(monkeypatch: Any) -> UUID:
    """An enrollment whose records could not be made."""
    key = make.enrollment_at(4).id
    with monkeypatch.context() as broken:
        broken.setattr(creation.sets, "write", lambda **_values: 1 / 0)
        steps.submit(key, 4, make.student_information(), actor=actor("guardian"))
    assert db.session.get_one(Enrollment, key).records_due_since is not None
    return key


def verified() -> UUID:
    """An enrollment that only waits for its deposit."""
    key = make.enrollment_at(6).id
    documents.verify([each.id for each in progress.documents_of(key).values()], actor=actor("admissions"))
    return key


def asking() -> UUID:
    """An enrollment that waits for its coach."""
    key = make.enrollment_at(3).id
    steps.submit(key, 3, make.shadow_day(), actor=actor("guardian"))
    return key


def approving(key: UUID) -> Callable[[], Any]:
    coach = actor("coach")
    return lambda: deciding.approve([key], actor=coach).outcomes[0].state


def sending(key: UUID) -> Callable[[], Any]:
    guardian = actor("guardian")
    return lambda: steps.submit(key, 4, make.student_information(), actor=guardian) and "ok"


def retried(key: UUID) -> Callable[[], Any]:
    office = actor("admissions")
    return lambda: retrying.retry([key], actor=office).outcomes[0].state


def paying(key: UUID) -> Callable[[], Any]:
    office, paid = actor("admissions"), {"payment_method": PaymentMethod.CASH, "deposit_amount": 250}
    return lambda: deciding.record_payment([key], actor=office, **paid).outcomes[0].state


@pytest.mark.parametrize(
    ("what", "records_at", "left", "written"),
    [
        ("approval", 4, "in_progress 4 0 0", {"enrollments", "enrollment_events", "notifications"}),
        ("student information", 4, "registered 5 1 1", RECORDS | {"enrollment_steps"}),
        pytest.param("retry", 4, "registered 5 1 1", RECORDS, marks=pytest.mark.fault),
        pytest.param("payment", 4, "enrolled 7 1 1", PAID | {"student_program_extensions"}, marks=pytest.mark.fault),
        pytest.param("payment", 6, "enrolled 7 1 1", RECORDS | PAID, marks=pytest.mark.fault),
    ],
)
def test_a_crash_between_any_two_statements_leaves_nothing(
    committed_app, server_url, tmp_path, monkeypatch, what, records_at, left, written
):
    committed_app.config.update(UPLOADS_DIR=str(tmp_path), ENROLLMENT_CREATE_RECORDS_AT_STEP=records_at)
    begun: dict[str, tuple[Callable[[], UUID], Callable[[UUID], Callable[[], Any]]]] = {
        "approval": (asking, approving),
        "student information": (lambda: make.enrollment_at(4).id, sending),
        "retry": (lambda: waiting(monkeypatch), retried),
        "payment": (verified, paying),
    }
    with committed_app.app_context():
        prepared, work_of = begun[what]
        key = prepared()
        result, tables = crash_everywhere(server_url, work_of(key))
        assert result == "ok"
        assert written <= set(tables)
        assert db.session.scalar(db.text(SETS), {"id": key}) == left
