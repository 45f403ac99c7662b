"""The file of an open day, imported some weeks ago: what was in it, and what was wrong with it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final

from app.extensions import db
from app.models.imports import Import, ImportFile, ImportIssue, ImportStatus, IssueKind
from app.models.leads import LeadEvent
from app.services.demo.lead_plans import imported_at
from app.services.demo.lead_story import Book
from app.services.demo.school import key

FILE_NAME: Final = "open-day.csv"
COLUMNS: Final = ("first_name", "last_name", "phone", "email", "interest", "source", "owner", "area", "age")
# Rows that were refused: what differs from a good row, the rule, and how to mend it.
WRONG: Final = (
    (
        "phone",
        "12345",
        "This phone number is too short.",
        "Write it as +442079460018, or as it is dialled in GB.",
    ),
    (
        "email",
        "asha.at.example",
        "Must be an e-mail address, as name@example.org.",
        "Correct it, or leave it empty.",
    ),
    ("last_name", "", "This field is required.", "Fill it in."),
    ("age", "nine", "Must be a whole number from 0 to 120.", "Write the age in years, without words."),
)


def load(book: Book, luck: Random) -> None:
    """Write the import with its file and its issues, and the event of each of its leads."""
    at = book.school.hours.moment(imported_at(book.school))
    staff = book.school.named("staff")
    leads = [lead for lead in book.leads if lead["import_id"]]
    usernames = {member.id: member.username for member in book.school.members}
    rows = [[str(_cell(lead, name, usernames)) for name in COLUMNS] for lead in leads]
    for line, lead in enumerate(leads, start=2):
        book.events.append(
            {
                "id": key(at, luck),
                "lead_id": lead["id"],
                "type": LeadEvent.BULK_IMPORTED,
                "actor_id": staff.id,
                "at": at,
                "before": None,
                "after": {"file": FILE_NAME, "line": line},
                "batch_id": book.import_id,
            }
        )
    wrong = [_spoilt(rows[number], column, value) for number, (column, value, *_why) in enumerate(WRONG)]
    twice = rows[-1]
    content = _csv([*rows, *wrong, twice])
    db.session.add(
        Import(
            id=book.import_id,
            resource="leads",
            file_name=FILE_NAME,
            sha256=hashlib.sha256(content).hexdigest(),
            status=ImportStatus.DONE,
            options={"duplicates": "skip", "default_owner_id": staff.id, "locale": None},
            total_rows=len(rows) + len(wrong) + 1,
            done_rows=len(rows) + len(wrong) + 1,
            new_rows=len(rows),
            invalid_rows=len(wrong),
            duplicate_rows=1,
            unchanged_rows=0,
            message="Read as UTF-8.",
            sample=[
                {"line": line} | dict(zip(COLUMNS, row, strict=True)) for line, row in enumerate(rows[:20], start=2)
            ],
            created_at=at - timedelta(minutes=2),
            updated_at=at,
            checked_at=at - timedelta(minutes=1),
            finished_at=at,
            created_by_id=staff.id,
            updated_by_id=staff.id,
            confirmed_by_id=staff.id,
        )
    )
    db.session.flush()
    db.session.add(ImportFile(import_id=book.import_id, content=content))
    db.session.add_all(_issues(book, len(rows), twice))
    db.session.flush()


def _issues(book: Book, good: int, twice: Sequence[str]) -> list[ImportIssue]:
    first = good + 2
    found = [
        ImportIssue(
            import_id=book.import_id,
            line=first + number,
            column=column,
            value=value,
            kind=IssueKind.INVALID,
            rule=rule,
            fix=fix,
        )
        for number, (column, value, rule, fix) in enumerate(WRONG)
    ]
    rule = f"Line {good + 1} of this file already has this phone number."
    fix = "It is left out. Change the existing lead, or import duplicates too."
    line, phone = first + len(WRONG), twice[COLUMNS.index("phone")]
    return [
        *found,
        ImportIssue(
            import_id=book.import_id,
            line=line,
            column="phone",
            value=phone,
            kind=IssueKind.DUPLICATE,
            rule=rule,
            fix=fix,
        ),
    ]


def _cell(lead: dict[str, Any], name: str, usernames: dict[int, str]) -> Any:
    value = usernames[lead["owner_id"]] if name == "owner" else lead[name]
    return "" if value is None else value


def _spoilt(row: Sequence[str], column: str, value: str) -> list[str]:
    """Another row with one thing wrong."""
    spoilt = list(row)
    spoilt[COLUMNS.index("phone")] = f"+4416329608{COLUMNS.index(column):02}"
    spoilt[COLUMNS.index("email")] = ""
    spoilt[COLUMNS.index(column)] = value
    return spoilt


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue().encode()
