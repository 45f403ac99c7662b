"""Parameters of the query that say where to read on, and choices."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.services.errors import Invalid


def read_number(name: str) -> int | None:
    """A position in the query that is a number. Raises Invalid."""
    raw = request.args.get(name, "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 18):
        raise Invalid(fields={name: [_("This position is not valid.")]})
    return int(raw)


def read_choice(name: str, choices: tuple[str, ...], default: str) -> str:
    """A parameter that is a choice. Raises Invalid."""
    value = request.args.get(name, default)
    if value not in choices:
        raise Invalid(fields={name: [_("Choose one from the list.")]})
    return value


def read_key(name: str) -> UUID | None:
    """A position that is a key. Raises Invalid."""
    try:
        return UUID(request.args[name]) if request.args.get(name) else None
    except ValueError:
        raise Invalid(fields={name: [_("This position is not valid.")]}) from None


def read_moment(name: str) -> datetime | None:
    """A position that is a moment. Raises Invalid."""
    raw = request.args.get(name, "")
    try:
        moment = datetime.fromisoformat(raw) if raw else None
    except ValueError:
        moment = None
    if raw and (moment is None or moment.tzinfo is None):
        raise Invalid(fields={name: [_("This position is not valid.")]})
    return moment
