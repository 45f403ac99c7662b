"""Papers from plain values: what is on them, and on how many sheets."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

import pytest
from flask_babel import force_locale
from reportlab.pdfgen.canvas import Canvas

from app.services.papers import door_list, lettering, register, seating_plan
from app.services.papers.facts import Hall, Seat, Seated, Sitting

NAMES = [("Škvorecký", "Žofie"), ("الخطيب", "مُحَمَّد"), ("Łukasz", "Ola"), ("Abel", "Zoé"), ("\u202eevil\0", "A" * 200)]


def sitting(locale: str = "en") -> Sitting:
    return Sitting(
        "School", "JHB-1", "A test", "Hall", "1 Road", date(2026, 6, 15), time(9), time(12, 30),
        datetime(2026, 6, 14, 8, 5, tzinfo=UTC), locale,
    )  # fmt: skip


def hall(count: int, *, rows: int | None = None, columns: int | None = None, number: str = "101") -> Hall:
    """So many students; in a grid the last seat of every row is blocked."""
    width = (columns or count + 1) - 1
    seated = [
        Seated(f"A{at + 1}", *NAMES[at % len(NAMES)], f"{at:014}", "Extra time" if at == 1 else "", *place)
        for at in range(count)
        for place in [(at // width + 1, at % width + 1) if rows else (None, None)]
    ]
    free = [Seat("Z9", rows, 1)] if rows else []
    return Hall("Great Hall", number, seated, rows, columns, free)


@pytest.fixture
def drawn(app, monkeypatch):
    """Every text that is drawn."""
    texts: list[str] = []
    for name in ("drawString", "drawRightString"):
        real = getattr(Canvas, name)

        def spy(self, x, y, text, _real=real, **more):
            texts.append(text)
            _real(self, x, y, text, **more)

        monkeypatch.setattr(Canvas, name, spy)
    with app.test_request_context():
        yield texts


def sheets(made: bytes) -> int:
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    return len(re.findall(rb"/Type /Page\b(?!s)", made))


def test_a_door_list_is_by_name_and_tells_no_needs(drawn):
    made = door_list.as_bytes(sitting(), hall(5))
    assert sheets(made) == 1
    for said in ("Door list", "101 Great Hall", "5 students", "Hall, 1 Road", "Page 1 of 1"):
        assert said in drawn
    assert any(said.startswith("JHB-1 · Printed on Jun 14, 2026") for said in drawn)
    assert any("Monday, June 15, 2026, 09:00 to 12:30" in said for said in drawn)
    names = [said for said in drawn if said.endswith("Zoé") or "vorecký" in said or said.startswith("Łukasz")]
    assert names == ["Abel, Zoé", "Łukasz, Ola", "Škvorecký, Žofie"], "as one looks for them"
    assert "Extra time" not in drawn


def test_a_register_has_seats_needs_and_pages_over_all_rooms(drawn):
    halls = [hall(register.PER_SHEET + 1), hall(1, number="102")]
    made = register.as_bytes(sitting(), halls)
    assert sheets(made) == 3 == register.pages_of([23, 1])
    assert "Extra time" in drawn
    assert "Page 3 of 3" in drawn
    seats = [said for said in drawn if re.fullmatch(r"A\d+", said)]
    assert seats == [f"A{n}" for n in range(1, 24)] + ["A1"]


def test_a_register_of_nobody_says_so(drawn):
    assert sheets(register.as_bytes(sitting(), [])) == 1
    assert "Nobody has a seat yet." in drawn


@pytest.mark.parametrize(
    ("rows", "columns", "expected"), [(6, 8, 1), (7, 8, 2), (6, 9, 2), (12, 20, 6), (None, None, 1)]
)
def test_a_seating_plan_goes_on_as_many_sheets_as_it_takes(drawn, rows, columns, expected):
    one = hall(12, rows=rows, columns=columns)
    assert sheets(seating_plan.as_bytes(sitting(), one)) == expected == seating_plan.pages_of(one)
    assert drawn.count("A7") == 1, "every seat once"
    assert drawn.count("Front of the room") >= 1
    assert ("Z9" in drawn) is (rows is not None)


def test_arabic_is_joined_and_drawn_from_right_to_left():
    assert lettering.drawn("محمد") == "\ufeaa\ufee4\ufea4\ufee3"
    assert lettering.drawn("Ali محمد") == "Ali \ufeaa\ufee4\ufea4\ufee3"
    assert lettering.drawn("עברית") == "תירבע"
    assert lettering.drawn("Škvorecky\u0301") == "Škvorecký"
    assert lettering.drawn("a\0b\u202ec\ud800d") == "abcd"


def test_every_letter_of_these_names_is_in_the_fonts():
    lettering.load_fonts()
    from reportlab.pdfbase import pdfmetrics

    text = lettering.drawn(
        "Đặng Thị Mỹ Škvorecký Żółć Ñandú Ọlá Łódź şğı Ελένη Жанна محمد عبد الله الطيب پیدا چگونه گیلانی שרה"
    )
    for name in (lettering.PLAIN, lettering.BOLD):
        known = pdfmetrics.getFont(name).face.charToGlyph
        assert [sign for sign in text if sign != " " and ord(sign) not in known] == []


def test_a_text_is_cut_to_the_width_that_there_is():
    lettering.load_fonts()
    cut = lettering.fitted("W" * 400, lettering.PLAIN, 10, 100)
    assert cut.endswith("…")
    assert lettering.width_of(cut, lettering.PLAIN, 10) <= 100
    assert lettering.fitted("short", lettering.PLAIN, 10, 100) == "short"
    lines = lettering.lines("one two three four five six seven", lettering.PLAIN, 10, 60, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert lettering.lines("  ", lettering.PLAIN, 10, 60, 2) == []


def test_papers_are_mirrored_for_those_who_read_from_right_to_left(app, monkeypatch):
    started: list[float] = []
    real = Canvas.drawRightString
    monkeypatch.setattr(
        Canvas, "drawRightString", lambda self, x, y, text, **more: (started.append(x), real(self, x, y, text, **more))
    )
    with app.test_request_context(), force_locale("ar"):
        assert sheets(register.as_bytes(sitting("ar"), [hall(2)])) == 1
    assert max(started) > 500
