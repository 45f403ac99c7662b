"""Forms, and the dialogs of actions."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Cell, Choice, Link


@dataclass(slots=True)
class Field:
    """A form field. `kind`: text, textarea, email, tel, number, date, datetime, time, checkbox, select, radio,
    relation, relations, json, password, file, color, hidden.
    """

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
    accept: Field | None = None  # what is ticked to save in spite of the warnings, shown with them
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
    once: bool = False  # to be read and copied now
    told: str = ""  # which record of that title, and how it is now


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
    moves_on: bool = False  # another record stands for it now: one goes on at `back_url`, which is its page
    undo: Link | None = None
