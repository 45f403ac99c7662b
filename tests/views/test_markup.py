"""The small parts of pages that are put together in Python: what is typed by people never becomes markup."""

from __future__ import annotations

import pytest

from app.services.resource import RESOURCES, Attribute, Kind
from app.views import markup, render
from app.views.page import Cell, Column, Empty, Row, Table

EVIL = "<b>\"'&"
KINDS = (
    "text",
    "link",
    "badge",
    "date",
    "datetime",
    "bool",
    "number",
    "email",
    "phone",
    "tags",
    "json",
    "muted",
    "person",
)


def shown(cell: Cell) -> list[str]:
    """The cell on a record's page, as the name of its row, and inside of a table."""
    row = Row(EVIL, "/x", EVIL, [cell, cell], note=EVIL, initials=EVIL)
    table = Table([Column("a", EVIL), Column("b", EVIL)], [row], Empty(""))
    return [markup.values(markup.icons("/sprite"))(cell), markup.rows(table, True), markup.rows(table, False)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ["", EVIL])
def test_what_people_type_is_escaped(app, kind, url):
    with app.test_request_context():
        for html in shown(Cell(EVIL, kind, url, EVIL, EVIL)):
            assert "<b>" not in html and "\"'" not in html
            assert "&lt;" in html


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_value_is_an_empty_cell(app, kind):
    with app.test_request_context():
        value, with_boxes, plain = shown(Cell("", kind))
        assert "None" not in value + with_boxes + plain
        assert '<td class="e"></td>' in plain


def test_an_icon_is_escaped():
    assert "<b>" not in markup.icons("/sprite")(EVIL, EVIL)


def test_a_number_that_names_is_written_as_it_is_typed(app):
    year = Attribute("year", "Year", Kind.NUMBER, None, called=True)
    count = Attribute("seats", "Seats", Kind.NUMBER, None)
    with app.test_request_context():
        assert render.cell(year, 2027).text == "2027"
        assert render.cell(year, 2027, url="/x").url == "/x"
        assert render.cell(count, 2027).text == "2,027"


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("test-years", "year"),
        ("terms", "school_year"),
        ("admissions", "number"),
        ("school-associations", "school_year"),
    ],
)
def test_years_and_numbers_of_records_are_no_quantities(app, slug, name):
    assert RESOURCES[slug].by_name[name].called
