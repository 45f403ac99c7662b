"""The sheets of a paper: each with its head and foot, and places counted from the edge where reading begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Final, TypeVar

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from flask_babel import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from app.services.papers.facts import Sitting
from app.services.papers.lettering import BOLD, PLAIN, drawn, fitted, lines, load_fonts, width_of

T = TypeVar("T")
MM: Final = 72 / 25.4
MARGIN: Final = 14 * MM
HEAD: Final = 44 * MM  # from the upper edge to what the paper is about
FOOT: Final = 18 * MM
INK, SOFT, LINE, TINT, BRAND = (HexColor(each) for each in ("#14252a", "#56696e", "#c3cfce", "#f1f6f5", "#0b6468"))


@dataclass(frozen=True)
class Field:
    """A column of a list: its label, and how much of the width is its own."""

    label: str
    share: float


def parts(rows: Sequence[T], most: int) -> list[Sequence[T]]:
    """The rows as they go on sheets; an empty sheet if there are none."""
    return [rows[at : at + most] for at in range(0, max(1, len(rows)), most)]


class Sheets:
    """Draws sheet after sheet into a file. `x` counts from the edge at which reading begins, `y` from the top."""

    def __init__(self, file: IO[bytes], sitting: Sitting, kind: str, pages: int, *, landscape: bool = False) -> None:
        load_fonts()
        self.size = (A4[1], A4[0]) if landscape else A4
        self.width, self.height = self.size
        self.sitting, self.kind, self.pages, self.page = sitting, kind, pages, 0
        self.rtl = Locale.parse(sitting.locale).text_direction == "rtl"
        self.canvas = Canvas(file, pagesize=self.size, pageCompression=1, lang=sitting.locale.replace("_", "-"))
        self.canvas.setTitle(f"{kind}, {sitting.code}")
        self.canvas.setAuthor(sitting.school)
        self.canvas.setCreator("Registrar")

    @property
    def inner(self) -> float:
        """The width between the margins."""
        return self.width - 2 * MARGIN

    @property
    def bottom(self) -> float:
        """Where the foot begins."""
        return self.height - FOOT

    def begin(self, title: str, note: str = "") -> None:
        """Begin a sheet about a room."""
        if self.page:
            self.canvas.showPage()
        self.page += 1
        self._head(title, note)
        self._foot()

    def end(self) -> None:
        """Write what is left into the file."""
        self.canvas.showPage()
        self.canvas.save()

    def text(
        self, x: float, y: float, text: str, size: float = 9, *, room: float, font: str = PLAIN, ink: HexColor = INK
    ) -> None:
        """A line of text that begins at `x` with its base at `y`, cut to the room that there is."""
        self.put(x, y, fitted(text, font, size, room), size, font=font, ink=ink)

    def put(self, x: float, y: float, made: str, size: float, *, font: str = PLAIN, ink: HexColor = INK) -> None:
        """A text that is made for drawing already."""
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(ink)
        if self.rtl:
            self.canvas.drawRightString(self.width - x, self.height - y, made)
        else:
            self.canvas.drawString(x, self.height - y, made)

    def at_end(self, y: float, text: str, size: float, *, font: str = PLAIN, ink: HexColor = SOFT) -> float:
        """A line that ends at the margin; returns its width."""
        made = drawn(text)
        wide = width_of(made, font, size)
        self.put(self.width - MARGIN - wide, y, made, size, font=font, ink=ink)
        return wide

    def box(self, x: float, y: float, width: float, height: float, ink: HexColor) -> None:
        """A filled box below `y`."""
        self.canvas.setFillColor(ink)
        start = self.width - x - width if self.rtl else x
        self.canvas.rect(start, self.height - y - height, width, height, stroke=0, fill=1)

    def rule(self, x: float, y: float, width: float, ink: HexColor = LINE, thick: float = 0.5) -> None:
        self.canvas.setStrokeColor(ink)
        self.canvas.setLineWidth(thick)
        start = self.width - x - width if self.rtl else x
        self.canvas.line(start, self.height - y, start + width, self.height - y)

    def frame(self, x: float, y: float, width: float, height: float, ink: HexColor = SOFT) -> None:
        """An empty box below `y`, to be ticked."""
        self.canvas.setStrokeColor(ink)
        self.canvas.setLineWidth(0.7)
        start = self.width - x - width if self.rtl else x
        self.canvas.rect(start, self.height - y - height, width, height, stroke=1, fill=0)

    def heads(self, y: float, fields: Sequence[Field]) -> None:
        """The labels of a list, over a line."""
        for start, wide, field in self.places(fields):
            self.text(start, y, field.label, 8, room=wide, font=BOLD, ink=SOFT)
        self.rule(MARGIN, y + 1.6 * MM, self.inner, BRAND, 0.9)

    def places(self, fields: Sequence[Field]) -> list[tuple[float, float, Field]]:
        """Where each column begins, and how wide it is."""
        made, start = [], MARGIN + 2 * MM
        whole = (self.inner - 4 * MM) / sum(field.share for field in fields)
        for field in fields:
            made.append((start, field.share * whole - 2 * MM, field))
            start += field.share * whole
        return made

    def paragraph(self, x: float, y: float, text: str, size: float, *, room: float, most: int) -> None:
        """Up to so many lines below each other, their middle at `y`."""
        made = lines(text, PLAIN, size, room, most)
        first = y + size * 0.35 - (len(made) - 1) * size * 0.6
        for number, line in enumerate(made):
            self.put(x, first + number * size * 1.2, line, size, ink=SOFT)

    def _head(self, title: str, note: str) -> None:
        about, top = self.sitting, 15 * MM
        self.text(MARGIN, top, self.kind, 9, room=self.inner / 2, font=BOLD, ink=BRAND)
        self.at_end(top, about.school, 9)
        top += 9.5 * MM
        beside = self.at_end(top, note, 11, font=BOLD, ink=INK) + 4 * MM if note else 0.0
        self.text(MARGIN, top, title, 20, room=self.inner - beside, font=BOLD)
        top += 7 * MM
        locale = about.locale
        day = format_date(about.day, "full", locale)
        start, end = (format_time(each, "HH:mm", locale=locale) for each in (about.start, about.end))
        when = _("%(day)s, %(start)s to %(end)s", day=day, start=start, end=end)
        self.text(MARGIN, top, f"{about.name} \N{MIDDLE DOT} {when}", 10, room=self.inner)
        top += 5 * MM
        where = ", ".join(filter(None, (about.venue, about.place)))
        self.text(MARGIN, top, where, 9, room=self.inner, ink=SOFT)

    def _foot(self) -> None:
        y = self.height - 10 * MM
        printed = format_datetime(self.sitting.printed_at, "medium", locale=self.sitting.locale)
        self.rule(MARGIN, y - 4 * MM, self.inner)
        said = _("Printed on %(moment)s", moment=printed)
        self.text(MARGIN, y, f"{self.sitting.code} \N{MIDDLE DOT} {said}", 8, room=self.inner * 0.7, ink=SOFT)
        self.at_end(y, _("Page %(page)s of %(pages)s", page=self.page, pages=self.pages), 8)
