"""Test sessions: who is registered for two at once, from before that was refused."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.services import school
from app.services.integrity.invariants import Invariant


def _today() -> dict[str, Any]:
    return {"today": school.today()}


_AT_ONCE = """
    SELECT g.id::text AS key, 'Student ' || st.student_usi AS title, '/test-registrations/' || g.id AS link,
           s.code || ' / ' || min(o.code) AS detail
    FROM test_sessions s
    JOIN test_sessions o ON o.id <> s.id AND o.session_date = s.session_date AND o.status IN ('open', 'closed')
      AND o.start_time < s.end_time AND o.end_time > s.start_time
    JOIN test_registrations g ON g.session_id = s.id AND g.status = 'confirmed'
    JOIN test_registrations h ON h.session_id = o.id AND h.student_id = g.student_id AND h.status = 'confirmed'
    JOIN students st ON st.id = g.student_id AND st.deleted_at IS NULL
    WHERE s.session_date >= :today AND s.status IN ('open', 'closed') GROUP BY g.id, st.student_usi, s.code
"""

TEST_SESSIONS: Final = (
    Invariant(
        "student_in_two_tests",
        _l("Test sessions"),
        _l("A student is registered for one test session at a time"),
        _l("Registrations for a session to come of a student who is registered for another one at the same time."),
        _AT_ONCE,
        ("show", "Test registrations"),
        _l("Ask the student which one it is, and cancel the other."),
        values=_today,
    ),
)
