"""The first day of an admission: it is active from then on."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text

from app.extensions import db
from app.services import sessions
from app.services.transaction import act_as, transactional

# Locked in key order, as every routine does; one that is being changed now is found the next time.
_START = text("""
    WITH due AS (
        SELECT id FROM admissions WHERE status = 'pending' AND starts_on <= :day AND deleted_at IS NULL
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), started AS (
        UPDATE admissions a SET status = 'active' FROM due WHERE a.id = due.id RETURNING a.id
    )
    INSERT INTO admission_audit_events (admission_id, type, before, after)
    SELECT id, 'status_changed', '{"status": "pending"}', '{"status": "active"}' FROM started
""")


@transactional
def start(day: date) -> int:
    """Turn the pending admissions whose first day has come into active ones. Returns how many; repeating it for the same
    day turns none.
    """
    act_as(sessions.system())
    return int(db.session.execute(_START, {"day": day}).rowcount)  # type: ignore[attr-defined]
