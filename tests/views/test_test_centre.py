"""Screens of venues, rooms, test sessions, registrations and seats."""

from __future__ import annotations

from io import BytesIO
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.imports import Import
from app.models.test_sessions import RoomAllocation
from app.models.venues import Room, Venue, VenueAvailability
from tests.factories.seating import allocation, registered, session
from tests.factories.students import student
from tests.services.test_sessions.conftest import make_centre


@pytest.fixture
def centre(db_session):
    return make_centre()


@pytest.fixture
def officer(client_of):
    return client_of("exam_officer")


def test_a_venue_from_the_form_to_its_page(officer, db_session):
    values = {"code": "JHB", "name": "Johannesburg", "venue_type": "national", "status": "active", "city": "Soweto"}
    made = officer.post("/venues/new", data=values)
    assert made.status_code == 302
    page = officer.get(made.location).text
    for each in ("JHB, Johannesburg", "Soweto", "Active", "No rooms yet", "No sessions to come"):
        assert each in page
    assert "None" not in page
    again = officer.post("/venues/new", data=values)
    assert again.status_code == 409
    assert "There is already a venue with this code." in again.text
    assert db.session.scalars(select(Venue.code)).all() == ["JHB"]


def test_a_month_of_a_venue_leads_to_its_days(centre, officer):
    test = session(centre.venue, session_date="2099-06-15")
    page = officer.get(f"/venues/{centre.venue.id}?month=2099-06").text
    assert "June 2099" in page
    assert f'href="/test-sessions/{test.id}"' in page
    new = f"/venue-availability/new?venue_id={centre.venue.id}&amp;date=2099-06-16"
    assert new in page
    form = officer.get(new.replace("&amp;", "&")).text
    assert 'value="2099-06-16"' in form
    values = {"venue_id": str(centre.venue.id), "date": "2099-06-16", "reason": "Repairs"}
    saved = officer.post("/venue-availability/new", data=values)
    assert saved.location == f"/venues/{centre.venue.id}?month=2099-06#month"
    page = officer.get(saved.location).text
    noted = db.session.scalars(select(VenueAvailability)).one()
    assert "Repairs" in page
    assert f"/venue-availability/{noted.id}/edit" in page
    taken = officer.post("/venue-availability/new", data=values | {"date": "2099-06-15"})
    assert taken.status_code == 409
    assert test.code in taken.text
    for wrong in ("2099-13", "0001-01", "9999-99", "x", "\0", "-" * 99):
        assert officer.get(f"/venues/{centre.venue.id}", query_string={"month": wrong}).status_code == 200
    assert officer.get(f"/venues/{uuid4()}").status_code == 404


def test_a_month_of_a_room_shows_the_sessions_that_use_it(centre, officer):
    used, other = (session(centre.venue, session_date=day) for day in ("2099-06-15", "2099-06-16"))
    allocation(used, centre.room, registered(used, 1)[0], "1")
    page = officer.get(f"/rooms/{centre.room.id}?month=2099-06").text
    assert "June 2099" in page
    assert f'href="/test-sessions/{used.id}"' in page
    assert f'href="/test-sessions/{other.id}"' not in page
    assert f'href="/rooms/{centre.room.id}?month=2099-07#month"' in page


def test_the_days_of_a_venue_are_set_in_a_dialog(centre, officer):
    url = f"/venues/actions/set_days?id={centre.venue.id}"
    assert "From" in officer.get(url).text
    values = {"id": str(centre.venue.id), "_stage": "do", "starts_on": "2099-03-01", "ends_on": "2099-03-05"}
    assert officer.post("/venues/actions/set_days", data=values | {"reason": "Holiday"}).status_code in (200, 302)
    assert db.session.scalar(text("SELECT count(*) FROM venue_availability WHERE reason = 'Holiday'")) == 5


def test_a_room_shows_its_seats(centre, officer):
    values = {
        "venue_id": str(centre.venue.id),
        "number": "B1",
        "name": "Lab",
        "room_type": "laboratory",
        "computers": "4",
    }
    values |= {"status": "available", "capacity": "3", "grid_rows": "2", "grid_columns": "2", "blocked_seats": "B2"}
    made = officer.post("/rooms/new", data=values)
    assert made.status_code == 302
    page = officer.get(made.location).text
    assert "<td>A1</td><td>A2</td>" in page
    assert '<td>B1</td><td class="none"></td>' in page
    form = officer.get(f"{made.location}/edit").text
    assert 'name="blocked_seats" value="B2"' in form.replace("\n", " ") or "B2" in form
    wrong = officer.post("/rooms/new", data=values | {"number": "B2", "blocked_seats": "Z9"})
    assert wrong.status_code == 422
    assert "The grid has no seat Z9." in wrong.text
    assert "Z9" in wrong.text
    assert db.session.scalar(select(Room.blocked_seats).where(Room.number == "B1")) == ["B2"]
    plain = values | {"number": "B2", "grid_rows": "", "grid_columns": "", "blocked_seats": ""}
    without = officer.post("/rooms/new", data=plain)
    assert without.status_code == 302
    assert "Seat plan" not in officer.get(without.location).text


