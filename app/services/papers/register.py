"""The attendance register: by seat, with a box to tick and a line to sign, room after room."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import IO, Final

from flask_babel import gettext as _
from flask_babel import ngettext

from app.services.papers.facts import Hall, Seated, Sitting
from app.services.papers.lettering import BOLD
from app.services.papers.sheets import HEAD, MARGIN, MM, TINT, Field, Sheets, parts

ROW: Final = 9.4 * MM
PER_SHEET: Final = 22
BOX: Final = 4.4 * MM


def pages_of(counts: Iterable[int]) -> int:
    """How many sheets rooms with so many students take."""
    return sum(max(1, -(-count // PER_SHEET)) for count in counts)


def register(sitting: Sitting, halls: Iterable[Hall], file: IO[bytes], pages: int) -> None:
    """Draw the register of these rooms into the file, one room after the other."""
    sheets = Sheets(file, sitting, _("Attendance register"), pages)
    for hall in halls:
        note = ngettext("%(num)s student", "%(num)s students", len(hall.seated))
        pieces = parts(hall.seated, PER_SHEET)
        for number, part in enumerate(pieces, 1):
            sheets.begin(hall.title, note)
            _rows(sheets, part)
            if number == len(pieces):
                _sign(sheets)
    if not sheets.page:
        sheets.begin(sitting.venue)
        sheets.text(MARGIN, HEAD + 4 * MM, _("Nobody has a seat yet."), 11, room=sheets.inner)
    sheets.end()


def as_bytes(sitting: Sitting, halls: Sequence[Hall]) -> bytes:
    """The register of rooms that are at hand."""
    file = io.BytesIO()
    register(sitting, halls, file, max(1, pages_of(len(hall.seated) for hall in halls)))
    return file.getvalue()


def _rows(sheets: Sheets, part: Sequence[Seated]) -> None:
    fields = [
        Field(_("Seat"), 1.4),
        Field(_("Test number"), 3.1),
        Field(_("Name"), 5.4),
        Field(_("Accommodations"), 4),
        Field(_("Present"), 1.6),
        Field(_("Signature"), 4),
    ]
    sheets.heads(HEAD, fields)
    places, top = sheets.places(fields), HEAD + 2.4 * MM
    for number, each in enumerate(part):
        if number % 2 == 0:
            sheets.box(MARGIN, top, sheets.inner, ROW, TINT)
        _row(sheets, [(start, wide) for start, wide, _field in places], top, each)
        top += ROW


def _row(sheets: Sheets, places: Sequence[tuple[float, float]], top: float, each: Seated) -> None:
    seat, test_number, name, needs, present, signature = places
    base = top + ROW * 0.62
    sheets.text(seat[0], base, each.seat_number, 10, room=seat[1], font=BOLD)
    sheets.text(test_number[0], base, each.test_number, 9, room=test_number[1])
    sheets.text(name[0], base, each.name, 10, room=name[1], font=BOLD)
    sheets.paragraph(needs[0], top + ROW * 0.5, each.needs, 7, room=needs[1], most=2)
    sheets.frame(present[0] + 2 * MM, top + (ROW - BOX) / 2, BOX, BOX)
    sheets.rule(signature[0], top + ROW * 0.8, signature[1])


def _sign(sheets: Sheets) -> None:
    """Where invigilators say how many were there."""
    y, third = sheets.bottom - 2 * MM, sheets.inner / 3
    for number, label in enumerate((_("Present / absent"), _("Invigilator"), _("Signature"))):
        start = MARGIN + number * third
        sheets.rule(start, y - 4 * MM, third - 6 * MM)
        sheets.text(start, y, label, 8, room=third)
