"""REST of the classroom."""

from __future__ import annotations

import pytest

from tests.factories.classroom import School, classes, day_after, to_today


@pytest.fixture
def place(actors):
    return School(actors.admin)


@pytest.fixture
def row(place):
    return classes(place.admit([place.tuesday], account="student").id)[0]


def test_the_day_and_the_week(api, row):
    found = api("teacher").get(f"/classroom?day={row.class_date}").json
    assert [(each["slot_id"], each["planned"], each["taken"]) for each in found["items"]] == [
        (str(row.classroom_slot_id), 1, 1)
    ]
    assert found["days"] == [{"day": row.class_date.isoformat(), "open": True, "closure": ""}]
    week = api("staff").get(f"/classroom?day={row.class_date}&weeks=1").json
    assert len(week["days"]) == 7
    assert api("teacher2").get(f"/classroom?day={row.class_date}").json["items"] == []
    assert api("student").get("/classroom").status_code == 403
    for wrong in ("day=x", "day=9999-01-01", "teacher_id=x", "teacher_id=99999999999", "course_id=1"):
        assert api("staff").get(f"/classroom?{wrong}").status_code == 422, wrong


def test_marking_by_rest(api, row):
    row = to_today(row)
    address = f"/classroom/{row.classroom_slot_id}/{row.class_date}"
    done = api("teacher").post(f"/attendance/{row.id}/actions/mark", {"status": "excused"})
    assert done.json["state"] == "ok"
    found = api("teacher").get(address).json
    assert [(each["status"], [mark["status"] for mark in each["marks"]]) for each in found["entries"]] == [
        ("excused", ["excused"])
    ]
    assert api("teacher").post(f"/attendance/{row.id}/actions/clear").json["state"] == "ok"
    assert api("teacher").post(f"{address}/all-present").json["ok"] == 1
    assert api("staff").post(f"{address}/all-present").status_code == 403
    assert api("teacher2").get(address).status_code == 404
    assert api("teacher").get(address.replace("-", "x")).status_code == 404
    assert api("teacher").post(f"/attendance/{row.id}/actions/mark", {"status": "scheduled"}).status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2200-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_time_is_refused(api, place, row, day):
    to = {"classroom_slot_id": str(place.friday.id), "class_date": day}
    wish = {"attendance_id": str(row.id), "requested_slot_id": str(place.friday.id), "requested_date": day}
    for who, url, body, field in (
        ("admin", f"/attendance/{row.id}/actions/move", to, "class_date"),
        ("admin", "/attendance", to | {"admission_id": str(row.admission_id)}, "class_date"),
        ("student", "/reschedule-requests", wish, "requested_date"),
    ):
        answer = api(who).post(url, body)
        assert answer.status_code == 422
        assert list(answer.json["fields"]) == [field]


def test_asking_and_approving_by_rest(api, place, row):
    offered = api("student").get(f"/attendance/{row.id}/places").json["items"]
    first = next(each for each in offered if each["day"] == day_after(4).isoformat())
    wish = {"attendance_id": str(row.id), "requested_slot_id": first["slot_id"], "requested_date": first["day"]}
    made = api("student").post("/reschedule-requests", wish)
    assert made.status_code == 201
    key = made.json["id"]
    assert api("student").post(f"/reschedule-requests/{key}/actions/approve", {}).status_code == 403
    preview = api("admin").post(f"/reschedule-requests/{key}/actions/approve", {"dry_run": True})
    assert preview.json["state"] == "ok"
    assert api("admin").post(f"/reschedule-requests/{key}/actions/approve", {}).json["state"] == "ok"
    moved = api("student").get(f"/attendance/{row.id}").json
    assert moved["class_date"] == first["day"]
    wrong = {"classroom_slot_id": str(place.friday.id), "class_date": "2020-01-01"}
    refused = api("admin").post(f"/attendance/{row.id}/actions/move", wrong)
    assert refused.status_code == 409
    assert {each["code"] for each in refused.json["reasons"]} >= {"past", "outside"}
    assert api("teacher2").get(f"/attendance/{row.id}/places").status_code == 404
