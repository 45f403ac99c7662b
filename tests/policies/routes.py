"""What every route asks for, declared. The table of roles says who has it."""

from __future__ import annotations

from typing import Final

from werkzeug.routing import Rule

from app.policies.roles import Role, granted
from app.services.resource import LOOKUPS, RESOURCES

PUBLIC: Final = "public"
VISITOR: Final = Role.PUBLIC

# Whoever has no login may use these, and no others.
PUBLIC_ROUTES: Final = {
    "static",
    "appbuilder.static",
    "HealthView.show",
    "LoginView.login",
    "LogoutView.logout",
    "LoginView.code",  # these two need a login that waits for them
    "LoginView.enrol",
    "PasswordLinkView.forgotten",
    "PasswordLinkView.choose",  # the address is the key
    "AccessRequestFormView.ask",
    "AccessRequestFormView.sent",
    "CalendarFeedView.show",  # the address is the key
    "RegisterView.register",
    "RegisterView.received",
    "NewsView.index",
    "NewsView.show",
    "NewsView.feed",
    "PagesView.show",
    "DownloadsView.index",
    "DownloadsView.send",
}

# View -> what its permissions are called.
VIEWS: Final = {
    "HomeView": "Home",
    "InboxView": "Inbox",
    "SearchView": "Search",
    "SettingsView": "Settings",
    "ProfileView": "Settings",
    "OwnSessionsView": "Settings",
    "SecondFactorView": "Settings",
    "RequiredSecondFactorView": "Second factors",
    "AccessRequestView": "Access requests",
    "AccountView": "Accounts",
    "GroupView": "Groups",
    "AccountImportView": "Account imports",
    "IntegrityView": "Integrity",
    "JobRunView": "Job runs",
    "OperationsView": "Operations",
    "DeliveryView": "Deliveries",
    "BroadcastView": "Broadcasts",
    "TimetableView": "Timetable",
    "StudentTimetableView": "Timetable",
    "OwnNoticesView": "Settings",
    "OwnCalendarView": "Settings",
    "LeadImportView": "Lead imports",
    "LeadView": "Leads",
    "LeadBoardView": "Leads",
    "LeadWorklistView": "Leads",
    "LeadStageView": "Lead stages",
    "TagView": "Tags",
    "InstrumentView": "Instruments",
    "CourseView": "Courses",
    "CoursePlanView": "Course plans",
    "OperatingDayView": "Operating days",
    "ClosureView": "Closures",
    "TimeSlotView": "Time slots",
    "ClassroomSlotView": "Classroom slots",
    "ReportView": "Reports",
    "StudentView": "Students",
    "MyPageView": "My page",
    "OwnSeatsView": "My page",
    "PaperView": "Test sessions",
    "VenueView": "Venues",
    "VenueAvailabilityView": "Venue availability",
    "RoomView": "Rooms",
    "TestYearView": "Test years",
    "TestSessionView": "Test sessions",
    "TestRegistrationView": "Test registrations",
    "TestRegistrationImportView": "Test registration imports",
    "RoomAllocationView": "Room allocations",
    "SeatView": "Room allocations",
    "AllocationRunView": "Allocation runs",
    "AnnouncementView": "Announcements",
    "ContentPageView": "Content pages",
    "DownloadableResourceView": "Downloadable resources",
    "AdmissionView": "Admissions",
    "RegistrationView": "Registrations",
    "AssistantView": "Assistants",
    "OwnAssistantView": "My assistant page",
    "RosterView": "Rosters",
    "ShiftView": "Roster shifts",
    "DemandView": "Shift demands",
    "AssignmentView": "Shift assignments",
    "PublishedShiftView": "Published shifts",
    "WaitlistView": "Waitlist",
    "ClassroomView": "Classroom",
    "AttendanceView": "Attendance",
    "RescheduleRequestView": "Reschedule requests",
    "ClassCreditView": "Class credits",
    "AttendancePolicyView": "Attendance policies",
}
# What the routes that every resource gets ask for.
RECORD_ROUTES: Final = {
    "index": "list",
    "show": "show",
    "history": "history",
    "add": "add",
    "edit": "edit",
    "delete": "delete",
    "restore": "restore",
    "save_filter": "list",
    "delete_filter": "list",
    "export": "export",
}
# The others, one by one.
OTHER_ROUTES: Final = {
    "HomeView.index": "show",
    "ReportView.index": "show",
    "ReportView.show": "show",
    "ReportView.export": "show",
    "InboxView.index": "list",
    "InboxView.bell": "list",
    "InboxView.count": "list",
    "InboxView.read": "mark",
    "InboxView.archive": "mark",
    "InboxView.read_all": "mark",
    "SearchView.index": "list",
    "OperationsView.index": "show",
    "BroadcastView.index": "list",
    "BroadcastView.new": "send",
    "TimetableView.index": "show",
    "TimetableView.of_teacher": "of_teacher",
    "StudentTimetableView.of_student": "of_student",
    "OwnNoticesView.notices": "edit",
    "OwnCalendarView.calendar": "edit",
    "OwnCalendarView.create": "edit",
    "OwnCalendarView.revoke": "edit",
    "SettingsView.index": "edit",
    "SettingsView.look": "edit",
    "SettingsView.password": "edit",
    "ProfileView.index": "edit",
    "OwnSessionsView.index": "edit",
    "OwnSessionsView.end": "edit",
    "OwnSessionsView.end_others": "edit",
    "SecondFactorView.index": "edit",
    "SecondFactorView.begin": "edit",
    "SecondFactorView.confirm": "edit",
    "SecondFactorView.codes": "edit",
    "SecondFactorView.off": "edit",
    "RequiredSecondFactorView.index": "edit",
    "LeadView.unmerge": "merge",
    "LeadBoardView.board": "board",
    "LeadBoardView.move": "change_stage",
    "LeadWorklistView.worklist": "worklist",
    "LeadImportView.index": "list",
    "LeadImportView.new": "add",
    "LeadImportView.template": "add",
    "LeadImportView.show": "show",
    "LeadImportView.status": "show",
    "LeadImportView.report": "show",
    "LeadImportView.confirm": "confirm",
    "LeadImportView.undo": "undo",
    "IntegrityView.index": "show",
    "IntegrityView.show": "show",
    "IntegrityView.rehearsal": "repair",
    "IntegrityView.repair": "repair",
    "AccountImportView.index": "list",
    "AccountImportView.new": "add",
    "AccountImportView.template": "add",
    "AccountImportView.show": "show",
    "AccountImportView.status": "show",
    "AccountImportView.report": "show",
    "AccountImportView.confirm": "confirm",
    "AccountImportView.undo": "undo",
    "SeatView.status": "list",
    "SeatView.give": "add",
    "SeatView.room": "list",
    "SeatView.live": "list",
    "SeatView.put": "move",
    "TestRegistrationImportView.index": "list",
    "TestRegistrationImportView.new": "add",
    "TestRegistrationImportView.template": "add",
    "TestRegistrationImportView.show": "show",
    "TestRegistrationImportView.status": "show",
    "TestRegistrationImportView.report": "show",
    "TestRegistrationImportView.confirm": "confirm",
    "TestRegistrationImportView.undo": "undo",
    "MyPageView.student": "show",
    "OwnSeatsView.seats": "show",
    "PaperView.paper": "print",
    "PaperView.papers": "print",
    "AdmissionView.slots": "add",
    "AssistantView.plan": "edit",
    "RosterView.status": "show",
    "AssignmentView.choose": "add",
    "OwnAssistantView.show": "show",
    "OwnAssistantView.availability": "edit",
    "ClassroomView.index": "list",
    "ClassroomView.week": "list",
    "ClassroomView.register": "show",
    "ClassroomView.mark": "mark",
    "AttendanceView.move_now": "move",
}
RECORD_VIEWS: Final = {
    "VenueView",
    "VenueAvailabilityView",
    "RoomView",
    "TestYearView",
    "TestSessionView",
    "TestRegistrationView",
    "AllocationRunView",
    "RoomAllocationView",
    "AnnouncementView",
    "ContentPageView",
    "DownloadableResourceView",
    "AccountView",
    "AccessRequestView",
    "GroupView",
    "DeliveryView",
    "JobRunView",
    "LeadView",
    "LeadStageView",
    "TagView",
    "InstrumentView",
    "CourseView",
    "CoursePlanView",
    "OperatingDayView",
    "ClosureView",
    "TimeSlotView",
    "ClassroomSlotView",
    "StudentView",
    "AdmissionView",
    "RegistrationView",
    "AssistantView",
    "RosterView",
    "ShiftView",
    "DemandView",
    "AssignmentView",
    "PublishedShiftView",
    "WaitlistView",
    "AttendanceView",
    "RescheduleRequestView",
    "ClassCreditView",
    "AttendancePolicyView",
}
_SWITCH: Final = {"activate", "deactivate"}
_PUBLISH: Final = {"publish", "unpublish"}
# Every action that can be asked for by name, with the permission that it needs.
ACTIONS: Final = {
    "Access requests": {"approve", "reject", "new_link"},
    "Leads": {
        "change_stage",
        "assign_owner",
        "assign_teacher",
        "add_note",
        "log_contact",
        "move_follow_up",
        "finish_follow_up",
        "tag",
        "merge",
    },
    "Deliveries": {"retry"},
    "Announcements": _PUBLISH,
    "Content pages": _PUBLISH,
    "Downloadable resources": _PUBLISH,
    "Venues": {"set_days"},
    "Test sessions": {"open", "close", "complete", "cancel", "send_seat_notices"}
    | {"allocate_everyone", "repair_allocation", "undo_allocation"},
    "Test registrations": {"move", "cancel"},
    "Room allocations": {"move"},
    "Accounts": {"deactivate", "activate", "reset_password", "reset_second_factor", "join", "leave"},
    "Groups": {"add_member", "remove_member"},
    "Instruments": _SWITCH,
    "Courses": _SWITCH,
    "Course plans": _SWITCH,
    "Time slots": _SWITCH,
    "Classroom slots": _SWITCH,
    "Students": {"create_login", "link_account", "unlink_account"},
    "Admissions": {
        "mark_paid",
        "mark_unpaid",
        "pause",
        "resume",
        "add_extra_classes",
        "change_discount",
        "renew",
        "complete",
        "cancel",
    },
    "Registrations": {"approve", "reject"},
    "Assistants": _SWITCH,
    "Rosters": {"solve", "cancel_solve", "publish", "unpublish"},
    "Shift assignments": {"unassign", "pin", "unpin"},
    "Waitlist": {"withdraw"},
    "Closures": {"apply"},
    "Attendance": {"mark", "clear", "move", "cancel_makeup"},
    "Reschedule requests": {"approve", "reject", "withdraw"},
}
UNDOABLE: Final = {
    "Test sessions": {"allocate_everyone", "repair_allocation"},
    "Leads": {"change_stage", "assign_owner", "assign_teacher", "move_follow_up", "finish_follow_up"},
}
# Every list of choices, with the permission that it needs.
CHOICES: Final = {
    "leads": ("lookup", "Leads"),
    "staff": ("lookup", "Leads"),
    "teachers": ("lookup", "Leads"),
    "lead-stages": ("lookup", "Lead stages"),
    "tags": ("lookup", "Tags"),
    "accounts": ("lookup", "Accounts"),
    "groups": ("lookup", "Groups"),
    "account-imports": ("list", "Account imports"),
    "lead-imports": ("list", "Lead imports"),
    "instruments": ("lookup", "Instruments"),
    "courses": ("lookup", "Courses"),
    "course-plans": ("lookup", "Course plans"),
    "time-slots": ("lookup", "Time slots"),
    "classroom-slots": ("lookup", "Classroom slots"),
    "students": ("lookup", "Students"),
    "admissions": ("lookup", "Admissions"),
    "student-accounts": ("lookup", "Accounts"),
    "venues": ("lookup", "Venues"),
    "rooms": ("lookup", "Rooms"),
    "test-sessions": ("lookup", "Test sessions"),
    "test-registration-imports": ("list", "Test registration imports"),
    "rosters": ("lookup", "Rosters"),
    "roster-shifts": ("lookup", "Rosters"),
    "roster-assistants": ("lookup", "Rosters"),
}

