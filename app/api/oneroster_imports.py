"""REST of bundle imports: upload, check, faults, preview by file, confirm."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from app.api import schemas
from app.api.imports import FULL, ImportApi, _full
from app.api.routes import PREFIX, Parameter, route
from app.services.errors import Invalid
from app.services.oneroster.importing import confirming
from app.services.oneroster.importing.run import RESOURCE
from app.web import current_actor

FILE = schemas.an_object(
    file={
        "type": "string",
        "contentMediaType": "application/zip",
        "description": "A bundle of OneRoster 1.1 or 1.2. At most 32 MB, and 1 GB unpacked.",
    }
)
REMOVE = Parameter(
    "remove",
    "Say true when as much may vanish as the preview says, where that is more than the allowed share.",
    {"type": "boolean", "default": False},
)
WORDS = {"true": True, "false": False}


class OneRosterImportApi(ImportApi):
    """`sample` has a line for each file: how many rows are new, changed, unchanged and vanishing. With a single fault
    nothing is imported.
    """

    route_base = f"{PREFIX}/oneroster-imports"
    class_permission_name = "OneRoster imports"
    resource = RESOURCE
    template: Any = None  # the standard has no template
    undo: Any = None  # the bundle before it, imported again, is the way back
    rows_to_mend: Any = None  # with a single fault nothing is imported

    def upload_body(self) -> Any:
        return FILE

    @route(
        "POST",
        "/<uuid:import_id>/confirm",
        "Import a checked bundle",
        needs="confirm",
        parameters=(REMOVE,),
        answer=FULL,
        others=(404, 409),
    )
    def confirm(self, import_id: UUID) -> Any:
        """Asking again changes nothing."""
        said = request.args.get("remove", "false")
        if said not in WORDS:
            raise Invalid(fields={"remove": ["Must be true or false."]})
        return _full(confirming.confirm(self.job(import_id).id, actor=current_actor(), remove=WORDS[said]))
