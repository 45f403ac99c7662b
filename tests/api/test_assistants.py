"""REST of the help desk."""

from __future__ import annotations

from tests.factories.assistants import MORNINGS, assistant, registration
from tests.factories.courses import course

NINE = {"day_of_week": 0, "start_time": "09:00", "end_time": "10:00"}


def test_an_application_is_read_and_decided(api):
    asked, other = registration(), registration()
    found = api("admin").get(f"/registrations/{asked.id}").json
    assert (found["status"], len(found["course_ids"]), found["assistant_id"]) == ("pending", 1, None)
    assert found["availability"][0] == {"day_of_week": 1, "start_time": "09:00:00", "end_time": "12:00:00"}
    assert "password_hash" not in found
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert api("admin")(method, f"/registrations/{asked.id}", {"status": "approved"}).status_code == 405
    done = api("admin").post("/registrations/actions/approve", {"ids": [str(asked.id)]})
    assert (done.json["ok"], done.json["refused"]) == (1, 0)
    again = api("admin").post(f"/registrations/{asked.id}/actions/approve")
    assert again.json["state"] == "unchanged"
    found = api("admin").get(f"/registrations/{asked.id}").json
    assert (found["status"], found["course_ids"], found["availability"]) == ("approved", [], [])
    assert api("admin").get(f"/assistants/{found['assistant_id']}").json["availability"]
    assert api("admin").post(f"/registrations/{other.id}/actions/reject", {}).status_code == 422
    assert api("admin").post(f"/registrations/{other.id}/actions/reject", {"reason": "No"}).json["state"] == "ok"
    assert api("admin").post(f"/registrations/{other.id}/actions/approve").status_code == 409


def test_others_may_not(api):
    asked = registration()
    for who in ("staff", "assistant", "student", "engineer"):
        assert api(who).get("/registrations").status_code == 403
        assert api(who).post(f"/registrations/{asked.id}/actions/approve").status_code == 403
        assert api(who).get("/assistants").status_code == 403
    assert api("public").get("/registrations").status_code == 401
    assert api("admin").get(f"/registrations/{asked.id}").json["status"] == "pending"


def test_the_plan_of_an_assistant(api):
    found, one = assistant(), course()
    url = f"/assistants/{found.id}/plan"
    changed = api("admin").patch(url, {"course_ids": [str(one.id)]})
    assert changed.status_code == 200
    assert changed.json["course_ids"] == [str(one.id)]
    assert len(changed.json["availability"]) == len(MORNINGS), "what is not given stays"
    tag = changed.headers["ETag"]
    assert api("admin").patch(url, {"availability": [NINE]}, headers={"If-Match": tag}).status_code == 200
    old = '"2020-01-01T00:00:00+00:00"'
    assert api("admin").patch(url, {"availability": []}, headers={"If-Match": old}).status_code == 409
    for wrong in (
        {"availability": [NINE | {"end_time": "09:00"}]},
        {"availability": [NINE | {"day_of_week": "0"}]},
        {"availability": [NINE | {"day_of_week": 10**40}]},
        {"availability": [NINE | {"start_time": 9}]},
        {"availability": "all"},
        {"availability": [None]},
        {"course_ids": ["\0"]},
        {"course_ids": [str(found.id)]},
    ):
        assert api("admin").patch(url, wrong).status_code == 422, wrong
    now = api("admin").get(f"/assistants/{found.id}").json
    assert [each["start_time"] for each in now["availability"]] == ["09:00:00"]
    assert (
        api("admin").patch(f"/assistants/{found.id}", {"rate": "13.50", "hours_minimum": "4"}).json["rate"] == "13.50"
    )
    assert api("admin").patch(f"/assistants/{found.id}", {"rate": "-1"}).status_code == 422


def test_oneself(api, actors):
    assert api("assistant").get("/me/assistant").status_code == 404
    mine, other = assistant(actors.assistant.id, rate="12.5"), assistant()
    found = api("assistant").get("/me/assistant").json
    assert (found["id"], found["rate"], len(found["availability"])) == (str(mine.id), "12.50", 2)
    foreign = api("assistant").put("/me/assistant/availability", {"availability": [NINE], "id": str(other.id)})
    assert (foreign.status_code, list(foreign.json["fields"])) == (422, ["id"])
    nested = api("assistant").put("/me/assistant/availability", {"availability": [NINE | {"room": 1}]})
    assert (nested.status_code, nested.json["fields"]) == (422, {"availability": ["There is no field room."]})
    changed = api("assistant").put("/me/assistant/availability", {"availability": [NINE]})
    assert changed.json["availability"] == [{"day_of_week": 0, "start_time": "09:00:00", "end_time": "10:00:00"}]
    assert api("assistant").put("/me/assistant/availability", {}).status_code == 422
    assert len(api("admin").get(f"/assistants/{other.id}").json["availability"]) == 2
    assert api("admin").get("/me/assistant").status_code == 403
    assert api("assistant").get(f"/assistants/{mine.id}").status_code == 403
