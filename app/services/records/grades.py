"""Grade levels: what people type, the code value of Ed-Fi in which they are kept (02-enrollment: `1` is `First grade`,
`K` is `Kindergarten`), and the code of CEDS that OneRoster wants. The only place that knows it.
"""

from __future__ import annotations

import re
from typing import Final

from app.services.records.descriptors import GRADE_LEVELS

CEDS: Final = {
    "Infant/toddler": "IT",
    "Preschool": "PR",
    "Prekindergarten": "PK",
    "Transitional Kindergarten": "TK",
    "Kindergarten": "KG",
    "First grade": "01",
    "Second grade": "02",
    "Third grade": "03",
    "Fourth grade": "04",
    "Fifth grade": "05",
    "Sixth grade": "06",
    "Seventh grade": "07",
    "Eighth grade": "08",
    "Ninth grade": "09",
    "Tenth grade": "10",
    "Eleventh grade": "11",
    "Twelfth grade": "12",
    "Grade 13": "13",
    "Postsecondary": "PS",
    "Ungraded": "UG",
    "Other": "Other",
}
"""Code value -> code of CEDS. `Out of School` has none."""

_OF_CEDS: Final = {code.casefold(): value for value, code in CEDS.items()}
_NAMES: Final = {value.casefold(): value for value in GRADE_LEVELS} | {
    "k": "Kindergarten",
    "pre-k": "Prekindergarten",
    "prek": "Prekindergarten",
    "pre-kindergarten": "Prekindergarten",
    "infant": "Infant/toddler",
    "toddler": "Infant/toddler",
}
_ORDINALS: Final = {value.split()[0].casefold(): value for value in GRADE_LEVELS if value.endswith(" grade")}
_NUMBER: Final = re.compile(r"(?:grade\s*)?0?([0-9]{1,2})(?:st|nd|rd|th)?(?:\s*grade)?", re.ASCII)


def code_value(typed: str | None) -> str | None:
    """The code value of Ed-Fi that was meant by `1`, `01`, `1st grade`, `Grade 1`, `first`, `K`, `KG` and the like; None
    when it is no grade.
    """
    text = " ".join((typed or "").casefold().split())
    known = _NAMES.get(text) or _OF_CEDS.get(text) or _ORDINALS.get(text)
    if known is not None:
        return known
    number = _NUMBER.fullmatch(text)
    return _OF_CEDS.get(f"{int(number[1]):02}") if number else None


def ceds(typed: str | None) -> str | None:
    """The code of CEDS for anything that names a grade; None when it is no grade, or one that CEDS does not have."""
    value = code_value(typed)
    return None if value is None else CEDS.get(value)
