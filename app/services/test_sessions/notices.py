"""Telling students of their seats, and when they are needed there (05-notifications: allocation_changed). One statement,
whatever their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.models.notifications import NotificationType
from app.services import school
from app.services.notifications import tell_set, texts

# The transaction is part of what the notice is about: who is moved there and back on one day is told of both.
_TELL: Final = """
    SELECT st.user_id AS recipient_id,
           left(CASE WHEN a.id IS NULL THEN format(:english_none, s.code)
                     ELSE format(:english, s.code, r.number, a.seat_number) END, 200) AS title,
           '' AS body, 'info' AS severity, 'test_sessions' AS entity_type,
           s.id || ':' || pg_current_xact_id() AS entity_id, '/me/seats' AS link,
           jsonb_build_object('title', jsonb_build_object(
               'message', jsonb_build_array(CASE WHEN a.id IS NULL THEN CAST(:none AS text) ELSE :seat END),
               'values', jsonb_build_object('session', s.code, 'room', coalesce(r.number, ''),
                                            'seat', coalesce(a.seat_number, '')))) AS payload,
           CAST(NULL AS timestamptz) AS expires_at
    FROM students st JOIN ab_user u ON u.id = st.user_id AND u.active JOIN test_sessions s ON s.id = :session_id
    LEFT JOIN room_allocations a ON a.session_id = s.id AND a.student_id = st.id LEFT JOIN rooms r ON r.id = a.room_id
    WHERE st.id = ANY (:students)
"""
_TELL_REGISTERED: Final = """
    SELECT st.user_id AS recipient_id,
           left(CASE WHEN s.status = 'cancelled' THEN format(:english_cancelled, s.code)
                     ELSE format(:english, s.code, s.session_date, it.start, it.end) END, 200) AS title,
           '' AS body, 'warning' AS severity, 'test_sessions' AS entity_type,
           s.id || ':' || pg_current_xact_id() AS entity_id, '/me/seats' AS link,
           jsonb_build_object('title', jsonb_build_object(
               'message', jsonb_build_array(CASE WHEN s.status = 'cancelled' THEN CAST(:cancelled AS text) ELSE :time END),
               'values', jsonb_build_object('session', s.code, 'day', jsonb_build_object('day', s.session_date),
                                            'start', it.start, 'end', it.end))) AS payload,
           CAST(NULL AS timestamptz) AS expires_at
    FROM test_sessions s JOIN test_registrations g ON g.session_id = s.id AND g.status = 'confirmed'
    JOIN students st ON st.id = g.student_id
    JOIN ab_user u ON u.id = st.user_id AND u.active
    CROSS JOIN LATERAL (SELECT to_char(s.start_time, 'HH24:MI') AS start, to_char(s.end_time, 'HH24:MI') AS end) it
    WHERE s.id = :session_id AND st.deleted_at IS NULL
"""
SEAT: Final = _l("Your seat in %(session)s: room %(room)s, seat %(seat)s")
NO_SEAT: Final = _l("You have no seat in %(session)s any more")
TIME: Final = _l("%(session)s takes place on %(day)s, %(start)s to %(end)s")
CANCELLED: Final = _l("%(session)s does not take place")


def tell(session_id: UUID, students: Sequence[UUID]) -> int:
    """Tell these students where they sit now, those who have an account. Returns how many notices were made."""
    if not students:
        return 0
    facts = {
        "session_id": session_id,
        "students": list(students),
        "seat": texts.message(SEAT),
        "none": texts.message(NO_SEAT),
        "english": "Your seat in %1$s: room %2$s, seat %3$s",
        "english_none": "You have no seat in %1$s any more",
    }
    return tell_set(NotificationType.ALLOCATION_CHANGED, _TELL, school.today(), facts, events=True)


def tell_registered(session_id: UUID) -> int:
    """Tell everybody who is registered for a session when it takes place now, or that it does not, with a seat or without.
    Returns how many notices were made.
    """
    facts = {
        "session_id": session_id,
        "time": texts.message(TIME),
        "cancelled": texts.message(CANCELLED),
        "english": "%1$s takes place on %2$s, %3$s to %4$s",
        "english_cancelled": "%1$s does not take place",
    }
    return tell_set(NotificationType.ALLOCATION_CHANGED, _TELL_REGISTERED, school.today(), facts, events=True)
