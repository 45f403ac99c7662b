"""The page of a session, the map of a room and the dialog for a seat, as a browser without scripts and one with them use
them.
"""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import AllocationRun, AllocationRunStatus, RoomAllocation, TestSessionStatus
from app.models.venues import RoomStatus
from app.services.allocation_plans import overview, runs
from tests.factories.seating import allocation, applied_run, cancel, registered, room, session, venue


@pytest.fixture
def hall(db_session):
    made = venue(name="Town hall")
    made.grid = room(made, 3, grid_rows=2, grid_columns=2, blocked_seats=["A2"], name="Grid")
    made.other = room(made, 2, accessible=True, name="Other")
    made.session = session(made)
    made.students = registered(made.session, 3)
    made.url = f"/test-sessions/{made.session.id}"
    made.map = f"{made.url}/rooms/{made.grid.id}"
    return made


@pytest.fixture
def officer(client_of):
    return client_of("exam_officer")


def where(student_id):
    """Room and seat of a student."""
    columns = select(RoomAllocation.room_id, RoomAllocation.seat_number)
    return db.session.execute(columns.where(RoomAllocation.student_id == student_id)).one_or_none()


def text_of(answer):
    assert answer.status_code == 200, answer.text
    assert "None" not in answer.text
    return answer.text


def test_the_page_of_a_session(hall, officer):
    page = text_of(officer.get(hall.url))
    assert page.count("Give a seat") == 3
    assert "(3 seats available)" in page
    assert "(2 seats available)" in page
    assert "Allocate everyone" in page
    assert "Everybody has a seat" not in page


def test_the_figures_lead_to_what_they_count(hall, officer):
    """Neither a registration that was cancelled nor a student who was deleted while the session was closed."""
    cancel(hall.session.id, hall.students[0])
    db.session.execute(text("UPDATE students SET deleted_at = now() WHERE id = :id"), {"id": hall.students[1]})
    assert overview.counts(hall.session.id) == (1, 0)
    page = text_of(officer.get(hall.url))
    link = f"/test-registrations/?f=session:is:{hall.session.id}&amp;f=status:is:confirmed"
    assert f'href="{link}"' in page
    found = text_of(officer.get(link.replace("&amp;", "&")))
    numbers = [db.session.get_one(Student, each).test_number for each in hall.students]
    assert (numbers[0] in found, numbers[2] in found) == (False, True)


def test_searching_those_without_a_seat(hall, officer):
    name = db.session.scalar(text("SELECT last_name FROM students WHERE id = :id"), {"id": hall.students[1]})
    page = text_of(officer.get(f"{hall.url}?q={name}"))
    assert page.count("Give a seat") == 1
    assert "Nobody is found" in text_of(officer.get(f"{hall.url}?q=zzzz"))
    assert "Nobody is found" in text_of(officer.get(f"{hall.url}?needs=1"))
    assert officer.get(f"{hall.url}?q=%00").status_code == 422
    assert officer.get(f"{hall.url}?q=%25&page=99999999999&rooms=x&room_page=-1").status_code == 200


def test_filtering_the_rooms(hall, officer):
    allocation(hall.session, hall.other, hall.students[0], "1")
    page = text_of(officer.get(f"{hall.url}?rooms=used"))
    assert (f"/rooms/{hall.other.id}" in page, f"/rooms/{hall.grid.id}" in page) == (True, False)


def test_what_is_wrong_is_told(hall, officer, db_session):
    for number, each in enumerate(hall.students[:2]):
        allocation(hall.session, hall.other, each, str(number + 1))
    allocation(hall.session, hall.grid, hall.students[2], "A1")
    cancel(hall.session.id, hall.students[0])
    hall.grid.status = RoomStatus.UNAVAILABLE
    db.session.commit()
    page = text_of(officer.get(hall.url))
    assert "2 seats need attention" in page
    assert "Not registered any more" in page
    assert "Room is out of use" in page
    db.session.execute(
        text("UPDATE students SET needs_accessible_room = true WHERE id = :id"), {"id": hall.students[2]}
    )
    hall.grid.status = RoomStatus.AVAILABLE
    db.session.commit()
    assert "Needs an accessible room" in text_of(officer.get(hall.url))


def test_a_run_in_the_background_shows_how_far_it_is(hall, officer):
    assert officer.get(f"{hall.url}/allocation-status").json["reload"] is True
    run = applied_run(hall.session)
    run.status, run.progress = AllocationRunStatus.RUNNING, 40
    db.session.commit()
    assert 'data-progress="' in text_of(officer.get(hall.url))
    answer = officer.get(f"{hall.url}/allocation-status").json
    assert (answer["state"], answer["percent"], answer["reload"]) == ("running", 40, False)


