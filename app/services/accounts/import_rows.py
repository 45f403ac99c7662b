"""One row of a file of accounts: its columns, what each may hold, and how to mend what it may not."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.imports import IssueKind
from app.services import inputs
from app.services.accounts.inputs import AccountInput
from app.services.csv_files.cells import arm
from app.services.csv_files.reading import Fault
from app.services.csv_files.template import Column
from app.services.errors import Invalid
from app.services.import_run import Issues

BETWEEN_NAMES = re.compile(r"[;,]")
SEVERAL = ("roles", "groups")
UNIQUE = ("username", "email", "main_portal_id")


COLUMNS = (
    Column("username", _l("What they log in with; nobody else's"), "amina", required=True),
    Column("email", _l("E-mail address; nobody else's"), "amina@example.org"),
    Column("first_name", _l("Given name"), "Amina"),
    Column("last_name", _l("Family name"), "Haddad"),
    Column("phone", _l("With country code, or as dialled at the school"), "+44 20 7946 0018"),
    Column("department", _l("Department"), "Front office"),
    Column("main_portal_id", _l("Portal id; nobody else's"), "P1001"),
    Column("groups", _l("Groups, separated by semicolons"), ""),
    Column("roles", _l("Roles, separated by semicolons"), "Staff"),
)
NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)


@dataclass(frozen=True)
class Offered:
    """The names that a row may hold: all that there are, and those that whoever imports may give."""

    known: Collection[str]
    given: Collection[str]


class RowReader:
    """Reads the rows of one file. Every fault of a row is reported, not only the first."""

    def __init__(self, columns: tuple[str, ...], offered: dict[str, Offered], issues: Issues) -> None:
        self._columns, self._offered, self._issues = columns, offered, issues
        self._seen: dict[tuple[str, str], int] = {}

    def read(self, line: int, cells: list[str]) -> dict[str, Any] | None:
        """The values of `create_account`, or None when the row is refused."""
        raw: dict[str, Any] = {name: arm(cell).strip() for name, cell in zip(self._columns, cells, strict=True)}
        typed = dict(raw)
        good = True
        for name in SEVERAL:
            raw[name] = [part for each in BETWEEN_NAMES.split(raw.get(name, "")) if (part := each.strip())]
            good = self._may_be_given(line, name, raw[name]) and good
        try:
            values = inputs.parse(AccountInput, raw)
        except Invalid as error:
            for name, sentences in error.fields.items():
                for sentence in sentences:
                    self._refuse(line, name, typed.get(name, ""), str(sentence), self._fix(name))
            return None
        return values if good else None

    def repeated(self, line: int, values: dict[str, Any]) -> Fault | None:
        """The fault of a row of which an earlier one has the username, e-mail address or portal id."""
        for name in UNIQUE:
            value = values.get(name)
            if not value:
                continue
            key = value if name == "main_portal_id" else value.lower()
            first = self._seen.setdefault((name, key), line)
            if first != line:
                rule = _("Line %(line)s of this file already has this value.", line=first)
                return Fault(line, name, value, rule, _("It is left out. Keep one of them."))
        return None

    def _may_be_given(self, line: int, column: str, names: list[str]) -> bool:
        offered, good = self._offered[column], True
        for name in names:
            if name not in offered.known:
                known = ", ".join(sorted(offered.known))
                fix = _("Use one of: %(values)s.", values=known) if known else _("Leave it empty.")
                good = self._refuse(line, column, name, _("There is no %(names)s.", names=name), fix)
            elif name not in offered.given:
                good = self._refuse(line, column, name, _("You may not give it."), _("Ask a Super Admin."))
        return good

    def _fix(self, name: str) -> str:
        return _("Correct it.") if name in REQUIRED else _("Correct it, or leave it empty.")

    def _refuse(self, line: int, column: str, value: str, rule: str, fix: str) -> bool:
        self._issues.add(IssueKind.INVALID, Fault(line, column, value, rule, fix))
        return False
