"""What every route of the API asks for, declared as the screens are."""

from __future__ import annotations

from typing import Any, Final

from werkzeug.routing import Rule

from tests.policies import routes
from tests.policies.routes import Need, UndeclaredError

SIGNED_IN: Final = "signed in"
PUBLIC_ROUTES: Final = {
    "SecurityApi.login",
    "SecurityApi.refresh",
    "PublicContentApi.announcements",
    "PublicContentApi.announcement",
    "PublicContentApi.pages",
    "PublicContentApi.page",
    "PublicContentApi.downloads",
}
SIGNED_IN_ROUTES: Final = {"MeApi.show", "SecurityApi.logout", "DocumentApi.show"}
APIS: Final = {
    "AccountApi": "Accounts",
    "AccessRequestApi": "Access requests",
    "SecondFactorApi": "Second factors",
    "GroupApi": "Groups",
    "AccountImportApi": "Account imports",
    "IntegrityApi": "Integrity",
    "JobRunApi": "Job runs",
    "NotificationDeliveryApi": "Deliveries",
    "OperationsApi": "Operations",
    "BroadcastApi": "Broadcasts",
    "TimetableApi": "Timetable",
    "StudentTimetableApi": "Timetable",
    "LeadImportApi": "Lead imports",
    "LeadStageApi": "Lead stages",
    "LeadApi": "Leads",
    "TagApi": "Tags",
    "InstrumentApi": "Instruments",
    "CourseApi": "Courses",
    "CoursePlanApi": "Course plans",
    "OperatingDayApi": "Operating days",
    "ClosureApi": "Closures",
    "TimeSlotApi": "Time slots",
    "ClassroomSlotApi": "Classroom slots",
    "StudentApi": "Students",
    "ReportApi": "Reports",
    "AdmissionApi": "Admissions",
    "RegistrationApi": "Registrations",
    "AssistantApi": "Assistants",
    "OwnAssistantApi": "My assistant page",
    "RosterApi": "Rosters",
    "RosterShiftApi": "Roster shifts",
    "ShiftDemandApi": "Shift demands",
    "ShiftAssignmentApi": "Shift assignments",
    "PublishedShiftApi": "Published shifts",
    "WaitlistEntryApi": "Waitlist",
    "ClassroomApi": "Classroom",
    "AttendanceApi": "Attendance",
    "RescheduleRequestApi": "Reschedule requests",
    "ClassCreditApi": "Class credits",
    "AttendancePolicyApi": "Attendance policies",
    "MeApi": "Settings",
    "NotificationApi": "Inbox",
    "SearchApi": "Search",
    "AnnouncementApi": "Announcements",
    "ContentPageApi": "Content pages",
    "DownloadableResourceApi": "Downloadable resources",
    "PaperApi": "Test sessions",
    "VenueApi": "Venues",
    "VenueAvailabilityApi": "Venue availability",
    "RoomApi": "Rooms",
    "TestYearApi": "Test years",
    "TestSessionApi": "Test sessions",
    "TestRegistrationApi": "Test registrations",
    "TestRegistrationImportApi": "Test registration imports",
    "RoomAllocationApi": "Room allocations",
    "AllocationRunApi": "Allocation runs",
}
RECORD_APIS: Final = {
    "VenueApi",
    "VenueAvailabilityApi",
    "RoomApi",
    "TestYearApi",
    "TestSessionApi",
    "TestRegistrationApi",
    "AllocationRunApi",
    "RoomAllocationApi",
    "AnnouncementApi",
    "ContentPageApi",
    "DownloadableResourceApi",
    "AccountApi",
    "AccessRequestApi",
    "GroupApi",
    "NotificationDeliveryApi",
    "JobRunApi",
    "LeadStageApi",
    "LeadApi",
    "TagApi",
    "InstrumentApi",
    "CourseApi",
    "CoursePlanApi",
    "OperatingDayApi",
    "ClosureApi",
    "TimeSlotApi",
    "ClassroomSlotApi",
    "StudentApi",
    "AdmissionApi",
    "RegistrationApi",
    "AssistantApi",
    "RosterApi",
    "RosterShiftApi",
    "ShiftDemandApi",
    "ShiftAssignmentApi",
    "PublishedShiftApi",
    "WaitlistEntryApi",
    "AttendanceApi",
    "RescheduleRequestApi",
    "ClassCreditApi",
    "AttendancePolicyApi",
}
RECORD_ROUTES: Final = {
    "index": "list",
    "show": "show",
    "history": "history",
    "create": "add",
    "change": "edit",
    "replace": "edit",
    "remove": "delete",
    "restore": "restore",
    "saved_filters": "list",
    "save_filter": "list",
    "delete_filter": "list",
    "export": "export",
}
OTHER_ROUTES: Final = {
    "ReportApi.show": "show",
    "AdmissionApi.slots": "add",
    "AdmissionApi.preview": "add",
    "AssistantApi.change_plan": "edit",
    "OwnAssistantApi.show": "show",
    "OwnAssistantApi.set_availability": "edit",
    "LeadApi.notes": "add_note",
    "LeadApi.write_note": "add_note",
    "LeadApi.timeline": "add_note",
    "LeadApi.duplicates": "add_note",
    "LeadApi.contact_attempts": "log_contact",
    "LeadApi.log_contact": "log_contact",
    "LeadApi.tags": "show",
    "LeadApi.put_tag": "tag",
    "LeadApi.take_tag": "tag",
    "LeadApi.unmerge": "merge",
    "LeadApi.board": "board",
    "LeadApi.worklist": "worklist",
    "LeadApi.figures": "worklist",
    "LeadImportApi.index": "list",
    "LeadImportApi.upload": "add",
    "LeadImportApi.template": "add",
    "LeadImportApi.show": "show",
    "LeadImportApi.issues": "show",
    "LeadImportApi.report": "show",
    "LeadImportApi.confirm": "confirm",
    "LeadImportApi.undo": "undo",
    "IntegrityApi.index": "show",
    "IntegrityApi.repairs": "show",
    "IntegrityApi.show": "show",
    "IntegrityApi.rehearsal": "repair",
    "IntegrityApi.repair": "repair",
    "AccountImportApi.index": "list",
    "AccountImportApi.upload": "add",
    "AccountImportApi.template": "add",
    "AccountImportApi.show": "show",
    "AccountImportApi.issues": "show",
    "AccountImportApi.report": "show",
    "AccountImportApi.confirm": "confirm",
    "AccountImportApi.undo": "undo",
    "MeApi.settings": "edit",
    "MeApi.change_settings": "edit",
    "MeApi.change_password": "edit",
    "MeApi.sessions": "edit",
    "MeApi.end_sessions": "edit",
    "MeApi.end_session": "edit",
    "MeApi.profile": "edit",
    "MeApi.change_profile": "edit",
    "SecondFactorApi.show": "edit",
    "SecondFactorApi.change": "edit",
    "NotificationApi.index": "list",
    "MeApi.preferences": "edit",
    "MeApi.change_preferences": "edit",
    "MeApi.feeds": "edit",
    "MeApi.make_feed": "edit",
    "MeApi.end_feed": "edit",
    "OperationsApi.show": "show",
    "BroadcastApi.send": "send",
    "TimetableApi.show": "show",
    "TimetableApi.of_teacher": "of_teacher",
    "StudentTimetableApi.of_student": "of_student",
    "NotificationApi.archive": "mark",
    "NotificationApi.read": "mark",
    "NotificationApi.read_all": "mark",
    "SearchApi.find": "list",
    "TestRegistrationImportApi.index": "list",
    "TestRegistrationImportApi.upload": "add",
    "TestRegistrationImportApi.template": "add",
    "TestRegistrationImportApi.show": "show",
    "TestRegistrationImportApi.issues": "show",
    "TestRegistrationImportApi.report": "show",
    "TestRegistrationImportApi.confirm": "confirm",
    "TestRegistrationImportApi.undo": "undo",
    "VenueApi.capacity": "show",
    "RoomAllocationApi.of_session": "list",
    "RoomAllocationApi.of_room": "list",
    "RoomAllocationApi.available_seats": "add",
    "RoomAllocationApi.rooms": "add",
    "RoomAllocationApi.is_allocated": "list",
    "StudentApi.mine": "show",
    "StudentApi.seats": "show",
    "DownloadableResourceApi.put_file": "edit",
    "PaperApi.paper": "print",
    "PaperApi.papers": "print",
    "ClassroomApi.index": "list",
    "ClassroomApi.register": "show",
    "ClassroomApi.all_present": "mark",
    "AttendanceApi.places": "show",
    "StudentApi.overview": "show",
}
BY_NAME: Final = {"perform", "perform_on_many", "undo"}
ONE_AT_A_TIME: Final = {
    "merge",
    "new_link",
    "reset_password",
    "create_login",
    "link_account",
    "unlink_account",
    "move",
    "apply",
}
ONE_AT_A_TIME |= {"add_member", "remove_member"}
ONE_AT_A_TIME |= {"allocate_everyone", "repair_allocation", "undo_allocation"}
# What can be done to many, beside the actions.
DELETED_BY_NAME: Final = {
    "Groups": {"delete"},
    "Venues": {"delete", "restore"},
    "Venue availability": {"delete"},
    "Rooms": {"delete", "restore"},
    "Test years": {"delete"},
    "Test sessions": {"delete"},
    "Room allocations": {"delete"},
    "Announcements": {"delete", "restore"},
    "Content pages": {"delete", "restore"},
    "Downloadable resources": {"delete", "restore"},
    "Leads": {"delete", "restore"},
    "Lead stages": {"delete"},
    "Tags": {"delete"},
    "Instruments": {"delete", "restore"},
    "Courses": {"delete", "restore"},
    "Course plans": {"delete"},
    "Closures": {"delete"},
    "Time slots": {"delete"},
    "Classroom slots": {"delete", "restore"},
    "Students": {"delete", "restore"},
    "Admissions": {"delete", "restore"},
    "Rosters": {"delete"},
    "Roster shifts": {"delete"},
    "Shift demands": {"delete"},
}