def test_the_dialog_previews_does_and_undoes(hall, officer):
    url = "/test-sessions/actions/allocate_everyone"
    asked = text_of(officer.get(f"{url}?id={hall.session.id}"))
    assert "Keep students of one school apart" in asked
    form = {"id": str(hall.session.id), "order": "number"}
    preview = text_of(officer.post(url, data=form | {"_stage": "preview"}))
    assert "3 students into 1 room. 0 seats stay empty" in preview
    assert db.session.scalars(select(AllocationRun)).all() == []
    text_of(officer.post(url, data=form | {"_stage": "do"}))
    assert sorted(where(each).seat_number for each in hall.students) == ["A1", "B1", "B2"]
    batch = db.session.scalars(select(AllocationRun.id)).one()
    text_of(officer.post(f"{url}/undo?batch={batch}"))
    assert where(hall.students[0]) is None
    page = text_of(officer.get(hall.url))
    assert "Undone" in page


def test_the_dialog_of_undo_is_about_the_run_that_it_was_opened_for(hall, officer, actors):
    """It previews at once. Confirmed twice it takes back that run alone."""
    first = runs.allocate_everyone([hall.session.id], actor=actors.exam_officer).batch_id
    late = registered(hall.session, 1)[0]
    last = runs.allocate_everyone([hall.session.id], actor=actors.exam_officer).batch_id
    url, form = "/test-sessions/actions/undo_allocation", {"id": str(hall.session.id), "_stage": "do"}
    opened = text_of(officer.get(f"{url}?id={hall.session.id}"))
    assert "1 student: undone." in opened
    assert f'name="run_id" value="{last}"' in opened
    assert where(late) is not None, "it is a preview"
    for _click in range(2):
        text_of(officer.post(url, data=form | {"run_id": str(last)}))
        assert where(late) is None
        assert where(hall.students[0]) is not None
    assert f'name="run_id" value="{first}"' in text_of(officer.get(f"{url}?id={hall.session.id}"))
    text_of(officer.post(url, data=form | {"run_id": str(first)}))
    assert where(hall.students[0]) is None
    again = text_of(officer.get(f"{url}?id={hall.session.id}"))
    assert "disabled" in again, "there is nothing left to undo"


@pytest.mark.parametrize("bad", [{}, {"run_id": ""}, {"run_id": "x"}, {"run_id": "\0"}])
def test_an_undo_that_names_no_run_is_refused(hall, officer, actors, bad):
    runs.allocate_everyone([hall.session.id], actor=actors.exam_officer)
    form = {"id": str(hall.session.id), "_stage": "do"} | bad
    assert officer.post("/test-sessions/actions/undo_allocation", data=form).status_code == 422
    assert where(hall.students[0]) is not None


@pytest.mark.parametrize("bad", [{"order": "x"}, {"order": "\0"}, {"keep_apart": "x" * 5000, "order": "y"}])
def test_bad_options_are_refused(hall, officer, bad):
    form = {"id": str(hall.session.id), "_stage": "do"} | bad
    assert officer.post("/test-sessions/actions/allocate_everyone", data=form).status_code == 422
    assert where(hall.students[0]) is None


