from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models.leads import Lead, LeadNote
from app.services import school
from app.services.leads import actions
from app.services.resource import RESOURCES
from tests.factories.leads import lead, stage

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def body(**values: Any) -> dict[str, Any]:
    return {
        "first_name": "Amina",
        "last_name": "Haddad",
        "phone": "+44 20 7946 0018",
        "follow_up_date": str(school.today()),
    } | values


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Lead))


def test_a_lead_is_made_read_changed_replaced_and_deleted(api, actors):
    staff, admin = api("staff"), api("admin")
    made = staff.post(
        "/leads",
        body(email="amina@example.org", age=9, expected_budget="99.50", next_follow_up_at="2030-01-01T10:00:00+02:00"),
    )
    assert made.status_code == 201, made.json
    assert made.headers["Location"] == f"/api/v1/leads/{made.json['id']}"
    assert (
        made.json["phone"] == "+442079460018"
        and made.json["owner_id"] == actors.staff.id
        and made.json["stage"] == "New"
    )
    assert (made.json["expected_budget"], made.json["next_follow_up_at"]) == ("99.50", "2030-01-01T08:00:00+00:00")
    read = staff.get(made.headers["Location"])
    assert read.json == made.json and read.headers["ETag"] == f'"{read.json["updated_at"]}"'

    changed = staff.patch(made.headers["Location"], {"age": 10, "source": "web"})
    assert changed.status_code == 200 and (changed.json["age"], changed.json["source"]) == (10, "web")
    assert changed.json["email"] == "amina@example.org", "what is not given stays"

    replaced = staff.put(made.headers["Location"], body(owner_id=actors.staff.id, last_name="Haddad-Lee"))
    assert replaced.status_code == 200 and replaced.json["last_name"] == "Haddad-Lee"
    assert replaced.json["email"] is None and replaced.json["age"] is None, "what is not given is emptied"
    assert replaced.json["stage_id"] == made.json["stage_id"], "what cannot be empty stays"

    assert staff.delete(made.headers["Location"]).status_code == 403, "staff may not delete"
    assert admin.delete(made.headers["Location"]).status_code == 204
    assert staff.get(made.headers["Location"]).status_code == 404
    assert admin.get(made.headers["Location"]).json["deleted_at"], "those who may restore it see it"
    assert [row["id"] for row in admin.get("/leads?deleted=1").json["items"]] == [made.json["id"]]
    assert staff.get("/leads?deleted=1").status_code == 403
    assert admin.post(f"{made.headers['Location']}/restore").json["deleted_at"] is None
    assert staff.get(made.headers["Location"]).status_code == 200


def test_what_can_be_written_can_be_read(api):
    callers = {"leads": api("admin"), "lead-stages": api("admin"), "tags": api("admin"), "accounts": api("admin")}
    hidden = {"accept_duplicates", "password", "password_again"}
    lead()
    assert callers["leads"].post("/tags", {"name": "Choir"}).status_code == 201
    for slug, caller in callers.items():
        record = caller.get(f"/{slug}/{caller.get(f'/{slug}').json['items'][0]['id']}").json
        assert set(RESOURCES[slug].input.model_fields) - hidden <= set(record), slug
        assert "password" not in record


def test_staff_edit_their_own_leads_only(api, actors):
    own, other = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff2.id)
    staff = api("staff")
    assert staff.patch(f"/leads/{own.id}", {"age": 8}).status_code == 200
    refused = staff.patch(f"/leads/{other.id}", {"age": 8})
    assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")
    db.session.refresh(other)
    assert other.age is None


def test_a_record_of_others_answers_like_an_unknown_one(api, actors):
    mine, foreign = lead(assigned_teacher_id=actors.teacher.id), lead(assigned_teacher_id=actors.teacher2.id)
    teacher = api("teacher")
    listed = teacher.get("/leads").json
    assert [row["id"] for row in listed["items"]] == [str(mine.id)] and listed["total"] == 1
    answers = [teacher.get(f"/leads/{pk}") for pk in (foreign.id, UNKNOWN, "not-a-uuid", "1", "%00")]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.data for answer in answers[:4]} == {answers[0].data}
    assert teacher.get(f"/leads?q={foreign.last_name}").json["items"] == []
    assert teacher.get(f"/lookups/leads?q={foreign.last_name}").json["items"] == []
    assert teacher.get(f"/search?q={foreign.last_name}").json["items"] == []
    for path in (f"/leads/{foreign.id}/tags", f"/leads/{UNKNOWN}/tags"):
        assert teacher.get(path).status_code == 404