def need(endpoint: str, name: str = "") -> Need | str | None:
    """As `routes.need`; SIGNED_IN when any account may."""
    if endpoint in PUBLIC_ROUTES:
        return None
    if endpoint in SIGNED_IN_ROUTES:
        return SIGNED_IN
    if endpoint == "LookupApi.find":
        return routes.CHOICES[name]
    view, _dot, method = endpoint.partition(".")
    if view not in APIS:
        raise UndeclaredError(endpoint)
    if view in RECORD_APIS and method in BY_NAME:
        return name, APIS[view]
    word = OTHER_ROUTES.get(endpoint) or (RECORD_ROUTES.get(method) if view in RECORD_APIS else None)
    if word is None:
        raise UndeclaredError(endpoint)
    return word, APIS[view]


def names(rule: Rule) -> list[str]:
    if "name" not in rule.arguments:
        return [""]
    view, _dot, method = rule.endpoint.partition(".")
    if view == "LookupApi":
        return sorted(routes.CHOICES)
    resource = APIS[view]
    if method == "undo":
        return sorted(routes.UNDOABLE[resource])
    known = set(routes.ACTIONS.get(resource, ()))
    return sorted(
        known - ONE_AT_A_TIME | DELETED_BY_NAME.get(resource, set()) if method == "perform_on_many" else known
    )


def may(role: Any, wanted: Need | str | None) -> bool:
    return role is not routes.VISITOR if wanted == SIGNED_IN else routes.may(role, wanted)  # type: ignore[arg-type]