def test_a_seat_by_the_dialog(hall, officer):
    student = hall.students[0]
    asked = text_of(officer.get(f"{hall.url}/seat?student_id={student}"))
    assert "(3 seats available)" in asked
    form = {"student_id": str(student), "room_id": str(hall.grid.id), "seat_number": "b1"}
    answer = officer.post(f"{hall.url}/seat", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (302, hall.url)
    assert where(student) == (hall.grid.id, "B1")
    other = {"student_id": str(hall.students[1]), "room_id": str(hall.grid.id)}
    assert "Somebody else has seat B1." in officer.post(f"{hall.url}/seat", data=other | {"seat_number": "B1"}).text
    officer.post(f"{hall.url}/seat", data=other)
    assert where(hall.students[1]) == (hall.grid.id, "A1")


def test_a_seat_by_the_dialog_with_nonsense(hall, officer):
    assert officer.get(f"{hall.url}/seat").status_code == 404
    assert officer.get(f"{hall.url}/seat?student_id=x").status_code == 404
    assert officer.get(f"{hall.url}/seat?student_id={uuid4()}").status_code == 404
    assert officer.get(f"/test-sessions/{uuid4()}/seat?student_id={hall.students[0]}").status_code == 404
    form = {"student_id": str(hall.students[0])}
    for room_id, seat in (
        ("", ""),
        ("x", ""),
        (str(uuid4()), ""),
        (str(hall.grid.id), "Z" * 21),
        (str(hall.grid.id), "\0"),
    ):
        answer = officer.post(f"{hall.url}/seat", data=form | {"room_id": room_id, "seat_number": seat})
        assert answer.status_code == 422, (room_id, seat)
    assert where(hall.students[0]) is None


def test_the_map_of_a_room(hall, officer):
    allocation(hall.session, hall.grid, hall.students[0], "B2")
    page = text_of(officer.get(hall.map))
    assert 'data-seat="B2" data-y="1" data-x="1" data-student="' in page
    assert page.count("data-seat=") == 3
    assert 'class="gap"' in page
    assert "Take off" in page
    part = text_of(officer.get(f"{hall.map}/live"))
    assert "data-map" in part
    assert "<html" not in part
    assert officer.get(f"{hall.url}/rooms/{uuid4()}").status_code == 404
    elsewhere = room(venue(), 3)
    assert officer.get(f"{hall.url}/rooms/{elsewhere.id}").status_code == 404


def test_putting_somebody_on_a_seat(hall, officer):
    student = str(hall.students[0])
    put = f"{hall.map}/put"
    first = officer.post(put, json={"student_id": student, "seat_number": "A1"})
    assert (first.status_code, first.json["undo"]) == (200, None)
    moved = officer.post(put, json={"student_id": student, "seat_number": "B2"})
    assert "seat B2" in moved.json["message"]
    assert where(hall.students[0]) == (hall.grid.id, "B2")
    undo = moved.json["undo"]
    assert officer.post(undo["url"], json=undo["data"]).status_code == 200
    assert where(hall.students[0]) == (hall.grid.id, "A1")
    to_other = officer.post(f"{hall.url}/rooms/{hall.other.id}/put", json={"student_id": student, "seat_number": "2"})
    assert to_other.json["undo"]["url"] == put
    assert where(hall.students[0]) == (hall.other.id, "2")


def test_what_cannot_be_put(hall, officer):
    put = f"{hall.map}/put"
    student = str(hall.students[0])
    allocation(hall.session, hall.grid, hall.students[1], "A1")
    json = {"Accept": "application/json"}
    for body, status in (
        ({"student_id": student, "seat_number": "A1"}, 409),  # taken
        ({"student_id": student, "seat_number": "A2"}, 422),  # blocked
        ({"student_id": str(uuid4()), "seat_number": "B1"}, 409),  # not registered
        ({"student_id": "x", "seat_number": "B1"}, 422),
        ({"student_id": student, "seat_number": ["B1"]}, 422),
        ({"student_id": student, "seat_number": 10**30}, 422),
        ([], 422),
    ):
        answer = officer.post(put, json=body, headers=json)
        assert answer.status_code == status, (body, answer.text)
    assert officer.post(put, data="{", headers=json, content_type="application/json").status_code == 422
    assert where(hall.students[0]) is None
    hall.session.status = TestSessionStatus.CLOSED
    db.session.commit()
    assert officer.post(put, json={"student_id": student, "seat_number": "B1"}, headers=json).status_code == 409
    assert "This session is not open" in text_of(officer.get(hall.map))


def test_others_have_no_business_here(hall, client_of):
    put = {"student_id": str(hall.students[0]), "seat_number": "A1"}
    for username in ("teacher", "staff"):
        client = client_of(username)
        assert client.get(hall.map).status_code == 403
        assert client.post(f"{hall.map}/put", json=put).status_code == 403
    assert where(hall.students[0]) is None


def test_students_see_their_own_seat_and_nobody_elses(hall, client_of, actors):
    """Neither on the map of the room nor by asking for it; what finds the seats tells them of their own only."""
    mine, other = hall.students[:2]
    account = {"user": actors.student.id, "id": mine}
    db.session.execute(text("UPDATE students SET user_id = :user WHERE id = :id"), account)
    seats = [allocation(hall.session, hall.grid, each, seat) for each, seat in ((mine, "A1"), (other, "B1"))]
    student = client_of("student")
    for url in (hall.map, f"{hall.map}/live", f"{hall.url}/allocation-status"):
        assert student.get(url).status_code == 403
    assert [student.get(f"/roomallocation/{each.id}").status_code for each in seats] == [200, 404]
    sitting = [each.student_id for each in overview.room_map(hall.session.id, hall.grid.id, actors.student).seats]
    assert sitting == [mine, None, None]


def test_moves_by_hand_go_with_the_run_that_is_undone(hall, officer, actors):
    run_id = runs.allocate_everyone([hall.session.id], actor=actors.exam_officer).batch_id
    officer.post(
        f"{hall.url}/rooms/{hall.other.id}/put", json={"student_id": str(hall.students[0]), "seat_number": "2"}
    )
    assert where(hall.students[0]).room_id == hall.other.id
    runs.undo_allocation([hall.session.id], actor=actors.exam_officer, run_id=run_id)
    assert where(hall.students[0]) is None
