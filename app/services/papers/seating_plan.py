"""The plan of a room as it is seen from its back: every seat where it is, the front at the top."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Final

from flask_babel import gettext as _
from flask_babel import ngettext

from app.services.papers.facts import Hall, Seated, Sitting
from app.services.papers.lettering import BOLD, PLAIN, drawn, fitted, lines, width_of
from app.services.papers.sheets import BRAND, HEAD, INK, LINE, MM, SOFT, TINT, Sheets

ACROSS: Final = 8  # seats on a sheet
DOWN: Final = 6
WIDEST: Final = 46 * MM
GAP: Final = 1.6 * MM
FRONT: Final = 6 * MM


@dataclass(frozen=True)
class Spot:
    """A place in the room: a seat with a student, a free one, or none at all."""

    row: int
    column: int
    seat_number: str = ""
    seated: Seated | None = None


def pages_of(hall: Hall) -> int:
    """How many sheets the plan of a room takes."""
    rows, columns = _extent(hall)
    return -(-rows // DOWN) * -(-columns // ACROSS)


def seating_plan(sitting: Sitting, halls: Iterable[Hall], file: IO[bytes], pages: int) -> None:
    """Draw the plans of these rooms. A room that is larger than a sheet goes on several, side by side."""
    sheets = Sheets(file, sitting, _("Seating plan"), pages, landscape=True)
    for hall in halls:
        spots, (rows, columns) = _spots(hall), _extent(hall)
        note = ngettext("%(num)s student", "%(num)s students", len(hall.seated))
        for down in range(0, rows, DOWN):
            for across in range(0, columns, ACROSS):
                title = hall.title
                if rows > DOWN or columns > ACROSS:
                    title = _(
                        "%(room)s, rows %(first)s to %(last)s, places %(left)s to %(right)s",
                        room=hall.title,
                        first=down + 1,
                        last=min(rows, down + DOWN),
                        left=across + 1,
                        right=min(columns, across + ACROSS),
                    )
                sheets.begin(title, note)
                _tile(sheets, spots, (down, across), (min(DOWN, rows - down), min(ACROSS, columns - across)))
    sheets.end()


def as_bytes(sitting: Sitting, hall: Hall) -> bytes:
    """The plan of one room."""
    file = io.BytesIO()
    seating_plan(sitting, [hall], file, pages_of(hall))
    return file.getvalue()


def _extent(hall: Hall) -> tuple[int, int]:
    """Rows and places in a row; a room without a grid is drawn in the order of its seats."""
    if hall.rows and hall.columns:
        return hall.rows, hall.columns
    count = max(1, len(hall.seated))
    return -(-count // ACROSS), min(count, ACROSS)


def _spots(hall: Hall) -> dict[tuple[int, int], Spot]:
    if hall.rows and hall.columns:
        made = [Spot(each.row - 1, each.column - 1, each.seat_number) for each in hall.free]
        made += [Spot((each.row or 1) - 1, (each.column or 1) - 1, each.seat_number, each) for each in hall.seated]
    else:
        made = [Spot(n // ACROSS, n % ACROSS, each.seat_number, each) for n, each in enumerate(hall.seated)]
    return {(spot.row, spot.column): spot for spot in made}


def _tile(sheets: Sheets, spots: dict[tuple[int, int], Spot], start: tuple[int, int], extent: tuple[int, int]) -> None:
    """One sheet of the plan. The room itself is not mirrored for those who read from right to left."""
    down, across = start
    rows, columns = extent
    top = HEAD + (FRONT + 2 * MM if down == 0 else 0)
    wide = min(WIDEST, sheets.inner / columns)
    high = (sheets.bottom - HEAD - FRONT - 2 * MM) / DOWN
    left = (sheets.width - wide * columns) / 2
    if down == 0:
        _front(sheets, left, wide * columns)
    for row in range(rows):
        for column in range(columns):
            spot = spots.get((down + row, across + column), Spot(down + row, across + column))
            box = (left + column * wide + GAP / 2, top + row * high, wide - GAP, high - GAP)
            _spot(sheets, spot, box)


def _front(sheets: Sheets, left: float, wide: float) -> None:
    canvas, base = sheets.canvas, sheets.height - HEAD
    canvas.setFillColor(TINT)
    canvas.rect(left, base - FRONT + 1 * MM, wide, FRONT - 1 * MM, stroke=0, fill=1)
    said = drawn(_("Front of the room"))
    canvas.setFillColor(SOFT)
    canvas.setFont(BOLD, 9)
    canvas.drawString(left + (wide - width_of(said, BOLD, 9)) / 2, base - FRONT + 2.6 * MM, said)


def _spot(sheets: Sheets, spot: Spot, box: tuple[float, float, float, float]) -> None:
    canvas = sheets.canvas
    left, top, wide, high = box
    lower = sheets.height - top - high
    if not spot.seat_number:
        canvas.setFillColor(TINT)
        canvas.roundRect(left, lower, wide, high, 3, stroke=0, fill=1)
        return
    canvas.setStrokeColor(BRAND if spot.seated else LINE)
    canvas.setLineWidth(0.8)
    canvas.roundRect(left, lower, wide, high, 3, stroke=1, fill=0)
    inner, upper = wide - 3 * MM, lower + high

    def say(y: float, text: str, size: float, font: str = PLAIN, ink: object = INK) -> None:
        canvas.setFont(font, size)
        canvas.setFillColor(ink)
        canvas.drawString(left + 1.5 * MM, upper - y, text)

    ink = BRAND if spot.seated else SOFT
    say(4.6 * MM, fitted(spot.seat_number, BOLD, 11, inner), 11, BOLD, ink)
    if spot.seated is None:
        return
    for number, line in enumerate(lines(spot.seated.name, BOLD, 8, inner, 2)):
        say((8.6 + 3.3 * number) * MM, line, 8, BOLD)
    say(15.2 * MM, fitted(spot.seated.test_number, PLAIN, 7, inner), 7, PLAIN, SOFT)
    if spot.seated.needs:
        say(18.4 * MM, fitted(spot.seated.needs, PLAIN, 6.5, inner), 6.5, PLAIN, BRAND)
