"""A week in half hours, to read or to paint, and the pages that hold one."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Link
from app.views.page.forms import FieldGroup, FormPage
from app.views.page.records import RecordPage


@dataclass(slots=True)
class HalfHour:
    value: str  # of the box that is ticked: "0-09:30"
    label: str  # "Monday, 09:30"
    on: bool = False


@dataclass(slots=True)
class HalfHours:
    """The same half hour of every day."""

    label: str  # "09:30"
    whole: bool  # it begins an hour
    cells: list[HalfHour]


@dataclass(slots=True)
class WeekGrid:
    """`days` are short and long names; `summary` the same week in words: day, times."""

    days: list[tuple[str, str]]
    rows: list[HalfHours]
    summary: list[tuple[str, str]] = field(default_factory=list)
    total: str = ""  # "12.5 hours a week"
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class WeekFormPage(FormPage):
    """A form with a week to paint after its groups; `last` come after the week."""

    week: WeekGrid = field(kw_only=True)
    last: list[FieldGroup] = field(default_factory=list)
    intro: str = ""
    hint: str = ""

    @property
    def checked(self) -> dict[str, object]:
        """What the summary of everything that is wrong is made from."""
        return {"errors": self.form.errors + self.week.errors, "groups": self.form.groups + self.last}


@dataclass(slots=True)
class WeekRecordPage(RecordPage):
    """A record with a week to look at."""

    week: WeekGrid | None = None
    week_title: str = ""
    week_edit: Link | None = None
    courses: list[tuple[str, str]] = field(default_factory=list)  # name, address
    warning: str = ""  # something to look at before deciding
    similar: list[tuple[str, str]] = field(default_factory=list)  # name, address
