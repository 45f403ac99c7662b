"""REST of venues, rooms, sessions, registrations and seats; the addresses are those of the specification."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from app.extensions import db
from tests.factories.seating import allocation, registered, room, session, venue
from tests.services.test_sessions.conftest import make_centre


@pytest.fixture
def centre(db_session):
    return make_centre()


@pytest.fixture
def officer(api):
    return api("exam_officer")


def wish(centre, **changes) -> dict:
    keys = {"session_id": centre.session.id, "student_id": centre.student, "room_id": centre.room.id}
    return {name: str(value) for name, value in (keys | changes).items()}


def test_a_seat_is_given_changed_and_taken(centre, officer):
    made = officer.post("/roomallocation", wish(centre, seat_number="2"))
    assert made.status_code == 201, made.json
    url = f"/api/v1/roomallocation/{made.json['id']}"
    assert made.headers["Location"] == url
    assert (made.json["seat_number"], made.json["room"]) == ("2", centre.room.number)
    moved = officer.patch(url, {"room_id": str(centre.grid.id)}, headers={"If-Match": made.headers["ETag"]})
    assert (moved.status_code, moved.json["seat_number"]) == (200, "A1")
    back = officer.post(f"{url}/actions/move", {"room_id": str(centre.room.id)})
    assert back.status_code == 200, back.json
    assert officer.get(url).json["seat_number"] == "1"
    assert officer.delete(url).status_code == 204
    assert officer.get(url).status_code == 404
    assert officer.delete(url).status_code == 404


@pytest.mark.parametrize("value", ["10:00+05:00", "10:00:00Z", "10:00:25", "10:00:00.5"])
@pytest.mark.parametrize("field", ["start_time", "end_time"])
def test_a_time_is_the_schools_own_in_whole_minutes(centre, officer, field, value):
    """An offset was left out without a word, and seconds were kept, and shown nowhere."""
    answer = officer.patch(f"/test-sessions/{centre.session.id}", {field: value})
    assert answer.status_code == 422
    assert answer.json["fields"] == {field: ["Must be a time of the school's day in hours and minutes, as 16:30."]}
    assert officer.patch(f"/test-sessions/{centre.session.id}", {field: "10:45:00"}).status_code == 200


def test_who_sits_where_and_what_is_free(centre, officer):
    allocation(centre.session, centre.room, centre.student, "2")
    base = f"/roomallocation/room/{centre.room.id}/session/{centre.session.id}"
    for url in (f"/roomallocation/session/{centre.session.id}", base):
        answer = officer.get(url)
        [item] = answer.json["items"]
        assert (item["student_id"], item["seat_number"], item["room_number"]) == (
            str(centre.student),
            "2",
            centre.room.number,
        )
        assert answer.json["next"] is None
    assert officer.get(f"{base}/available-seats").json == {"items": ["1"], "count": 1}
    rooms = officer.get(f"/roomallocation/session/{centre.session.id}/rooms").json
    assert rooms["available"] == 4
    assert [each["available"] for each in rooms["items"]] == [1, 3]
    seated = f"/roomallocation/session/{centre.session.id}/student"
    assert officer.get(f"{seated}/{centre.student}").json == {"allocated": True}
    assert officer.get(f"{seated}/{uuid4()}").json == {"allocated": False}
    assert officer.get(f"/venues/{centre.venue.id}/capacity").json == {"capacity": 5}


def test_many_seats_come_in_pages(centre, officer, monkeypatch):
    from app.api import test_sessions

    monkeypatch.setattr(test_sessions, "PAGE", 1)
    allocation(centre.session, centre.room, centre.student, "2")
    allocation(centre.session, centre.room, registered(centre.session, 1)[0], "1")
    first = officer.get(f"/roomallocation/session/{centre.session.id}")
    second = officer.get(first.json["next"])
    assert [page.json["items"][0]["seat_number"] for page in (first, second)] == ["1", "2"]
    assert officer.get(second.json["next"]).json == {"items": [], "next": None}


def test_what_there_is_not_answers_404(centre, officer):
    other = room(venue(), 2).id
    for url in (
        f"/roomallocation/{uuid4()}",
        f"/roomallocation/session/{uuid4()}",
        f"/roomallocation/session/{uuid4()}/rooms",
        f"/roomallocation/room/{other}/session/{centre.session.id}/available-seats",
        f"/roomallocation/room/{centre.room.id}/session/{uuid4()}/available-seats",
        "/roomallocation/session/nonsense",
        f"/venues/{uuid4()}/capacity",
    ):
        assert officer.get(url).status_code == 404, url


@pytest.mark.parametrize(
    ("case", "code", "status"),
    [
        ("duplicate", "duplicate_allocation", 409),
        ("full", "capacity_exceeded", 409),
        ("taken", "seat_taken", 409),
        ("venue", "wrong_venue", 422),
        ("seat", "no_such_seat", 422),
        ("room", "room_not_available", 409),
        ("closed", "session_closed", 409),
        ("stranger", "student_not_registered", 409),
    ],
)
def test_every_refusal_has_its_name(centre, officer, case, code, status):
    from tests.factories.students import student

    changes: dict = {}
    if case == "duplicate":
        allocation(centre.session, centre.grid, centre.student, "A1")
    elif case == "full":
        for number, each in enumerate(registered(centre.session, 2), 1):
            allocation(centre.session, centre.room, each, str(number))
    elif case == "taken":
        allocation(centre.session, centre.room, registered(centre.session, 1)[0], "1")
        changes = {"seat_number": "1"}
    elif case == "seat":
        changes = {"seat_number": "77"}
    elif case == "venue":
        changes = {"room_id": room(venue(), 3).id}
    elif case == "stranger":
        changes = {"student_id": student().id}
    else:
        table, column, value = {
            "room": ("rooms", "status", "unavailable"),
            "closed": ("test_sessions", "status", "closed"),
        }[case]
        db.session.execute(text(f"UPDATE {table} SET {column} = '{value}'"))
        db.session.commit()
    answer = officer.post("/roomallocation", wish(centre, **changes))
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.json
    assert answer.json["message"]


@pytest.mark.parametrize("wrong", ["", "nobody", "\0", "9" * 400, None, 7, [], {}, "🎲"])
def test_bad_input_is_told_and_changes_nothing(centre, officer, wrong):
    for field in ("session_id", "student_id", "room_id"):
        answer = officer.post("/roomallocation", wish(centre) | {field: wrong})
        assert answer.status_code == 422, (field, answer.json)
        assert field in answer.json["fields"]
    seat = officer.post("/roomallocation", wish(centre) | {"seat_number": wrong})
    assert seat.status_code == (201 if wrong in ("", None) else 422), seat.json
    rest = {"venue_id": str(centre.venue.id), "number": "N", "name": "N", "capacity": 3}
    allowed = {"capacity": (7,), "grid_rows": (None,), "blocked_seats": ("",)}
    for field, right in allowed.items():
        answer = officer.post("/rooms", rest | {"number": field, field: wrong})
        assert answer.status_code == (201 if wrong in right else 422), (field, answer.json)


def test_a_student_reads_their_own_seat_and_no_others(centre, api):
    from app.services import accounts

    mine, theirs = registered(centre.session, 2)
    user = accounts.find("student").id
    db.session.execute(text("UPDATE students SET user_id = :user WHERE id = :id"), {"user": user, "id": mine})
    db.session.commit()
    own, other = (
        allocation(centre.session, centre.room, mine, "1"),
        allocation(centre.session, centre.room, theirs, "2"),
    )
    keys, student = (str(own.id), str(other.id), str(centre.session.id)), api("student")
    assert student.get(f"/roomallocation/{keys[0]}").status_code == 200
    assert student.get(f"/roomallocation/{keys[1]}").status_code == 404
    assert [each["id"] for each in student.get("/roomallocation").json["items"]] == [keys[0]]
    assert [each["id"] for each in student.get(f"/roomallocation/session/{keys[2]}").json["items"]] == [keys[0]]
    assert student.post("/roomallocation", {}).status_code == 403
    assert student.delete(f"/roomallocation/{keys[0]}").status_code == 403
    assert student.get(f"/roomallocation/session/{keys[2]}/rooms").status_code == 403


def test_venues_rooms_and_sessions_over_rest(officer):
    place = officer.post("/venues", {"code": "JHB", "name": "Johannesburg", "venue_type": "national"})
    assert place.status_code == 201, place.json
    venue_id = place.json["id"]
    made = officer.post(
        "/rooms",
        {
            "venue_id": venue_id,
            "number": "1",
            "name": "Hall",
            "capacity": 3,
            "grid_rows": 2,
            "grid_columns": 2,
            "blocked_seats": "b2",
        },
    )
    assert (made.status_code, made.json["blocked_seats"]) == (201, "B2"), made.json
    when = {"session_date": "2099-06-15", "start_time": "09:00", "end_time": "12:00"}
    test = officer.post("/test-sessions", {"code": "JHB-2099-06-15-AM", "name": "June", "venue_id": venue_id, **when})
    assert (test.status_code, test.json["status"]) == (201, "open"), test.json
    closed = officer.post(f"/test-sessions/{test.json['id']}/actions/close")
    assert closed.status_code == 200, closed.json
    assert officer.delete(f"/venues/{venue_id}").status_code == 409
    days = {"starts_on": "2099-06-14", "ends_on": "2099-06-15", "reason": "Repairs"}
    assert officer.post(f"/venues/{venue_id}/actions/set_days", days).status_code == 409
    free = officer.post("/venue-availability", {"venue_id": venue_id, "date": "2099-06-14", "available": False})
    assert free.status_code == 201, free.json
    assert officer.post("/test-years", {"year": 2099, "opens_on": "1999-01-01"}).status_code == 422
    assert officer.post("/test-years", {"year": 1, "opens_on": "2026-03-31"}).status_code == 422


def test_registrations_over_rest(centre, officer):
    from tests.factories.students import student

    person = student().id
    wish = {"session_id": str(centre.session.id), "student_id": str(person)}
    made = officer.post("/test-registrations", wish)
    assert (made.status_code, made.json["status"]) == (201, "confirmed"), made.json
    again = officer.post("/test-registrations", wish)
    assert (again.status_code, again.json["code"]) == (409, "already_booked")
    url = f"/test-registrations/{made.json['id']}"
    later = session(centre.venue)
    assert officer.post(f"{url}/actions/move", {"session_id": str(later.id)}).status_code == 200
    assert officer.get(url).json["status"] == "cancelled"
    assert officer.post(f"{url}/actions/move", {"session_id": str(uuid4())}).status_code == 422


def test_identity_and_needs_are_for_the_offices(db_session, api):
    from tests.factories.students import student

    made = student(identity_type="PASSPORT", identity_number="A1234567", accommodation_needs="A reader").id
    seen = api("exam_officer").get(f"/students/{made}").json
    assert (seen["identity_number"], seen["accommodation_needs"]) == ("A1234567", "A reader")
    assert len(seen["test_number"]) == 14
