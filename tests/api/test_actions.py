from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models.history import RowHistory
from app.models.leads import Lead, LeadContactAttempt, LeadNote
from app.models.notifications import Notification, NotificationType
from app.services import school
from app.services.leads import LEADS
from tests.factories.leads import lead, stage

UNKNOWN = "00000000-0000-4000-8000-000000000000"
DAY = "2099-01-01"


def inputs(actors: Any, other: Any) -> dict[str, dict[str, Any]]:
    """What each action is given."""
    return {
        "change_stage": {"stage_id": str(stage("Contacted").id)},
        "assign_owner": {"owner_id": actors.staff2.id},
        "assign_teacher": {"assigned_teacher_id": actors.teacher.id},
        "log_contact": {"channel": "call", "outcome": "reached", "note": "ok"},
        "move_follow_up": {"follow_up_date": DAY},
        "finish_follow_up": {},
        "add_note": {"body": "Called."},
        "tag": {"tag_id": None},
        "merge": {"into_id": str(other.id)},
    }


def written() -> dict[str, Any]:
    """Everything that an action may write, counted or summed up."""
    counts = {
        model.__tablename__: db.session.scalar(select(func.count()).select_from(model))
        for model in (RowHistory, LeadNote, LeadContactAttempt, Notification)
    }
    return counts | {
        "leads": sorted(
            db.session.execute(
                select(
                    Lead.id,
                    Lead.stage_id,
                    Lead.owner_id,
                    Lead.assigned_teacher_id,
                    Lead.follow_up_date,
                    Lead.follow_up_status,
                    Lead.deleted_at,
                )
            ).all()
        )
    }


@pytest.fixture
def given(api, actors):
    made, other = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff.id)
    values = inputs(actors, other)
    values["tag"]["tag_id"] = api("staff").post("/tags", {"name": "Choir"}).json["id"]
    return made, values


@pytest.mark.parametrize("name", sorted(LEADS.action_by_name))
def test_each_action_on_one_lead(api, given, name):
    made, values = given
    staff, before = api("staff"), written()
    dry = staff.post(f"/leads/{made.id}/actions/{name}", values[name] | {"dry_run": True})
    assert (
        dry.status_code == 200
        and dry.json["state"] == "ok"
        and dry.json["dry_run"] is True
        and dry.json["batch_id"] is None
    )
    assert written() == before, "a dry run writes nothing"
    done = staff.post(f"/leads/{made.id}/actions/{name}", values[name])
    assert done.status_code == 200 and done.json["state"] == "ok", done.json
    assert written() != before


@pytest.mark.parametrize("name", sorted(LEADS.action_by_name))
def test_each_action_is_refused_to_those_who_may_not(api, actors, given, name):
    made, values = given
    before = written()
    url = f"/leads/{made.id}/actions/{name}"
    assert api("public").post(url, values[name]).status_code == 401
    assert api("teacher").post(url, values[name]).status_code == 403
    refused = api("staff2").post(url, values[name])
    assert (refused.status_code, refused.json["code"]) == (403, "not_allowed") and refused.json["message"]
    assert api("admin").post(f"/leads/{UNKNOWN}/actions/{name}", values[name]).status_code == 404
    assert api("admin").post(f"/leads/nonsense/actions/{name}", values[name]).status_code == 404
    assert written() == before


@pytest.mark.parametrize("name", [*sorted(action.name for action in LEADS.actions if action.bulk), "delete", "restore"])
def test_each_action_on_many_leads_has_an_outcome_for_each(api, actors, given, name):
    made, values = given
    foreign = lead(owner_id=actors.staff2.id)
    admin = name in {"delete", "restore"}
    caller = api("admin" if admin else "staff")
    if name == "restore":
        api("admin").post("/leads/actions/delete", {"ids": [str(made.id)]})
    body = {"ids": [str(made.id), str(foreign.id), UNKNOWN, str(made.id)], **values.get(name, {})}
    before = written()
    dry = caller.post(f"/leads/actions/{name}", body | {"dry_run": True})
    assert dry.status_code == 200, dry.json
    assert written() == before, "a dry run writes nothing"
    done = caller.post(f"/leads/actions/{name}", body)
    assert [each["id"] for each in done.json["outcomes"]] == [str(made.id), str(foreign.id), UNKNOWN]
    assert [each["state"] for each in done.json["outcomes"]] == [each["state"] for each in dry.json["outcomes"]], (
        "the preview told the truth"
    )
    states = [(each["state"], each["code"]) for each in done.json["outcomes"]]
    foreign_state = {"delete": ("ok", None), "restore": ("refused", "not_found")}.get(name, ("refused", "not_allowed"))
    assert states == [("ok", None), foreign_state, ("refused", "not_found")]
    assert (done.json["ok"], done.json["refused"]) == (
        [each["state"] for each in done.json["outcomes"]].count("ok"),
        len([each for each in done.json["outcomes"] if each["state"] == "refused"]),
    )
    assert written() != before


