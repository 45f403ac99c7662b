"""Names and codes of records: the id of a student, and the name under which OneRoster knows somebody."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import date
from typing import Final

from flask import current_app

ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
LONGEST_NAME: Final = 80
# Letters that are no letter with an accent, as their languages write them without it.
_WRITTEN: Final = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "\u0131": "i",
        "ħ": "h",
    }
)


def student_unique_id(enrollment_code: str) -> str:
    """`TSA-STU-20241208-ABC123` for `TSA-ENROLL-20241208-ABC123`: the same date and suffix (02-enrollment)."""
    return enrollment_code.replace("-ENROLL-", "-STU-", 1)


def new_student_unique_id(day: date) -> str:
    """An id for somebody who did not come by an enrollment."""
    prefix = current_app.config.get("ENROLLMENT_CODE_PREFIX", "TSA")
    return f"{prefix}-STU-{day:%Y%m%d}-{''.join(secrets.choice(ALPHABET) for _ in range(6))}"


def stem(first_name: str, last_name: str) -> str:
    """`firstname.lastname` in ASCII and small letters; a name in another script leaves nothing, and is `user`."""
    parts = [_folded(name)[:LONGEST_NAME] for name in (first_name, last_name)]
    return ".".join(part for part in parts if part) or "user"


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower().translate(_WRITTEN))
    return "".join(each for each in letters if each.isascii() and each.isalnum())
