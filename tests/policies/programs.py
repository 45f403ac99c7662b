"""A OneRoster export and a program that reads the roster, for the matrix of roles, and what their forms are sent."""

from __future__ import annotations

from typing import Any

from app.models.oneroster import OneRosterExport, OneRosterExportFile
from app.services import sessions
from app.services.oneroster.oauth import clients
from tests.factories.oneroster import saved


class Programs:
    """An export with its bundle, and a client."""

    def __init__(self) -> None:
        export = saved(OneRosterExport(version="1.2", status="done", size=1))
        saved(OneRosterExportFile(export_id=export.id, content=b"x"))
        client = clients.create({"name": "Reader", "scopes": ["roster"]}, actor=sessions.system())
        self.keys: dict[str, Any] = {}
        for name, made in (("OneRosterExport", export), ("OAuthClient", client)):
            self.keys |= dict.fromkeys((f"{name}View", f"{name}Api"), made.id)

    def form(self, endpoint: str) -> dict[str, Any]:
        forms: dict[str, dict[str, Any]] = {
            "OneRosterExport": {"version": "1.1", "mode": "bulk"},
            "OAuthClient": {"scopes": ["roster-core"]},
        }
        return forms.get(endpoint.partition(".")[0].removesuffix("View").removesuffix("Api"), {})