Need = tuple[str, str]  # permission, resource


class UndeclaredError(Exception):
    """A route that nobody has said anything about."""


def need(endpoint: str, name: str = "") -> Need | None:
    """What the route asks for; None when it asks for nothing. Raises UndeclaredError."""
    if endpoint in PUBLIC_ROUTES:
        return None
    view, _dot, method = endpoint.partition(".")
    if endpoint == "LookupView.find":
        return CHOICES[name]
    if view not in VIEWS:
        raise UndeclaredError(endpoint)
    if method in ("perform", "undo") and view in RECORD_VIEWS:
        return name, VIEWS[view]
    word = OTHER_ROUTES.get(endpoint) or (RECORD_ROUTES.get(method) if view in RECORD_VIEWS else None)
    if word is None:
        raise UndeclaredError(endpoint)
    return word, VIEWS[view]


def names(rule: Rule) -> list[str]:
    """The names with which a route by name is called; [""] for other routes."""
    if "name" not in rule.arguments:
        return [""]
    if rule.endpoint == "LookupView.find":
        return sorted(CHOICES)
    view, _dot, method = rule.endpoint.partition(".")
    return sorted((UNDOABLE if method == "undo" else ACTIONS).get(VIEWS[view], ()))


def may(role: Role, wanted: Need | None) -> bool:
    return wanted is None or (role is not VISITOR and granted(role, *wanted))


def known_actions() -> dict[str, set[str]]:
    return {each.name: set(each.action_by_name) for each in RESOURCES.values() if each.actions}


def known_undoable() -> dict[str, set[str]]:
    undoable = {each.name: {action.name for action in each.actions if action.undo} for each in RESOURCES.values()}
    return {name: words for name, words in undoable.items() if words}


def known_choices() -> dict[str, Need]:
    return {name: lookup.permission for name, lookup in LOOKUPS.items()}
