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
    "Venue availability": frozenset({"export", "list", "show", "lookup", "add", "edit", "delete", "history"}),
    "Rooms": frozenset({"list", "show", "lookup", "add", "edit", "delete", "restore", "export", "history"}),
    "Test years": frozenset({"export", "list", "show", "lookup", "add", "edit", "delete", "history"}),
    "Test sessions": frozenset({"list", "show", "lookup", "add", "edit", "delete", "export", "history"})
    | {"open", "close", "complete", "cancel", "allocate_everyone", "repair_allocation", "undo_allocation"}
    | {"print", "send_seat_notices"},
    "Allocation runs": frozenset({"list", "show", "export"}),
    "Test registrations": frozenset({"list", "show", "lookup", "add", "move", "cancel", "export", "history"}),
    "Test registration imports": frozenset({"list", "show", "add", "confirm", "undo"}),
    "Room allocations": frozenset({"list", "show", "lookup", "add", "edit", "delete", "move", "export", "history"}),
}

INVITING: Final = frozenset({"list", "show", "lookup", "add", "edit", "resend", "revoke"})
LEADING: Final = frozenset({"complete_consultation", "set_shadow_day", "approve", "reject"})
IMPORTING: Final = frozenset({"list", "show", "add", "confirm", "undo"})
# What the enrollment office looks after, and admins as well.
ENROLLMENT: Final = {
    "Enrollment invitations": INVITING | {"export", "history"},
    "Enrollment invitation imports": IMPORTING,
    "Enrollments": LEADING
    | {"list", "show", "lookup", "edit", "board", "export", "history"}
    | {"record_payment", "withdraw", "reopen", "retry_records", "hand_over"},
    "Enrollment documents": frozenset({"list", "show", "verify", "reject", "export", "history"}),
    "Document types": frozenset({"export", "list", "show", "lookup", "add", "edit", "delete", "history"}),
}

# Ed-Fi: where records go and as which words is the admins' to say; what went and why not is also the enrollment office's.
ED_FI: Final = {
    "Ed-Fi": frozenset({"show", "export"}),
    "Descriptor mappings": frozenset({"list", "show", "lookup", "add", "edit", "delete", "export", "history"}),
    "Ed-Fi servers": frozenset({"list", "show", "lookup", "add", "edit", "delete", "history", "activate", "deactivate"})
    | {"push", "try_out", "send_all_again"},
    "Ed-Fi pushes": frozenset({"export", "list", "show", "lookup", "cancel", "history"}),
    "Ed-Fi push items": frozenset({"list", "show", "export"}),
}
ED_FI_READ: Final = {
    "Ed-Fi": frozenset({"show", "export"}),
    "Descriptor mappings": frozenset({"list", "show", "lookup", "export"}),
    "Ed-Fi servers": frozenset({"lookup"}),
    "Ed-Fi pushes": frozenset({"list", "show", "lookup", "export"}),
    "Ed-Fi push items": frozenset({"list", "show", "export"}),
}

# The records of students as the standards have them, which the enrollment office and admins look after.
RECORDS: Final = {
    "Organizations": frozenset({"list", "show", "lookup", "add", "edit", "delete", "restore", "export", "history"}),
    "Terms": frozenset({"list", "show", "lookup", "add", "edit", "delete", "restore", "export", "history"}),
    "Guardians": frozenset({"list", "show", "lookup", "add", "edit", "delete", "restore", "export", "history"}),
    "Student guardians": frozenset({"export", "list", "show", "add", "edit", "delete", "history"}),
    "School associations": frozenset({"list", "show", "add", "edit", "delete", "export", "history"}),
    "Program extensions": frozenset({"list", "show", "edit", "export", "history"}),
    "OneRoster users": frozenset({"list", "show", "export", "history"}),
    "Record creation": frozenset({"show", "retry"}),
    "Student record imports": IMPORTING,
    "OneRoster imports": IMPORTING - {"undo"},
    "OneRoster exports": frozenset({"list", "show", "add", "history"}),
}
STUDENT_RECORDS: Final = frozenset({"add", "edit", "export", "history", "merge", "undo_merge", "personal_data"})
