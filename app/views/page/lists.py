"""Lists and their filters."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Choice, Link, Paging, Table


@dataclass(slots=True)
class FilterField:
    """A column that can be filtered. `kind`: text, number, date, choice, bool, relation."""

    name: str
    label: str
    kind: str
    operators: list[Choice]
    choices: list[Choice] = field(default_factory=list)
    lookup_url: str = ""


@dataclass(slots=True)
class Chip:
    label: str
    remove_url: str


@dataclass(slots=True)
class SavedFilter:
    name: str
    url: str
    active: bool = False
    shared: bool = False
    delete_url: str = ""  # empty: not the reader's to delete


@dataclass(slots=True)
class ListPage:
    title: str
    description: str
    url: str  # the list without any query
    table: Table
    paging: Paging
    search: str = ""
    search_placeholder: str = ""
    keep: list[tuple[str, str]] = field(default_factory=list)  # query parameters that a search keeps
    chips: list[Chip] = field(default_factory=list)
    filter_fields: list[FilterField] = field(default_factory=list)
    filters_key: str = ""  # names the filter form, which is the same for everybody who reads the same language
    saved: list[SavedFilter] = field(default_factory=list)
    save_url: str = ""
    may_share: bool = False  # what is saved
    query: str = ""  # the query string that a saved filter keeps
    column_choices: list[Choice] = field(default_factory=list)
    tools: list[Link] = field(default_factory=list)  # import, export, board ...
    new: Link | None = None
    bulk: list[Link] = field(default_factory=list)  # posted with every selected `id`
    tabs: list[Link] = field(default_factory=list)  # list | board | worklist
