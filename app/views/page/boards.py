"""Boards, worklists, the front page and imports."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Cell, Link, Paging, Table
from app.views.page.forms import Form
from app.views.page.lists import ListPage


@dataclass(slots=True)
class Card:
    id: str
    url: str
    title: str
    lines: list[Cell]
    moves: list[str] = field(default_factory=list)  # ids of the columns it may move to; empty: may not be moved
    reason: str = ""  # why it may not be moved


@dataclass(slots=True)
class BoardColumn:
    id: str
    title: str
    total: str
    cards: list[Card]
    more_url: str = ""
    tone: str = ""


@dataclass(slots=True)
class BoardPage:
    title: str
    description: str
    columns: list[BoardColumn]
    move_url: str  # POST JSON {id, from, to} -> 200 {message, changed} or 4xx {message, column where it is}
    list_page: ListPage  # search, filters, tabs and tools over the board


@dataclass(slots=True)
class Section:
    """A part of a worklist page: a heading, a count, a table."""

    title: str
    total: str
    table: Table
    tone: str = ""
    more_url: str = ""


@dataclass(slots=True)
class WorklistPage:
    title: str
    description: str
    sections: list[Section]
    tabs: list[Link] = field(default_factory=list)
    tools: list[Link] = field(default_factory=list)
    bulk: list[Link] = field(default_factory=list)
    whose: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class Figure:
    label: str
    value: str
    url: str = ""
    tone: str = ""
    note: str = ""


@dataclass(slots=True)
class Chart:
    """`kind`: bar, line, doughnut. The table under it carries the same numbers for those who do not see the picture."""

    title: str
    kind: str
    labels: list[str]
    series: list[tuple[str, list[float]]]
    urls: list[list[str]] = field(default_factory=list)  # per series, one per label: the rows behind the number
    note: str = ""


@dataclass(slots=True)
class FrontPage:
    title: str
    greeting: str
    figures: list[Figure]
    sections: list[Section]
    charts: list[Chart]
    actions: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class Count:
    label: str
    value: str
    tone: str = ""


@dataclass(slots=True)
class ImportPage:
    """One import. `state`: new (upload form), queued, running, checked, failed, done, undoing, undone. Polls `status_url` while
    it runs: JSON {state, done, total, percent, message, reload}.
    """

    title: str
    state: str
    state_cell: Cell
    file_name: str = ""
    message: str = ""
    tone: str = ""  # of the message, where it is not that of the state
    percent: int | None = 0  # None: unknown
    status_url: str = ""
    upload: Form | None = None
    template_url: str = ""
    columns_help: list[tuple[str, str, bool]] = field(default_factory=list)  # column, what it holds, required
    counts: list[Count] = field(default_factory=list)
    issues: Table | None = None  # line, column, value, rule, how to mend it
    issues_paging: Paging | None = None
    sample: Table | None = None  # the first rows as they would be written
    sample_title: str = ""  # where it shows something else
    report_url: str = ""
    rows_url: str = ""  # of the rows that are to be mended and uploaded again
    actions: list[Link] = field(default_factory=list)  # confirm, undo, start again
    history: Table | None = None
    list_url: str = ""
    list_title: str = ""
