"""The list that hangs on the door of a room: by name, where one sits. What only invigilators need is not on it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import IO, Final

from flask_babel import gettext as _
from flask_babel import ngettext

from app.services.papers.facts import Hall, Seated, Sitting
from app.services.papers.lettering import BOLD, sort_key
from app.services.papers.sheets import BRAND, HEAD, MARGIN, MM, TINT, Field, Sheets, parts

ROW: Final = 7.4 * MM
PER_SHEET: Final = 30


def pages_of(count: int) -> int:
    """How many sheets so many students take."""
    return max(1, -(-count // PER_SHEET))


def door_list(sitting: Sitting, halls: Iterable[Hall], file: IO[bytes], pages: int) -> None:
    """Draw the lists of these rooms, each on sheets of its own."""
    sheets = Sheets(file, sitting, _("Door list"), pages)
    for hall in halls:
        by_name = sorted(hall.seated, key=lambda each: (sort_key(each.last_name), sort_key(each.first_name)))
        note = ngettext("%(num)s student", "%(num)s students", len(by_name))
        for part in parts(by_name, PER_SHEET):
            sheets.begin(hall.title, note)
            _rows(sheets, part)
    sheets.end()


def as_bytes(sitting: Sitting, hall: Hall) -> bytes:
    """The list of one room."""
    file = io.BytesIO()
    door_list(sitting, [hall], file, pages_of(len(hall.seated)))
    return file.getvalue()


def _rows(sheets: Sheets, part: Iterable[Seated]) -> None:
    fields = [Field(_("Name"), 10), Field(_("Test number"), 4), Field(_("Seat"), 2)]
    sheets.heads(HEAD, fields)
    top = HEAD + 2.4 * MM
    for number, each in enumerate(part):
        if number % 2 == 0:
            sheets.box(MARGIN, top, sheets.inner, ROW, TINT)
        base = top + ROW * 0.66
        name, test_number, seat = sheets.places(fields)
        sheets.text(name[0], base, each.name, 11, room=name[1], font=BOLD)
        sheets.text(test_number[0], base, each.test_number, 11, room=test_number[1])
        sheets.text(seat[0], base, each.seat_number, 12, room=seat[1], font=BOLD, ink=BRAND)
        top += ROW
