from __future__ import annotations

import io
import uuid
import zipfile

import pytest

from app.extensions import db
from app.models.students import Student
from app.models.venues import Venue
from app.services.errors import NotFound
from app.services.papers import printing, reading
from tests.factories import seating


@pytest.fixture
def session(db_session):
    """Three in a room with a grid, one in a room without, in which one more sits in another session."""
    at = seating.venue(address="1 Road", city="Town")
    made = seating.session(at, code="A/B 1")
    made.grid = seating.room(at, 3, number="101", grid_rows=2, grid_columns=2, blocked_seats=["A2"])
    made.plain = seating.room(at, 2, number="102")
    students = seating.registered(made, 4, needs=True)
    for student, room, seat in zip(students, [made.grid] * 3 + [made.plain], ("B2", "A1", "B1", "1"), strict=True):
        seating.allocation(made, room, student, seat)
    other = seating.session(at)
    [sitting] = seating.registered(other, 1)
    seating.allocation(other, made.plain, sitting, "2")
    db.session.get_one(Student, students[1]).accommodation_needs = "Large\nprint"
    db.session.commit()
    return made


def test_the_rooms_of_a_session_in_the_order_of_seats(session, app):
    with app.test_request_context():
        first, second = reading.halls(session.id, free=True)
    assert [each.seat_number for each in first.seated] == ["A1", "B1", "B2"]
    assert first.seated[0].needs == "Accessible room; Large print"
    assert (first.rows, first.columns, first.free) == (2, 2, [])
    assert [(each.row, each.column) for each in first.seated] == [(1, 1), (2, 1), (2, 2)]
    assert [each.seat_number for each in second.seated] == ["1"], "nobody of another session"


def test_rooms_are_in_the_order_of_their_numbers(session, app):
    """As on the screens and in the plan: 9 before 10, and 10 before 101."""
    at = db.session.get_one(Venue, session.venue_id)
    for number in ("10", "9"):
        [student] = seating.registered(session, 1)
        seating.allocation(session, seating.room(at, 1, number=number), student, "1")
    with app.test_request_context():
        assert [each.number for each in reading.halls(session.id)] == ["9", "10", "101", "102"]


@pytest.mark.parametrize("paper", list(printing.Paper))
def test_each_paper_of_a_room_and_of_all(session, actors, app, paper):
    with app.test_request_context():
        for room in (None, str(session.plain.id)):
            made = printing.draw(paper.value, session.id, room, actor=actors.exam_officer)
            with made.file as file:
                assert file.read(5) == b"%PDF-"
            assert made.file_name == f"{paper}-A-B-1.pdf"


def test_what_there_is_not_is_not_found(session, actors, app):
    draw, actor = printing.draw, actors.exam_officer
    with app.test_request_context():
        for name, key, room in (
            ("other", session.id, None),
            ("door-list", uuid.uuid4(), None),
            ("door-list", session.id, str(uuid.uuid4())),
            ("door-list", session.id, "101"),
        ):
            with pytest.raises(NotFound):
                draw(name, key, room, actor=actor)
        with pytest.raises(NotFound):
            printing.all_papers(uuid.uuid4(), actor=actor)


def test_all_papers_are_an_archive_with_a_folder_for_each_room(session, actors, app):
    with app.test_request_context():
        name, blocks = printing.all_papers(session.id, actor=actors.exam_officer)
        archive = zipfile.ZipFile(io.BytesIO(b"".join(blocks)))
    assert name == "papers-A-B-1.zip"
    assert archive.testzip() is None
    folders = ("101 Room", "102 Room")
    assert archive.namelist() == [f"{folder}/{paper}.pdf" for folder in folders for paper in printing.Paper]
