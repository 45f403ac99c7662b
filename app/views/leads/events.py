"""The timeline of a lead: events, notes and contact attempts in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.leads import LeadStage
from app.services import people
from app.services.leads import LEADS, labels
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


class Names:
    """What the ids in audit events are called, read once per page."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], str] = {}

    def of(self, name: str, value: Any) -> str:
        if value in (None, ""):
            return ""
        if name == "stage_id":
            return self._stages().get(str(value), _("a stage that is gone"))
        if name in {"owner_id", "assigned_teacher_id"}:
            return self._accounts(value)
        for option in LEADS.options.get(name, ()):
            if option.value == value:
                return str(option.label)
        if name in {"follow_up_date", "walk_in_date", "demo_date", "last_contacted_on"}:
            day = _day(str(value))
            return render.day(day) if day else str(value)
        return render.plain(value)

    def _stages(self) -> dict[str, str]:
        if ("stages", "") not in self.known:
            self.known["stages", ""] = "read"
            self.known |= {
                ("stage", str(key)): name for key, name in db.session.execute(select(LeadStage.id, LeadStage.name))
            }
        return {key: name for (kind, key), name in self.known.items() if kind == "stage"}

    def _accounts(self, key: Any) -> str:
        if ("account", str(key)) not in self.known:
            self.known["account", str(key)] = people.name_of(key) or _("an account that is gone")
        return self.known["account", str(key)]


def event(row: Any, names: Names) -> Event:
    keys = [] if row.kind in TOLD_WITHOUT_VALUES else sorted({*(row.before or {}), *(row.after or {})})
    body = row.body or ""
    if row.kind == "contact_attempted":  # an attempt changes nothing: it has a channel and an outcome
        body = "\n".join(
            filter(None, (", ".join(names.of(name, row.after[name]) for name in ("channel", "outcome")), body))
        )
    changes = [
        Change(
            str(LEADS.labels.get(name, name.replace("_", " ").capitalize())),
            names.of(name, (row.before or {}).get(name)),
            names.of(name, (row.after or {}).get(name)),
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
