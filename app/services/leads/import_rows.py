"""One row of a lead file: its columns, what each may hold, and how to mend what it may not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.imports import IssueKind
from app.models.leads import Lead, LeadSource, Tag
from app.services import phones
from app.services.contact import NO_ADDRESS, is_address
from app.services.csv_files.cells import arm
from app.services.csv_files.reading import Fault
from app.services.csv_files.template import Column
from app.services.import_run import Issues
from app.services.inputs import seen

MOST_TAGS = 20
LONGEST = {
    column.name: getattr(column.type, "length", None) or 0
    for column in (*Lead.__table__.columns, *Tag.__table__.columns)
}
LONGEST_TAG, LONGEST_EMAIL, LONGEST_TYPED_PHONE = LONGEST["name"], LONGEST["email"], LONGEST["phone_raw"]
OLDEST = 120  # years
MONEY = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
BETWEEN_TAGS = re.compile(r"[;,]")
BETWEEN_WORDS = re.compile(r"[\s_-]+")


class WrongError(ValueError):
    """A cell breaks a rule: (rule, how to mend it), in words."""


COLUMNS = (
    Column("first_name", _l("Given name"), "Amina", required=True),
    Column("last_name", _l("Family name"), "Haddad", required=True),
    Column("phone", _l("With country code, or as dialled at the school"), "+44 20 7946 0018", required=True),
    Column("email", _l("E-mail address"), "amina@example.org"),
    Column("interest", _l("What they ask for"), "Piano"),
    Column("source", _l("How they came: %(values)s", values=", ".join(LeadSource)), "web"),
    Column("owner", _l("User name or e-mail of a member of staff"), ""),
    Column("area", _l("Part of town"), "Old Town"),
    Column("community", _l("Community"), ""),
    Column("address", _l("Postal address"), "1 High Street"),
    Column("guardian_name", _l("Name of a parent or guardian"), ""),
    Column("age", _l("Age in years, 0 to 120"), "9"),
    Column("expected_budget", _l("An amount such as 120 or 99.50"), "120"),
    Column("walk_in_date", _l("Day of the visit, as 2026-03-31"), "", is_day=True),
    Column("demo_date", _l("Day of the demo, as 2026-03-31"), "", is_day=True),
    Column("follow_up_date", _l("Day of the next step, today or later; empty means today"), "", is_day=True),
    Column("notes", _l("A note on the record"), "Called after the open day"),
    Column("tags", _l("Tags, separated by semicolons"), "open day; family"),
)
NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)
# What is staged, in this order: the columns of the file with the owner resolved, the phone also as typed, and the first line that had the
# same phone or e-mail.
STAGED = (
    "line",
    *(name if name != "owner" else "owner_id" for name in NAMES),
    "phone_raw",
    "repeated_field",
    "repeated_line",
)


@dataclass(frozen=True)
class Setting:
    """What reading a row depends on. `owners` maps user names, e-mail addresses and full names in small letters to
    accounts.
    """

    region: str
    today: date
    owners: Mapping[str, int]
    default_owner_id: int | None


Parser = Callable[[str], Any]


class RowReader:
    """Reads the rows of one file. Every fault of a row is reported, not only the first."""

    def __init__(self, columns: tuple[str, ...], setting: Setting, issues: Issues) -> None:
        parsers = _parsers(setting)
        places = {name: at for at, name in enumerate(STAGED)}
        places["owner"] = places["owner_id"]
        self._cells = [(at, name, places[name], parsers[name]) for at, name in enumerate(columns)]
        self._phone_at, self._raw_to = columns.index("phone"), places["phone_raw"]
        self._phone, self._email = places["phone"], places["email"]
        self._phones: dict[str, int] = {}
        self._emails: dict[str, int] = {}
        self._empty: list[Any] = [None] * len(STAGED)
        self._empty[places["follow_up_date"]] = setting.today
        self._empty[places["owner_id"]] = setting.default_owner_id
        self._issues = issues

    def read(self, line: int, cells: list[str]) -> list[Any] | None:
        """The values in the order of STAGED, or None when the row is refused."""
        row, good = self._empty.copy(), True
        row[0] = line
        for at, name, to, parser in self._cells:
            cell = cells[at]
            if cell[:1] == "'":
                cell = arm(cell)
            cell = cell.strip()
            if not cell.isascii():
                cell = seen(unicodedata.normalize("NFC", cell))
            if not cell:
                if name in REQUIRED:
                    good = self._refuse(line, name, "", _("This field is required."), _("Fill it in."))
                continue
            try:
                row[to] = parser(cell)
            except WrongError as error:
                good = self._refuse(line, name, cell, *map(str, error.args))
        if not good:
            return None
        row[self._raw_to] = cells[self._phone_at].strip()[:LONGEST_TYPED_PHONE]
        self._note_repeated(line, row)
        return row

    def _note_repeated(self, line: int, row: list[Any]) -> None:
        """Whether an earlier good row has the same phone or e-mail. Up to 200,000 rows are remembered, in some 60 MB."""
        first = self._phones.setdefault(row[self._phone], line)
        if first != line:
            row[-2:] = "phone", first
        email = row[self._email]
        if email:
            same = self._emails.setdefault(email.lower(), line)
            if same != line and first == line:
                row[-2:] = "email", same

    def _refuse(self, line: int, column: str, value: str, rule: str, fix: str) -> bool:
        self._issues.add(IssueKind.INVALID, Fault(line, column, value, rule, fix))
        return False


def _parsers(setting: Setting) -> dict[str, Parser]:
    """How each column is read."""
    lines = ("first_name", "last_name", "interest", "area", "community", "address", "guardian_name")
    return {name: _one_line(LONGEST[name]) for name in lines} | {
        "phone": _phone(setting.region),
        "email": _email,
        "source": _source,
        "owner": _owner(setting.owners),
        "age": _age,
        "expected_budget": _money,
        "walk_in_date": _day,
        "demo_date": _day,
        "follow_up_date": _follow_up(setting.today),
        "notes": lambda cell: cell,
        "tags": _tags,
    }


def _one_line(most: int) -> Parser:
    def parse(cell: str) -> str:
        words = " ".join(cell.split())
        if len(words) > most:
            raise WrongError(_("At most %(max_length)s characters.", max_length=most), _("Shorten it."))
        return words

    return parse


def _phone(region: str) -> Parser:
    def parse(cell: str) -> str:
        try:
            return phones.normalise(cell, region)
        except ValueError as error:
            raise WrongError(
                error, _("Write it as +442079460018, or as it is dialled in %(region)s.", region=region)
            ) from error

    return parse


def _email(cell: str) -> str:
    if not is_address(cell) or len(cell) > LONGEST_EMAIL:
        raise WrongError(NO_ADDRESS, _("Correct it, or leave it empty."))
    return cell


_SOURCES = frozenset(source.value for source in LeadSource)


def _source(cell: str) -> str:
    value = BETWEEN_WORDS.sub("_", cell.casefold())
    if value not in _SOURCES:
        raise WrongError(_("This source is not known."), _("Use one of: %(values)s.", values=", ".join(LeadSource)))
    return value


def _owner(owners: Mapping[str, int]) -> Parser:
    def parse(cell: str) -> int:
        owner_id = owners.get(cell.casefold())
        if owner_id is None:
            rule = _("No active member of staff has this user name, e-mail address or name.")
            raise WrongError(rule, _("Correct it, or leave it empty."))
        return owner_id

    return parse


def _age(cell: str) -> int:
    if not cell.isdecimal() or len(cell) > 3 or int(cell) > OLDEST:
        raise WrongError(
            _("Must be a whole number from 0 to %(most)s.", most=OLDEST), _("Write the age in years, without words.")
        )
    return int(cell)


def _money(cell: str) -> Decimal:
    if not MONEY.fullmatch(cell):
        raise WrongError(
            _("Must be an amount such as 120 or 99.50."), _("Leave out currency signs and separators of thousands.")
        )
    return Decimal(cell)


def _day(cell: str) -> date:
    try:
        if DAY.fullmatch(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise WrongError(
        _("Must be a date, as 2026-03-31."),
        _("Write year, month and day, or upload the file again and say how its days are written."),
    )


def _follow_up(today: date) -> Parser:
    def parse(cell: str) -> date:
        day = _day(cell)
        if day < today:
            raise WrongError(
                _("The follow-up must be today or later."), _("Write a later day, or leave it empty for today.")
            )
        return day

    return parse


def _tags(cell: str) -> list[str]:
    tags = {tag.casefold(): tag for part in BETWEEN_TAGS.split(cell) if (tag := " ".join(part.split()))}
    if len(tags) > MOST_TAGS or max(map(len, tags.values()), default=0) > LONGEST_TAG:
        rule = _("At most %(tags)s tags of at most %(length)s characters.", tags=MOST_TAGS, length=LONGEST_TAG)
        raise WrongError(rule, _("Leave some out."))
    return list(tags.values())