def test_a_teacher_sees_the_lead_but_not_what_staff_wrote(api, actors):
    mine = lead(assigned_teacher_id=actors.teacher.id)
    db.session.add(LeadNote(lead_id=mine.id, body="difficult family"))
    db.session.commit()
    teacher = api("teacher")
    shown = teacher.get(f"/leads/{mine.id}")
    assert shown.status_code == 200 and b"difficult" not in shown.data
    for part in ("timeline", "notes", "contact-attempts", "history", "duplicates"):
        answer = teacher.get(f"/leads/{mine.id}/{part}")
        assert answer.status_code == 403 and b"difficult" not in answer.data, part
    for path in (
        "/leads/export.csv",
        "/leads/board",
        "/leads/worklist",
        "/leads/figures",
        "/lead-imports",
        "/accounts",
    ):
        assert teacher.get(path).status_code == 403, path
    assert teacher.patch(f"/leads/{mine.id}", {"age": 1}).status_code == 403


def test_fields_that_are_not_offered_are_refused(api, actors):
    """None is passed over: who mistypes one, or means to set what cannot be set, is told."""
    foreign = {"id": UNKNOWN, "created_by_id": actors.admin.id, "contact_attempts": 9, "folow_up_date": "2030-01-01"}
    refused = api("admin").post("/leads", body(**foreign, phone="x"))
    assert (refused.status_code, set(refused.json["fields"])) == (422, {*foreign})
    assert refused.json["fields"]["folow_up_date"] == ["There is no field folow_up_date."]
    made = api("admin").post("/leads", body()).json
    assert (made["contact_attempts"], made["created_by_id"]) == (0, actors.admin.id)
    for method, path in (
        ("patch", f"/leads/{made['id']}"),
        ("put", f"/leads/{made['id']}"),
        ("post", f"/leads/{made['id']}/actions/assign_owner"),
        ("post", "/leads/actions/delete"),
    ):
        answer = getattr(api("admin"), method)(path, {"owner_id": None, "ids": [made["id"]], "nonsense": {}} | body())
        assert (answer.status_code, answer.json["fields"].get("nonsense")) == (422, ["There is no field nonsense."]), (
            path
        )
    assert api("admin").get(f"/leads/{made['id']}").json["updated_at"] == made["updated_at"]


def test_a_body_that_nothing_reads_is_refused(api):
    made = api("admin").post("/leads", body()).json
    path = f"/leads/{made['id']}"
    assert api("admin").delete(path).status_code == 204
    for address in (f"{path}/restore", f"{path}/unmerge", "/notifications/read-all"):
        refused = api("admin").post(address, {"dry_run": True})
        assert (refused.status_code, list(refused.json["fields"])) == (422, ["dry_run"]), address
    assert api("admin").get(path).json["deleted_at"] is not None
    assert api("admin").post(f"{path}/restore", {}).status_code == 200, "an empty one says nothing"


def test_parameters_that_nothing_reads_are_refused(api):
    made = api("admin").post("/leads", body()).json
    path = f"/leads/{made['id']}"
    for method, address in (
        ("post", f"{path}/actions/finish_follow_up?dry_run=1"),
        ("delete", f"{path}?dry_run=1"),
        ("get", f"{path}?cols=first_name"),
        ("get", f"{path}/history?from=1"),
        ("post", "/leads?dry_run=1"),
    ):
        refused = getattr(api("admin"), method)(address, *([{}] if method == "post" else []))
        assert (refused.status_code, [*refused.json["fields"].values()]) == (422, [["There is no such parameter."]])
    assert api("admin").get(path).json == made


