"""Students who leave the school leave the tests to come: their bookings and their seats. What was held stays on record.
A session that is closed or cancelled was not held: it may be opened again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from app.extensions import db
from app.models.test_sessions import TestRegistration, TestSession, TestSessionStatus
from app.services.keysets import among

NOT_HELD: Final = "session_id IN (SELECT id FROM test_sessions WHERE status <> 'completed')"
_THEIRS = f"student_id = ANY(:ids) AND {NOT_HELD}"
_CANCEL_BOOKINGS = text(f"""
    UPDATE test_registrations SET status = 'cancelled', cancelled_at = now() WHERE status = 'confirmed' AND {_THEIRS}
    RETURNING student_id
""")  # noqa: S608 - from here
_EMPTY_SEATS = text(f"DELETE FROM room_allocations WHERE {_THEIRS} RETURNING student_id")  # noqa: S608 - from here
_DROP_GONE = text("""
    WITH gone AS (
        UPDATE test_registrations r SET status = 'cancelled', cancelled_at = st.deleted_at FROM students st
        WHERE r.session_id = :id AND r.status = 'confirmed' AND st.id = r.student_id AND st.deleted_at IS NOT NULL
        RETURNING r.student_id
    )
    DELETE FROM room_allocations a USING gone WHERE a.session_id = :id AND a.student_id = gone.student_id
""")
_LEFT = text("""
    SELECT r.id FROM test_registrations r JOIN test_sessions s ON s.id = r.session_id AND s.status = 'open'
    WHERE r.student_id = :id AND r.status = 'cancelled' AND r.cancelled_at = :left_at
    ORDER BY s.session_date, s.start_time, r.id
""")
# One at a time, so that those that come back are compared with one another.
_CONFIRM_AGAIN = text(f"""
    UPDATE test_registrations r SET status = 'confirmed', cancelled_at = NULL
    WHERE r.id = :key AND r.student_id = :id AND r.status = 'cancelled' AND {NOT_HELD}
      AND NOT EXISTS (SELECT FROM test_registrations o WHERE o.session_id = r.session_id AND o.student_id = r.student_id
                      AND o.status = 'confirmed')
      AND NOT EXISTS (
        SELECT FROM test_sessions s JOIN test_sessions t ON t.session_date = s.session_date AND t.id <> s.id
          AND t.start_time < s.end_time AND t.end_time > s.start_time AND t.status IN ('open', 'closed')
        JOIN test_registrations o ON o.session_id = t.id AND o.student_id = r.student_id AND o.status = 'confirmed'
        WHERE s.id = r.session_id AND s.status IN ('open', 'closed'))
    RETURNING r.id
""")  # noqa: S608 - from here

# Nobody can cancel a booking in a session that is closed or cancelled.
_GIVE_WAY = text("""
    UPDATE test_registrations t SET status = 'cancelled', cancelled_at = now()
    WHERE t.student_id = :gone AND t.status = 'confirmed'
      AND t.session_id IN (SELECT id FROM test_sessions WHERE status IN ('closed', 'cancelled'))
      AND EXISTS (SELECT FROM test_registrations k WHERE k.session_id = t.session_id AND k.student_id = :kept
                  AND k.status = 'confirmed')
    RETURNING t.id
""")
_ONE_SEAT = text("""
    DELETE FROM room_allocations a USING test_registrations t
    WHERE t.id = ANY(:ids) AND a.session_id = t.session_id AND a.student_id = :gone
      AND EXISTS (SELECT FROM room_allocations k WHERE k.session_id = a.session_id AND k.student_id = :kept)
""")


def hold_tests(ids: Sequence[UUID]) -> None:
    """Lock the sessions to come for which these students are registered against runs that seat everybody. It is called
    before the students are locked, and again after: for what was booked in between, which may run into a deadlock, out
    of order, and is tried again as a whole.
    """
    theirs = select(TestRegistration.session_id).where(among(TestRegistration.student_id, ids))
    held = select(TestSession.id).where(TestSession.status != TestSessionStatus.COMPLETED, TestSession.id.in_(theirs))
    db.session.execute(held.order_by(TestSession.id).with_for_update(read=True, of=TestSession))


def leave_tests(ids: Sequence[UUID]) -> tuple[Counter[UUID], Counter[UUID]]:
    """Cancel the bookings of these students, and empty their seats, in the sessions that are held. The bookings wait for
    whoever gives one of them a seat right now; the next statement sees that seat. Returns how many bookings and seats it
    were of each.
    """
    theirs = {"ids": list(ids)}
    bookings = Counter(db.session.scalars(_CANCEL_BOOKINGS, theirs))
    return bookings, Counter(db.session.scalars(_EMPTY_SEATS, theirs))


def return_to_tests(student_id: UUID, left_at: datetime) -> int:
    """Confirm what `leave_tests` cancelled of this student at that moment, in sessions that are open and held, unless another
    test is at the same time by now. Returns how many; their seats may be another's, and are not given back.
    """
    return _confirm(student_id, db.session.scalars(_LEFT, {"id": student_id, "left_at": left_at}).all())


def _confirm(student_id: UUID, keys: Sequence[Any]) -> int:
    found = [db.session.scalar(_CONFIRM_AGAIN, {"id": student_id, "key": key}) for key in keys]
    return sum(each is not None for each in found)


def drop_gone(session_id: UUID) -> None:
    """Cancel the bookings of students who were deleted while this locked session counted as held: it is to come again."""
    db.session.execute(_DROP_GONE, {"id": session_id})


def give_way(gone_id: UUID, kept_id: UUID) -> list[str]:
    """Two students are one: where both are booked for a session that is closed or cancelled, one booking stands, that of
    who stays, and one seat. Returns the keys of the bookings that gave way.
    """
    pair = {"gone": gone_id, "kept": kept_id}
    keys = list(db.session.scalars(_GIVE_WAY, pair))
    db.session.execute(_ONE_SEAT, pair | {"ids": keys})
    return [str(key) for key in keys]


def stand_again(student_id: UUID, keys: Sequence[str]) -> None:
    """Confirm bookings of this student that gave way, in sessions that were not held without them, unless another test is at
    the same time by now. A seat is given anew.
    """
    _confirm(student_id, keys)