def test_all_that_match_a_list(api, actors):
    made = [lead(owner_id=actors.staff.id, area="Docks") for _each in range(3)] + [lead(owner_id=actors.staff.id)]
    body = {"matching": "f=area:is:Docks", "stage_id": str(stage("Contacted").id)}
    done = api("staff").post("/leads/actions/change_stage", body)
    assert {each["id"] for each in done.json["outcomes"]} == {str(each.id) for each in made[:3]} and done.json[
        "ok"
    ] == 3
    assert (
        api("staff").post("/leads/actions/change_stage", body | {"matching": "f=area:is:Nowhere"}).json["outcomes"]
        == []
    )
    refused = api("staff").post("/leads/actions/change_stage", body | {"matching": "f=nope:is:1"})
    assert refused.status_code == 422 and list(refused.json["fields"]) == ["matching"]
    assert api("staff").post("/leads/actions/change_stage", body | {"matching": "deleted=1"}).status_code == 403
    assert api("staff").post("/leads/actions/change_stage", body | {"ids": [str(made[0].id)]}).status_code == 422


@pytest.mark.parametrize(
    "ids", [None, [], "x", [1], ["x"], {}, [None], [["x"]], 5, ["0" * 32] * 10_001], ids=lambda ids: str(ids)[:20]
)
def test_ids_are_a_list_of_keys(api, ids):
    answer = api("admin").post("/leads/actions/change_stage", {"ids": ids, "stage_id": str(stage().id)})
    assert answer.status_code == 422 and list(answer.json["fields"]) == ["ids"], answer.json


def test_what_cannot_be_done(api, actors):
    made = lead()
    admin = api("admin")
    assert admin.post(f"/leads/{made.id}/actions/fly").status_code == 404
    assert admin.post("/leads/actions/fly", {"ids": [str(made.id)]}).status_code == 404
    assert admin.post("/leads/actions/merge", {"ids": [str(made.id)], "into_id": UNKNOWN}).status_code == 404, (
        "not in bulk"
    )
    assert admin.post(f"/leads/{made.id}/actions/change_stage", {"stage_id": UNKNOWN}).status_code == 422
    assert (
        admin.post(f"/leads/{made.id}/actions/change_stage", {"stage_id": str(stage().id), "dry_run": 1}).status_code
        == 422
    )
    assert admin.post(f"/leads/{made.id}/actions/assign_owner", {"owner_id": actors.teacher.id}).status_code == 422, (
        "no member of staff"
    )
    assert (
        admin.post(
            f"/leads/{made.id}/actions/move_follow_up", {"follow_up_date": str(school.today() - timedelta(days=1))}
        ).status_code
        == 422
    )
    assert admin("GET", f"/leads/{made.id}/actions/change_stage").status_code == 405


def test_undo(api, actors):
    made = [lead(), lead(stage_id=stage("Trial Scheduled").id)]
    body = {"ids": [str(each.id) for each in made], "stage_id": str(stage("Contacted").id)}
    batch = api("admin").post("/leads/actions/change_stage", body).json["batch_id"]
    assert api("admin2").post("/leads/actions/change_stage/undo", {"batch_id": batch}).status_code == 404, (
        "only one's own"
    )
    undone = api("admin").post("/leads/actions/change_stage/undo", {"batch_id": batch})
    assert undone.json["ok"] == 2
    assert dict(db.session.execute(select(Lead.id, Lead.stage_id)).all()) == {
        made[0].id: stage().id,
        made[1].id: stage("Trial Scheduled").id,
    }
    assert api("admin").post("/leads/actions/add_note/undo", {"batch_id": batch}).status_code == 404
    assert api("admin").post("/leads/actions/change_stage/undo", {"batch_id": "x"}).status_code == 422


