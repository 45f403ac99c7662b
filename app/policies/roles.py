"""The one table of roles: what each may do on each resource. Synced to the database at deployment and tested as one
matrix.

A permission is Flask-AppBuilder's `can_<word>` on the resource's name. `READ` and the like only shorten the table.
"""

from __future__ import annotations

import enum
from typing import Final

from app.policies.permissions import (
    ADMISSION_ACTIONS,
    ATTENDANCE_MARKS,
    ED_FI,
    ED_FI_READ,
    ENROLLMENT,
    IMPORTING,
    INVITING,
    LEAD_ACTIONS,
    LEADING,
    RECORDS,
    ROSTER_ACTIONS,
    STUDENT_RECORDS,
    TESTS,
)


class Role(enum.StrEnum):
    SUPER_ADMIN = "Super Admin"
    ADMIN = "Admin"
    STAFF = "Staff"
    ADMISSIONS = "Admissions"
    EXAM_OFFICER = "Exam Officer"
    COACH = "Coach"
    TEACHER = "Teacher"
    STUDENT = "Student"
    GUARDIAN = "Guardian"
    ASSISTANT = "Assistant"
    ENGINEER = "Engineer"
    AMC_ADMIN = "AMC Admin"
    PUBLIC = "Public"


READ: Final = frozenset({"list", "show", "lookup"})
CHANGE: Final = frozenset({"add", "edit", "delete"})
SWITCH: Final = frozenset({"activate", "deactivate"})
PUBLISH: Final = frozenset({"publish", "unpublish"})
EVERYONE: Final = {
    "Home": frozenset({"show"}),
    "Inbox": frozenset({"list", "mark"}),
    "Settings": frozenset({"edit"}),
    "Search": frozenset({"list"}),
}

