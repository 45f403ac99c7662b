"""The screens, registered with Flask-AppBuilder."""

from __future__ import annotations

import functools
import hashlib
from importlib import import_module
from pathlib import Path

from babel import negotiate_locale
from flask import Flask, g, request
from flask_babel import Babel
from flask_wtf.csrf import generate_csrf

from app.extensions import db
from app.views import translation

# Module -> its view classes. A new screen is one line.
VIEWS: dict[str, tuple[str, ...]] = {
    "auth": ("LoginView", "LogoutView"),
    "home": ("HomeView",),
    "health": ("HealthView",),
    "inbox": ("InboxView",),
    "content": (
        "AnnouncementView",
        "ContentPageView",
        "DownloadableResourceView",
        "NewsView",
        "PagesView",
        "DownloadsView",
    ),
    "papers": ("PaperView",),
    "own_seats": ("OwnSeatsView",),
    "broadcasts": ("BroadcastView",),
    "lookups": ("LookupView", "SearchView"),
    "accounts": ("AccountView",),
    "groups": ("GroupView",),
    "settings": ("SettingsView",),
    "profile": ("ProfileView",),
    "logins": ("OwnSessionsView",),
    "second_factor": ("SecondFactorView", "RequiredSecondFactorView"),
    "password_links": ("PasswordLinkView",),
    "access_requests": ("AccessRequestView", "AccessRequestFormView"),
    "preferences": ("OwnNoticesView", "OwnCalendarView"),
    "imports": (
        "LeadImportView",
        "AccountImportView",
        "InvitationImportView",
        "StudentRecordImportView",
        "TestRegistrationImportView",
    ),
    "oneroster_imports": ("OneRosterImportView",),
    "venues": ("VenueView", "VenueAvailabilityView", "RoomView"),
    "test_sessions": ("TestYearView", "TestSessionView", "TestRegistrationView", "RoomAllocationView"),
    "jobs": ("JobRunView",),
    "operations": ("OperationsView", "DeliveryView"),
    "integrity": ("IntegrityView",),
    "timetables": ("TimetableView", "StudentTimetableView", "CalendarFeedView"),
    "classroom": (
        "ClassroomView",
        "AttendanceView",
        "RescheduleRequestView",
        "ClassCreditView",
        "AttendancePolicyView",
    ),
    "leads": ("LeadView", "LeadBoardView", "LeadWorklistView", "LeadStageView", "TagView"),
    "courses": (
        "InstrumentView",
        "CourseView",
        "CoursePlanView",
        "OperatingDayView",
        "ClosureView",
        "TimeSlotView",
        "ClassroomSlotView",
    ),
    "reports": ("ReportView",),
    "students": ("StudentView", "MyPageView"),
    "records": (
        "OrganizationView",
        "TermView",
        "GuardianView",
        "StudentGuardianView",
        "SchoolAssociationView",
        "ProgramExtensionView",
        "RosterUserView",
    ),
    "record_creation": ("RecordCreationView",),
    "admissions": ("AdmissionView", "WaitlistView"),
    "roster": ("RosterView", "ShiftView", "DemandView", "AssignmentView", "PublishedShiftView"),
    "allocation_plans": ("SeatView", "AllocationRunView"),
    "oneroster": ("OneRosterExportView", "OAuthClientView"),
    "edfi": (
        "EdFiView",
        "DescriptorMappingView",
        "EdFiConnectionView",
        "EdFiPushView",
        "EdFiPushItemView",
    ),
    "enrollments": (
        "InvitationView",
        "EnrollmentView",
        "EnrollmentBoardView",
        "EnrollmentDocumentView",
        "DocumentTypeView",
        "InvitationLinkView",
        "MyEnrollmentsView",
    ),
    "assistants": ("RegisterView", "RegistrationView", "AssistantView", "OwnAssistantView"),
}


def init_app(app: Flask) -> None:
    """Register every view, the frame of the layout, and the error pages."""
    from app.views import errors, markup, profile, render
    from app.views.frame import frame
    from app.views.security import RegistrarBuilder, RegistrarSecurityManager

    builder = RegistrarBuilder(app, db.session, security_manager_class=RegistrarSecurityManager)
    _localise(app)
    for module, names in VIEWS.items():
        for name in names:
            builder.add_view_no_menu(getattr(import_module(f"app.views.{module}"), name))
    app.context_processor(lambda: {"frame": frame()})
    app.after_request(profile.note_page)
    app.jinja_env.globals |= {
        "static": functools.partial(static_url, app),
        "markup": markup,
        "number": render.number,
        "csrf_token": lambda: g.get("csrf_token") or generate_csrf(),  # made once a page: it has many forms
    }
    errors.register(app)


def _localise(app: Flask) -> None:
    """Language and zone are the reader's; what they did not choose is the browser's language and the school's zone."""
    from app.views.security import current_actor

    babel: Babel = app.extensions[
        "babel"
    ]  # Flask-AppBuilder made it, with a selector that writes the session on every GET

    def locale() -> str | None:
        if not request:
            return None
        chosen = current_actor().locale
        if chosen in app.config["LANGUAGES"]:
            return chosen
        # Not `best_match`: with "en-GB, ar" it takes "ar", because that is there to the letter.
        accepted = [code for code, quality in request.accept_languages if quality]
        return negotiate_locale([code.lower() for code in accepted], app.config["LANGUAGES"], sep="-")

    def zone() -> str:
        return (current_actor().time_zone if request else None) or app.config["SCHOOL_TIME_ZONE"]

    babel.locale_selector, babel.timezone_selector = locale, zone
    translation.init_app(app)


def static_url(app: Flask, path: str) -> str:
    """The address of a file of ours, which changes with its content."""
    if app.debug:
        _address.cache_clear()
    return request.script_root + _address(app.static_url_path or "", app.static_folder or "", path)


@functools.lru_cache(maxsize=512)
def _address(url: str, folder: str, path: str) -> str:
    digest = hashlib.sha256((Path(folder) / path).read_bytes()).hexdigest()[:10]
    return f"{url}/{path}?v={digest}"
