"""Ed-Fi for the matrix of roles, and what its forms are sent."""

from __future__ import annotations

from typing import Any

from app.extensions import db
from app.models.edfi import DescriptorMapping, EdFiConnection, EdFiPush, EdFiPushItem, EdFiRecord
from app.services.edfi import secrets
from tests.factories.edfi import saved

NOWHERE = "http://localhost:9"  # answers nobody


def _connection(name: str) -> EdFiConnection:
    secret = secrets.encrypt("s3cret", f"{NOWHERE}  key")
    return saved(EdFiConnection(name=name, base_url=NOWHERE, client_id="key", secret=secret))


class EdFi:
    """A server that was sent something, a push to another that waits, with one record in its log, and a mapping."""

    def __init__(self) -> None:
        self.connection, busy = _connection("Idle"), _connection("Busy")
        saved(EdFiRecord(connection_id=self.connection.id, resource="students", natural_key="1", digest="x"))
        push = saved(EdFiPush(connection_id=busy.id))
        item = saved(EdFiPushItem(push_id=push.id, resource="students", natural_key="1", outcome="created"))
        uri = "uri://school.example/SexDescriptor#X"
        mapping = saved(DescriptorMapping(descriptor="SexDescriptor", value="X", uri=uri))
        db.session.commit()
        self.keys: dict[str, Any] = {}
        for name, made in (
            ("EdFiConnection", self.connection),
            ("EdFiPush", push),
            ("EdFiPushItem", item),
            ("DescriptorMapping", mapping),
        ):
            self.keys |= dict.fromkeys((f"{name}View", f"{name}Api"), made.id)

    def form(self, endpoint: str) -> dict[str, Any]:
        forms: dict[str, dict[str, Any]] = {
            "EdFiConnection": {"base_url": "https://b.example", "client_id": "c", "secret": "s", "school_year": "2027"},
            "DescriptorMapping": {
                "descriptor": "SexDescriptor",
                "value": "Changed",
                "uri": "uri://ed-fi.org/SexDescriptor#Female",
            },
        }
        return forms.get(endpoint.partition(".")[0].removesuffix("View").removesuffix("Api"), {})
