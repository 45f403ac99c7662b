"""One record: facts, related lists, timeline, row history."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Cell, Link, Table
from app.views.page.forms import Form


@dataclass(slots=True)
class Fact:
    label: str
    cell: Cell


@dataclass(slots=True)
class Group:
    title: str
    facts: list[Fact]


@dataclass(slots=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(slots=True)
class Event:
    """One entry of a timeline or of the row history."""

    when: str
    when_iso: str
    who: str
    title: str
    icon: str = "dot"
    text: str = ""
    changes: list[Change] = field(default_factory=list)
    action: Link | None = None


@dataclass(slots=True)
class Panel:
    """A related list on a record's page."""

    title: str
    table: Table
    more_url: str = ""
    new: Link | None = None


@dataclass(slots=True)
class RecordPage:
    title: str
    kind: str  # "Lead"
    url: str
    list_url: str
    list_title: str
    badge: Cell | None = None
    subtitle: str = ""
    actions: list[Link] = field(default_factory=list)
    edit: Link | None = None
    delete: Link | None = None
    groups: list[Group] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    timeline: list[Event] = field(default_factory=list)
    timeline_more_url: str = ""
    note: Form | None = None  # quick note box over the timeline
    history_url: str = ""
    deleted: str = ""  # says when and by whom it was deleted; empty: it is live
    neighbours: list[Link] = field(default_factory=list)
    initials: str = ""


@dataclass(slots=True)
class HistoryPage:
    title: str
    record_url: str
    record_title: str
    list_url: str
    list_title: str
    events: list[Event] = field(default_factory=list)
    more_url: str = ""
