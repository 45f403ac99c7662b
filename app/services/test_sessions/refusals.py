"""What stands against a seat, each by a name of its own (04-test-sessions)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.services.errors import Conflict, Invalid, WrongState, explain


class DuplicateAllocation(Conflict):
    """The student has a seat in this session already."""

    code = "duplicate_allocation"


class CapacityExceeded(Conflict):
    """No seat of the room is free in this session."""

    code = "capacity_exceeded"


class SeatTaken(Conflict):
    """Somebody else has this seat in this session."""

    code = "seat_taken"


class WrongVenue(Invalid):
    """The room belongs to another venue than the session."""

    code = "wrong_venue"


class NoSuchSeat(Invalid):
    """The room has no seat with this number."""

    code = "no_such_seat"


class RoomNotAvailable(WrongState):
    """The room, or its venue, is out of use, or another session is held in it at that time."""

    code = "room_not_available"


class SessionClosed(WrongState):
    """Registrations and seats change only while a session is open."""

    code = "session_closed"


class StudentNotRegistered(WrongState):
    """The student has no confirmed registration for the session."""

    code = "student_not_registered"


class RegistrationClosed(WrongState):
    """Registration has not begun, or its closing date is over."""

    code = "registration_closed"


class AlreadyBooked(Conflict):
    """The student is registered for this session, or has as many bookings or tests as a year allows."""

    code = "already_booked"


# What is left for the constraints, when somebody writes past the locks.
explain(
    {
        "uq_room_allocations_session_id_student_id": (
            "student_id",
            _l("The student has a seat in this session already."),
        ),
        "uq_room_allocations_session_id_room_id_seat": ("seat_number", _l("Somebody else has this seat.")),
        "fk_room_allocations_room_id_rooms": ("room_id", _l("The room belongs to another venue.")),
        "fk_room_allocations_session_id_test_sessions": (
            "venue_id",
            _l("Students have seats in the session: it stays in its venue."),
        ),
        "uq_test_registrations_session_id_student_id": (
            "student_id",
            _l("The student is registered for this session already."),
        ),
    }
)
