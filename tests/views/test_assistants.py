"""The screens of the help desk without scripts: applying, deciding, and the week of an assistant."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.assistants import RegistrationRequest
from app.services import accounts, rate_limits
from app.services.assistants import records
from tests.factories.assistants import MORNINGS, PASSWORD, assistant, period, registration
from tests.factories.courses import course
from tests.factories.students import student

URL = "/assistants/register"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(rate_limits, "check", lambda *who, **limits: None)


def form(**changes):
    data = {
        "first_name": "Ada",
        "last_name": "Byron",
        "email": "ada@home.example",
        "phone": "020 7183 8750",
        "degree": "",
        "username": "ada",
        "password": PASSWORD,
        "password_again": PASSWORD,
        "course_ids": [str(course(name="Piano <I>").id)],
        "slot": ["1-09:00", "1-09:30", "1-10:00", "3-14:00"],
    }
    return data | changes


def requests():
    return list(db.session.scalars(select(RegistrationRequest)))


def test_a_visitor_applies(client_of, db_session):
    visitor, data = client_of("public"), form()
    page = visitor.get(URL)
    assert page.status_code == 200
    assert page.text.count('type="checkbox" name="slot"') == 7 * 30
    assert "Piano &lt;I&gt;" in page.text
    done = visitor.post(URL, data=data)
    assert (done.status_code, done.headers["Location"]) == (302, f"{URL}/received")
    assert "Thank you" in visitor.get(f"{URL}/received").text
    (made,) = requests()
    assert made.phone == "+442071838750"
    plan = records.plan_of_registration(made.id)
    assert plan.availability == [period(1, "09:00", "10:30"), period(3, "14:00", "14:30")]


def test_the_login_page_leads_there(client_of, db_session):
    assert f'href="{URL}"' in client_of("public").get("/login/").text


def test_the_answer_to_a_known_address_is_that_of_a_success(client_of, db_session):
    visitor = client_of("public")
    fresh = visitor.post(URL, data=form())
    known = visitor.post(URL, data=form(username="grace", email="staff@school.example"))
    assert (fresh.status_code, fresh.headers["Location"], fresh.data) == (
        known.status_code,
        known.headers["Location"],
        known.data,
    )
    assert len(requests()) == 1


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"email": "nobody"}, 422, "Must be an e-mail address"),
        ({"first_name": "a\0b"}, 422, "cannot be stored"),
        ({"last_name": "x" * 5000}, 422, "At most 64"),
        ({"phone": "1" * 39}, 422, "phone"),
        ({"username": "ada@home.example"}, 422, "Letters, digits"),
        ({"username": "staff"}, 409, "Choose another one"),
        ({"password": "short", "password_again": "short"}, 422, "At least 12"),
        ({"password_again": "something else"}, 422, "differ"),
        ({"course_ids": []}, 422, "This field is required"),
        ({"course_ids": [str(uuid4())]}, 422, "Choose one from the list"),
        ({"course_ids": ["1"] * 500}, 422, "At most 100"),
        ({"slot": []}, 422, "This field is required"),
        ({"slot": ["9-09:00"]}, 422, "Must be a whole number"),
        ({"slot": ["1-09:00", "\0", "x" * 9999]}, 422, "Must be a whole number"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(client_of, db_session, changes, status, said):
    answer = client_of("public").post(URL, data=form(**changes))
    assert answer.status_code == status
    assert said in answer.text
    assert "None" not in re.sub(r"<script.*?</script>", "", answer.text, flags=re.S)
    assert PASSWORD not in answer.text
    assert requests() == []
    if "slot" not in changes:
        assert re.search(r'value="1-09:30"[^>]* checked', answer.text)


def test_too_many_attempts(client_of, db_session, monkeypatch):
    def too_many(*who, **limits):
        raise rate_limits.TooMany("Too many attempts.")

    monkeypatch.setattr(rate_limits, "check", too_many)
    answer = client_of("public").post(URL, data=form())
    assert answer.status_code == 429
    assert "Too many attempts." in answer.text


def test_the_form_needs_its_token(guarded, db_session):
    assert guarded("public").post(URL, data=form()).status_code == 400
    assert requests() == []


def test_the_record_of_an_application(client_of, db_session):
    asked = registration([course(name="Piano I")], phone="+442071838750")
    student(phone="+442071838750", first_name="Twin", last_name="Perhaps")
    page = client_of("admin").get(f"/registrations/{asked.id}").text
    for said in ("Pending", "Piano I", "Tuesday", "09:00–12:00", "Twin Perhaps", "5 hours a week"):
        assert said in page
    assert asked.password_hash not in page
    listed = client_of("admin").get("/registrations/?f=status:is:pending").text
    assert asked.last_name in listed
    assert asked.last_name not in client_of("admin").get("/registrations/?f=status:is:rejected").text


def test_approving_and_rejecting_on_the_screen(client_of, db_session):
    admin, first, second, third = client_of("admin"), registration(), registration(), registration()
    ids = [str(first.id), str(second.id)]
    preview = admin.post("/registrations/actions/approve", data={"id": ids, "_stage": "preview"})
    assert preview.status_code == 200
    assert accounts.find(first.username) is None, "a preview makes nothing"
    done = admin.post("/registrations/actions/approve", data={"id": ids, "_stage": "do"})
    assert done.status_code == 200
    for each in (first, second):
        db.session.refresh(each)
        assert each.status == "approved"
    page = admin.get(f"/registrations/{first.id}").text
    assert f"/assistants/{first.assistant_id}" in page
    assert "It is decided already." in page
    refused = admin.post("/registrations/actions/reject", data={"id": str(third.id), "_stage": "do", "reason": " "})
    assert refused.status_code == 422
    admin.post("/registrations/actions/reject", data={"id": str(third.id), "_stage": "do", "reason": "Too <early>"})
    assert "Too &lt;early&gt;" in admin.get(f"/registrations/{third.id}").text


def test_the_week_of_an_assistant_is_changed_by_the_office(client_of, db_session):
    found, admin, more = assistant(), client_of("admin"), course(name="Cello")
    url = f"/assistants/{found.id}/plan"
    page = admin.get(url).text
    assert re.search(r'value="1-09:00"[^>]* checked', page)
    version = re.search(r'name="_version" value="([^"]+)"', page).group(1)
    data = {"course_ids": [str(more.id)], "slot": ["6-21:30"], "_version": version}
    assert admin.post(url, data=data).status_code == 302
    plan = records.plan_of(found.id)
    assert ([each.name for each in plan.courses], plan.availability) == (["Cello"], [period(6, "21:30", "22:00")])
    stale = admin.post(url, data=data | {"_version": "2020-01-01T00:00:00+00:00", "slot": []})
    assert stale.status_code == 409
    assert "Someone else changed" in stale.text
    wrong = admin.post(url, data=data | {"course_ids": ["x"]})
    assert wrong.status_code == 422
    assert records.plan_of(found.id).availability == plan.availability


def test_one_s_own_page(client_of, actors, db_session):
    mine = assistant(actors.assistant.id, courses=[course(name="Piano I")], rate=12)
    client = client_of("assistant")
    page = client.get("/me/assistant").text
    for said in ("Sol Okoye", "Piano I", "09:00–12:00", "0 to 20 hours a week", "12"):
        assert said in page
    assert client.post("/me/assistant/availability", data={"slot": ["0-07:00"]}).status_code == 302
    assert records.plan_of(mine.id).availability == [period(0, "07:00", "07:30")]
    assert client.post("/me/assistant/availability", data={"slot": ["nonsense"]}).status_code == 422
    db.session.refresh(mine)
    mine.active = False
    db.session.commit()
    assert client.post("/me/assistant/availability", data={"slot": []}).status_code == 409
    assert "Change my times" not in client.get("/me/assistant").text


def test_others_are_none_of_an_assistant_s_business(client_of, actors, db_session):
    mine, other = assistant(actors.assistant.id), assistant()
    client = client_of("assistant")
    for key in (mine.id, other.id):
        assert client.get(f"/assistants/{key}").status_code == 403
        assert client.post(f"/assistants/{key}/plan", data={"slot": []}).status_code == 403
    client.post("/me/assistant/availability", data={"slot": ["0-07:00"], "id": str(other.id), "pk": str(other.id)})
    assert records.plan_of(other.id).availability == list(MORNINGS)


def test_the_address_of_older_notices_is_the_same_page(client_of, actors):
    assistant(user_id=actors.assistant.id)
    for address in ("/me/assistant", "/me/assistant/"):
        assert "Change my times" in client_of("assistant").get(address).text


def test_an_account_without_an_assistant_has_no_such_page(client_of, db_session):
    answer = client_of("assistant").get("/me/assistant")
    assert answer.status_code == 404
    assert client_of("admin").get("/me/assistant").status_code == 403


@pytest.mark.parametrize("path", ["/registrations/{0}", "/assistants/{0}", "/assistants/{0}/plan"])
@pytest.mark.parametrize("key", ["x", "00000000-0000-4000-8000-000000000000", "1" * 400])
def test_an_unknown_key_is_404(client_of, db_session, path, key):
    assert client_of("admin").get(path.format(key)).status_code == 404


def test_one_s_own_pages_have_no_empty_box_and_no_way_back_that_leads_nowhere(client_of, actors):
    assistant(user_id=actors.assistant.id)
    client = client_of("assistant")
    form = client.get("/me/assistant/availability").text
    assert 'name="_version"' in form
    assert 'class="group bare' not in form
    assert 'class="crumbs"' in form
    own = client.get("/me/assistant").text
    assert 'class="crumbs"' not in own
    assert "No shifts to come" in own
