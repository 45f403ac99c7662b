"""The screens of admissions without scripts: the guided form, its preview and refusals, the record."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from app.models.admissions import Admission
from app.services import school
from app.services.admissions import actions, money
from app.services.admissions.resource import ACTIONS
from tests.factories.admissions import admission
from tests.factories.courses import course, plan, slot
from tests.factories.leads import lead
from tests.factories.students import student


@pytest.fixture
def pair(db_session, actors):
    teacher = actors.teacher.id
    made = course([teacher], name="Piano <I>")
    return [slot(made, teacher, 1, "16:00", capacity=1), slot(made, teacher, 4, "17:00", capacity=2)]


def form(pair, stage, **values):
    return {
        "_stage": stage,
        "lead_id": str(lead(first_name="Ada", last_name="Byron").id),
        "course_id": str(pair[0].course_id),
        "plan_id": str(plan().id),
        "starts_on": school.today().isoformat(),
        "slots": [f"{each.time_slot_id}:{each.teacher_id}" for each in pair],
        "discount_type": "none",
        "discount_value": "",
        "extra_classes": "",
        "submission_key": "6f8b3c1e-0c5f-4f43-a0aa-8f2a7c9b1d11",
    } | values


def count(db_session):
    return db_session.scalar(select(func.count()).select_from(Admission))


def test_choosing_a_course_shows_its_times(client_of, pair):
    answer = client_of("staff").post("/admissions/new", data=form(pair, "choose", slots=[]))
    assert answer.status_code == 200
    assert "0 of 1" in answer.text
    assert "Piano &lt;I&gt;" in answer.text
    part = client_of("staff").get(f"/admissions/slots?course_id={pair[0].course_id}")
    assert part.text.count('name="slots"') == 2
    assert client_of("staff").get("/admissions/slots?course_id=nonsense").status_code == 200


def test_preview_then_admit_then_the_same_form_again(client_of, pair, db_session):
    staff, data = client_of("staff"), form(pair, "preview")
    preview = staff.post("/admissions/new", data=data)
    assert "This will be written" in preview.text
    assert "24 class dates" in preview.text
    assert count(db_session) == 0
    done = staff.post("/admissions/new", data=data | {"_stage": "do"})
    assert done.status_code == 302
    again = staff.post("/admissions/new", data=data | {"_stage": "do"})
    assert again.location == done.location
    assert count(db_session) == 1
    record = staff.get(done.location)
    assert "Ada Byron" in record.text
    assert "None" not in re.sub(r"<[^>]*>", "", record.text)


def test_somebody_known_is_shown_and_has_to_be_accepted(client_of, pair, db_session):
    known = lead(first_name="Anna", last_name="Khan", phone="+447700900123")
    learner = student(first_name="Anna", last_name="Khan", phone="+447700900123")
    who = {"lead_id": "", "first_name": "Anna", "last_name": "Khan", "phone": "07700 900123"}
    staff = client_of("staff")
    for stage in ("preview", "do"):
        answer = staff.post("/admissions/new", data=form(pair, stage, **who))
        assert answer.status_code == 422
        assert "This may be someone you already know" in answer.text
        assert f'href="/leads/{known.id}"' in answer.text and f'href="/students/{learner.id}"' in answer.text
        assert re.search(r'name="accept_duplicates"[^>]*value="1">', answer.text)
    assert count(db_session) == 0
    preview = staff.post("/admissions/new", data=form(pair, "preview", accept_duplicates="1", **who))
    assert preview.status_code == 200
    assert re.search(r'name="accept_duplicates"[^>]*value="1" checked', preview.text)
    assert staff.post("/admissions/new", data=form(pair, "do", accept_duplicates="1", **who)).status_code == 302
    assert count(db_session) == 1
    assert 'name="accept_duplicates"' not in staff.get("/admissions/new").text


def test_a_refusal_keeps_what_was_typed_and_offers_what_is_free(client_of, pair, db_session, actors):
    admission(pair, actor=actors.staff)
    answer = client_of("staff").post("/admissions/new", data=form(pair, "do", notes="Left-handed"))
    assert answer.status_code == 409
    assert "is full: 1 of 1" in answer.text
    assert "Left-handed" in answer.text
    assert "/waitlist/new?classroom_slot_id=" in answer.text
    assert count(db_session) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"slots": ["x"]},
        {"slots": []},
        {"starts_on": "31/12/2026"},
        {"lead_id": "me"},
        {"lead_id": "", "first_name": "Ada"},
        {"plan_id": ""},
        {"discount_type": "percent", "discount_value": "101"},
        {"extra_classes": "many"},
        {"submission_key": "x"},
    ],
)
def test_wrong_input_comes_back_with_its_errors(client_of, pair, db_session, values):
    answer = client_of("staff").post("/admissions/new", data=form(pair, "do", **values))
    assert answer.status_code == 422
    assert "problem" in answer.text
    assert count(db_session) == 0


@pytest.mark.parametrize("who", ["teacher", "student", "coach"])
def test_others_have_no_form(client_of, pair, who):
    assert client_of(who).post("/admissions/new", data=form(pair, "do")).status_code == 403


def greyed(page):
    """The buttons that can be seen and not used."""
    return set(re.findall(r'aria-disabled="true"[^>]*>(?:<svg.*?</svg>)?<span>([^<]+)</span>', page, re.DOTALL))


STATES = {
    "active": {"Mark as unpaid", "Resume"},
    "paused": {"Mark as unpaid", "Pause", "Extra classes", "Renew", "Complete", "Make-up class"},
    "cancelled": {
        *("Mark as unpaid", "Pause", "Resume", "Extra classes", "Change discount"),
        *("Renew", "Complete", "Cancel", "Make-up class"),
    },
}


@pytest.mark.parametrize("state", STATES)
def test_only_what_can_be_done_now_is_offered(client_of, pair, db_session, actors, state):
    made = admission(pair, actor=actors.admin)
    if state != "active":
        {"paused": actions.pause, "cancelled": actions.cancel}[state]([made.id], actor=actors.admin)
    page = client_of("admin").get(f"/admissions/{made.id}").text
    assert greyed(page) & {*(str(each.label) for each in ACTIONS), "Make-up class"} == STATES[state]


def test_what_is_paid_is_not_paid_again_nor_made_cheaper(client_of, pair, db_session, actors):
    made = admission(pair, actor=actors.admin)
    money.mark_paid([made.id], actor=actors.admin)
    page = client_of("admin").get(f"/admissions/{made.id}").text
    assert "It is paid already." in page
    assert "It is paid already: set it to unpaid first." in page
    assert "It is not paid." not in page
