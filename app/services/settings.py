"""How one person wants to see the site, and where they are logged in. Everybody changes only their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from flask import current_app
from flask_babel import lazy_gettext as _l
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.models.access import UserSession, UserSettings
from app.policies.actor import Actor
from app.services import inputs, sessions
from app.services.errors import NotAllowed
from app.services.inputs import blank_is_none
from app.services.transaction import transactional

CHOICES = ("time_zone", "time_format", "week_start", "theme", "locale")


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
    for name, value in changes.items():
        setattr(settings, name, value)
    return settings


def own_sessions(actor: Actor) -> Sequence[UserSession]:
    """Where the actor is logged in now, the newest first."""
    statement = select(UserSession).where(
        UserSession.user_id == actor.id, UserSession.ended_at.is_(None), UserSession.expires_at > func.now()
    )
    return db.session.scalars(statement.order_by(UserSession.created_at.desc(), UserSession.id)).all()


@transactional
def end_other_sessions(*, actor: Actor) -> int:
    """Log the actor out everywhere but here; returns from how many places."""
    if actor.id is None:
        raise NotAllowed(_l("Log in first."))
    return sessions.end_all(actor.id, but=actor.session_id)