def test_possible_duplicates_are_named_and_can_be_accepted(api, actors):
    first = api("staff").post("/leads", body())
    refused = api("staff").post("/leads", body(first_name="Someone"))
    assert (refused.status_code, refused.json["code"]) == (422, "possible_duplicates")
    assert [each["id"] for each in refused.json["duplicates"]] == [first.json["id"]]
    assert api("staff").post("/leads", body(first_name="Someone", accept_duplicates=True)).status_code == 201


def test_an_edit_of_another_version_is_refused(api, actors):
    made = lead(owner_id=actors.staff.id)
    staff = api("staff")

    def edit(etag: str) -> int:
        return staff.patch(f"/leads/{made.id}", {"age": 8}, headers={"If-Match": etag}).status_code

    assert edit('"2020-01-01T00:00:00+00:00"') == 409
    assert edit("garbage") == 422
    assert staff.get(f"/leads/{made.id}").json["age"] is None
    assert edit(staff.get(f"/leads/{made.id}").headers["ETag"]) == 200


@pytest.mark.parametrize(
    "values",
    [
        {"age": "9"},
        {"age": 9.0},
        {"age": True},
        {"age": 2**31},
        {"age": -1},
        {"age": 10**400},
        {"demo_conducted": 1},
        {"demo_conducted": "true"},
        {"demo_conducted": None},
        {"first_name": 5},
        {"first_name": ""},
        {"first_name": "  "},
        {"first_name": None},
        {"first_name": "x" * 81},
        {"first_name": "a\0b"},
        {"first_name": "a\ud800"},
        {"phone": ["+442079460018"]},
        {"phone": "abc"},
        {"email": {}},
        {"email": "no"},
        {"source": "nope"},
        {"source": 1},
        {"stage_id": "nope"},
        {"stage_id": UNKNOWN},
        {"stage_id": 5},
        {"owner_id": 2**31},
        {"owner_id": -5},
        {"owner_id": 0},
        {"owner_id": "1"},
        {"owner_id": 10**30},
        {"follow_up_date": 20000},
        {"follow_up_date": "20000"},
        {"follow_up_date": "2020-01-01"},
        {"follow_up_date": "2026-13-01"},
        {"walk_in_date": "2026-01-01T00:00:00"},
        {"next_follow_up_at": 5},
        {"next_follow_up_at": "5"},
        {"next_follow_up_at": "2026-01-01T00:00:00"},
        {"next_follow_up_at": "0001-01-01T00:00:00+14:00"},
        {"expected_budget": "a lot"},
        {"expected_budget": -1},
        {"expected_budget": 1.234},
        {"expected_budget": 10**12},
        {"expected_budget": True},
        {"interest": {"a": {"b": []}}},
    ],
    ids=str,
)
def test_types_are_strict_and_nothing_is_written(api, values):
    before = count()
    answer = api("admin").post("/leads", body(**values))
    assert answer.status_code == 422, answer.json
    assert answer.json["code"] == "invalid" and set(answer.json) == {"message", "code", "fields"}
    [name] = values
    assert list(answer.json["fields"]) == [name] or name in {"age", "expected_budget"}, answer.json
    assert count() == before


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b"1", "application/json", 400),
        (b'{"age": NaN}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b'{"a": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
        (b"", "application/json", 422),
    ],
)
def test_bodies_that_are_no_json_object(api, data, kind, status):
    answer = api("admin")("POST", "/leads", data=data, content_type=kind)
    assert answer.status_code == status and answer.is_json and answer.json["message"] and "fields" in answer.json


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024 - 20, 422), (1024 * 1024, 413), (3_000_000, 413)])
def test_a_body_in_chunks_of_unknown_length_is_bounded_too(api, size, status):
    body = BytesIO(b'{"area": "' + b"x" * size + b'"}')
    answer = api("admin")(
        "POST",
        "/leads",
        input_stream=body,
        content_type="application/json",
        environ_base={"wsgi.input_terminated": True},
    )
    assert answer.status_code == status, answer.json


