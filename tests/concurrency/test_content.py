"""Races for files and for seat notices."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.students import Student
from app.services.content import downloads, files
from app.services.content.files import Upload
from app.services.seat_notices import sending
from tests.concurrency.racing import Meeting, actor, count, meet_after, meet_before, race
from tests.factories import seating
from tests.factories.content import download

LETTERS = "SELECT count(*) FROM letters WHERE kind = 'seat'"


@pytest.fixture
def committed(committed_app, tmp_path):
    committed_app.config["INSTANCE_DIR"] = str(tmp_path)
    with committed_app.app_context():
        yield committed_app


@pytest.mark.parametrize("held", [True, False], ids=["locked", "locks-off"])
def test_a_file_is_not_cleared_away_before_its_row_is_there(committed, monkeypatch, held):
    if not held:
        monkeypatch.setattr(downloads, "_KEEPING", text("SELECT CAST(:key AS bigint)"))
    meeting = Meeting()
    meet_after(monkeypatch, files, "keep", meeting)
    meet_before(monkeypatch, files, "kept", meeting)
    upload = partial(downloads.create, {"title": "T"}, actor=actor("admin"), file=Upload("a.txt", b"text"))
    made, _cleared = race(committed, lambda: upload().sha256, downloads.clean_up)
    assert files.place(made).exists() is held


def test_every_download_is_counted(committed):
    key = download().id
    db.session.remove()
    race(committed, *[partial(downloads.count, key) for _number in range(12)])
    assert count("SELECT download_count FROM downloadable_resources") == 12


def a_session(seats: int):
    at = seating.venue()
    made, room = seating.session(at), seating.room(at, seats)
    for number, key in enumerate(seating.registered(made, seats), 1):
        db.session.get_one(Student, key).email = f"s{number}@example.org"
        seating.allocation(made, room, key, str(number))
    return made.id


def test_two_who_send_at_once_write_to_each_student_once(committed, locked):
    """The unique index decides, with and without the lock of the session."""
    key, officers = a_session(20), [actor("exam_officer"), actor("admin")]
    db.session.remove()
    race(committed, *[partial(sending.send, [key], actor=each) for each in officers])
    assert count(LETTERS) == 20
    assert count("SELECT count(*) FROM seat_notices") == 20
