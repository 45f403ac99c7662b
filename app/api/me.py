"""REST of oneself: who one is, one's settings, password and logins."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from app.api import bodies, schemas
from app.api.represent import mapping
from app.api.routes import PREFIX, Api, route
from app.services import accounts, settings
from app.services.inputs import Input
from app.services.settings import SettingsInput
from app.web import current_actor

NAMES = {"type": "array", "items": schemas.TEXT}
ME = schemas.an_object(
    id={"type": "integer"},
    username=schemas.TEXT,
    first_name=schemas.TEXT,
    last_name=schemas.TEXT,
    email=schemas.null_or(schemas.TEXT),
    roles=NAMES,
    permissions={"type": "object", "additionalProperties": NAMES, "description": "What one may do, by resource."},
    unread=schemas.COUNT,
)
SETTINGS = schemas.an_object(
    **{
        name: schemas.TEXT if name in {"time_format", "week_start", "theme"} else schemas.null_or(schemas.TEXT)
        for name in settings.CHOICES
    }
)
SESSION = schemas.an_object(
    id=schemas.UUID_,
    kind={"type": "string", "enum": ["web", "api"]},
    created_at=schemas.MOMENT,
    expires_at=schemas.MOMENT,
    ip_address=schemas.null_or(schemas.TEXT),
    user_agent=schemas.null_or(schemas.TEXT),
    current=schemas.BOOL,
)
SESSION_COLUMNS = ("id", "kind", "created_at", "expires_at", "ip_address", "user_agent")


class NewPassword(Input):
    """A change of one's own password."""

    model_config = {"str_strip_whitespace": False}  # white space around a password is part of it

    current_password: Annotated[str, Field(min_length=1, max_length=1000)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class MeApi(Api):
    route_base = f"{PREFIX}/me"
    class_permission_name = "Settings"

    @route("GET", "", "Who one is and what one may do", answer=ME)
    def show(self) -> Any:
        actor = current_actor()
        permissions: dict[str, list[str]] = {}
        for name, resource in sorted(actor.permissions):
            permissions.setdefault(resource, []).append(name.removeprefix("can_"))
        return {
            "id": actor.id,
            "username": actor.username,
            "first_name": actor.first_name,
            "last_name": actor.last_name,
            "email": actor.email if accounts.has_email(actor.email) else None,
            "roles": sorted(actor.roles),
            "permissions": permissions,
            "unread": actor.unread,
        }

    @route("GET", "/settings", "One's own settings", needs="edit", answer=SETTINGS)
    def settings(self) -> Any:
        return _settings(settings.own(current_actor()))

    @route("PATCH", "/settings", "Change one's own settings", needs="edit", body=SettingsInput, answer=SETTINGS)
    def change_settings(self) -> Any:
        return _settings(settings.update(bodies.read(SettingsInput, change=True), actor=current_actor()))

    @route("POST", "/password", "Change one's own password", needs="edit", body=NewPassword, status=204, others=(429,))
    def change_password(self) -> Any:
        """All other logins end; this one goes on."""
        values = bodies.read(NewPassword)
        accounts.change_own_password(values["current_password"], values["password"], actor=current_actor())

    @route("GET", "/sessions", "Where one is logged in", needs="edit", answer=schemas.items(SESSION))
    def sessions(self) -> Any:
        actor = current_actor()
        return {
            "items": [
                mapping({name: getattr(each, name) for name in SESSION_COLUMNS})
                | {"current": str(each.id) == actor.session_id}
                for each in settings.own_sessions(actor)
            ]
        }

    @route(
        "DELETE", "/sessions", "Log out everywhere else", needs="edit", answer=schemas.an_object(ended=schemas.COUNT)
    )
    def end_sessions(self) -> Any:
        return {"ended": settings.end_other_sessions(actor=current_actor())}


def _settings(stored: Any) -> dict[str, Any]:
    return mapping({name: getattr(stored, name) for name in settings.CHOICES})
