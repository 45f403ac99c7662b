"""One row of a file of invitations: its columns, what each may hold, and how to mend what it may not."""

from __future__ import annotations

import re
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.imports import IssueKind
from app.services import inputs
from app.services.csv_files.cells import arm
from app.services.csv_files.reading import Fault
from app.services.csv_files.template import Column
from app.services.enrollments.schemas import InvitationInput
from app.services.errors import Invalid
from app.services.import_run import Issues

COLUMNS: Final = (
    Column("student_first_name", _l("Given name of the student"), "Noor", required=True),
    Column("student_last_name", _l("Family name of the student"), "Haddad", required=True),
    Column("guardian_email", _l("Where the link goes"), "haddad@example.org", required=True),
    Column("guardian_name", _l("Name of the parent or guardian"), "Amina Haddad"),
    Column("grade_level", _l("As 9, K or Ninth grade"), "9"),
    Column("program_interests", _l("One or more programs, with ; between"), "Tennis; Music"),
    Column("message", _l("Stands in the letter"), ""),
    Column("coach", _l("Username of the coach; yours, if it is empty"), ""),
    Column("school", _l("Identifier of the school; needed if there are several"), ""),
)
NAMES: Final = tuple(column.name for column in COLUMNS)
REQUIRED: Final = tuple(column.name for column in COLUMNS if column.required)


class RowReader:
    """Reads the rows of one file. Every fault of a row is reported, not only the first. `found` turns what a row says of
    coach and school into keys, or gives their faults.
    """

    def __init__(self, columns: tuple[str, ...], issues: Issues, found: Any) -> None:
        self._columns, self._issues, self._found = columns, issues, found
        self._seen: dict[tuple[str, ...], int] = {}

    def read(self, line: int, cells: list[str]) -> dict[str, Any] | None:
        """The values of `invitations.create`, or None when the row is refused."""
        raw: dict[str, Any] = {name: arm(cell).strip() for name, cell in zip(self._columns, cells, strict=True)}
        shown = dict(raw)
        raw["program_interests"] = [
            each.strip() for each in re.split(";", raw.get("program_interests", "")) if each.strip()
        ]
        known, problems = self._found(raw.pop("coach", ""), raw.pop("school", ""))
        values: dict[str, Any] = {}
        try:
            values = inputs.parse(InvitationInput, raw)
        except Invalid as error:
            problems = {**problems, **error.fields}
        for name, sentences in problems.items():
            fix = _("Correct it.") if name in REQUIRED else _("Correct it, or leave it empty.")
            for sentence in sentences:
                fault = Fault(line, name, shown.get(name, ""), str(sentence), fix)
                self._issues.add(IssueKind.INVALID, fault)
        return None if problems else {**values, **known}

    def repeated(self, line: int, values: dict[str, Any]) -> Fault | None:
        """The fault of a row that invites the same student's family as an earlier one."""
        names = ("student_first_name", "student_last_name", "guardian_email")
        key = tuple(str(values[name]).casefold() for name in names)
        first = self._seen.setdefault(key, line)
        if first == line:
            return None
        rule = _("Line %(line)s of this file already says this.", line=first)
        return Fault(line, "guardian_email", values["guardian_email"], rule, _("It is left out. Keep one of them."))
