"""REST of one's own notifications."""

from __future__ import annotations

import enum
from typing import Annotated, Any
from urllib.parse import urlencode
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
from app.services.notifications.broadcasts import BroadcastInput, send
from app.services.transaction import rehearse
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
    Parameter("archived", "1: those put away.", {"type": "integer", "enum": [0, 1], "default": 0}),
    Parameter("type", "Only this type.", {"type": "string", "enum": [kind.value for kind in NotificationType]}),
    Parameter("severity", "Only this severity.", {"type": "string", "enum": [each.value for each in Severity]}),
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
        given = request.args
        for name in ("unread", "archived"):
            if given.get(name, "0") not in {"0", "1"}:
                raise Invalid(fields={name: [_("Must be 0 or 1.")]})
        try:
            before = UUID(given["before"]) if given.get("before") else None
        except ValueError:
            raise Invalid(fields={"before": [_("This position is not valid.")]}) from None
        kind, severity = _one_of(NotificationType, "type"), _one_of(Severity, "severity")
        rows = notifications.newest(
            current_actor(),
            unread_only=given.get("unread") == "1",
            archived=given.get("archived") == "1",
            kind=kind,
            severity=severity,
            before=before,
            limit=PAGE,
        )
        kept = {name: given[name] for name in ("unread", "archived", "type", "severity") if given.get(name)}
        older = f"{self.route_base}?{urlencode({'before': rows[-1].id} | kept)}" if len(rows) == PAGE else None
        return (
            {"items": [_notice(each) for each in rows], "next": older},
            200,
            lists.link_header({"next": older}),
        )

    @route("POST", "/read", "Mark notifications as read", needs="mark", body=Notices, answer=CHANGED)
    def read(self) -> Any:
        """Others' are left alone, as unknown ones are."""
        return {"changed": notifications.mark_read(bodies.read(Notices)["ids"], actor=current_actor())}

    @route("POST", "/archive", "Put notifications away", needs="mark", body=Notices, answer=CHANGED)
    def archive(self) -> Any:
        """They count as read. Others' are left alone, as unknown ones are."""
        return {"changed": notifications.archive(bodies.read(Notices)["ids"], actor=current_actor())}

    @route("POST", "/read-all", "Mark all notifications as read", needs="mark", answer=CHANGED)
    def read_all(self) -> Any:
        return {"changed": notifications.mark_all_read(actor=current_actor())}


def _one_of(values: type[enum.StrEnum], name: str) -> Any:
    given = request.args.get(name)
    if not given:
        return None
    if given not in list(values):
        raise Invalid(fields={name: [_("Choose one from the list.")]})
    return values(given)


def _notice(row: Any) -> dict[str, Any]:
    """A notice in the reader's language."""
    title, body = texts.said(row)
    shown = {name: getattr(row, name) for name in NOTICE["properties"]}
    return mapping(shown) | {"title": title, "body": body}


SENT = schemas.an_object(key=schemas.UUID_, recipients=schemas.COUNT)
PREVIEW = Parameter(
    "preview", "1: only say to how many it would go.", {"type": "integer", "enum": [0, 1], "default": 0}
)


class BroadcastApi(Api):
    route_base = f"{PREFIX}/broadcasts"
    class_permission_name = "Broadcasts"

    @route(
        "POST",
        "",
        "Write to everybody, or to those of some roles",
        needs="send",
        body=BroadcastInput,
        parameters=(PREVIEW,),
        answer=SENT,
        others=(409,),
    )
    def send(self) -> Any:
        """The `key` names the message: sent again, it goes to nobody and the first answer comes back. With the key of
        another message it is refused.
        """
        values, actor = bodies.read(BroadcastInput), current_actor()
        preview = request.args.get("preview") == "1"
        sent = rehearse(send, values, actor=actor) if preview else send(values, actor=actor)
        return {"key": str(sent.key), "recipients": sent.recipients}
