"""REST of oneself: who one is, one's settings, password and logins."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from flask import current_app
from pydantic import Field

from app.api import bodies, schemas
from app.api.represent import mapping
from app.api.routes import PREFIX, Api, route
from app.models.notifications import Channel, NotificationType
from app.services import accounts, settings
from app.services.accounts import profile
from app.services.accounts.profile import ProfileInput
from app.services.inputs import Input
from app.services.notifications import preferences
from app.services.settings import SettingsInput
from app.services.timetables import feeds
from app.services.timetables.feeds import FeedInput
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
    | {"auto_logout_minutes": schemas.null_or(schemas.COUNT), "remember_last_page": schemas.BOOL}
)
PROFILE = schemas.an_object(
    username=schemas.TEXT, **dict.fromkeys(("email", "first_name", "last_name", "phone", "department"), schemas.TEXT)
)
SESSION = schemas.an_object(
    id=schemas.UUID_,
    kind={"type": "string", "enum": ["web", "api"]},
    created_at=schemas.MOMENT,
    expires_at=schemas.MOMENT,
    last_used_at=schemas.MOMENT,
    ip_address=schemas.null_or(schemas.TEXT),
    user_agent=schemas.null_or(schemas.TEXT),
    current=schemas.BOOL,
)
SESSION_COLUMNS = ("id", "kind", "created_at", "expires_at", "last_used_at", "ip_address", "user_agent")


PREFERENCE = schemas.an_object(
    type={"type": "string", "enum": [kind.value for kind in NotificationType]},
    label=schemas.TEXT,
    in_app=schemas.BOOL,
    email=schemas.BOOL,
)
PREFERENCES = schemas.items(PREFERENCE)
FEED = schemas.an_object(id=schemas.UUID_, name=schemas.TEXT, created_at=schemas.MOMENT)
NEW_FEED = schemas.an_object(**FEED["properties"], url=schemas.TEXT)


class Preferences(Input):
    """By type of notice: through which channels one wants it. What is not named stays as it is."""

    preferences: dict[NotificationType, dict[Channel, bool]]


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

    @route("DELETE", "/sessions/<uuid:session_id>", "Log out in one place", needs="edit", status=204, others=(404,))
    def end_session(self, session_id: UUID) -> Any:
        settings.end_session(session_id, actor=current_actor())

    @route("GET", "/profile", "One's own profile", needs="edit", answer=PROFILE)
    def profile(self) -> Any:
        return asdict(profile.own(current_actor()))

    @route("PATCH", "/profile", "Change one's own profile", needs="edit", body=ProfileInput, answer=PROFILE)
    def change_profile(self) -> Any:
        """Names and phone; the rest is the office's to change."""
        return asdict(profile.update_own(bodies.read(ProfileInput, change=True), actor=current_actor()))

    @route("GET", "/notification-preferences", "What one is told, and how", needs="edit", answer=PREFERENCES)
    def preferences(self) -> Any:
        return _preferences(preferences.own(current_actor()))

    @route(
        "PATCH",
        "/notification-preferences",
        "Change what one is told, and how",
        needs="edit",
        body=Preferences,
        answer=PREFERENCES,
    )
    def change_preferences(self) -> Any:
        wishes = bodies.read(Preferences)["preferences"]
        return _preferences(preferences.update(wishes, actor=current_actor()))

    @route("GET", "/calendar-feeds", "Addresses of one's timetable", needs="edit", answer=schemas.items(FEED))
    def feeds(self) -> Any:
        return {"items": [_feed(each) for each in feeds.own(current_actor())]}

    @route(
        "POST",
        "/calendar-feeds",
        "Make an address of one's timetable",
        needs="edit",
        body=FeedInput,
        status=201,
        answer=NEW_FEED,
        others=(409,),
    )
    def make_feed(self) -> Any:
        """The address is told this once."""
        feed, token = feeds.create(bodies.read(FeedInput).get("name", ""), actor=current_actor())
        return _feed(feed) | {"url": f"{current_app.config['PUBLIC_URL']}/calendar/{token}.ics"}

    @route("DELETE", "/calendar-feeds/<uuid:feed_id>", "End an address", needs="edit", status=204, others=(404,))
    def end_feed(self, feed_id: UUID) -> Any:
        feeds.revoke(feed_id, actor=current_actor())


def _preferences(rows: Any) -> dict[str, Any]:
    return {
        "items": [
            {"type": row.type.value, "label": str(row.label), "in_app": row.in_app, "email": row.email} for row in rows
        ]
    }


def _feed(feed: Any) -> dict[str, Any]:
    return mapping({name: getattr(feed, name) for name in FEED["properties"]})


def _settings(stored: Any) -> dict[str, Any]:
    return mapping({name: getattr(stored, name) for name in settings.CHOICES})
