"""Names of permissions that more than one role shares."""

from __future__ import annotations

from typing import Final

LEAD_ACTIONS: Final = frozenset(
    {
        "change_stage",
        "assign_owner",
        "assign_teacher",
        "add_note",
        "log_contact",
        "move_follow_up",
        "finish_follow_up",
        "tag",
        "merge",
    }
)

ADMISSION_ACTIONS: Final = frozenset(
    {"pause", "resume", "add_extra_classes", "change_discount", "renew", "complete", "cancel"}
)

ATTENDANCE_MARKS: Final = frozenset({"mark", "clear"})

ROSTER_ACTIONS: Final = frozenset({"solve", "cancel_solve", "publish", "unpublish"})

# What exam officers look after, and admins as well.
TESTS: Final = {
    "Venues": frozenset(
        {"list", "show", "lookup", "add", "edit", "delete", "restore", "export", "history", "set_days"}
    ),
    "Venue availability": frozenset({"list", "show", "lookup", "add", "edit", "delete", "history"}),
    "Rooms": frozenset({"list", "show", "lookup", "add", "edit", "delete", "restore", "export", "history"}),
    "Test years": frozenset({"list", "show", "lookup", "add", "edit", "delete", "history"}),
    "Test sessions": frozenset({"list", "show", "lookup", "add", "edit", "delete", "export", "history"})
    | {"open", "close", "complete", "cancel", "allocate_everyone", "repair_allocation", "undo_allocation"}
    | {"print", "send_seat_notices"},
    "Allocation runs": frozenset({"list", "show"}),
    "Test registrations": frozenset({"list", "show", "lookup", "add", "move", "cancel", "export", "history"}),
    "Test registration imports": frozenset({"list", "show", "add", "confirm", "undo"}),
    "Room allocations": frozenset({"list", "show", "lookup", "add", "edit", "delete", "move", "export", "history"}),
}
