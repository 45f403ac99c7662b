import codecs
import csv
import io
import tracemalloc

from sqlalchemy import Integer, Text, func, literal, select

from app.models.leads import Lead
from app.services.csv_files.writing import export, write
from tests.factories import leads as make


def parsed(blocks):
    content = b"".join(blocks)
    assert content.startswith(codecs.BOM_UTF8)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_texts_are_disarmed_and_numbers_left_alone(db_session):
    statement = select(
        literal("=1", Text).label("a"),
        literal(-5, Integer).label("b"),
        literal(None, Text).label("c"),
        literal("100%", Text).label("d"),
    )
    assert parsed(export(db_session.connection(), statement, ["b", "a", "c", "d"])) == [
        ["b", "a", "c", "d"],
        ["-5", "'=1", "", "100%"],
    ]


def test_parameters_of_every_kind(db_session):
    one, two = make.lead(last_name='O\'Brien "x", 100%'), make.lead(source="web")
    make.lead(source="ads")
    statement = (
        select(Lead.last_name, Lead.phone)
        .where(Lead.id.in_([one.id, two.id]), Lead.source.in_(["web", "other"]))
        .order_by(Lead.phone)
    )
    rows = parsed(export(db_session.connection(), statement, ["last_name", "phone"]))
    assert rows == [["last_name", "phone"], [one.last_name, "'" + one.phone], [two.last_name, "'" + two.phone]]


def test_memory_does_not_grow_with_the_rows(db_session):
    numbers = func.generate_series(1, 300_000, type_=Integer).column_valued("n")
    statement = select(func.repeat("x", 100, type_=Text).label("a"), numbers.label("n"))
    tracemalloc.start()
    try:
        size = sum(len(block) for block in export(db_session.connection(), statement, ["a", "n"]))
        assert size > 30_000_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_rows_at_hand():
    assert parsed(write(["a", "b"], [["+1", None], ["x,y", 3]])) == [["a", "b"], ["'+1", ""], ["x,y", "3"]]
