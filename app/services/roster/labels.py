"""What rosters and their parts are called, and what their constraints mean."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.services import weekdays
from app.services.errors import explain

explain(
    {
        "uq_rosters_starts_on": ("starts_on", _l("There is a roster of this week already.")),
        "ck_rosters_starts_on_monday": ("starts_on", _l("Choose a Monday.")),
        "ck_rosters_starts_on": ("starts_on", _l("Must be between the years 1900 and 2199.")),
        "uq_roster_shifts_period": ("start_time", _l("There is already such a shift.")),
        "ck_roster_shifts_day": ("day", _l("Choose one from the list.")),
        "ck_roster_shifts_ends_after_start": ("end_time", _l("Must be later than the start.")),
        "ck_roster_shifts_place_not_blank": ("place", _l("Leave it empty, or name the place.")),
        "uq_shift_demands_shift_id_course_id": ("course_id", _l("This shift has this course already.")),
        "ck_shift_demands_tutors_required": ("tutors_required", _l("Must be from 1 to 50.")),
        "ck_shift_demands_weight": ("weight", _l("Must be from 1 to 100.")),
        "uq_shift_assignments_shift_id_assistant_id": ("assistant_id", _l("Is on this shift already.")),
        "ex_shift_assignments_overlap": ("start_time", _l("Somebody would be on two shifts at once.")),
        "fk_shift_assignments_shift_id_shift_demands": (
            "course_id",
            _l("Somebody is on this shift for it: the course stays as it is."),
        ),
    }
)

STATUSES = {
    "draft": _l("Draft"),
    "solving": _l("Being filled"),
    "solved": _l("Filled"),
    "published": _l("Published"),
}
STATUS_TONES = {"draft": "neutral", "solving": "info", "solved": "warning", "published": "success"}
LABELS = {
    "starts_on": _l("Monday"),
    "copy_from_id": _l("Shifts and demand of"),
    "status": _l("Status"),
    "objective": _l("Missing, weighted"),
    "bound": _l("Proved least"),
    "gap": _l("Gap in percent"),
    "solved_at": _l("Filled at"),
    "published_at": _l("Published at"),
    "publication": _l("Times published"),
    "asked_at": _l("Asked at"),
    "message": _l("Message"),
    "roster_id": _l("Week"),
    "shift_id": _l("Shift"),
    "day": _l("Day"),
    "weekday": _l("Day"),
    "start_time": _l("From"),
    "end_time": _l("To"),
    "starts_at": _l("From"),
    "ends_at": _l("To"),
    "place": _l("Place"),
    "course_id": _l("Course"),
    "tutors_required": _l("Tutors required"),
    "weight": _l("Weight"),
    "assistant_id": _l("Assistant"),
    "pinned": _l("Pinned"),
    "cancelled_at": _l("Taken back at"),
    "revision": _l("Revision"),
    "changed_at": _l("Changed at"),
}


def roster_title(roster: Any) -> str:
    return _("Week of %(day)s", day=roster.starts_on.isoformat())


def time_title(row: Any) -> str:
    """A shift, or what belongs to it, as "Monday 09:00": from its row alone."""
    day, minute = divmod(row.week_minutes.lower, 1440)
    return f"{weekdays.name(day)} {minute // 60:02}:{minute % 60:02}"
