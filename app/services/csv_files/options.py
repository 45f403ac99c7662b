"""How a file may be written where people write differently: said by whoever uploads it, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _

from app.services.errors import Invalid

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "unknown_columns": ("refuse", "leave_out"),
    "dates": ("iso", "day_first", "month_first"),
}
"""What may be chosen, the default first."""

_NUMBERS = re.compile(r"\s*([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})\s*", re.ASCII)


def check(options: Mapping[str, Any]) -> dict[str, str]:
    """The choices, complete. Raises Invalid."""
    chosen = {name: options.get(name, choices[0]) for name, choices in CHOICES.items()}
    wrong = [name for name, value in chosen.items() if value not in CHOICES[name]]
    if wrong:
        raise Invalid(fields={name: [_("Choose one from the list.")] for name in wrong})
    return chosen


def as_iso(cell: str, order: str) -> str:
    """A day as 2026-03-31 where it is one that is written in this order; anything else as it stands."""
    found = _NUMBERS.fullmatch(cell)
    if found is None or order == "iso":
        return cell
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    month, day = (second, first) if order == "day_first" else (first, second)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return cell
