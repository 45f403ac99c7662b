"""Reports: what each tells, and its rows, which are those that the reader may see. Screens, REST and CSV read one
declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select

from app.extensions import db
from app.policies.actor import Actor
from app.services import lookups, school
from app.services.csv_files import writing
from app.services.errors import Invalid, NotFound, Text
from app.services.reports import attendance, leads, money, places, records

LONGEST_PERIOD: Final = timedelta(days=366 * 3)


@dataclass(frozen=True)
class Column:
    """`kind`: text, number, percent, money, date."""

    name: str
    label: Text
    kind: str = "text"


@dataclass(frozen=True)
class Question:
    """What a report is asked: a period (both ends included), a grouping, a course, a teacher."""

    first: date
    last: date
    by: str = ""
    course_id: Any = None
    teacher_id: int | None = None


@dataclass(frozen=True)
class Report:
    """`rows(question, actor)` gives mappings with the columns, `url` where a row leads to its records, and `urls` of the
    numbers that count only some of these. `by` are the groupings; `charted` the columns of the picture, over the first
    column. Where rows are records, `statement` selects all of them, and `rows` has the first.
    """

    title: Text
    description: Text
    columns: tuple[Column, ...]
    rows: Callable[[Question, Actor], Sequence[Mapping[str, Any]]]
    period: bool = False
    by: Mapping[str, Text] = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    charted: tuple[str, ...] = ()
    kind: str = "bar"
    total: str = ""  # the column whose sum is the number above the table
    statement: Callable[[Question, Actor], Select[*tuple[Any, ...]]] | None = None


@dataclass(frozen=True)
class Answer:
    """Rows of a report, how many there are in all, and the sum of its `total` over all of them (None without one)."""

    rows: Sequence[Mapping[str, Any]]
    count: int
    total: Any


REPORTS: Final[Mapping[str, Report]] = {
    "funnel": Report(
        _l("From lead to admission"),
        _l("How far the leads that were entered in a period have come."),
        (
            Column("name", _l("Step")),
            Column("leads", _l("Leads"), "number"),
            Column("of_all", _l("Of all"), "percent"),
            Column("of_previous", _l("Of the step before"), "percent"),
        ),
        leads.funnel,
        period=True,
        charted=("leads",),
    ),
    "sources": Report(
        _l("Leads by source"),
        _l("Where leads come from, and how many of them are admitted."),
        (
            Column("name", _l("Source")),
            Column("leads", _l("Leads"), "number"),
            Column("admitted", _l("Admitted"), "number"),
            Column("rate", _l("Rate"), "percent"),
        ),
        leads.sources,
        period=True,
        by={"source": _l("Source"), "owner": _l("Owner")},
        charted=("leads", "admitted"),
        total="leads",
    ),
    "occupancy": Report(
        _l("Occupancy"),
        _l("How many places of the weekly classes are taken now."),
        (
            Column("name", _l("Name")),
            Column("slots", _l("Classes a week"), "number"),
            Column("capacity", _l("Places"), "number"),
            Column("enrolled", _l("Taken"), "number"),
            Column("offered", _l("Held for the waitlist"), "number"),
            Column("rate", _l("Rate"), "percent"),
        ),
        places.occupancy,
        by={"course": _l("Course"), "day": _l("Day"), "teacher": _l("Teacher")},
        filters=("course_id", "teacher_id"),
        charted=("enrolled", "capacity"),
        total="enrolled",
    ),
    "attendance": Report(
        _l("Attendance rate"),
        _l("Present or late, of all classes that were marked. What nobody marked is counted apart."),
        (
            Column("name", _l("Name")),
            Column("marked", _l("Marked"), "number"),
            Column("there", _l("Present or late"), "number"),
            Column("absent", _l("Absent"), "number"),
            Column("excused", _l("Excused"), "number"),
            Column("unmarked", _l("Not marked"), "number"),
            Column("rate", _l("Rate"), "percent"),
        ),
        attendance.rate,
        period=True,
        by={"month": _l("Month"), "course": _l("Course"), "teacher": _l("Teacher")},
        filters=("course_id", "teacher_id"),
        charted=("rate",),
        kind="line",
        total="marked",
    ),
    "unpaid": Report(
        _l("Unpaid admissions"),
        _l("What is owed, the oldest first."),
        (
            Column("name", _l("Student")),
            Column("course", _l("Course")),
            Column("amount", _l("Amount"), "money"),
            Column("since", _l("Since"), "date"),
            Column("days", _l("Days"), "number"),
        ),
        money.unpaid,
        filters=("course_id",),
        total="amount",
        statement=money.owed,
    ),
    "running_out": Report(
        _l("Classes running out"),
        _l("Active admissions with four classes left or fewer: to be renewed or completed."),
        (
            Column("name", _l("Student")),
            Column("course", _l("Course")),
            Column("remaining", _l("Classes left"), "number"),
            Column("last_class", _l("Last class"), "date"),
        ),
        places.running_out,
        filters=("course_id",),
        statement=places.few_left,
    ),
}


def get(name: str) -> Report:
    """Raises NotFound."""
    if name not in REPORTS:
        raise NotFound
    return REPORTS[name]


def ask(report: Report, raw: Mapping[str, str]) -> Question:
    """The question of an address. The period is this month and the five before it, unless given.

    Raises Invalid at the field.
    """
    today, wrong = school.today(), {}
    start = (today.replace(day=1) - timedelta(days=150)).replace(day=1)
    days = {}
    for name, default in (("first", start), ("last", today)):
        try:
            days[name] = date.fromisoformat(raw.get(name) or default.isoformat())
        except ValueError:
            wrong[name] = [_("Must be a date, as 2026-03-31.")]
    wrong |= {name: [_("Must be between 2000 and 2199.")] for name, day in days.items() if not 2000 <= day.year <= 2199}
    if not wrong and not timedelta(0) <= days["last"] - days["first"] <= LONGEST_PERIOD:
        wrong["last"] = [_("Must be after the first day, and at most three years later.")]
    by = raw.get("by") or next(iter(report.by), "")
    if by and by not in report.by:
        wrong["by"] = [_("Choose one from the list.")]
    keys = {}
    for name, lookup in (("course_id", "courses"), ("teacher_id", "teachers")):
        if raw.get(name) and name in report.filters:
            keys[name] = lookups.key_of_choice(lookup, raw[name])
            if keys[name] is None:
                wrong[name] = [_("Choose one from the list.")]
    if wrong:
        raise Invalid(fields=wrong)
    return Question(days["first"], days["last"], by, keys.get("course_id"), keys.get("teacher_id"))


def answer(report: Report, question: Question, actor: Actor) -> Answer:
    """What a page shows. Where there are more rows than it has, the database counts and sums them all."""
    rows = report.rows(question, actor)
    if report.statement is not None and len(rows) == records.MOST:
        return Answer(rows, *records.summed(report.statement(question, actor), report.total))
    return Answer(rows, len(rows), sum(row[report.total] for row in rows) if report.total else None)


def export(report: Report, question: Question, actor: Actor) -> Iterator[bytes]:
    """All rows as CSV, streamed."""
    header = [each.name for each in report.columns]
    if report.statement is not None:
        return writing.export(db.session.connection(), report.statement(question, actor), header)
    return writing.write(header, ([row[each] for each in header] for row in report.rows(question, actor)))


__all__ = ["REPORTS", "Answer", "Column", "Question", "Report", "answer", "ask", "export", "get"]
