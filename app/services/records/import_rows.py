"""One row of a file of students: its columns, what each may hold, and how to mend what it may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.models.imports import IssueKind
from app.models.students import Student
from app.services import inputs
from app.services.csv_files.cells import arm
from app.services.csv_files.reading import Fault
from app.services.csv_files.template import Column
from app.services.errors import Invalid
from app.services.import_run import Issues
from app.services.inputs import CalendarDay, blank_is_none, storable
from app.services.records import descriptors, grades, naming
from app.services.records.facts import BORN, GRADE, INTEREST, NAME, RACE, RELATION, TRACK, address, code_of, phone

COLUMNS: Final = (
    Column("student_unique_id", _l("Their id, if they have one; a new one is made for who has none"), ""),
    Column("first_name", _l("Given name"), "Amina", required=True),
    Column("middle_name", _l("Middle name"), ""),
    Column("last_name", _l("Family name"), "Haddad", required=True),
    Column("generation_suffix", _l("As Jr"), ""),
    Column("birth_date", _l("Day of birth, as 2015-03-31"), "2015-03-31", required=True, is_day=True),
    Column("birth_city", _l("Place of birth"), ""),
    Column("birth_state", _l("State of birth"), ""),
    Column("birth_country", _l("Country of birth"), ""),
    Column("birth_sex_descriptor", _l("One of %(values)s", values=", ".join(descriptors.SEXES)), "Female"),
    Column("hispanic_latino_ethnicity", _l("yes or no"), "no"),
    Column("races", _l("Separated by semicolons: %(values)s", values=", ".join(descriptors.RACES)), "Asian; White"),
    Column("email", _l("E-mail address of the student"), ""),
    Column("phone", _l("With country code, or as dialled at the school"), ""),
    Column("school", _l("Identifier or name; may be left out where there is one school"), ""),
    Column("entry_date", _l("First day at the school; empty means today"), "2026-09-01", is_day=True),
    Column("grade_level", _l("As 1, 01, K or First grade"), "5", required=True),
    Column("entry_type_descriptor", _l("One of %(values)s", values=", ".join(descriptors.ENTRY_TYPES)), "Transfer"),
    Column("program_interests", _l("Separated by semicolons"), "Football; Chess"),
    Column("program_track", _l("Track of the program"), ""),
    Column("guardian_first_name", _l("Given name of a parent or guardian"), "Leila"),
    Column("guardian_last_name", _l("Their family name"), "Haddad"),
    Column("guardian_email", _l("Their e-mail address"), "leila@example.org"),
    Column("guardian_phone", _l("Their phone"), "+44 20 7946 0018"),
    Column("guardian_relation", _l("As Mother, Father or Parent"), "Mother"),
)
NAMES: Final = tuple(column.name for column in COLUMNS)
REQUIRED: Final = tuple(column.name for column in COLUMNS if column.required)
GUARDIAN: Final = ("guardian_first_name", "guardian_last_name")
_ID = re.compile(r"[0-9A-Za-z._/@-]{1,32}", re.ASCII)  # it becomes a part of OneRoster's sourcedId


def _split(value: Any) -> Any:
    """A list in one cell."""
    return [each.strip() for each in value.split(";") if each.strip()] if isinstance(value, str) else value


def _id(value: str | None) -> str | None:
    if value is not None and not _ID.fullmatch(value):
        raise inputs.PydanticCustomError(
            "id", "id", {"sentence": _("At most 32 of the letters a to z, digits and . _ / @ -")}
        )
    return value


_BLANK = (BeforeValidator(blank_is_none), BeforeValidator(storable))
_SOME = Annotated[str | None, Field(max_length=160), *_BLANK]


def _day(day: date) -> date:
    """The school year that begins then ends within the next."""
    if not 1900 <= day.year < 2199:
        raise PydanticCustomError("day", "day", {"sentence": _("Must be between the years 1900 and 2198.")})
    return day


RowInput = inputs.of(
    Student,
    "middle_name",
    "generation_suffix",
    "birth_city",
    "birth_state",
    "birth_country",
    name="StudentRow",
    student_unique_id=(Annotated[str | None, *_BLANK, AfterValidator(_id)], None),
    first_name=(NAME, ...),
    last_name=(NAME, ...),
    birth_date=(BORN, ...),
    birth_sex_descriptor=(Annotated[str | None, *_BLANK, code_of(descriptors.SEXES)], None),
    hispanic_latino_ethnicity=(Annotated[bool | None, BeforeValidator(blank_is_none)], None),
    races=(Annotated[list[RACE], Field(max_length=len(descriptors.RACES)), BeforeValidator(_split)], []),
    email=(Annotated[str | None, Field(max_length=254), *_BLANK, AfterValidator(address)], None),
    phone=(Annotated[str | None, Field(max_length=40), *_BLANK, AfterValidator(phone)], None),
    school=(_SOME, None),
    entry_date=(Annotated[Annotated[CalendarDay, AfterValidator(_day)] | None, BeforeValidator(blank_is_none)], None),
    grade_level=(GRADE, ...),
    entry_type_descriptor=(Annotated[str | None, *_BLANK, code_of(descriptors.ENTRY_TYPES)], None),
    program_interests=(Annotated[list[INTEREST], Field(max_length=20), BeforeValidator(_split)], []),
    program_track=(TRACK, None),
    guardian_first_name=(Annotated[str | None, Field(max_length=80), *_BLANK], None),
    guardian_last_name=(Annotated[str | None, Field(max_length=80), *_BLANK], None),
    guardian_email=(Annotated[str | None, Field(max_length=254), *_BLANK, AfterValidator(address)], None),
    guardian_phone=(Annotated[str | None, Field(max_length=40), *_BLANK, AfterValidator(phone)], None),
    guardian_relation=(RELATION, None),
)
# What is staged, in this order, beside the keys that the database makes.
STAGED: Final = (
    "line",
    "student_unique_id",
    "given_id",
    "first_name",
    "middle_name",
    "last_name",
    "generation_suffix",
    "birth_date",
    "birth_city",
    "birth_state",
    "birth_country",
    "birth_sex_descriptor",
    "hispanic_latino_ethnicity",
    "races",
    "email",
    "phone",
    "guardian_name",
    "school_id",
    "school_sourced_id",
    "entry_date",
    "entry_grade_level_descriptor",
    "entry_type_descriptor",
    "school_year",
    "grades",
    "sport_interests",
    "assigned_program_track",
    "stem",
    "guardian_stem",
    "relation_descriptor",
    "guardian_first_name",
    "guardian_last_name",
    "guardian_email",
    "guardian_phone",
    "guardian_key",
)


@dataclass(frozen=True)
class Setting:
    """What reading a row depends on. `schools` maps identifiers and names in small letters to (key, sourcedId); the
    empty text is the only school there is.
    """

    today: date
    schools: Mapping[str, tuple[Any, str]]
    school_year: Callable[[date], int]


class RowReader:
    """Reads the rows of one file. Every fault of a row is reported, not only the first."""

    def __init__(self, columns: tuple[str, ...], setting: Setting, issues: Issues) -> None:
        self._columns, self._setting, self._issues = columns, setting, issues
        self._seen: dict[Any, int] = {}

    def read(self, line: int, cells: list[str]) -> dict[str, Any] | None:
        """The staged values of a row, or None when it is refused."""
        raw = {name: arm(cell).strip() for name, cell in zip(self._columns, cells, strict=True)}
        faults, values = self._faults(raw), {}
        try:
            values = inputs.parse(RowInput, raw)
        except Invalid as error:
            faults |= error.fields
        for name, sentences in faults.items():
            fix = _("Correct it.") if name in REQUIRED else _("Correct it, or leave it empty.")
            for sentence in sentences:
                self._issues.add(IssueKind.INVALID, Fault(line, name, raw.get(name, ""), str(sentence), fix))
        return None if faults else self._staged(line, values)

    def _faults(self, raw: Mapping[str, str]) -> dict[str, list[Any]]:
        """What is wrong whatever the other cells hold."""
        faults: dict[str, list[Any]] = {}
        if raw.get("school", "").casefold() not in self._setting.schools:
            faults["school"] = [_("There is no such school in use.")]
        names = [raw.get(name) for name in GUARDIAN]
        contact = any(raw.get(name) for name in ("guardian_email", "guardian_phone", "guardian_relation"))
        if any(names) != all(names) or (contact and not any(names)):
            missing = [name for name in GUARDIAN if not raw.get(name)]
            faults |= {name: [_("A guardian needs first and last name.")] for name in missing}
        return faults

    def _staged(self, line: int, values: dict[str, Any]) -> dict[str, Any]:
        key, sourced_id = self._setting.schools[(values.get("school") or "").casefold()]
        day = values.get("entry_date") or self._setting.today
        code = grades.ceds(values["grade_level"])
        first, last = values.get("guardian_first_name"), values.get("guardian_last_name")
        return values | {
            "line": line,
            "given_id": values.get("student_unique_id") is not None,
            "guardian_name": f"{first} {last}"[:160] if last else None,
            "school_id": key,
            "school_sourced_id": sourced_id,
            "entry_date": day,
            "entry_grade_level_descriptor": values["grade_level"],
            "entry_type_descriptor": values.get("entry_type_descriptor") or descriptors.NEW_STUDENT,
            "school_year": self._setting.school_year(day),
            "grades": [code] if code else [],
            "sport_interests": values.get("program_interests") or [],
            "assigned_program_track": values.get("program_track"),
            "stem": naming.stem(values["first_name"], values["last_name"]),
            "guardian_stem": naming.stem(first or "", last or ""),
            "relation_descriptor": values.get("guardian_relation"),
            "guardian_key": self._guardian_key(line, values) if last else None,
        }

    def _guardian_key(self, line: int, values: Mapping[str, Any]) -> str:
        """Children with the same key have the same guardian; without any address nobody can tell."""
        reach = values.get("guardian_email") or values.get("guardian_phone") or str(line)
        return "\x1f".join((values["guardian_first_name"], values["guardian_last_name"], reach)).casefold()

    def repeated(self, line: int, row: Mapping[str, Any]) -> Fault | None:
        """The fault of a row that is the same student as an earlier one."""
        keys = [(row["first_name"].casefold(), row["last_name"].casefold(), row["birth_date"])]
        keys += [row["student_unique_id"]] if row["given_id"] else []
        first = min(self._seen.setdefault(key, line) for key in keys)
        if first == line:
            return None
        rule = _("Line %(line)s of this file already has this student.", line=first)
        return Fault(line, "last_name", row["last_name"], rule, _("It is left out. Keep one of them."))
