"""What may stand in a cell: one function for each column, made from its description. It returns the value as it is staged
(text, or JSON for a list), None for an empty cell, and raises CellError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime

from flask_babel import gettext as _

from app.services.csv_files.reading import LONGEST_CELL
from app.services.oneroster.standard import EXTENSION, GUID, USER_IDS, Column, Mode
from app.services.records import grades

Reader = Callable[[str], str | None]

MOST_KEPT = 50_000  # values of one column that are known to be good
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_YEARS = range(1900, 2200)

# As long as the columns are here: (file, column) -> characters.
LONGEST = {
    ("orgs.csv", "name"): 160,
    ("orgs.csv", "identifier"): 60,
    ("academicSessions.csv", "title"): 120,
    ("courses.csv", "title"): 255,
    ("courses.csv", "courseCode"): 120,
    ("classes.csv", "title"): 255,
    ("classes.csv", "classCode"): 120,
    ("classes.csv", "location"): 255,
    ("users.csv", "username"): 255,
    ("users.csv", "givenName"): 80,
    ("users.csv", "middleName"): 80,
    ("users.csv", "familyName"): 80,
    ("users.csv", "identifier"): 120,
    ("users.csv", "email"): 254,
    ("users.csv", "phone"): 40,
    ("demographics.csv", "countryOfBirthCode"): 80,
    ("demographics.csv", "stateOfBirthAbbreviation"): 80,
    ("demographics.csv", "cityOfBirth"): 80,
}
# Enumerations of which only the standard's own words can be kept here.
WITHOUT_EXTENSIONS = {
    ("orgs.csv", "type"),
    ("academicSessions.csv", "type"),
    ("classes.csv", "classType"),
    ("enrollments.csv", "role"),
    ("roles.csv", "role"),
    ("demographics.csv", "sex"),
}


class CellError(ValueError):
    """A cell that cannot be taken, and how to mend it."""

    def __init__(self, rule: str, fix: str) -> None:
        super().__init__(rule)
        self.rule, self.fix = rule, fix


def reader(file: str, column: Column, mode: Mode, codes: tuple[str, ...]) -> Reader:
    """What reads the cells of a column in a file of this mode; `codes` are the standard's grades."""
    if column.required == "delta" and mode == "bulk":
        return _blank
    required = column.required != "no"
    longest = LONGEST.get((file, column.name), LONGEST_CELL)
    read = _of_column(file, column, codes)
    good: dict[str, str] = {}  # most columns have few values, or each of them is worth a look-up

    def cell(value: str) -> str | None:
        known = good.get(value)
        if known is not None:
            return known
        if not value and not required:
            return None
        if not value or value.isspace():
            raise CellError(_("There is no value here."), _("Fill it in."))
        if len(value) > longest:
            raise CellError(_("The text has more than %(most)s characters.", most=longest), _("Shorten it."))
        made = read(value)
        if len(good) < MOST_KEPT:
            good[value] = made
        return made

    return cell


def _blank(value: str) -> None:
    if value:
        raise CellError(_("In a bulk file this column is blank."), _("Empty it, or send the file as delta."))


def _of_column(file: str, column: Column, codes: tuple[str, ...]) -> Callable[[str], str]:
    """What reads a cell that is not empty."""
    if column.name == "grades":
        one: Callable[[str], str] = _grade_of(codes)
    elif column.item_type == "enum":
        one = _word_of(column, extensible=column.extensible and (file, column.name) not in WITHOUT_EXTENSIONS)
    else:
        one = _TYPES[column.item_type]
    return _list_of(one, once=column.item_type == "guid") if column.is_list else one


def _list_of(one: Callable[[str], str], *, once: bool) -> Callable[[str], str]:
    """`once`: an item that is repeated counts once. Others may belong to the items of another list, place by place."""

    def read(value: str) -> str:
        items = [item.strip() for item in value.split(",")]
        if not all(items):
            raise CellError(_("The list has an empty item."), _("Separate the items by single commas."))
        return json.dumps([one(item) for item in (dict.fromkeys(items) if once else items)], ensure_ascii=False)

    return read


def _word_of(column: Column, *, extensible: bool) -> Callable[[str], str]:
    words = (
        {word.casefold(): word for word in column.enum} if column.is_boolean else {word: word for word in column.enum}
    )

    def read(value: str) -> str:
        word = words.get(value.casefold() if column.is_boolean else value)
        if word is not None:
            return word
        if extensible and EXTENSION.fullmatch(value):
            return value
        allowed = ", ".join(column.enum)
        raise CellError(_("This word is not allowed here."), _("Use one of: %(words)s.", words=allowed))

    return read


def _grade_of(codes: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value in codes:
            return value
        meant = grades.ceds(value)
        fix = _("Write %(code)s.", code=meant) if meant else _("Use one of: %(words)s.", words=", ".join(codes))
        raise CellError(_("This is no grade code of CEDS."), fix)

    return read


def _guid(value: str) -> str:
    if not GUID.fullmatch(value):
        raise CellError(
            _("This is no sourcedId."), _("Use 1 to 255 of the characters 0-9 A-Z a-z . - _ / @, without blanks.")
        )
    return value


def _date(value: str) -> str:
    try:
        if _DATE.fullmatch(value) and date.fromisoformat(value).year in _YEARS:
            return value
    except ValueError:
        pass
    raise CellError(_("This is no date."), _("Write it as YYYY-MM-DD, from 1900 to 2199."))


def _moment(value: str) -> str:
    try:
        if _MOMENT.fullmatch(value) and datetime.fromisoformat(value).year in _YEARS:
            return value
    except ValueError:
        pass
    raise CellError(_("This is no moment in UTC."), _("Write it as YYYY-MM-DDTHH:MM:SS.sssZ."))


def _year(value: str) -> str:
    if value.isascii() and value.isdecimal() and len(value) == 4 and int(value) in _YEARS:
        return value
    raise CellError(_("This is no year."), _("Write the year in which the school year ends, as YYYY."))


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise CellError(_("This is no number."), _("Write it in digits, with a decimal point."))
    return value


def _integer(value: str) -> str:
    if not _INTEGER.fullmatch(value):
        raise CellError(_("This is no whole number."), _("Write it in digits."))
    return value


def _user_ids(value: str) -> str:
    if not USER_IDS.fullmatch(value):
        raise CellError(_("These are no user ids."), _("Write them as {type:id},{type:id}."))
    return value


_TYPES: dict[str, Callable[[str], str]] = {
    "string": lambda value: value,
    "guid": _guid,
    "date": _date,
    "datetime": _moment,
    "year": _year,
    "float": _number,
    "integer": _integer,
    "userIds": _user_ids,
}
