"""REST, under /api/v1."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flask import Flask, request

# Module -> its API classes. Resources that need nothing of their own get a class made from their declaration.
APIS: dict[str, tuple[str, ...]] = {
    "security": ("SecurityApi",),
    "me": ("MeApi",),
    "second_factors": ("SecondFactorApi",),
    "leads": ("LeadApi",),
    "records": ("RecordCreationApi", "StudentRecordImportApi"),
    "imports": ("LeadImportApi", "AccountImportApi"),
    "accounts": ("AccountApi",),
    "students": ("StudentApi",),
    "admissions": ("AdmissionApi",),
    "assistants": ("RegistrationApi", "AssistantApi", "OwnAssistantApi"),
    "reports": ("ReportApi",),
    "classroom": ("ClassroomApi", "AttendanceApi"),
    "lookups": ("LookupApi", "SearchApi"),
    "notifications": ("NotificationApi", "BroadcastApi"),
    "timetables": ("TimetableApi", "StudentTimetableApi"),
    "operations": ("OperationsApi",),
    "enrollments": ("EnrollmentApi", "MyEnrollmentApi", "EnrollmentDocumentApi", "InvitationImportApi"),
    "content": ("DownloadableResourceApi", "PublicContentApi"),
    "papers": ("PaperApi",),
    "test_sessions": ("VenueApi", "RoomAllocationApi", "TestRegistrationImportApi"),
    "integrity": ("IntegrityApi",),
    "edfi": ("EdFiApi",),
    "oneroster_exports": ("OneRosterExportApi",),
    "oneroster_imports": ("OneRosterImportApi",),
    "documents": ("DocumentApi", "DocumentView"),
}


def init_app(app: Flask) -> None:
    """Register every API class."""
    from app.api.base import RecordApi
    from app.services.resource import RESOURCES

    builder = app.extensions["appbuilder"]
    classes: list[Any] = [
        getattr(import_module(f"app.api.{module}"), name) for module, names in APIS.items() for name in names
    ]
    special = {each.resource.slug for each in classes if issubclass(each, RecordApi)}
    for slug, resource in sorted(RESOURCES.items()):
        if slug not in special:
            classes.append(type(f"{resource.model.__name__}Api", (RecordApi,), {"resource": resource}))
    for each in classes:
        builder.add_api(each)
    for name in ("oauth", "oneroster"):  # beside our own, in the standard's shapes
        import_module(f"app.api.{name}").init_app(app)
    app.after_request(_challenge)


def _challenge(response: Any) -> Any:
    """What to send instead, as RFC 6750 asks for."""
    if response.status_code == 401 and request.path.startswith("/api/"):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
