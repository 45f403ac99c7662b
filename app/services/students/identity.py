"""Numbers of identity documents: the form in which they are kept, and what each kind must be (04-test-sessions: SA_ID,
FOREIGN_ID, PASSPORT with their checks).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.students import IdentityType
from app.services.errors import Invalid, explain
from app.services.resource import options_of

explain(
    {
        "ck_students_identity": ("identity_number", _l("Give the kind of document and its number, or neither.")),
        "ck_students_identity_number": ("identity_number", _l("This is no number of such a document.")),
        "ck_students_test_number": ("test_number", _l("This is no test number.")),
        "uq_students_identity_type_identity_number": ("identity_number", _l("Another student has this document.")),
        "uq_students_test_number": ("test_number", _l("Another student has this test number.")),
    }
)
TYPES: Final = options_of(
    IdentityType,
    {"SA_ID": _l("South African ID"), "FOREIGN_ID": _l("Foreign ID"), "PASSPORT": _l("Passport")},
)
# What the database checks as well.
_FORMS: Final = {
    IdentityType.SA_ID: re.compile("[0-9]{13}"),
    IdentityType.PASSPORT: re.compile("[A-Z0-9]{5,20}"),
    IdentityType.FOREIGN_ID: re.compile("[A-Z0-9-]{4,30}"),
}


def luhn_holds(number: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (place % 2 + 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def normalise(typed: str | None) -> str | None:
    """As it is kept: in capitals and without blanks; None when nothing was typed."""
    return re.sub(r"\s+", "", typed or "").upper() or None


def check(kind: IdentityType | None, number: str | None, born: date | None) -> None:
    """Raises Invalid at the field for a kind without a number or a number without a kind, and for a number that cannot
    be that of such a document, or not that of somebody born on this day.
    """
    if (kind is None) != (number is None):
        field = "identity_type" if kind is None else "identity_number"
        raise Invalid(fields={field: [_("Give the kind of document and its number, or neither.")]})
    if kind is not None and number is not None and (problem := _problem(kind, number, born)) is not None:
        raise Invalid(fields={"identity_number": [problem]})


def _problem(kind: IdentityType, number: str, born: date | None) -> Any:
    if not _FORMS[kind].fullmatch(number):
        return {
            IdentityType.SA_ID: _("A South African ID number has 13 digits."),
            IdentityType.PASSPORT: _("A passport number has 5 to 20 letters and digits."),
            IdentityType.FOREIGN_ID: _("Such a number has 4 to 30 letters, digits and hyphens."),
        }[kind]
    return _problem_of_sa_id(number, born) if kind is IdentityType.SA_ID else None


def _problem_of_sa_id(number: str, born: date | None) -> Any:
    """The number holds the day of birth without its century, a citizenship (0, 1, or 2 for refugees), and a check
    digit.
    """
    days = [day for century in (1900, 2000) if (day := _day(century, number)) is not None]
    if not days:
        return _("Its first six digits are no day of birth.")
    if number[10] not in "012" or not luhn_holds(number):
        return _("Its check digit is wrong: a digit is mistyped.")
    return None if born is None or born in days else _("It belongs to somebody born on another day.")


def _day(century: int, number: str) -> date | None:
    try:
        return date(century + int(number[:2]), int(number[2:4]), int(number[4:6]))
    except ValueError:
        return None
