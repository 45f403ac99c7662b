"""One row of a file of registrations: its columns, what each may hold, and how to mend what it may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field

from app.models.imports import IssueKind
from app.models.students import IdentityType, Student
from app.services import inputs, phones, school
from app.services.csv_files.cells import arm
from app.services.csv_files.reading import Fault
from app.services.csv_files.template import Column
from app.services.errors import Invalid
from app.services.import_run import Issues
from app.services.inputs import CalendarDay, blank_is_none, storable
from app.services.students import identity

COLUMNS: Final = (
    Column("session_code", _l("Code of the session"), "JHB-2026-06-15-AM", required=True),
    Column("test_number", _l("Of a student you have: 14 digits"), ""),
    Column("identity_type", _l("SA_ID, FOREIGN_ID or PASSPORT"), "SA_ID"),
    Column("identity_number", _l("Number of the document; finds a student you have"), "8001015009087"),
    Column("first_name", _l("Given name; needed for a new student"), "Amina"),
    Column("last_name", _l("Family name; needed for a new student"), "Haddad"),
    Column("birth_date", _l("Day of birth, as 2008-03-31"), "1980-01-01", is_day=True),
    Column("email", _l("E-mail address"), "amina@example.org"),
    Column("phone", _l("With country code, or as dialled at the school"), "+44 20 7946 0018"),
    Column("school_name", _l("The school they come from"), "Northside High"),
    Column("needs_accessible_room", _l("yes or no"), "no"),
    Column("accommodation_needs", _l("Other needs, as more time"), ""),
)
NAMES: Final = tuple(column.name for column in COLUMNS)
REQUIRED: Final = tuple(column.name for column in COLUMNS if column.required)

_TEXT = (BeforeValidator(blank_is_none), BeforeValidator(storable))


def _capitals(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


RowInput = inputs.of(
    Student,
    "email",
    "school_name",
    "accommodation_needs",
    name="RegistrationRow",
    session_code=(Annotated[str, Field(min_length=1, max_length=40), BeforeValidator(storable)], ...),
    test_number=(Annotated[str | None, Field(max_length=14), *_TEXT], None),
    identity_type=(
        Annotated[IdentityType | None, BeforeValidator(_capitals), BeforeValidator(blank_is_none)],
        None,
    ),
    identity_number=(Annotated[str | None, Field(max_length=30), *_TEXT], None),
    first_name=(Annotated[str | None, Field(max_length=80), *_TEXT], None),
    last_name=(Annotated[str | None, Field(max_length=80), *_TEXT], None),
    birth_date=(Annotated[CalendarDay | None, BeforeValidator(blank_is_none)], None),
    phone=(Annotated[str | None, Field(max_length=40), *_TEXT], None),
    needs_accessible_room=(Annotated[bool | None, BeforeValidator(blank_is_none)], None),
)
OF_STUDENT: Final = tuple(name for name in NAMES if name not in ("session_code", "test_number"))


def is_same(name: str, given: Any, stored: Any) -> bool:
    """Whether a value of a row says of a student what the school has: numbers however they are written, words in capitals
    or not.
    """
    if name == "identity_number":
        return identity.normalise(given) == stored
    if name == "phone":
        try:
            given = phones.normalise(given, school.phone_region())
        except ValueError:
            return False
    return str(given).casefold() == str(stored).casefold()


class RowReader:
    """Reads the rows of one file. Every fault of a row is reported, not only the first: `others` finds what else stands
    against the values of a row in which some cannot be read.
    """

    def __init__(
        self,
        columns: tuple[str, ...],
        issues: Issues,
        others: Callable[[dict[str, Any]], Mapping[str, Sequence[Any]]],
    ) -> None:
        self._columns, self._issues, self._others = columns, issues, others
        self._seen: dict[tuple[Any, ...], int] = {}

    def read(self, line: int, cells: list[str]) -> dict[str, Any] | None:
        """The values of a row, or None when it is refused."""
        raw = {name: arm(cell).strip() for name, cell in zip(self._columns, cells, strict=True)}
        try:
            return inputs.parse(RowInput, raw)
        except Invalid as error:
            for name, sentences in {**self._rest(raw, error.fields), **error.fields}.items():
                fix = _("Correct it.") if name in REQUIRED else _("Correct it, or leave it empty.")
                for sentence in sentences:
                    self._issues.add(IssueKind.INVALID, Fault(line, name, raw.get(name, ""), str(sentence), fix))
            return None

    def _rest(self, raw: dict[str, Any], wrong: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
        """The faults of the other values of a row."""
        try:
            values = inputs.parse(RowInput, {name: "" if name in wrong else value for name, value in raw.items()})
        except Invalid:  # without a session there is nothing to look for
            return {}
        return {name: each for name, each in self._others(values).items() if name in raw and name not in wrong}

    def repeated(self, line: int, values: dict[str, Any]) -> Fault | None:
        """The fault of a row that says the same as an earlier one: the same person for the same session."""
        who = [values.get(name) for name in ("first_name", "last_name", "birth_date", "email", "phone")]
        name = next((each for each in ("test_number", "identity_number") if values.get(each)), "last_name")
        person = [values[name]] if name != "last_name" else who
        key = (values["session_code"].lower(), name, *(str(each or "").lower() for each in person))
        first = self._seen.setdefault(key, line)
        if first == line:
            return None
        rule = _("Line %(line)s of this file already says this.", line=first)
        return Fault(line, name, str(values.get(name) or ""), rule, _("It is left out. Keep one of them."))
