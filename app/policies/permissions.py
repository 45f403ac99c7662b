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