def test_a_session_and_its_rules(centre, officer):
    page = officer.get(f"/test-sessions/{centre.session.id}").text
    for each in (centre.session.code, centre.venue.name):
        assert each in page
    values = {"code": "JHB-1", "name": "June", "venue_id": str(centre.venue.id), "status": "open"}
    values |= {"session_date": "2099-06-15", "start_time": "12:00", "end_time": "09:00"}
    wrong = officer.post("/test-sessions/new", data=values)
    assert wrong.status_code == 422
    assert "Must be later than the start." in wrong.text
    made = officer.post("/test-sessions/new", data=values | {"end_time": "13:00"})
    assert made.status_code == 302
    assert officer.get(f"/test-sessions/new?venue_id={centre.venue.id}").status_code == 200
    assert "To come" in officer.get("/test-sessions/").text
    year = officer.get("/test-years/new").text
    assert 'value="2"' in year


def test_registering_seating_moving_and_removing_by_forms(centre, officer):
    person = student()
    booked = officer.post(
        "/test-registrations/new", data={"session_id": str(centre.session.id), "student_id": str(person.id)}
    )
    assert booked.status_code == 302
    keys = {"session_id": str(centre.session.id), "student_id": str(person.id), "room_id": str(centre.room.id)}
    made = officer.post("/roomallocation/new", data=keys | {"seat_number": "2"})
    assert made.status_code == 302
    page = officer.get(made.location).text
    for each in (person.last_name, centre.room.number, "None"):
        assert (each in page) is (each != "None")
    twice = officer.post("/roomallocation/new", data=keys)
    assert twice.status_code == 409
    assert "The student has a seat in this session already." in twice.text
    key = made.location.rpartition("/")[2]
    move = {"id": key, "_stage": "do", "room_id": str(centre.grid.id), "seat_number": ""}
    officer.post("/roomallocation/actions/move", data=move)
    assert db.session.scalar(select(RoomAllocation.seat_number)) == "A1"
    officer.post("/roomallocation/delete", data={"id": key, "_stage": "do"})
    assert db.session.scalar(text("SELECT count(*) FROM room_allocations")) == 0


def test_lists_and_their_files(centre, officer):
    allocation(centre.session, centre.room, centre.student, "1")
    name, number = db.session.execute(
        text("SELECT last_name, test_number FROM students WHERE id = :id"), {"id": centre.student}
    ).one()
    for url in ("/roomallocation/", "/test-registrations/"):
        for query in ("", f"?q={number}", f"?f=session:is:{centre.session.id}"):
            assert name in officer.get(url + query).text, url + query
        assert number in officer.get(f"{url}export.csv").text
    assert "Import" in officer.get("/test-registrations/").text
    assert number in officer.get(f"/students/{centre.student}").text


def test_a_file_of_registrations(centre, officer):
    assert "session_code" in officer.get("/test-registration-imports/new").text
    assert "session_code" in officer.get("/test-registration-imports/template.csv").text
    content = f"session_code,first_name,last_name\n{centre.session.code},Amina,Haddad\n"
    answer = officer.post("/test-registration-imports/new", data={"file": (BytesIO(content.encode()), "people.csv")})
    job = db.session.scalars(select(Import)).one()
    assert answer.location == f"/test-registration-imports/{job.id}"
    assert job.resource == "test-registrations"
    assert officer.get(answer.location).status_code == 200
    assert officer.get(f"/lead-imports/{job.id}").status_code in (403, 404)


def test_teachers_see_no_documents(db_session, client_of):
    made = student(identity_type="PASSPORT", identity_number="A1234567", needs_accessible_room=True)
    page = client_of("exam_officer").get(f"/students/{made.id}").text
    assert "A1234567" in page
    assert "Accessible room" in page
    assert "A1234567" not in client_of("teacher").get(f"/students/{made.id}").text