def test_errors_are_json_whatever_the_status(api):
    caller = api("admin")
    for method, path, status in [
        ("GET", "/nothing", 404),
        ("DELETE", "/leads", 405),
        ("PUT", "/me", 405),
        ("GET", "/leads/", 404),
    ]:
        answer = caller(method, path)
        assert (answer.status_code, answer.mimetype) == (status, "application/json")
        assert {"message", "code", "fields"} == set(answer.json)
    assert "POST" in caller("DELETE", "/leads").headers["Allow"]


def test_a_refused_constraint_is_a_sentence(api):
    admin = api("admin")
    assert admin.post("/tags", {"name": "Choir"}).status_code == 201
    again = admin.post("/tags", {"name": "CHOIR"})
    assert (again.status_code, again.json["code"]) == (409, "conflict") and list(again.json["fields"]) == ["name"]
    assert "uq_" not in again.text and "INSERT" not in again.text


def test_stages(api):
    admin, staff = api("admin"), api("staff")
    made = admin.post("/lead-stages", {"name": "Waiting list", "position": 9})
    assert made.status_code == 201 and made.json["active"] is True
    lead(stage_id=stage().id)
    assert admin.delete(f"/lead-stages/{stage().id}").status_code == 422, "its leads need another stage"
    assert admin.delete(f"/lead-stages/{stage().id}?fallback_id={quote(made.json['id'])}").status_code == 204
    assert staff.post("/lead-stages", {"name": "Mine", "position": 8}).status_code == 403
    assert [each["name"] for each in staff.get("/lead-stages?sort=position").json["items"]][-1] == "Waiting list"


def test_row_history_tells_of_the_parts_of_a_record(api, actors):
    made = lead()
    actions.add_note([made.id], actor=actors.admin, body="Prefers mornings")
    [first, *_older] = api("admin").get(f"/leads/{made.id}/history").json["items"]
    assert (first["table_name"], first["operation"]) == ("lead_notes", "insert")
    assert first["after"] == {"body": "Prefers mornings"}


def test_row_history_is_for_admins(api, actors):
    made = lead(owner_id=actors.staff.id)
    api("staff").patch(f"/leads/{made.id}", {"age": 8})
    rows = api("admin").get(f"/leads/{made.id}/history").json["items"]
    assert [row["operation"] for row in rows] == ["update", "insert"]
    assert rows[0]["after"] == {"age": 8} and rows[0]["who"] == "Staff Tester"
    assert api("admin").get(f"/leads/{UNKNOWN}/history").status_code == 404
    assert api("admin").get(f"/leads/{made.id}/history?before=x").status_code == 422


def test_follow_up_today_or_later(api):
    yesterday = str(school.today() - timedelta(days=1))
    assert "follow_up_date" in api("admin").post("/leads", body(follow_up_date=yesterday)).json["fields"]


def test_accounts(api, actors):
    admin, staff = api("admin"), api("staff")
    assert staff.get("/accounts").status_code == 403
    made = admin.post(
        "/accounts",
        {
            "username": "nadia",
            "email": "nadia@school.example",
            "first_name": "Nadia",
            "roles": ["Staff"],
            "password": "a long enough phrase 7",
        },
    )
    assert made.status_code == 201, made.json
    assert made.json["roles"] == ["Staff"] and isinstance(made.json["id"], int)
    assert made.headers["Location"] == f"/api/v1/accounts/{made.json['id']}"
    assert admin.get("/accounts?q=nadia&cols=roles").json["items"] == [{"id": made.json["id"], "roles": ["Staff"]}]
    assert admin.patch(f"/accounts/{made.json['id']}", {"roles": ["Admin"]}).status_code == 403, (
        "nobody lifts anybody above themselves"
    )
    assert admin.patch(f"/accounts/{made.json['id']}", {"roles": "Staff"}).status_code == 422
    assert admin.post(f"/accounts/{made.json['id']}/actions/deactivate").json["state"] == "ok"
    assert admin.get(f"/accounts/{made.json['id']}").json["active"] is False
    for pk in ("0", "-1", str(2**31), "1.5", "x", "999999"):
        assert admin.get(f"/accounts/{pk}").status_code == 404
