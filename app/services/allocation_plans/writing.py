"""Who gets which seat of a plan, worked out and written by the database, whatever their number."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.services.allocation_plans.problem import Quota
from app.services.allocation_plans.reading import SCHOOL, WAITING
from app.services.test_sessions.seats import BUSY

SLICES: Final = 10  # how often a large run tells how far it is
LARGE: Final = 20_000  # seats that are written in one statement

ORDERS: Final = {
    "surname": "lower(st.last_name), lower(st.first_name), st.id",
    "number": "st.test_number",
}
# Within a group students are taken in their order, into rooms in theirs; within a room all sit in their order. The ranks
# on both sides are whole numbers, so that the joins are of equals.
_SEATING = """
    CREATE TEMPORARY TABLE seating ON COMMIT DROP AS
    WITH quotas AS (
        SELECT *, sum(students) OVER (PARTITION BY needs, school ORDER BY place) - students AS before
        FROM unnest(CAST(:rooms AS uuid[]), CAST(:needs AS boolean[]), CAST(:schools AS text[]), CAST(:counts AS integer[]))
             WITH ORDINALITY AS q (room_id, needs, school, students, place)
    ), places AS MATERIALIZED (
        SELECT q.room_id, q.needs, q.school, q.before + n AS rank FROM quotas q, generate_series(1, q.students) n
    ), ordered AS (
        SELECT st.id, st.needs_accessible_room AS needs, {school} AS school, row_number() OVER (ORDER BY {order}) AS turn
        {waiting}
    ), ranked AS MATERIALIZED (
        SELECT id, needs, school, turn, row_number() OVER (PARTITION BY needs, school ORDER BY turn) AS rank FROM ordered
    ), placed AS MATERIALIZED (
        SELECT r.id AS student_id, p.room_id, row_number() OVER (PARTITION BY p.room_id ORDER BY r.turn) AS number
        FROM ranked r JOIN places p USING (needs, school, rank)
    ), free AS MATERIALIZED (
        SELECT s.room_id, s.seat_number, row_number() OVER (PARTITION BY s.room_id ORDER BY s.position) AS number
        FROM room_seats s
        LEFT JOIN room_allocations a ON a.session_id = :id AND a.room_id = s.room_id AND a.seat_number = s.seat_number
        WHERE s.room_id = ANY (CAST(:rooms AS uuid[])) AND a.id IS NULL
    )
    SELECT placed.student_id, placed.room_id, free.seat_number,
           row_number() OVER (ORDER BY placed.room_id, placed.number) AS turn
    FROM placed JOIN free USING (room_id, number)
"""
_STATEMENTS = {
    order: text(_SEATING.format(school=SCHOOL, order=words, waiting=WAITING)) for order, words in ORDERS.items()
}
# Those who only move keep what they have: the key, the notes, and the run that seated them first.
_INSERT = text("""
    INSERT INTO room_allocations (id, session_id, venue_id, room_id, student_id, seat_number, allocation_run_id, allocation_date,
                                  notes, created_at, created_by_id)
    SELECT coalesce(b.id, uuid_time_ordered()), :id, :venue_id, s.room_id, s.student_id, s.seat_number,
           CASE WHEN b.id IS NULL THEN CAST(:run_id AS uuid) ELSE b.allocation_run_id END, now(), b.notes,
           coalesce(b.created_at, now()), CASE WHEN b.id IS NULL THEN current_actor() ELSE b.created_by_id END
    FROM seating s LEFT JOIN jsonb_populate_recordset(NULL::room_allocations, CAST(:moved AS jsonb)) b USING (student_id)
    WHERE s.turn BETWEEN :first AND :last ORDER BY s.turn
""")


def seat(
    session: Any,
    run_id: UUID,
    quotas: Sequence[Quota],
    *,
    order: str = "surname",
    apart: bool = False,
    moved: Sequence[dict[str, Any]] = (),
    report: Callable[[int], None] = lambda percent: None,
) -> int:
    """Give seats to those who wait, as the quotas say; `moved` are the former allocations of those who had one. Returns
    how many were seated. The session is locked.
    """
    if not quotas:
        return 0
    arrange(session.id, quotas, order=order, apart=apart)
    total = sum(quota.students for quota in quotas)
    step = total if total <= LARGE else -(-total // SLICES)
    written, before = 0, json.dumps(list(moved), default=str)
    for first in range(1, total + 1, step):
        facts = {"id": session.id, "venue_id": session.venue_id, "run_id": run_id, "moved": before}
        answer: Any = db.session.execute(_INSERT, facts | {"first": first, "last": first + step - 1})
        written += answer.rowcount
        report(20 + 75 * written // total)
    db.session.execute(text("DROP TABLE seating"))
    if written != total:
        raise AssertionError(f"{written} of {total} were seated")  # the lock was not held
    return written


def arrange(session_id: UUID, quotas: Sequence[Quota], *, order: str, apart: bool) -> None:
    """Work out who gets which seat, into the temporary table `seating`."""
    facts = {
        "id": session_id,
        "apart": apart,
        "rooms": [quota.room_id for quota in quotas],
        "needs": [quota.group.needs for quota in quotas],
        "schools": [quota.group.school for quota in quotas],
        "counts": [quota.students for quota in quotas],
    }
    # The database cannot know how many rows a list of numbers makes, and would look for each by itself.
    db.session.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))
    db.session.execute(_STATEMENTS[order], facts)
    db.session.execute(text("SELECT set_config('enable_nestloop', 'on', true)"))


_LEAVE = text("""
    WITH gone AS (DELETE FROM room_allocations WHERE session_id = :id AND student_id = ANY (:students) RETURNING *)
    SELECT coalesce(jsonb_agg(to_jsonb(gone) ORDER BY gone.id), '[]'::jsonb) FROM gone
""")


def leave(session_id: UUID, students: Sequence[UUID]) -> list[dict[str, Any]]:
    """Take these off their seats. Returns their allocations as they were."""
    return list(db.session.execute(_LEAVE, {"id": session_id, "students": list(students)}).scalar_one())


def take_back(run_id: UUID) -> int:
    """Empty the seats that a run gave, wherever those students sit by now. Returns how many."""
    answer: Any = db.session.execute(
        text("DELETE FROM room_allocations WHERE allocation_run_id = :run_id"), {"run_id": run_id}
    )
    return int(answer.rowcount)


# Former seats that are somebody else's by now, or no more, or in a room that is deleted or that another session has then.
# A room that is only out of use is given back: the repair that moved everybody out of it is what is undone.
_LOST = text(f"""
    SELECT count(*) FROM jsonb_populate_recordset(NULL::room_allocations, CAST(:rows AS jsonb)) b
    JOIN test_sessions s ON s.id = b.session_id JOIN rooms r ON r.id = b.room_id
    LEFT JOIN room_seats t USING (room_id, seat_number)
    LEFT JOIN room_allocations a USING (session_id, room_id, seat_number)
    WHERE t.room_id IS NULL OR a.id IS NOT NULL OR r.deleted_at IS NOT NULL OR {BUSY}
""")  # noqa: S608 - our own words
_PUT_BACK = text("""
    INSERT INTO room_allocations
    SELECT b.* FROM jsonb_populate_recordset(NULL::room_allocations, CAST(:rows AS jsonb)) b
""")


def put_back(rows: Sequence[dict[str, Any]]) -> bool:
    """Give allocations back just as they were; False, with nothing done, when one of the seats is not to be had."""
    facts = {"rows": json.dumps(rows, default=str)}
    if db.session.execute(_LOST, facts).scalar_one():
        return False
    db.session.execute(_PUT_BACK, facts)
    return True
