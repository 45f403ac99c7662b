"""Cells that a spreadsheet would take for a formula: disarmed on the way out, armed again on the way in.

OWASP, "CSV Injection": a cell that begins with = + - @ TAB or CR, also in full width or after spaces, gets an
apostrophe before it. A cell that already begins with apostrophes before such a sign gets one more, so that every text
comes back as it was.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, collate, literal, or_

# Full-width = + - @ included. Written with escapes that Python and PostgreSQL read alike.
_SIGNS = r"=+@\-\uff1d\uff0b\uff0d\uff20"
_SPACES = r" \t\r\n\f\v"
_FORMULA = rf"([{_SPACES}]*[{_SIGNS}]|[\t\r])"
_ARMED = re.compile(f"'*{_FORMULA}")
_DISARMED = re.compile(f"'+{_FORMULA}")


def disarm(value: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{value}" if _ARMED.match(value) else value


def arm(cell: str) -> str:
    """The text that `disarm` was given."""
    return cell[1:] if cell[:1] == "'" and _DISARMED.match(cell) else cell


def disarmed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same as `disarm`, done by the database."""
    value = cast(column, Text)
    # Nearly all names begin with a letter: comparing bytes spares them the pattern. The first full-width sign is
    # U+FF0B.
    unusual = or_(collate(value, "C") < "A", collate(value, "C") >= "\uff0b")
    return case((unusual & value.regexp_match(f"^'*{_FORMULA}"), literal("'", Text) + value), else_=value)
