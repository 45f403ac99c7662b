"""Importing leads from a file: every row is read and checked once, and all good ones are written in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.imports import Import, IssueKind
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.services import lookups, people, school
from app.services.csv_files.reading import Fault, Sheet
from app.services.errors import Invalid, WrongState
from app.services.import_run import SAMPLE, Issues, Progress, Tally, ahead, opened, raw_cursor
from app.services.leads import import_sql as sql
from app.services.leads.import_rows import COLUMNS, RowReader, Setting
from app.services.leads.stages import first_stage
from app.services.notifications import Notice, notify

BLOCK = 5_000  # rows that are written at once, while the next ones are read
DUPLICATES = ("skip", "import")


def check_options(options: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The options of a lead import, complete.

    `duplicates`: skip or import. `default_owner_id`: who gets rows that name no owner, None for nobody; unless given it
    is the importing member of staff. Raises Invalid.
    """
    duplicates = options.get("duplicates", "skip")
    if duplicates not in DUPLICATES:
        raise Invalid(fields={"duplicates": [_("Choose one from the list.")]})
    if "default_owner_id" in options:
        owner_id = options["default_owner_id"]
        lookups.check("staff", actor, owner_id, "default_owner_id")
    else:
        owner_id = actor.id if actor.id in set(owners(actor).values()) else None
    return {"duplicates": duplicates, "default_owner_id": owner_id}


def owners(actor: Actor) -> dict[str, int]:
    """Who may own leads: account by user name, e-mail address and, where only one has it, full name; all in small
    letters.
    """
    rows = db.session.execute(people.active(*people.OWNERS).add_columns(people.User.username)).all()
    names = [row[1].casefold() for row in rows]
    found = {name: row.id for name, row in zip(names, rows, strict=True) if names.count(name) == 1}
    for row in rows:
        found |= {row.email.casefold(): row.id, row.username.casefold(): row.id}
    return found


def run(job: Import, content: bytes, issues: Issues, progress: Progress, *, actor: Actor) -> Tally:
    """Import the file in the running transaction; every fault goes to `issues`. Raises Unreadable, and WrongState when who
    is to get rows without an owner may not own leads any more; nothing is written then.
    """
    there, default_owner_id = owners(actor), job.options["default_owner_id"]
    if default_owner_id is not None and default_owner_id not in there.values():
        raise WrongState(
            _(
                "Who was to get rows without an owner cannot own leads any more. Upload the file again and choose another."
            )
        )
    sheet, tally = opened(job, content, COLUMNS)
    for statement in sql.PREPARE:
        db.session.execute(text(statement))
    setting = Setting(school.phone_region(), school.today(), there, default_owner_id)
    facts = {
        "import_id": job.id,
        "stage_id": first_stage().id,
        "file_name": job.file_name,
        "skip": job.options["duplicates"] == "skip",
    }
    given: Counter[int] = Counter()

    def prepare(block: tuple[list[Any], int]) -> None:
        rows, _read = block
        _stage(rows)
        _find_doubles(facts, issues, tally)

    for _rows, read in ahead(_blocks(sheet, RowReader(sheet.columns, setting, issues), issues, tally), prepare):
        _write(facts, tally, given)
        progress.at(read, max(sheet.likely_rows, read))
    _tell_owners(job, given, actor)
    return tally


def _blocks(sheet: Sheet, reader: RowReader, issues: Issues, tally: Tally) -> Iterator[tuple[list[Any], int]]:
    """The good rows in blocks, and how many rows were read until then."""
    good: list[Any] = []
    for line, cells in sheet.rows():
        tally.total += 1
        if isinstance(cells, Fault):
            issues.add(IssueKind.INVALID, cells)
            row = None
        else:
            row = reader.read(line, cells)
        if row is None:
            tally.invalid += 1
        else:
            good.append(row)
        if len(good) == BLOCK:
            yield good, tally.total
            good = []
    yield good, tally.total


def _stage(rows: list[Any]) -> None:
    """Put a block where the statements find it."""
    db.session.execute(text(sql.EMPTY))
    with raw_cursor() as cursor, cursor.copy(sql.COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _find_doubles(facts: dict[str, Any], issues: Issues, tally: Tally) -> None:
    """Find rows whose phone or e-mail a live lead, one merged into it or an earlier row has, report them, and leave them out
    if that is wished.
    """
    db.session.execute(text(sql.FIND_KNOWN), facts)
    db.session.execute(text(sql.FIND_MERGED))
    db.session.execute(text(sql.FIND_REPEATED))
    change = _("It is left out. Change the existing lead, or import duplicates too.")
    keep_one = _("It is left out. Keep one of the two lines, or import duplicates too.")
    merge = _("It is imported; merge the two.")
    for row in db.session.execute(text(sql.DOUBLES)):
        if row.unchanged:
            tally.unchanged += 1
            continue
        tally.duplicate += 1
        same = _("phone number") if row.field == "phone" else _("e-mail address")
        if row.lead_id:
            rule, fix = _("%(name)s already has this %(field)s.", name=row.name, field=same), change
        else:
            rule = _("Line %(line)s of this file already has this %(field)s.", line=row.first_line, field=same)
            fix = keep_one
        kind, fix = (IssueKind.DUPLICATE, fix) if facts["skip"] else (IssueKind.ALIKE, merge)
        issues.add(kind, Fault(row.line, row.field, row.value, rule, fix), row.lead_id)
    if facts["skip"]:
        db.session.execute(text(sql.DROP_DOUBLES))


def _write(facts: dict[str, Any], tally: Tally, given: Counter[int]) -> None:
    """Write the leads of a block with their audit events, notes and tags, and count who gets how many."""
    tally.new += db.session.execute(text(sql.INSERT_LEADS), facts).rowcount  # type: ignore[attr-defined]
    for statement in (sql.INSERT_EVENTS, sql.INSERT_NOTES, sql.INSERT_TAGS, sql.LINK_TAGS):
        db.session.execute(text(statement), facts)
    if len(tally.sample) < SAMPLE:
        sample = db.session.execute(text(sql.SAMPLE), {"most": SAMPLE - len(tally.sample)}).mappings()
        tally.sample += [_shown(dict(row)) for row in sample]
    for row in db.session.execute(text(sql.OWNERS)):
        given[row.owner_id] += row.leads


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the sample as JSON."""
    return {name: value if value is None or isinstance(value, int) else str(value) for name, value in row.items()}


def _tell_owners(job: Import, given: Counter[int], actor: Actor) -> None:
    """One notice per owner and import, however many leads they got; none to the one who imports."""
    notices = []
    for owner_id, leads in given.items():
        if owner_id != actor.id:
            title = lazy_ngettext("%(num)s new lead for you", "%(num)s new leads for you", leads)
            body = _l("Imported from %(file)s", file=job.file_name)
            notices.append(Notice(owner_id, job.id, title, body, link=f"/leads/?f=owner:is:{owner_id}"))
    notify(NotificationType.LEAD_ASSIGNED, "imports", notices, payload={"import_id": job.id})
