"""What all pages share: links, cells, tables."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Link:
    """A button or link. `method="post"` is rendered as a form with a CSRF token; `reason` says why a disabled one is
    greyed.
    """

    label: str
    url: str
    icon: str = ""
    primary: bool = False
    danger: bool = False
    method: str = "get"
    enabled: bool = True
    reason: str = ""
    dialog: bool = False  # opens in a dialog where scripts run, as a page where they do not
    active: bool = False


@dataclass(slots=True)
class Cell:
    """One value to show. `kind`: text, link, badge, date, datetime, bool, number, email, phone, tags
    (separated by comma and blank), json, muted, person, places (a bar)."""

    text: str = ""
    kind: str = "text"
    url: str = ""
    tone: str = ""  # badge: neutral, info, success, warning, danger
    title: str = ""  # the machine value (ISO date, full text) for `title` or `datetime`


@dataclass(slots=True)
class Column:
    name: str
    label: str
    sort_url: str = ""  # empty: cannot be sorted
    direction: str = ""  # "", "asc", "desc"
    align: str = "start"


@dataclass(slots=True)
class Choice:
    value: str
    label: str
    selected: bool = False
    help: str = ""


@dataclass(slots=True)
class Row:
    id: str
    url: str
    title: str
    cells: list[Cell]
    note: str = ""
    initials: str = ""  # a person's, shown before the title


@dataclass(slots=True)
class Paging:
    total: str  # "1,200" or "5,000+"
    shown: int
    first_url: str = ""
    previous_url: str = ""
    next_url: str = ""
    last_url: str = ""
    sizes: list[Choice] = field(default_factory=list)  # value is a URL


@dataclass(slots=True)
class Empty:
    title: str
    text: str = ""
    actions: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """Rows under columns; used by lists, related lists, reports and import reports."""

    columns: list[Column]
    rows: list[Row]
    empty: Empty
