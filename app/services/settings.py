"""How one person wants to see the site, and where they are logged in. Everybody changes only their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from flask import current_app
from flask_babel import lazy_gettext as _l
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.models.access import UserSession, UserSettings
from app.policies.actor import Actor
from app.services import inputs, last_page, sessions
from app.services.errors import NotAllowed, NotFound
from app.services.inputs import blank_is_none
from app.services.transaction import transactional

CHOICES = ("time_zone", "time_format", "week_start", "theme", "locale", "auto_logout_minutes", "remember_last_page")


@cache
def time_zones() -> tuple[str, ...]:
    """The places by which a time zone is chosen, as "Europe/London"."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return ("UTC", *places)


def _listed(values: Any) -> AfterValidator:
    """Refuses what is not among `values()`."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in values():
            raise PydanticCustomError("enum", "enum")
        return value

    return AfterValidator(check)


SettingsInput = inputs.of(
    UserSettings,
    "time_format",
    "week_start",
    "theme",
    name="SettingsInput",
    auto_logout_minutes=(Annotated[int | None, Field(ge=5, le=1440), BeforeValidator(blank_is_none)], None),
    remember_last_page=(bool, False),
    time_zone=(Annotated[str | None, _listed(time_zones), BeforeValidator(blank_is_none)], None),
    locale=(
        Annotated[str | None, _listed(lambda: current_app.config["LANGUAGES"]), BeforeValidator(blank_is_none)],
        None,
    ),
)


def own(actor: Actor) -> UserSettings:
    """The actor's settings; for an old account that has none, new ones that are not stored."""
    found = db.session.scalar(select(UserSettings).where(UserSettings.user_id == actor.id))
    return found or UserSettings(user_id=actor.id)


@transactional
def update(values: Mapping[str, Any], *, actor: Actor) -> UserSettings:
    """Change those of the actor's settings that are given. Raises NotAllowed, Invalid at the field."""
    if actor.id is None:
        raise NotAllowed(_l("Log in first."))
    changes = inputs.parse(SettingsInput, values, change=True)
    made = insert(UserSettings).values(user_id=actor.id).on_conflict_do_nothing(index_elements=["user_id"])
    db.session.execute(made)
    settings = db.session.scalars(
        select(UserSettings).where(UserSettings.user_id == actor.id).with_for_update(key_share=True)
    ).one()
    if "auto_logout_minutes" in changes:
        sessions.end_idle(actor.id)
    if changes.get("remember_last_page") is False:
        last_page.forget(actor=actor)
    for name, value in changes.items():
        setattr(settings, name, value)
    return settings


_OWN_SESSIONS = text(f"""
    SELECT us.id, us.kind, us.created_at, us.expires_at, us.last_used_at, us.ip_address, us.user_agent
    FROM user_sessions us LEFT JOIN user_settings s ON s.user_id = us.user_id
    WHERE us.user_id = :user_id AND {sessions.IN_USE} ORDER BY us.last_used_at DESC, us.created_at DESC, us.id
""")  # noqa: S608 - a constant


def own_sessions(actor: Actor) -> Sequence[Any]:
    """Where the actor is logged in now, the last used first."""
    return db.session.execute(_OWN_SESSIONS, {"user_id": actor.id}).all()


@transactional
def end_session(session_id: UUID, *, actor: Actor) -> None:
    """Log the actor out in one place. Raises NotFound for a login of somebody else, or none."""
    mine = select(UserSession.id).where(UserSession.id == session_id, UserSession.user_id == actor.id)
    if db.session.scalar(mine.where(UserSession.ended_at.is_(None))) is None:
        raise NotFound
    sessions.end(str(session_id))


@transactional
def end_other_sessions(*, actor: Actor) -> int:
    """Log the actor out everywhere but here; returns from how many places."""
    if actor.id is None:
        raise NotAllowed(_l("Log in first."))
    return sessions.end_all(actor.id, but=actor.session_id)
