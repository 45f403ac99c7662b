"""How one person wants to see the site, and where they are logged in. Everybody changes only their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from flask import current_app
from flask_babel import gettext as _
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select

from app.extensions import db
from app.models.access import TimeFormat, UserSession, UserSettings, WeekStart
from app.models.access import Theme as ThemeChoice
from app.policies.actor import Actor
from app.services import inputs, sessions
from app.services.errors import NotAllowed
from app.services.inputs import Blank, Input, Stored
from app.services.transaction import transactional


@cache
def time_zones() -> tuple[str, ...]:
    """Places to choose a time zone by, as "Europe/London"."""
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))
