"""A timetable as iCalendar (RFC 5545), for Google Calendar, Outlook and Apple Calendar.

Times are in UTC ("...Z"): every class is an event of its own and none repeats by a rule, so a moment says all that a zone
would, no VTIMEZONE can be misread, and each calendar shows it in the zone of its reader.

A class keeps its UID when it is moved; SEQUENCE and LAST-MODIFIED tell that it changed. One that was taken off the plan
stays, as CANCELLED. DTSTAMP is the moment of the last change, so that the same timetable is the same text.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from icalendar import Calendar, Event, vText

from app.services.timetables.reading import ClassEntry

REFRESH = timedelta(hours=1)


def calendar(name: str, entries: Iterable[ClassEntry]) -> bytes:
    """The calendar as text, CRLF and folded, in UTF-8."""
    made = Calendar()
    made.add("prodid", "-//Registrar//Timetable//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", vText(" ".join(_clean(name).split())))
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", REFRESH)
    host = urlsplit(current_app.config["PUBLIC_URL"]).hostname or "registrar"
    for entry in entries:
        made.add_component(_event(entry, host))
    return bytes(made.to_ical())


def _event(entry: ClassEntry, host: str) -> Event:
    event = Event()
    event.add("uid", f"{entry.key}@{host}")
    event.add("sequence", entry.revision)
    changed = entry.changed_at.astimezone(UTC).replace(microsecond=0)
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", _clean(f"{entry.student}: {entry.course}" if entry.student else entry.course))
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    if entry.room:
        event.add("location", _clean(entry.room))
    event.add("description", _clean(_description(entry)))
    return event


def _description(entry: ClassEntry) -> str:
    if entry.about:
        return entry.about
    lines = [_("Shift at the help desk")] if entry.shift else [_("Teacher: %(name)s", name=entry.teacher)]
    if entry.students:
        lines.append(_("Students: %(names)s", names=", ".join(entry.students)))
    if entry.moved:
        lines.append(_("This class was moved."))
    return "\n".join(lines)


def _clean(text: str) -> str:
    """Without control characters, which RFC 5545 has no way to write; line breaks are one sign."""
    one = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in one if sign == "\n" or sign == "\t" or (ord(sign) >= 32 and ord(sign) != 127))
