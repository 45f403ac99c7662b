"""What Ed-Fi's parts are called."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.models.edfi import EdFiOutcome, EdFiPushStatus
from app.services.edfi.schema import RESOURCES
from app.services.resource import Option, options_of

RESOURCE_NAMES: Final[dict[str, Any]] = {
    "schools": _l("Schools"),
    "students": _l("Students"),
    "studentSchoolAssociations": _l("Students at schools"),
    "studentEducationOrganizationAssociations": _l("Sex, ethnicity and races of students"),
    "contacts": _l("Guardians"),
    "studentContactAssociations": _l("Guardians of students"),
}
RESOURCE_OPTIONS: Final = tuple(Option(name, RESOURCE_NAMES[name]) for name in RESOURCES)
STATUSES: Final = options_of(
    EdFiPushStatus,
    {
        "queued": _l("Queued"),
        "running": _l("Running"),
        "done": _l("Done"),
        "failed": _l("Failed"),
        "cancelled": _l("Cancelled"),
    },
    {"queued": "info", "running": "info", "done": "success", "failed": "danger"},
)
OUTCOMES: Final = options_of(
    EdFiOutcome,
    {
        "created": _l("Created"),
        "updated": _l("Updated"),
        "deleted": _l("Deleted"),
        "unchanged": _l("Unchanged"),
        "invalid": _l("Invalid"),
        "blocked": _l("Waits for another"),
        "refused": _l("Refused"),
        "failed": _l("Failed"),
    },
    {
        "created": "success",
        "updated": "success",
        "deleted": "warning",
        "invalid": "danger",
        "blocked": "warning",
        "refused": "danger",
        "failed": "danger",
    },
)
OUTCOME: Final = {option.value: option for option in OUTCOMES}
STATUS: Final = {option.value: option for option in STATUSES}
LABELS: Final[dict[str, Any]] = {
    "descriptor": _l("Descriptor"),
    "value": _l("Our value"),
    "uri": _l("URI"),
    "name": _l("Name"),
    "base_url": _l("Address"),
    "token_url": _l("Address for tokens"),
    "client_id": _l("Client id"),
    "secret": _l("Secret"),
    "school_year": _l("School year"),
    "extension": _l("Extension"),
    "active": _l("In use"),
    "nightly": _l("Push every night"),
    "created_at": _l("Entered"),
    "connection": _l("Server"),
    "status": _l("Status"),
    "total": _l("Records"),
    "message": _l("Message"),
    "started_at": _l("Started"),
    "finished_at": _l("Finished"),
    "asked_by": _l("Asked by"),
    "asked_at": _l("Asked"),
    "push": _l("Push"),
    "number": _l("Number"),
    "resource": _l("Resource"),
    "natural_key": _l("Record"),
    "outcome": _l("Outcome"),
    "status_code": _l("Answer"),
    "at": _l("When"),
}
