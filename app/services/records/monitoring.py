"""How the making of records goes: how often it succeeds (goal: over 95 %), how long it takes from the step (goal: under
30 s), who is still without, and counts that must agree with each other (02-enrollment).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import User
from app.models.enrollments import Enrollment
from app.models.student_records import RecordCreationAttempt
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people

GOAL_RATE: Final = 0.95
GOAL_SECONDS: Final = 30
DAYS: Final = 90
MOST: Final = 200


@dataclass(frozen=True)
class Figures:
    """Of the last DAYS days. `rate` is the share of attempts that succeeded; `latency` that of the 95th percentile in
    seconds. Both are None when nothing was tried, or nothing made.
    """

    attempts: int
    succeeded: int
    rate: float | None
    median: float | None
    latency: float | None
    slowest: float | None
    waiting: int

    @property
    def rate_is_met(self) -> bool:
        return self.rate is None or self.rate >= GOAL_RATE

    @property
    def latency_is_met(self) -> bool:
        return self.latency is None or self.latency <= GOAL_SECONDS


_FIGURES = text("""
    SELECT count(*) AS attempts, count(*) FILTER (WHERE succeeded) AS succeeded,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FILTER (WHERE succeeded) AS median,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY took) FILTER (WHERE succeeded) AS latency,
           max(took) FILTER (WHERE succeeded) AS slowest
    FROM (SELECT succeeded, extract(epoch FROM at - due_since)::double precision AS took FROM record_creation_attempts
          WHERE at > now() - make_interval(days => :days)) attempt
""")
_DUE: Final = (
    Enrollment.records_due_since.is_not(None),
    Enrollment.student_id.is_(None),
    Enrollment.deleted_at.is_(None),
    Enrollment.status.not_in(["withdrawn", "rejected"]),
)


def figures() -> Figures:
    """How it went."""
    row = db.session.execute(_FIGURES, {"days": DAYS}).one()
    waiting = db.session.scalar(select(text("count(*)")).select_from(Enrollment).where(*_DUE)) or 0
    rate = row.succeeded / row.attempts if row.attempts else None
    return Figures(row.attempts, row.succeeded, rate, row.median, row.latency, row.slowest, waiting)


def without_records(actor: Actor) -> Sequence[Any]:
    """Enrollments whose records are due and missing, the longest wait first, with what the last attempt said."""
    last = (
        select(RecordCreationAttempt.at, RecordCreationAttempt.fields, RecordCreationAttempt.message)
        .where(RecordCreationAttempt.enrollment_id == Enrollment.id)
        .order_by(RecordCreationAttempt.id.desc())
        .limit(1)
        .lateral()
    )
    statement = (
        select(
            Enrollment.id,
            Enrollment.enrollment_code,
            (Enrollment.student_first_name + " " + Enrollment.student_last_name).label("name"),
            Enrollment.status,
            Enrollment.current_step,
            Enrollment.records_due_since,
            last.c.at,
            last.c.fields,
            last.c.message,
        )
        .outerjoin(last, text("true"))
        .where(*_DUE, visible(Enrollment, actor))
        .order_by(Enrollment.records_due_since, Enrollment.id)
        .limit(MOST)
    )
    return db.session.execute(statement).all()


def attempts(enrollment_id: UUID) -> Sequence[Any]:
    """The attempts of one enrollment, newest first: when, whether it succeeded, fields, message, who."""
    statement = (
        select(
            RecordCreationAttempt.id,
            RecordCreationAttempt.at,
            RecordCreationAttempt.succeeded,
            RecordCreationAttempt.fields,
            RecordCreationAttempt.message,
            people.full_name(User).label("who"),
        )
        .outerjoin(User, User.id == RecordCreationAttempt.actor_id)
        .where(RecordCreationAttempt.enrollment_id == enrollment_id)
        .order_by(RecordCreationAttempt.id.desc())
        .limit(MOST)
    )
    return db.session.execute(statement).all()


@dataclass(frozen=True)
class Count:
    """Two numbers that must be one."""

    name: str
    label: Any
    expected: int
    found: int

    @property
    def agrees(self) -> bool:
        return self.expected == self.found


_LABELS: Final = {
    "students": _l("students"),
    "attempts": _l("attempts that succeeded"),
    "ids": _l("student ids with the code of the enrollment"),
    "associations": _l("students at a school"),
    "extensions": _l("program records"),
    "users": _l("OneRoster users of students"),
}
_PAIRS: Final = {
    "guardians": _l("guardians who are agents at OneRoster"),
    "agents": _l("agents at OneRoster who are guardians"),
}
_COUNTS = text("""
    SELECT count(*) AS enrollments, count(s.id) AS students,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM record_creation_attempts a WHERE a.enrollment_id = e.id AND a.succeeded)) AS attempts,
           count(*) FILTER (
               WHERE s.student_unique_id = replace(e.enrollment_code, '-ENROLL-', '-STU-') OR EXISTS (
                   SELECT FROM student_merges m WHERE m.student_id = s.id AND m.undone_at IS NULL)) AS ids,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM student_school_associations x WHERE x.student_id = e.student_id)) AS associations,
           count(x.id) AS extensions, count(u.id) AS users, sum(p.guardians)::integer AS guardians, sum(p.agents)::integer AS agents,
           sum(p.pairs)::integer AS pairs
    FROM enrollments e LEFT JOIN students s ON s.id = e.student_id
    LEFT JOIN student_program_extensions x ON x.student_id = e.student_id
    LEFT JOIN oneroster_users u ON u.student_id = e.student_id
    CROSS JOIN LATERAL (
        SELECT count(g.guardian_id) AS guardians, count(a.guardian_id) AS agents,
               count(*) FILTER (WHERE g.guardian_id = a.guardian_id) AS pairs
        FROM (SELECT guardian_id FROM student_guardians WHERE student_id = e.student_id) g
        FULL JOIN (SELECT w.guardian_id FROM oneroster_agents o JOIN oneroster_users w ON w.id = o.agent_id
                   WHERE o.oneroster_user_id = u.id AND w.guardian_id IS NOT NULL) a ON a.guardian_id = g.guardian_id
    ) p
    WHERE e.student_id IS NOT NULL AND e.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM student_erasures z WHERE z.student_id = e.student_id)
      AND NOT EXISTS (SELECT FROM student_merges m WHERE m.duplicate_id = e.student_id AND m.undone_at IS NULL)
""")


def counts() -> list[Count]:
    """Of the enrollments that have records: how many have each part of the set. All must be the same; guardians and agents, who
    may come and go, must be the same people. Who was erased or merged away is left out; who stayed in a merge may have an
    id of their own.
    """
    row = db.session.execute(_COUNTS).one()._mapping
    of_sets = [Count(name, label, row["enrollments"], row[name]) for name, label in _LABELS.items()]
    return of_sets + [Count(name, label, row[name] or 0, row["pairs"] or 0) for name, label in _PAIRS.items()]
