"""REST of one's own notifications."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from pydantic import Field

from app.api import bodies, lists, schemas
from app.api.represent import mapping
from app.api.routes import PREFIX, Api, Parameter, route
from app.models.notifications import NotificationType, Severity
from app.services import notifications
from app.services.errors import Invalid
from app.services.inputs import Input
from app.services.notifications import texts
from app.web import current_actor

PAGE = 50
NOTICE = schemas.an_object(
    id=schemas.UUID_,
    type={"type": "string", "enum": [kind.value for kind in NotificationType]},
    title=schemas.TEXT,
    body=schemas.TEXT,
    severity={"type": "string", "enum": [severity.value for severity in Severity]},
    link=schemas.TEXT,
    created_at=schemas.MOMENT,
    read_at=schemas.null_or(schemas.MOMENT),
)
CHANGED = schemas.an_object(changed=schemas.COUNT)
PARAMETERS = (
    Parameter("unread", "1: only those not read yet.", {"type": "integer", "enum": [0, 1], "default": 0}),
    Parameter("before", "A position, from `next`.", schemas.UUID_),
)


class Notices(Input):
    """Some notifications, by their ids."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]


class NotificationApi(Api):
    route_base = f"{PREFIX}/notifications"
    class_permission_name = "Inbox"

    @route(
        "GET",
        "",
        "One's own notifications, newest first",
        needs="list",
        parameters=PARAMETERS,
        answer=schemas.items(NOTICE, next=schemas.ADDRESS),
    )
    def index(self) -> Any:
        unread = request.args.get("unread", "0")
        if unread not in {"0", "1"}:
            raise Invalid(fields={"unread": [_("Must be 0 or 1.")]})
        try:
            before = UUID(request.args["before"]) if request.args.get("before") else None
        except ValueError:
            raise Invalid(fields={"before": [_("This position is not valid.")]}) from None
        rows = notifications.newest(current_actor(), unread_only=unread == "1", before=before, limit=PAGE)
        older = f"{self.route_base}?before={rows[-1].id}&unread={unread}" if len(rows) == PAGE else None
        return (
            {"items": [_notice(each) for each in rows], "next": older},
            200,
            lists.link_header({"next": older}),
        )

    @route("POST", "/read", "Mark notifications as read", needs="mark", body=Notices, answer=CHANGED)
    def read(self) -> Any:
        """Others' are left alone, as unknown ones are."""
        return {"changed": notifications.mark_read(bodies.read(Notices)["ids"], actor=current_actor())}

    @route("POST", "/read-all", "Mark all notifications as read", needs="mark", answer=CHANGED)
    def read_all(self) -> Any:
        return {"changed": notifications.mark_all_read(actor=current_actor())}


def _notice(row: Any) -> dict[str, Any]:
    """A notice in the reader's language."""
    title, body = texts.said(row)
    shown = {name: getattr(row, name) for name in NOTICE["properties"]}
    return mapping(shown) | {"title": title, "body": body}
