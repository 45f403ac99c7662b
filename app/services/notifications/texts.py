"""What a notice says, in the language of who reads it.

A notice is made from lazy texts (`_l("%(name)s was admitted", name=...)`). They are stored as what they are, message and
values, and put into words at reading; the source language is stored beside them. A text that somebody typed is stored
as typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from flask_babel import get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.services import school

SOURCE = "en"  # the language that texts are written in
LONGEST_TITLE = 200
# What notices said that are stored: without a catalogue's entry they would be read in the source language.
FORMER = (
    _l("%(count)s classes from %(day)s."),
    _l("%(count)s classes left: %(course)s"),
    _l("%(count)s classes left: %(student)s, %(course)s"),
)


def stored(title: Any, body: Any) -> dict[str, Any]:
    """The payload of a notice."""
    return {name: _stored(text) for name, text in (("title", title), ("body", body)) if isinstance(text, LazyString)}


def in_source(value: Any) -> Any:
    """A text in the source language, in which messages are written: no catalogue is asked, for there may be thousands."""
    if not isinstance(value, LazyString):
        return value
    message, *counted = value._args
    values = {name: in_source(each) for name, each in value._kwargs.items()}
    if counted:
        plural, number = counted
        message, values = (message if number == 1 else plural), {"num": number} | values
    return message % values if values else message


def message(text: LazyString) -> str:
    """The untranslated message of a lazy text, for SQL that makes payloads itself."""
    return str(text._args[0])


def plural(text: LazyString) -> str:
    """The same of a text with a number, for more than one; of another text it is `message`."""
    return str(text._args[1] if len(text._args) > 1 else text._args[0])


def said(row: Any, *, zone: ZoneInfo | None = None) -> tuple[str, str]:
    """Title and body of a notice in the present language, moments in `zone` (the school's)."""
    zone = zone or school.zone()
    title, body = (
        _said(row.payload[name], zone) if name in row.payload else getattr(row, name) for name in ("title", "body")
    )
    return title[:LONGEST_TITLE], body


def _stored(value: Any) -> Any:
    """A value as JSON: a message with its values, a day, a moment, a number or a text."""
    if isinstance(value, str):  # most are
        return str(value)
    if isinstance(value, LazyString):
        values = {name: _stored(each) for name, each in value._kwargs.items()}
        return {"message": [_stored(each) for each in value._args], "values": values}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value if isinstance(value, int) else str(value)


def _said(value: Any, zone: ZoneInfo) -> Any:
    if not isinstance(value, Mapping):
        return value
    locale = get_locale() or SOURCE
    if "day" in value:
        return format_date(date.fromisoformat(value["day"]), "medium", locale)
    if "moment" in value:
        local = datetime.fromisoformat(value["moment"]).astimezone(zone)
        return f"{format_date(local, 'medium', locale)}, {format_time(local.time(), 'HH:mm', locale=locale)}"
    message = value["message"]
    say = gettext if len(message) == 1 else ngettext
    return say(*message, **{name: _said(each, zone) for name, each in value.get("values", {}).items()})
