"""The screens and the API of the roster."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.roster import Roster, RosterShift, ShiftAssignment, ShiftDemand
from app.views.roster import own_shifts
from tests.factories.roster import assignment
from tests.services.roster.conftest import make_desk
from tests.views.test_once import hidden


@pytest.fixture
def desk(db_session):
    return make_desk()


@pytest.fixture
def admin(client_of):
    return client_of("admin")


def place(on, course) -> str:
    return f"/shift-assignments/for/{on.id}/{course.id}"


def test_the_week_shows_who_is_where_what_is_missing_and_why(desk, admin):
    assignment(desk.early, desk.piano, desk.ana, pinned=True)
    page = admin.get(f"/rosters/{desk.week.id}").text
    assert "09:00\N{EN DASH}11:00" in page
    assert "2 assistants can teach Piano: 2 could still take it." in page
    assert "1 of 3" in page
    assert "Hours of the week" in page
    assert place(desk.late, desk.piano) in page
    assert place(desk.early, desk.piano) not in page


def test_only_those_who_may_are_offered_and_others_are_told_why(desk, admin):
    page = admin.get(place(desk.early, desk.violin)).text
    assert f'value="{desk.ana.id}"' in page
    assert f'value="{desk.ben.id}"' not in page
    assert "Cannot teach Violin." in page


def test_assigning_leads_back_to_the_week_and_a_refusal_to_the_choice(desk, admin):
    url = place(desk.late, desk.piano)
    answer = admin.post(url, data={"assistant_id": str(desk.ana.id), "pinned": "1"})
    assert (answer.status_code, answer.location) == (302, f"/rosters/{desk.week.id}")
    assert db.session.scalars(select(ShiftAssignment.pinned)).one() is True
    again = admin.post(url, data={"assistant_id": str(desk.ben.id)})
    assert again.status_code == 409
    assert "Nobody more is needed" in again.text
    for wrong in ("", "nobody", "\0", str(uuid4()), "9" * 500):
        assert admin.post(place(desk.early, desk.piano), data={"assistant_id": wrong}).status_code == 422
    assert admin.get(f"/shift-assignments/for/{desk.late.id}/{desk.violin.id}").status_code == 404
    assert admin.post(f"/shift-assignments/for/{uuid4()}/{desk.piano.id}", data={}).status_code in (404, 422)


def test_forms_of_parts_lead_back_to_the_week(desk, admin):
    form = {"roster_id": str(desk.week.id), "day": "2", "start_time": "10:00", "end_time": "12:00", "place": ""}
    assert admin.post("/roster-shifts/new", data=form).location == f"/rosters/{desk.week.id}"
    made = db.session.scalars(select(RosterShift).where(RosterShift.day == 2)).one()
    need = {"shift_id": str(made.id), "course_id": str(desk.piano.id), "tutors_required": "2", "weight": "3"}
    assert admin.post("/shift-demands/new", data=need).location == f"/rosters/{desk.week.id}"
    demand = db.session.scalars(select(ShiftDemand).where(ShiftDemand.shift_id == made.id)).one()
    assert (
        f"/rosters/{desk.week.id}" in admin.post("/shift-demands/delete", data={"id": demand.id, "_stage": "do"}).text
    )
    assert admin.get(f"/roster-shifts/new?roster_id={desk.week.id}&day=9&shift_id=x").status_code == 200


def test_several_shifts_are_deleted_from_their_list(desk, admin):
    asked = admin.post("/roster-shifts/delete", data={"id": [str(desk.early.id), str(desk.late.id)]}).text
    done = admin.post("/roster-shifts/delete", data=hidden(asked, "/roster-shifts/delete"))
    assert done.status_code == 200
    assert f"/rosters/{desk.week.id}" in done.text
    assert db.session.scalars(select(RosterShift.id)).all() == []


@pytest.mark.parametrize(
    "wrong", [{"starts_on": "2026-03-10"}, {"starts_on": "9999-12-27"}, {"starts_on": ""}, {"copy_from_id": "x"}]
)
def test_a_week_begins_on_a_monday(desk, admin, wrong):
    form = {"starts_on": "2026-03-16", "copy_from_id": str(desk.week.id)}
    assert admin.post("/rosters/new", data=form | wrong).status_code == 422
    assert len(db.session.scalars(select(Roster)).all()) == 1
    assert admin.post("/rosters/new", data=form).status_code == 302


def test_every_part_has_a_page(desk, admin):
    made = assignment(desk.early, desk.piano, desk.ana)
    demand = db.session.scalars(select(ShiftDemand.id).where(ShiftDemand.shift_id == desk.late.id)).one()
    for url in (f"/shift-assignments/{made.id}", f"/roster-shifts/{desk.early.id}", f"/shift-demands/{demand}"):
        assert admin.get(url).status_code == 200
        assert admin.get(f"{url}/history").status_code == 200


def test_progress_is_told(desk, admin):
    assert admin.get(f"/rosters/{desk.week.id}/status").json["reload"] is True
    admin.post("/rosters/actions/solve", data={"id": str(desk.week.id), "_stage": "do"})
    found = admin.get(f"/rosters/{desk.week.id}/status").json
    assert (found["state"], found["percent"], found["reload"]) == ("running", 0, False)
    assert "data-progress=" in admin.get(f"/rosters/{desk.week.id}").text


def test_the_list_of_a_week_is_a_file(desk, admin):
    assignment(desk.early, desk.piano, desk.ana)
    rows = admin.get(f"/shift-assignments/export.csv?f=roster:is:{desk.week.id}").text.splitlines()
    assert rows[0].lstrip("\ufeff") == "roster,weekday,shift,place,course,assistant,pinned"
    assert len(rows) == 2
    assert "Piano" in rows[1]


def test_an_assistant_sees_their_own_published_shifts_alone(desk, client_of, actors):
    from app.services.roster import publishing

    desk.ana_student = db.session.execute(
        db.text("UPDATE students SET user_id = :user WHERE id = :id"),
        {"user": actors.assistant.id, "id": desk.ana.student_id},
    )
    assignment(desk.early, desk.piano, desk.ana)
    assignment(desk.late, desk.piano, desk.ben)
    client = client_of("assistant")
    assert "Piano" not in client.get("/published-shifts/").text
    publishing.publish([desk.week.id], actor=actors.admin)
    page = client.get("/published-shifts/").text
    assert page.count("Piano") == 1
    for url in ("/rosters/", f"/rosters/{desk.week.id}", "/shift-assignments/", place(desk.late, desk.piano)):
        assert client.get(url).status_code == 403
    others = db.session.execute(
        db.text("SELECT id FROM published_shifts WHERE assistant_id = :id"), {"id": desk.ben.id}
    ).scalar_one()
    assert client.get(f"/published-shifts/{others}").status_code == 404
    assert own_shifts(actors.assistant) == []  # the week is over


def test_who_may_not_be_there_any_more_is_marked(desk, admin):
    assignment(desk.early, desk.violin, desk.ben)
    assert "Cannot teach Violin." in admin.get(f"/rosters/{desk.week.id}").text
