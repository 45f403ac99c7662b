"""What test sessions and their parts are called, and what their constraints mean."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import TestRegistrationStatus, TestSession, TestSessionStatus
from app.services.errors import explain
from app.services.resource import options_of

explain(
    {
        "uq_test_sessions_code": ("code", _l("There is already a session with this code.")),
        "ck_test_sessions_name_not_blank": ("name", _l("This field is required.")),
        "ck_test_sessions_ends_after_start": ("end_time", _l("Must be later than the start.")),
        "ck_test_sessions_session_date": ("session_date", _l("Must be between the years 1900 and 2199.")),
        "ck_test_sessions_registration_closes_on": ("registration_closes_on", _l("Must not be after the session.")),
        "uq_test_years_year": ("year", _l("There are rules of this year already.")),
        "ck_test_years_year": ("year", _l("Must be from 1900 to 2199.")),
        "ck_test_years_opens_on": ("opens_on", _l("Must be in this year or the one before.")),
        "ck_test_years_most_tests": ("most_tests", _l("Must be from 1 to 50.")),
        "ck_test_years_most_bookings": ("most_bookings", _l("Must be from 1 to 50.")),
        "ck_test_years_closing_days": ("closing_days", _l("Must be from 0 to 365.")),
    }
)
SESSION_STATUSES = options_of(
    TestSessionStatus,
    {
        "open": _l("Open"),
        "closed": _l("Closed"),
        "completed": _l("Completed"),
        "cancelled": _l("Cancelled"),
    },
    {"open": "success", "closed": "warning", "completed": "info", "cancelled": "danger"},
)
REGISTRATION_STATUSES = options_of(
    TestRegistrationStatus,
    {"confirmed": _l("Confirmed"), "cancelled": _l("Cancelled")},
    {"confirmed": "success", "cancelled": "neutral"},
)
LABELS = {
    "code": _l("Code"),
    "name": _l("Name"),
    "venue_id": _l("Venue"),
    "session_id": _l("Session"),
    "session_date": _l("Day"),
    "start_time": _l("From"),
    "end_time": _l("To"),
    "registration_closes_on": _l("Registration closes on"),
    "status": _l("Status"),
    "special": _l("Special session"),
    "online": _l("Online"),
    "notes": _l("Notes"),
    "student_id": _l("Student"),
    "test_number": _l("Test number"),
    "cancelled_at": _l("Cancelled at"),
    "import_id": _l("Import"),
    "room_id": _l("Room"),
    "seat_number": _l("Seat"),
    "allocation_date": _l("Given on"),
    "allocation_run_id": _l("Allocated together with"),
    "year": _l("Year"),
    "opens_on": _l("Registration opens on"),
    "most_tests": _l("Tests in a year"),
    "most_bookings": _l("Bookings at a time"),
    "closing_days": _l("Closes days before"),
    "created_at": _l("Entered"),
}
SHOWN: Final = 12  # students, rooms or moves that are told one by one


def more(said: str, others: int) -> str:
    """What was told one by one, and how many were not."""
    return said + (" " + ngettext("and %(num)s more", "and %(num)s more", others) if others > 0 else "")


def session_title(session: Any) -> str:
    return f"{session.code}, {session.name}"


def session_of(session_id: Any) -> str:
    return db.session.scalar(select(TestSession.code).where(TestSession.id == session_id)) or ""


def student_of(student_id: Any) -> str:
    name = Student.first_name + " " + Student.last_name
    return db.session.scalar(select(name).where(Student.id == student_id)) or ""


def registration_title(row: Any) -> str:
    """A registration, as "Sol Okoye, JHB-2026-06-15-AM". Rows of a list bring what it is made of with them."""
    if hasattr(row, "session_code"):
        return f"{row.student_name}, {row.session_code}"
    return f"{student_of(row.student_id)}, {session_of(row.session_id)}"


def allocation_title(row: Any) -> str:
    """A seat, as "Sol Okoye, B4"."""
    name = row.student_name if hasattr(row, "student_name") else student_of(row.student_id)
    return f"{name}, {row.seat_number}"
