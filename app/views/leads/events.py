"""The timeline of a lead: events, notes and contact attempts in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.services import phones
from app.services.leads import LEADS, labels, timeline
from app.services.leads.events import BECAUSE, UNDOES
from app.views import render
from app.views.page import (
    Change,
    Event,
)

ICONS = {
    "created": "plus",
    "stage_changed": "arrow-right-left",
    "owner_changed": "user-check",
    "note_added": "sticky-note",
    "bulk_imported": "upload",
    "contact_attempted": "phone-call",
    "follow_up_changed": "calendar-clock",
    "tags_changed": "tag",
    "merged": "merge",
    "deleted": "trash-2",
    "restored": "undo-2",
    "updated": "pencil",
}


TOLD_WITHOUT_VALUES = {"merged", "restored", "created", "bulk_imported", "contact_attempted"}


DAYS = {"follow_up_date", "walk_in_date", "demo_date", "last_contacted_on"}


def _said(name: str, value: Any, names: Mapping[str, str]) -> str:
    """A value of an event in words."""
    if value in (None, ""):
        return ""
    if name == "stage_id":
        return names.get(str(value), _("a stage that is gone"))
    if name in {"owner_id", "assigned_teacher_id"}:
        return names.get(str(value), _("an account that is gone"))
    for option in LEADS.options.get(name, ()):
        if option.value == value:
            return str(option.label)
    if name in DAYS:
        day = _day(str(value))
        return render.day(day) if day else str(value)
    return render.plain(value)


def _merged(row: Any, others: Mapping[str, Any]) -> str:
    """What the event of a merge, or of its end, says of the other lead."""
    after = row.after or {}
    other = next((others[after[name]] for name in timeline.OF_MERGES if after.get(name) in others), None)
    if other is None:
        return ""
    who = {"name": other.name, "phone": phones.grouped(other.phone)}
    if row.kind == "restored":
        return _("The merge with %(name)s, %(phone)s was undone.", **who)
    if "into" in after:
        return _("Into %(name)s, %(phone)s.", **who)
    return _("%(name)s, %(phone)s became one with this lead.", **who)


def event(row: Any, others: Mapping[str, Any]) -> Event:
    """An entry of the timeline; `others` are the leads that merges name."""
    names = row.names or {}
    after = {name: value for name, value in (row.after or {}).items() if name not in (BECAUSE, UNDOES)}
    before = row.before or {}
    differ = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    keys = [] if row.kind in TOLD_WITHOUT_VALUES else differ
    body = row.body or (_merged(row, others) if row.kind in ("merged", "restored") else "")
    if BECAUSE in (row.after or {}):
        body = str(labels.BECAUSE[row.after[BECAUSE]])
    if row.kind == "contact_attempted":  # an attempt changes nothing: it has a channel and an outcome
        body = "\n".join(
            filter(None, (", ".join(_said(name, row.after[name], names) for name in ("channel", "outcome")), body))
        )
    changes = [
        Change(
            str(LEADS.labels.get(name, name.replace("_", " ").capitalize())),
            _said(name, before.get(name), names),
            _said(name, after.get(name), names),
        )
        for name in keys
    ]
    return Event(
        render.moment(row.at),
        row.at.isoformat(),
        row.who or _("Registrar"),
        str(labels.EVENTS[row.kind]),
        ICONS.get(row.kind, "dot"),
        body,
        changes,
    )


def _day(raw: str) -> Any:
    try:
        return datetime.fromisoformat(raw).date()
    except ValueError:
        return None
