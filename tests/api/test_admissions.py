"""Admissions over REST: slots, rehearsal, admission, refusals, repetition."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.models.admissions import Admission
from app.models.notifications import NotificationEvent
from app.services import school
from tests.factories.admissions import admission
from tests.factories.courses import course, plan, slot
from tests.factories.leads import lead
from tests.factories.students import student


@pytest.fixture
def pair(db_session, actors):
    teacher = actors.teacher.id
    made = course([teacher])
    return [slot(made, teacher, 1, "16:00", capacity=1), slot(made, teacher, 4, "17:00", capacity=1)]


def order(pair, **values):
    return {
        "lead_id": str(lead().id),
        "course_id": str(pair[0].course_id),
        "plan_id": str(plan().id),
        "starts_on": school.today().isoformat(),
        "slots": [{"time_slot_id": str(each.time_slot_id), "teacher_id": each.teacher_id} for each in pair],
    } | values


def test_the_open_slots_of_a_course(api, pair):
    answer = api("staff").get(f"/api/v1/admissions/slots?course_id={pair[0].course_id}")
    assert [each["id"] for each in answer.json["items"]] == [str(each.id) for each in pair]
    assert api("staff").get("/api/v1/admissions/slots?course_id=x").status_code == 422
    assert api("teacher").get(f"/api/v1/admissions/slots?course_id={pair[0].course_id}").status_code == 403


def test_a_rehearsal_tells_everything_and_writes_nothing(api, pair, db_session):
    answer = api("staff").post("/api/v1/admissions/preview", json=order(pair))
    assert answer.status_code == 200, answer.json
    assert (len(answer.json["dates"]), answer.json["total"]) == (24, "285.00")
    assert db_session.scalar(select(func.count()).select_from(Admission)) == 0


def test_a_misspelt_field_of_a_place_is_not_passed_over(api, pair):
    """Without the teacher, any of that time would be taken."""
    places = [{"time_slot_id": str(pair[0].time_slot_id), "teacher": pair[0].teacher_id}]
    for path in ("/preview", ""):
        refused = api("staff").post(f"/api/v1/admissions{path}", json=order(pair, slots=places))
        assert (refused.status_code, refused.json["fields"]) == (422, {"slots": ["There is no field teacher."]})


def test_admitting_twice_with_one_key_is_one_admission(api, pair, db_session):
    body = order(pair, submission_key=str(uuid4()))
    first = api("staff").post("/api/v1/admissions", json=body)
    assert first.status_code == 201, first.json
    again = api("staff").post("/api/v1/admissions", json=body)
    assert again.json["id"] == first.json["id"]
    assert db_session.scalar(select(func.count()).select_from(Admission)) == 1


def test_somebody_known_has_to_be_accepted(api, pair, db_session):
    learner = student(first_name="Anna", last_name="Khan", phone="+447700900123")
    body = order(pair, first_name="Anna", last_name="Khan", phone="07700 900123")
    body.pop("lead_id")
    for path in ("preview", ""):
        answer = api("staff").post(f"/api/v1/admissions/{path}".rstrip("/"), json=body)
        assert (answer.status_code, answer.json["code"]) == (422, "possible_duplicates")
        assert [(each["resource"], each["id"]) for each in answer.json["duplicates"]] == [("students", str(learner.id))]
    done = api("staff").post("/api/v1/admissions", json=body | {"accept_duplicates": True})
    assert done.status_code == 201


def test_a_refusal_has_every_problem_as_data(api, pair, db_session, actors):
    admission(pair, actor=actors.staff)
    told = (
        select(func.count())
        .select_from(NotificationEvent)
        .where(NotificationEvent.type == "admission_blocked_capacity")
    )
    answer = api("staff").post("/api/v1/admissions/preview", json=order(pair))
    assert answer.status_code == 409
    assert db_session.scalar(told) == 0
    answer = api("staff").post("/api/v1/admissions", json=order(pair))
    assert answer.status_code == 409
    assert answer.json["code"] == "places_refused"
    assert [each["code"] for each in answer.json["problems"]] == ["full", "full"]
    assert answer.json["problems"][0]["place"]["capacity"] == 1
    assert db_session.scalar(told) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"slots": "nonsense"},
        {"slots": [{"time_slot_id": "x"}]},
        {"slots": []},
        {"slots": [7]},
        {"starts_on": "tomorrow"},
        {"course_id": "0"},
        {"extra_classes": -1},
        {"extra_classes": 10**9},
        {"discount_type": "gift"},
        {"discount_value": "NaN"},
        {"submission_key": "me"},
        {"notes": "\u0000"},
    ],
)
def test_wrong_input_is_a_clear_refusal(api, pair, db_session, values):
    answer = api("staff").post("/api/v1/admissions", json=order(pair, **values))
    assert answer.status_code == 422, answer.json
    assert set(values) & set(answer.json["fields"]), answer.json
    assert db_session.scalar(select(func.count()).select_from(Admission)) == 0
