from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.credentials import Letter
from app.models.students import Student
from app.models.test_sessions import SeatNotice, TestSessionStatus
from app.services import accounts
from app.services.errors import NotAllowed
from app.services.mail import letters
from app.services.seat_notices import sending
from app.services.seat_notices.letters import seat as words_of
from app.services.transaction import rehearse
from tests.factories import seating


@pytest.fixture
def session(db_session):
    """Two with an address of their own, one with that of their account, one with none; all have a seat."""
    at = seating.venue(name="Town hall", address="1 Road", city="Town")
    made = seating.session(at)
    room = seating.room(at, 9)
    made.room, made.students = room, seating.registered(made, 4)
    people = [db.session.get_one(Student, key) for key in made.students]
    people[0].email, people[1].email = "a@example.org", "b@example.org"
    people[2].user_id = accounts.find("student").id
    for number, key in enumerate(made.students, 1):
        seating.allocation(made, room, key, str(number))
    return made


def send(session, actor) -> tuple[str, str]:
    outcome = sending.send([session.id], actor=actor).outcomes[0]
    return outcome.state, str(outcome.refusal or outcome.message)


def waiting() -> list[str]:
    """To whom letters go, which are then taken away."""
    found = [letter.email for letter in db.session.query(Letter).filter_by(kind="seat").order_by(Letter.email)]
    db.session.execute(text("DELETE FROM letters"))
    db.session.commit()
    return found


def move(session, student, seat) -> None:
    statement = text("UPDATE room_allocations SET seat_number = :seat WHERE session_id = :id AND student_id = :student")
    db.session.execute(statement, {"id": session.id, "student": student, "seat": seat})
    db.session.commit()


def test_each_is_told_once(session, actors):
    state, said = send(session, actors.exam_officer)
    assert (state, said) == ("ok", "3 students are written to. 1 has no e-mail address.")
    assert waiting() == ["a@example.org", "b@example.org", "student@school.example"]
    assert send(session, actors.exam_officer)[0] == "unchanged"
    assert waiting() == []


def test_again_only_what_changed(session, actors):
    send(session, actors.exam_officer)
    waiting()
    move(session, session.students[1], "8")
    assert send(session, actors.exam_officer)[0] == "ok"
    assert waiting() == ["b@example.org"]
    notice = db.session.query(SeatNotice).filter_by(student_id=session.students[1]).one()
    assert (notice.seat_number, notice.revision) == ("8", 1)


def test_another_time_is_told_to_all_and_an_address_that_comes_late_is_used(session, actors):
    send(session, actors.exam_officer)
    waiting()
    db.session.get_one(Student, session.students[3]).email = "d@example.org"
    db.session.commit()
    send(session, actors.exam_officer)
    assert waiting() == ["d@example.org"]
    session.start_time = session.start_time.replace(hour=8)
    db.session.commit()
    send(session, actors.exam_officer)
    assert len(waiting()) == 4


def returned(email) -> None:
    """The letter to this address came back; the others arrived."""
    db.session.execute(text("UPDATE letters SET status = 'sent', sent_at = now()"))
    db.session.execute(
        text("UPDATE letters SET status = 'failed', error = '550' WHERE email = :email"), {"email": email}
    )
    db.session.commit()


def sent_now(session, actor) -> list[str]:
    """To whom sending once more writes."""
    known = set(db.session.scalars(text("SELECT id FROM letters")))
    send(session, actor)
    return [row.email for row in db.session.query(Letter).order_by(Letter.email) if row.id not in known]


def test_whose_letter_came_back_is_written_to_again(session, actors):
    send(session, actors.exam_officer)
    returned("a@example.org")
    assert sent_now(session, actors.exam_officer) == ["a@example.org"]
    assert sent_now(session, actors.exam_officer) == [], "it is on its way"
    returned("a@example.org")
    db.session.get_one(Student, session.students[0]).email = "right@example.org"
    db.session.commit()
    assert sent_now(session, actors.exam_officer) == ["right@example.org"]
    returned("")
    assert send(session, actors.exam_officer)[0] == "unchanged"


