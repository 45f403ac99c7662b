"""The row history of a record in words: of its own row, and of the rows that are parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g
from flask_babel import gettext as _

from app.services import lookups, people
from app.services.history import Entry
from app.services.resource import Kind, Part, Resource
from app.views import render
from app.views.page import Change, Event
from app.views.security import current_actor

# Columns that say nothing to people: who did it stands at the event itself.
UNTOLD = frozenset({"id", "created_by_id", "created_by_fk", "deleted_by_id"})
# What its column or its name says to be a day, a time or a moment.
DATED = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME})
TEMPORAL = ("_at", "_on", "_date", "_time")
ICONS = {"insert": "plus", "update": "pencil", "delete": "trash-2"}


def events(resource: Resource, rows: list[Entry]) -> list[Event]:
    """What happened in these rows; changes of what is not told are left out."""
    parts = {part.table: part for part in resource.parts}
    return [event for row in rows if (event := _event(resource, parts.get(row.table_name), row)).changes]


def _event(resource: Resource, part: Part | None, row: Entry) -> Event:
    before, after = row.before or {}, row.after or {}
    if part is None:
        labels = {name: resource.labels.get(name, name.replace("_", " ").capitalize()) for name in {*before, *after}}
        changes = _changes(resource, dict(sorted(labels.items())), resource.options, before, after)
        titles = {"insert": _("Made"), "update": _("Changed"), "delete": _("Deleted")}
    else:
        changes = _changes(resource, part.values, part.options, before, after)
        titles = {"insert": _("Added"), "update": _("Changed"), "delete": _("Taken away")}
    return Event(
        render.moment(row.at),
        row.at.isoformat(),
        row.who or _("Registrar"),
        f"{part.label}: {titles[row.operation]}" if part else titles[row.operation],
        ICONS[row.operation],
        _in_words(resource, part.options, part.named, row.named) if part and row.operation == "update" else "",
        changes,
    )


def _changes(
    resource: Resource,
    labels: Mapping[str, Any],
    options: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> list[Change]:
    return [
        Change(
            str(label),
            _in_words(resource, options, name, before.get(name)),
            _in_words(resource, options, name, after.get(name)),
        )
        for name, label in labels.items()
        if name not in UNTOLD and (name in before or name in after)
    ]


def _in_words(resource: Resource, options: Mapping[str, Any], name: str, value: Any) -> str:
    """A value: what a relation is called rather than its key, where that is still known; days, moments and choices as
    they read elsewhere.
    """
    if value is None:
        return ""
    if (lookup := resource.relations.get(name)) is not None:
        return _called(lookup, value)
    for option in options.get(name, ()):
        if option.value == str(value):
            return str(option.label)
    attribute = resource.by_name.get(name)
    told = isinstance(value, str) and (
        f"_{name}".endswith(TEMPORAL) or (attribute is not None and attribute.kind in DATED)
    )
    return render.stored(value) if told else render.plain(value)


def _called(lookup: str, value: Any) -> str:
    """What the record with this key is called, asked once for a page."""
    known: dict[tuple[str, str], str] = g.setdefault("history_labels", {})
    key = lookup, str(value)
    if key not in known:
        record_id = lookups.key_of_choice(lookup, value)
        label = lookups.label(lookup, current_actor(), record_id)
        if not label and lookups.get(lookup).resource == "accounts":
            label = people.name_of(record_id)  # who has lost the role since
        known[key] = label or str(value)
    return known[key]
