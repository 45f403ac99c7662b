"""What a template receives: plain records that a view fills and a template only prints.

Every screen of the same kind gets the same record, so that one template serves all domains. Texts are already translated and formatted for the
user who looks; templates decide nothing but markup.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Link:
    """A button or link. `method="post"` is rendered as a form with a CSRF token; `reason` says why a disabled one is greyed."""

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
    (separated by comma and blank), json, muted, person."""

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
    delete_url: str = ""  # empty: not the reader's own


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
    total: str  # "1,200" or "10,000+"
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
    saved: list[SavedFilter] = field(default_factory=list)
    save_url: str = ""
    query: str = ""  # the query string that a saved filter keeps
    column_choices: list[Choice] = field(default_factory=list)
    tools: list[Link] = field(default_factory=list)  # import, export, board ...
    new: Link | None = None
    bulk: list[Link] = field(default_factory=list)  # posted with every selected `id`
    tabs: list[Link] = field(default_factory=list)  # list | board | worklist


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


@dataclass(slots=True)
class Field:
    """A form field. `kind`: text, textarea, email, tel, number, date, datetime, time, checkbox, select, radio, relation, relations, json,
    password, file, color, hidden."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    text: str = ""  # relation: what the chosen value is called
    help: str = ""
    required: bool = False
    errors: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    lookup_url: str = ""
    new_url: str = ""
    open_url: str = ""
    maxlength: int | None = None
    min: str = ""
    max: str = ""
    step: str = ""
    autocomplete: str = ""
    placeholder: str = ""
    wide: bool = False
    accept: str = ""


@dataclass(slots=True)
class FieldGroup:
    title: str
    fields: list[Field]
    help: str = ""


@dataclass(slots=True)
class Form:
    url: str
    groups: list[FieldGroup]
    submit: str
    cancel_url: str = ""
    errors: list[str] = field(default_factory=list)  # those that belong to no field
    warnings: list[Cell] = field(default_factory=list)  # e.g. possible duplicates, each a link
    more_submits: list[Choice] = field(default_factory=list)  # "save and add another": name `_then`, value
    multipart: bool = False
    delete: Link | None = None


@dataclass(slots=True)
class FormPage:
    title: str
    form: Form
    list_url: str
    list_title: str
    record_url: str = ""
    record_title: str = ""


@dataclass(slots=True)
class Outcome:
    """What an action does, or would do, to one record. `state`: ok, unchanged, refused."""

    title: str
    url: str
    state: str
    message: str = ""


@dataclass(slots=True)
class DialogPage:
    """An action: its fields, the preview of its result, the confirmation; then the result with undo."""

    title: str
    intro: str
    form: Form
    ids: list[str]
    stage: str = "ask"  # ask (fields) -> preview (what will happen) -> done
    ok: int = 0
    unchanged: int = 0
    refused: int = 0
    outcomes: list[Outcome] = field(default_factory=list)  # at most 100, refused first
    hidden: list[tuple[str, str]] = field(default_factory=list)
    danger: bool = False
    back_url: str = ""
    undo: Link | None = None


@dataclass(slots=True)
class Card:
    id: str
    url: str
    title: str
    lines: list[Cell]
    version: str = ""
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
    move_url: str  # POST JSON {id, to} -> 200 {message, undo} or 4xx {message}
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
    urls: list[str] = field(default_factory=list)  # one per label: the rows behind the figure
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
    """One import. `state`: new (upload form), queued, running, checked, failed, done, undone. Polls `status_url` while it runs:
    JSON {state, done, total, percent, message, reload}."""

    title: str
    state: str
    state_cell: Cell
    file_name: str = ""
    message: str = ""
    percent: int = 0
    status_url: str = ""
    upload: Form | None = None
    template_url: str = ""
    columns_help: list[tuple[str, str, bool]] = field(default_factory=list)  # column, what it holds, required
    counts: list[Count] = field(default_factory=list)
    issues: Table | None = None  # line, column, value, rule, how to mend it
    issues_paging: Paging | None = None
    sample: Table | None = None  # the first rows as they would be written
    report_url: str = ""
    actions: list[Link] = field(default_factory=list)  # confirm, undo, start again
    history: Table | None = None
    list_url: str = ""
    list_title: str = ""


@dataclass(slots=True)
class MenuItem:
    label: str
    url: str
    icon: str
    active: bool = False


@dataclass(slots=True)
class MenuSection:
    label: str
    items: list[MenuItem]


@dataclass(slots=True)
class Frame:
    """What the layout itself needs on every page; the context processor fills it as `frame`."""

    app_name: str
    school: str
    lang: str
    dir: str  # ltr, rtl
    theme: str  # light, dark, system
    signed_in: bool
    user: str = ""
    initials: str = ""
    roles: str = ""
    menu: list[MenuSection] = field(default_factory=list)
    unread: str = ""  # "", "3", "99+"
    inbox_url: str = ""
    bell_url: str = ""  # HTML fragment with the newest notifications
    search_url: str = ""  # page; with `Accept: application/json` the suggestions [{group, title, detail, url}]
    login_url: str = ""
    logout_url: str = ""
    settings_url: str = ""
    password_url: str = ""
    home_url: str = "/"
    locales: list[Choice] = field(default_factory=list)
    settings_post_url: str = ""  # POST theme=, locale=
    demo: bool = False