def test_notes_contact_attempts_and_timeline(api, actors):
    made = lead(owner_id=actors.staff.id)
    staff = api("staff")
    note = staff.post(f"/leads/{made.id}/notes", {"body": "  Called.  "})
    assert note.status_code == 201 and note.json["body"] == "Called." and note.json["who"] == "Staff Tester"
    assert note.headers["Location"] == f"/api/v1/leads/{made.id}/notes"
    attempt = staff.post(
        f"/leads/{made.id}/contact-attempts", {"channel": "call", "outcome": "no_answer", "follow_up_date": DAY}
    )
    assert attempt.status_code == 201 and attempt.json["outcome"] == "no_answer"
    assert [each["id"] for each in staff.get(f"/leads/{made.id}/notes").json["items"]] == [note.json["id"]]
    assert [each["id"] for each in staff.get(f"/leads/{made.id}/contact-attempts").json["items"]] == [
        attempt.json["id"]
    ]
    assert {each["kind"] for each in staff.get(f"/leads/{made.id}/timeline").json["items"]} == {
        "note_added",
        "contact_attempted",
        "follow_up_changed",
    }
    assert staff.get(f"/leads/{made.id}").json["follow_up_date"] == DAY
    assert api("staff2").post(f"/leads/{made.id}/notes", {"body": "x"}).status_code == 403
    for body in ({}, {"body": ""}, {"body": "  "}, {"body": 1}, {"body": "x" * 10_001}):
        assert staff.post(f"/leads/{made.id}/notes", body).status_code == 422
    for path in (
        "notes?before=x",
        "timeline?before=x",
        "timeline?before=2026-01-01T00:00:00",
        "contact-attempts?before=1",
    ):
        assert staff.get(f"/leads/{made.id}/{path}").status_code == 422


def test_notes_are_paged(api, actors):
    made = lead(owner_id=actors.staff.id)
    db.session.add_all(LeadNote(lead_id=made.id, body=str(at)) for at in range(60))
    db.session.commit()
    first = api("staff").get(f"/leads/{made.id}/notes")
    second = api("staff").get(first.json["next"])
    assert (len(first.json["items"]), len(second.json["items"])) == (50, 10) and second.json["next"] is None
    assert len({each["id"] for each in first.json["items"] + second.json["items"]}) == 60
    assert 'rel="next"' in first.headers["Link"]


def test_tags(api, actors):
    made = lead(owner_id=actors.staff.id)
    staff = api("staff")
    tag = staff.post("/tags", {"name": "Choir"}).json
    for _twice in range(2):
        assert staff.put(f"/leads/{made.id}/tags/{tag['id']}").status_code == 204
    assert (
        staff.get(f"/leads/{made.id}/tags").json["items"]
        == [{"id": tag["id"], "name": "Choir"}]
        == staff.get(f"/leads/{made.id}").json["tags"]
    )
    assert api("staff2").put(f"/leads/{made.id}/tags/{tag['id']}").status_code == 403
    assert staff.put(f"/leads/{made.id}/tags/{UNKNOWN}").status_code == 422
    assert staff.delete(f"/leads/{made.id}/tags/{tag['id']}").status_code == 204
    assert staff.get(f"/leads/{made.id}/tags").json["items"] == []
    assert staff.delete(f"/tags/{tag['id']}").status_code == 403
    assert api("admin").delete(f"/tags/{tag['id']}").status_code == 204
    assert api("admin").delete(f"/tags/{tag['id']}").status_code == 404


def test_merge_and_unmerge(api, actors):
    gone, kept = lead(owner_id=actors.staff.id, area="Docks"), lead(owner_id=actors.staff.id)
    staff = api("staff")
    assert staff.get(f"/leads/{gone.id}/duplicates").json["items"] == []
    assert staff.post(f"/leads/{gone.id}/actions/merge", {"into_id": str(gone.id)}).status_code == 422
    assert staff.post(f"/leads/{gone.id}/actions/merge", {"into_id": str(kept.id)}).json["state"] == "ok"
    assert staff.get(f"/leads/{gone.id}").status_code == 404 and staff.get(f"/leads/{kept.id}").json["area"] == "Docks"
    assert api("admin").get(f"/leads/{gone.id}").json["merged_into_id"] == str(kept.id)
    assert api("admin").post(f"/leads/{gone.id}/restore").status_code == 403, "a merge is undone instead"
    assert api("staff2").post(f"/leads/{gone.id}/unmerge").status_code == 403
    assert staff.post(f"/leads/{gone.id}/unmerge").json["id"] == str(gone.id)
    assert staff.post(f"/leads/{kept.id}/unmerge").status_code == 404
    assert staff.get(f"/leads/{kept.id}").json["area"] is None


def test_notifications(api, actors):
    made = lead(owner_id=actors.staff.id)
    api("admin").post(f"/leads/{made.id}/actions/change_stage", {"stage_id": str(stage("Contacted").id)})
    staff = api("staff")
    [notice] = staff.get("/notifications?unread=1").json["items"]
    assert notice["type"] == NotificationType.LEAD_STAGE_CHANGED and staff.get("/me").json["unread"] == 1
    assert api("staff2").post("/notifications/read", {"ids": [notice["id"]]}).json == {"changed": 0}, (
        "others' are left alone"
    )
    assert staff.post("/notifications/read", {"ids": [notice["id"]]}).json == {"changed": 1}
    assert staff.get("/notifications?unread=1").json["items"] == [] and staff.post("/notifications/read-all").json == {
        "changed": 0
    }
    assert staff.get("/notifications?unread=x").status_code == 422 == staff.get("/notifications?before=x").status_code
