"""An enrollment step by step, for the family and for who helps them."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Cell, Link, Row
from app.views.page.forms import Form
from app.views.page.records import Fact, RecordPage


@dataclass(slots=True)
class StepLine:
    """One of the six steps. `state`: done, current, next."""

    number: int
    title: str
    state: str
    note: str
    url: str = ""  # empty: not reached yet
    shown: bool = False


@dataclass(slots=True)
class DocumentLine:
    """A document that is asked for: what has been sent, and where another one goes."""

    code: str
    title: str
    help: str
    required: bool
    badge: Cell | None = None
    file_name: str = ""
    file_url: str = ""
    facts: str = ""
    reason: str = ""
    upload_url: str = ""  # empty: nothing can be sent now
    remove_url: str = ""
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class StepPage:
    """`form` is missing where nothing can be entered; `waiting` then says why, `facts` what is known."""

    title: str
    subtitle: str
    percent: int
    progress: str  # "2 of 6 steps"
    steps: list[StepLine]
    heading: str
    help: str
    list_url: str = ""
    list_title: str = ""
    badge: Cell | None = None
    waiting: str = ""
    done: str = ""
    form: Form | None = None
    draft_url: str = ""
    facts: list[Fact] = field(default_factory=list)
    documents: list[DocumentLine] = field(default_factory=list)
    accept: str = ""
    most: str = ""
    go_on: Link | None = None


@dataclass(slots=True)
class FamilyPage:
    """The enrollments of a family's children."""

    title: str
    rows: list[Row]
    intro: str = ""


@dataclass(slots=True)
class EnrollmentPage:
    """The page of the office and the coach: the record, its steps with what was entered, its documents."""

    record: RecordPage
    percent: int
    progress: str
    waits: str
    warning: str = ""
    steps: list[StepSummary] = field(default_factory=list)


@dataclass(slots=True)
class StepSummary:
    number: int
    title: str
    badge: Cell
    when: str
    facts: list[Fact]
    edit: Link | None = None
