"""Importing existing students from a file, with their records: every row is checked once, and all good ones are written
in one transaction, a statement per table and block.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.imports import Import, IssueKind
from app.models.organizations import Organization, OrganizationType
from app.policies.actor import Actor
from app.policies.rules import may_make_records
from app.services import school
from app.services.csv_files.reading import MOST_ROWS, Fault, Sheet
from app.services.errors import Invalid, NotAllowed
from app.services.import_run import SAMPLE, Issues, Progress, Tally, ahead, good_rows, opened, raw_cursor
from app.services.records import import_sql as sql
from app.services.records import naming, sets, years
from app.services.records.import_rows import COLUMNS, STAGED, RowReader, Setting

BLOCK: Final = 5_000
DUPLICATES: Final = ("skip", "import")
_JSON: Final = frozenset({"races", "grades", "sport_interests"})

Row = dict[str, Any]


def check_options(options: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """`duplicates`: skip or import students of the same name and day of birth. Raises Invalid, and NotAllowed for
    whoever does not look after records.
    """
    _require(actor)
    duplicates = options.get("duplicates", "skip")
    if duplicates not in DUPLICATES:
        raise Invalid(fields={"duplicates": [_("Choose one from the list.")]})
    return {"duplicates": duplicates}


def _require(actor: Actor) -> None:
    reason = may_make_records(actor)
    if reason is not None:
        raise NotAllowed(reason)


def run(job: Import, content: bytes, issues: Issues, progress: Progress, *, actor: Actor) -> Tally:
    """Import the file in the running transaction; every fault goes to `issues`. Raises Unreadable, and nothing is
    written then, and NotAllowed.
    """
    _require(actor)
    sheet, tally = opened(job, content, COLUMNS)
    for statement in sql.PREPARE:
        db.session.execute(text(statement))
    today, taken = school.today(), set[str]()
    setting = Setting(today, _schools(), _years(today))
    skip = job.options["duplicates"] == "skip"
    reader = RowReader(sheet.columns, setting, issues)

    def prepare(block: tuple[list[Row], int]) -> None:
        rows, _read = block
        _stage(rows, today, taken)
        _find_known(skip, issues, tally)

    for _rows, read in ahead(_blocks(sheet, reader, issues, tally), prepare):
        _write(tally)
        progress.at(read, max(sheet.likely_rows, read))
    return tally


def _schools() -> dict[str, tuple[Any, str]]:
    rows = db.session.execute(
        select(Organization.id, Organization.sourced_id, Organization.identifier, Organization.name).where(
            Organization.type == OrganizationType.SCHOOL, Organization.active, Organization.deleted_at.is_(None)
        )
    ).all()
    names = [row.name.casefold() for row in rows]
    found = {row.name.casefold(): (row.id, row.sourced_id) for row in rows if names.count(row.name.casefold()) == 1}
    found |= {row.identifier.casefold(): (row.id, row.sourced_id) for row in rows}
    return found | ({"": (rows[0].id, rows[0].sourced_id)} if len(rows) == 1 else {})


def _years(today: date) -> Any:
    """The school year of a day, from what the terms say now: rows are read in a thread, which must not ask."""
    spans = years.spans()

    @cache
    def year(day: date) -> int:
        return years.of(day, spans)

    return year


def _blocks(sheet: Sheet, reader: RowReader, issues: Issues, tally: Tally) -> Iterator[tuple[list[Row], int]]:
    """The good rows in blocks, and how many rows were read until then."""
    good: list[Row] = []
    for _line, row in good_rows(sheet, reader, issues, tally, MOST_ROWS):
        good.append(row)
        if len(good) == BLOCK:
            yield good, tally.total
            good = []
    yield good, tally.total


def _stage(rows: list[Row], today: date, taken: set[str]) -> None:
    """Put a block where the statements find it, with an id for whoever has none."""
    _give_ids([row for row in rows if not row["given_id"]], today, taken)
    db.session.execute(text(sql.EMPTY))
    with raw_cursor() as cursor, cursor.copy(sql.COPY) as copy:
        for row in rows:
            copy.write_row([json.dumps(row[name]) if name in _JSON else row.get(name) for name in STAGED])


def _give_ids(rows: list[Row], today: date, taken: set[str]) -> None:
    """Ids that nobody has: six characters are few for a hundred thousand students of one day."""
    while rows:
        for row in rows:
            row["student_unique_id"] = naming.new_student_unique_id(today)
        known = set(db.session.scalars(text(sql.TAKEN), {"ids": [row["student_unique_id"] for row in rows]})) | taken
        again = []
        for row in rows:
            if row["student_unique_id"] in known:
                again.append(row)
            known.add(row["student_unique_id"])
            taken.add(row["student_unique_id"])
        rows = again


def _find_known(skip: bool, issues: Issues, tally: Tally) -> None:
    """Report rows of students whom we have, and leave them out: always by their id, by name and birthday if wished."""
    left_out: set[int] = set()
    told: set[int] = set()
    for row in db.session.execute(text(sql.KNOWN)):
        if row.line in told:
            continue
        told.add(row.line)
        if row.by_id and row.same and not row.deleted:
            tally.unchanged += 1
            left_out.add(row.line)
            continue
        tally.duplicate += 1
        leave = row.by_id or skip
        kind = IssueKind.DUPLICATE if leave else IssueKind.ALIKE
        issues.add(kind, _fault(row, leave), row.id if row.name else None)
        if leave:
            left_out.add(row.line)
    if left_out:
        db.session.execute(text(sql.DROP), {"lines": sorted(left_out)})


def _fault(row: Any, leave: bool) -> Fault:
    """What is wrong with a row of a student whom we have, or had."""
    left_out, imported = _("It is left out. Change the student you have instead."), _("It is imported; merge the two.")
    if row.name is None:
        rule, left_out = (
            _("This id was used by somebody whose data was erased."),
            _("It is left out. Give the student another id, or none."),
        )
    elif row.by_id:
        rule = _("%(name)s already has this id.", name=row.name)
    else:
        rule = _("%(name)s has the same name and day of birth.", name=row.name)
    column, value = ("student_unique_id", row.student_unique_id) if row.by_id else ("last_name", row.last_name)
    return Fault(row.line, column, value, rule, left_out if leave else imported)


def _write(tally: Tally) -> None:
    """Write the sets of a block with their guardians."""
    for statement in (sql.RETURN, *sql.GUARDIANS):
        db.session.execute(text(statement))
    sets.write(sql.GIVEN)
    tally.new += db.session.scalar(text("SELECT count(*) FROM incoming")) or 0
    if len(tally.sample) < SAMPLE:
        sample = db.session.execute(text(sql.SAMPLE), {"most": SAMPLE - len(tally.sample)}).mappings()
        tally.sample += [{name: None if value is None else str(value) for name, value in row.items()} for row in sample]