def test_a_letter_that_went_to_another_address_is_sent_to_the_new_one(session, actors):
    send(session, actors.exam_officer)
    returned("")
    db.session.get_one(Student, session.students[1]).email = "new@example.org"
    db.session.commit()
    assert sent_now(session, actors.exam_officer) == ["new@example.org"]
    assert send(session, actors.exam_officer)[0] == "unchanged"


def test_that_there_is_no_seat_any_more_is_told_again_if_it_came_back(session, actors):
    send(session, actors.exam_officer)
    session.status = TestSessionStatus.CANCELLED
    db.session.commit()
    assert len(sent_now(session, actors.exam_officer)) == 3
    returned("b@example.org")
    assert sent_now(session, actors.exam_officer) == ["b@example.org"]
    returned("")
    assert send(session, actors.exam_officer)[0] == "unchanged"


def test_who_has_no_seat_any_more_is_told_once(session, actors):
    send(session, actors.exam_officer)
    waiting()
    db.session.execute(text("DELETE FROM room_allocations WHERE student_id = :id"), {"id": session.students[0]})
    db.session.commit()
    for expected in (["a@example.org"], []):
        send(session, actors.exam_officer)
        assert waiting() == expected
    seating.allocation(session, session.room, session.students[0], "9")
    send(session, actors.exam_officer)
    assert waiting() == ["a@example.org"]


def test_a_session_that_is_cancelled_is_told_to_those_who_were_told(session, actors):
    assert send(seating.session(seating.venue(), status=TestSessionStatus.CANCELLED), actors.admin)[0] == "unchanged"
    send(session, actors.exam_officer)
    waiting()
    session.status = TestSessionStatus.CANCELLED
    db.session.commit()
    assert send(session, actors.exam_officer)[0] == "ok"
    assert len(waiting()) == 3
    assert send(session, actors.exam_officer)[0] == "unchanged"


def test_what_is_over_or_empty_is_refused(session, actors):
    empty = seating.session(seating.venue())
    assert send(empty, actors.exam_officer) == ("refused", "Nobody has a seat in it yet.")
    session.status = TestSessionStatus.COMPLETED
    db.session.commit()
    assert send(session, actors.exam_officer) == ("refused", "The session is over.")
    with pytest.raises(NotAllowed):
        sending.send([session.id], actor=actors.staff)
    assert waiting() == []


def test_a_preview_writes_to_nobody(session, actors):
    done = rehearse(sending.send, [session.id], actor=actors.exam_officer)
    assert done.outcomes[0].message.startswith("3 students")
    assert waiting() == []
    assert db.session.query(SeatNotice).count() == 0


def letter_to(session, at: int) -> Letter:
    return Letter(payload={"session_id": str(session.id), "student_id": str(session.students[at])})


def test_a_letter_says_what_is_true_when_it_is_sent(session, app):
    with app.test_request_context():
        words = words_of(letter_to(session, 2))
        said = "\n".join(words.paragraphs)
        for expected in (
            "Monday, June 15, 2099, 09:00 to 12:00",
            "Town hall, 1 Road, Town",
            "Your seat: 3",
            "/me/seats",
        ):
            assert expected in said
        assert "None" not in said
        move(session, session.students[2], "7")
        assert "Your seat: 7" in words_of(letter_to(session, 2)).paragraphs
        assert not any("/me/seats" in each for each in words_of(letter_to(session, 0)).paragraphs)
        db.session.execute(text("DELETE FROM room_allocations"))
        assert "no seat" in words_of(letter_to(session, 2)).paragraphs[0]
        session.status = TestSessionStatus.CANCELLED
        db.session.commit()
        assert "does not take place" in words_of(letter_to(session, 2)).paragraphs[0]
        db.session.execute(text("UPDATE students SET deleted_at = now()"))
        assert words_of(letter_to(session, 2)) is None


def test_letters_go_out_through_the_outbox(session, actors, monkeypatch):
    send(session, actors.exam_officer)
    sent = []

    class Post:
        def __enter__(self):
            return sent.append

        def __exit__(self, *_error):
            return None

    monkeypatch.setattr(letters, "opened", Post)
    assert letters.deliver() == 3
    assert sorted(str(each["To"]).rpartition("<")[2].strip(">") for each in sent) == [
        "a@example.org",
        "b@example.org",
        "student@school.example",
    ]
    assert all("Your test" in each["Subject"] for each in sent)