GRANTS: Final[dict[Role, dict[str, frozenset[str]]]] = {
    Role.ADMIN: EVERYONE
    | TESTS
    | ED_FI
    | ENROLLMENT
    | RECORDS
    | {
        "Leads": READ | CHANGE | LEAD_ACTIONS | {"export", "restore", "history", "board", "worklist"},
        "OAuth clients": READ | CHANGE | SWITCH | {"new_secret", "history"},
        "Lead stages": READ | CHANGE | {"export", "history"},
        "Tags": READ | CHANGE | {"export", "history"},
        "Lead imports": frozenset({"list", "show", "add", "confirm", "undo"}),
        "Students": READ
        | CHANGE
        | STUDENT_RECORDS
        | {"restore", "create_login", "link_account", "unlink_account", "make_assistant", "erase"},
        "Admissions": READ | CHANGE | ADMISSION_ACTIONS | {"mark_paid", "mark_unpaid", "restore", "export", "history"},
        "Waitlist": READ | {"export", "add", "withdraw", "history"},
        "Reports": frozenset({"show"}),
        "Instruments": READ | CHANGE | SWITCH | {"export", "restore", "history"},
        "Courses": READ | CHANGE | SWITCH | {"restore", "export", "history"},
        "Course plans": READ | CHANGE | SWITCH | {"export", "history"},
        "Operating days": READ | {"export", "edit", "history"},
        "Closures": READ | CHANGE | {"export", "history", "apply"},
        "Classroom": frozenset({"list", "show", "mark"}),
        "Attendance": READ | ATTENDANCE_MARKS | {"add", "move", "cancel_makeup", "export", "history"},
        "Reschedule requests": READ | {"export", "add", "approve", "reject", "withdraw", "history"},
        "Class credits": READ | {"export", "add"},
        "Attendance policies": READ | {"export", "edit", "history"},
        "Time slots": READ | CHANGE | SWITCH | {"export", "history"},
        "Classroom slots": READ | CHANGE | SWITCH | {"restore", "export", "history"},
        "Registrations": READ | {"export", "approve", "reject", "history"},
        "Assistants": READ | SWITCH | {"edit", "export", "history"},
        "Rosters": READ | ROSTER_ACTIONS | {"export", "add", "delete", "history"},
        "Roster shifts": READ | CHANGE | {"export", "history"},
        "Shift demands": READ | CHANGE | {"export", "history"},
        "Shift assignments": READ | {"add", "unassign", "pin", "unpin", "export", "history"},
        "Published shifts": READ | {"export", "history"},
        "Broadcasts": frozenset({"list", "send"}),
        "Announcements": READ | CHANGE | PUBLISH | {"export", "restore", "history"},
        "Content pages": READ | CHANGE | PUBLISH | {"export", "restore", "history"},
        "Downloadable resources": READ | CHANGE | PUBLISH | {"restore", "export", "history"},
        "Timetable": frozenset({"of_student", "of_teacher"}),
        "Operations": frozenset({"show"}),
        "Job runs": READ | {"export", "add"},
        "Deliveries": READ | {"export", "retry"},
        "Accounts": READ | {"export", "add", "edit", "deactivate", "activate", "reset_password", "history"},
        "Account imports": frozenset({"list", "show", "add", "confirm", "undo"}),
        "Integrity": frozenset({"show"}),
    },
    Role.STAFF: EVERYONE
    | {
        "Leads": READ | {"add", "edit", "export", "board", "worklist"} | LEAD_ACTIONS,
        "Lead stages": READ,
        "Tags": READ | {"add"},
        "Lead imports": frozenset({"list", "show", "add", "confirm", "undo"}),
        "Students": READ | {"add", "edit"},
        "Admissions": READ | {"add", "edit"} | ADMISSION_ACTIONS,
        "Waitlist": READ | {"add", "withdraw"},
        "Reports": frozenset({"show"}),
        "Timetable": frozenset({"of_student"}),
        "Instruments": READ,
        "Courses": READ,
        "Course plans": READ,
        "Operating days": READ,
        "Closures": READ,
        "Time slots": READ,
        "Classroom slots": READ,
        "Classroom": frozenset({"list", "show"}),
        "Attendance": READ | {"export"},
        "Reschedule requests": READ | {"add", "withdraw"},
        "Class credits": READ,
        "Attendance policies": READ,
    },
    Role.TEACHER: EVERYONE
    | {
        "Leads": READ,
        "Timetable": frozenset({"show"}),
        "Reports": frozenset({"show"}),
        "Lead stages": frozenset({"lookup"}),
        "Students": frozenset({"list", "show"}),
        "Courses": READ,
        "Classroom slots": READ,
        "Classroom": frozenset({"list", "show", "mark"}),
        "Attendance": READ | ATTENDANCE_MARKS,
        "Reschedule requests": READ | {"add", "withdraw"},
    },
    Role.ADMISSIONS: EVERYONE | ENROLLMENT | ED_FI_READ | RECORDS | {"Students": READ | STUDENT_RECORDS},
    Role.EXAM_OFFICER: EVERYONE | TESTS | {"Students": READ},
    Role.COACH: EVERYONE
    | {
        "Enrollment invitations": INVITING,
        "Enrollment invitation imports": IMPORTING,
        "Enrollments": LEADING | {"list", "show", "lookup", "board"},
    },
    Role.STUDENT: EVERYONE
    | {
        "Timetable": frozenset({"show"}),
        "My page": frozenset({"show"}),
        "Students": frozenset({"show"}),
        "Attendance": READ,
        "Reschedule requests": READ | {"add", "withdraw"},
        "Test registrations": frozenset({"list", "show"}),
        "Room allocations": frozenset({"list", "show"}),
    },
    Role.GUARDIAN: EVERYONE
    | {"My enrollments": frozenset({"show", "edit"}), "Timetable": frozenset({"show", "of_student"})},
    Role.ASSISTANT: EVERYONE
    | {"My assistant page": frozenset({"show", "edit"}), "Published shifts": frozenset({"list", "show"})},
    Role.ENGINEER: EVERYONE | {"Operations": frozenset({"show"}), "Job runs": READ, "Integrity": frozenset({"show"})},
    Role.AMC_ADMIN: EVERYONE | {"Operations": frozenset({"show"}), "Job runs": READ, "Integrity": frozenset({"show"})},
    Role.PUBLIC: {},
}
"""Super Admin is not listed: it holds every permission that exists."""


def granted(role: Role, permission: str, resource: str) -> bool:
    """Whether the table gives `role` the permission (without `can_`) on the resource."""
    return role is Role.SUPER_ADMIN or permission in GRANTS[role].get(resource, frozenset())
