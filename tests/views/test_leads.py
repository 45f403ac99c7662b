"""The screens of leads: what a list says of its address, and the three views of the same leads."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from werkzeug.datastructures import MultiDict

from app.services import school
from app.services.leads import actions, merging, tags, unmerging
from app.services.phones import grouped
from tests.factories.leads import lead, stage

LEFT_OUT = "A filter of this address is not understood, and is left out."


@pytest.mark.parametrize(
    "wrong",
    ["f=nope:is:1", "f=age:is:many", "f=interest", "&".join(["f=area:is:North"] * 13)],
    ids=lambda raw: raw[:20],
)
def test_a_filter_that_is_not_understood_is_not_left_out_in_silence(client_of, db_session, wrong):
    lead()
    admin = client_of("admin")
    for url in ("/leads/", "/leads/board/"):
        assert LEFT_OUT in admin.get(f"{url}?{wrong}").text
        assert LEFT_OUT not in admin.get(f"{url}?f=area:is:North").text
    refused = admin.get(f"/leads/export.csv?{wrong}")
    assert refused.status_code == 422
    assert "A filter of this address is not understood." in refused.text


def test_the_note_goes_away_and_what_is_understood_stays(client_of, db_session):
    text = client_of("admin").get("/leads/?f=nope:is:1&f=area:is:North").text
    [away] = re.findall(rf'<span>{LEFT_OUT}</span><a href="([^"]+)"', text)
    assert away == "/leads/?f=area%3Ais%3ANorth"


def current(page: str, label: str) -> list[str]:
    """Which of a group of links is marked as the present one."""
    [group] = re.findall(rf'<nav class="seg" aria-label="{label}">(.*?)</nav>', page, re.S)
    return re.findall(r'aria-current="page">.*?<span>(.*?)</span>', group)


def test_one_sees_whose_follow_ups_are_shown(client_of, db_session):
    staff, admin = client_of("staff"), client_of("admin")
    assert current(staff.get("/leads/worklist/").text, "Whose follow-ups") == ["Mine"]
    assert current(staff.get("/leads/worklist/?whose=all").text, "Whose follow-ups") == ["Everyone&#39;s"]
    assert current(admin.get("/leads/worklist/").text, "Whose follow-ups") == ["Everyone&#39;s"]


@pytest.mark.parametrize(("here", "there"), [("/leads/", "/leads/board/"), ("/leads/board/", "/leads/")])
def test_the_other_view_shows_the_same_leads(client_of, db_session, here, there):
    text = client_of("admin").get(f"{here}?q=ann&f=source:is:ads&sort=-last_name&size=50&cols=name&after=x").text
    assert f'href="{there}?q=ann&amp;f=source%3Ais%3Aads"' in text
    assert 'href="/leads/worklist/"' in text, "which has neither search nor filters"


def test_the_board_has_no_deleted_leads(client_of, db_session, actors):
    """Whoever may restore them finds them in the list."""
    gone, live = lead(last_name="Gone"), lead(last_name="Live")
    actions.delete([gone.id], actor=actors.admin)
    for role in ("staff", "admin"):
        page = client_of(role).get("/leads/board/?deleted=1").text
        assert grouped(gone.phone) not in page and f"/leads/{gone.id}" not in page, role
        assert grouped(live.phone) in page, role


def test_all_that_match_has_deleted_leads_only_for_who_may_restore_them(client_of, db_session, actors):
    gone = lead(last_name="Gone")
    actions.delete([gone.id], actor=actors.admin)
    form = {"_all": "1", "_query": "deleted=1"}
    assert str(gone.id) not in client_of("staff").post("/leads/actions/change_stage", data=form).text
    answer = client_of("admin").post("/leads/restore", data=form | {"_stage": "do"})
    assert answer.status_code == 200
    db_session.refresh(gone)
    assert gone.deleted_at is None


def test_more_are_chosen_than_a_browser_may_send_one_by_one(client_of, db_session):
    """A dialog is sent as multipart, of which the framework takes at most a thousand parts."""
    first = lead()
    db_session.execute(
        text("""
            INSERT INTO leads (first_name, last_name, phone, stage_id, follow_up_date)
            SELECT 'Asha', 'Many', '+44771' || lpad(n::text, 7, '0'), stage_id, follow_up_date
            FROM leads, generate_series(1, 1200) n WHERE id = :id
        """),
        {"id": first.id},
    )
    db_session.commit()
    admin, url = client_of("admin"), "/leads/actions/change_stage"
    chosen = {"_all": "1", "_query": "", "_stage": "preview", "stage_id": str(stage("Contacted").id)}
    shown = admin.post(url, data=chosen, content_type="multipart/form-data").text
    [inside] = re.findall(r'<form method="post" action="/leads/actions/change_stage".*?</form>', shown, re.S)
    sent = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', inside)
    done = admin.post(url, data=MultiDict(sent), content_type="multipart/form-data")
    assert done.status_code == 200, done.text
    assert "<strong>1,201</strong> done" in done.text and "and 1,101 more" in done.text


def test_a_contact_is_logged_without_opening_a_menu(db_session, actors, client_of):
    page = client_of("staff").get(f"/leads/{lead(owner_id=actors.staff.id).id}").text
    assert 0 < page.index("/leads/actions/log_contact") < page.index("More actions")


def events_of(client, made) -> list[str]:
    """The entries of a lead's timeline, as they are written."""
    return re.findall(r'<li><span class="event-mark">.*?</li>', client.get(f"/leads/{made.id}").text, re.S)


def test_who_was_merged_is_named_and_given_back_from_the_lead_that_stays(client_of, db_session, actors):
    mine = {"owner_id": actors.staff.id}
    gone, kept = lead(first_name="Gone", phone="+442071838750", **mine), lead(first_name="Kept", **mine)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    staff, admin, undo = client_of("staff"), client_of("admin"), f'action="/leads/{gone.id}/unmerge"'
    [event] = events_of(staff, kept)
    assert f"{gone.name}, +44 20 7183 8750 became one with this lead." in event
    assert undo in event and "Undo the merge" in event
    assert f"Into {kept.name}, {grouped(kept.phone)}." in events_of(admin, gone)[0]
    [other] = events_of(client_of("staff2"), kept)
    assert "Only its owner or an admin" in other and undo not in other
    assert staff.post(f"/leads/{gone.id}/unmerge").status_code == 302
    undone, merged = events_of(staff, kept)
    assert f"The merge with {gone.name}, +44 20 7183 8750 was undone." in undone
    assert f"The merge with {kept.name}, {grouped(kept.phone)} was undone." in events_of(staff, gone)[0]
    assert gone.name in merged and undo not in merged


def test_a_merge_is_undone_where_it_stands(client_of, db_session, actors):
    """Once for each lead, also when it was merged twice; not at all where what took it over is gone itself."""
    gone, kept, last = lead(), lead(), lead()
    for _again in range(2):
        merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
        unmerging.undo_merge([gone.id], actor=actors.admin)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    admin, undo = client_of("admin"), f'action="/leads/{gone.id}/unmerge"'
    found = events_of(admin, kept)
    assert [undo in event for event in found] == [True, False, False, False, False]
    merging.merge([kept.id], actor=actors.admin, into_id=last.id)
    assert not any(undo in event for event in events_of(admin, kept))
    assert "was itself merged or deleted since" in events_of(admin, kept)[1]


def test_an_empty_list_offers_to_make_the_first_and_never_an_export(db_session, client_of):
    def offered(who, url):
        page = client_of(who).get(url).text
        box = page[page.index('class="empty"') :]
        return box[: box.index("</main>")]

    leads = offered("admin", "/leads/")
    assert "Add the first one, or import many from a file." in leads
    assert leads.index('href="/leads/new"') < leads.index('href="/lead-imports/new"')
    rooms = offered("admin", "/rooms/")
    assert "Add the first one: it will be listed here." in rooms
    assert 'href="/rooms/new"' in rooms
    for who, url in (("teacher", "/leads/"), ("exam_officer", "/allocation-runs/"), ("admin", "/attendance/")):
        box = offered(who, url)
        assert "When there are some, they will be listed here." in box
        assert "<a " not in box
    for box in (leads, rooms):
        assert "/export.csv" not in box


def form_of(page: str) -> dict[str, str]:
    """What a browser sends of a form in which nothing was typed."""
    fields = {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(r'<input [^>]*?name="([^"]+)"[^>]*? value="([^"]*)"', page)
    }
    chosen = re.findall(r'<select [^>]*?name="([^"]+)".*?<option value="([^"]*)" selected', page, re.S)
    return fields | dict(chosen)


def test_a_moment_that_nobody_touched_stays_as_it_is(db_session, client_of, monkeypatch):
    """The second of the two hours, and its seconds, are not in the form."""
    second = datetime(2026, 10, 25, 1, 30, 15, tzinfo=UTC)
    made = lead(next_follow_up_at=second)
    zone = ZoneInfo("Europe/London")
    monkeypatch.setattr("app.views.forms.get_timezone", lambda: zone)
    admin = client_of("admin")
    form = form_of(admin.get(f"/leads/{made.id}/edit").text)
    assert form["next_follow_up_at"] == "2026-10-25T01:30"
    typed = datetime(2026, 10, 25, 3, tzinfo=UTC)
    for change, then in (({"area": "North"}, second), ({"next_follow_up_at": "2026-10-25T03:00"}, typed)):
        form = form_of(admin.get(f"/leads/{made.id}/edit").text) | change
        assert admin.post(f"/leads/{made.id}/edit", data=form).status_code == 302
        db_session.refresh(made)
        assert (made.area, made.next_follow_up_at) == ("North", then)


def test_a_deletion_leads_back_for_who_may_restore(db_session, actors, client_of):
    made = [lead() for _ in range(2)]
    ids = ",".join(str(each.id) for each in made)
    answer = client_of("admin").post("/leads/delete", data={"id": ids, "_stage": "do"}, headers={"X-Fragment": "1"})
    [back] = re.findall(r'action="(/leads/restore\?[^"]+)"', answer.text)
    assert html.unescape(back) == f"/leads/restore?now=1&id={ids}"
    for client, status in ((client_of("staff"), 403), (client_of("admin"), 200)):
        assert client.post(html.unescape(back)).status_code == status
    db_session.expire_all()
    assert not any(each.deleted_at for each in made), "at once: what was done a moment ago is not asked about"
    actions.delete([each.id for each in made], actor=actors.admin)
    assert "<strong>2</strong> will change" in client_of("admin").get(html.unescape(back)).text, "a link does nothing"
    db_session.expire_all()
    assert all(each.deleted_at for each in made)


@pytest.mark.parametrize("name", ["\u200b", "\u2060\u200d", "\u00ad", "\u3000", "\u3164", "\u2800"])
def test_a_name_of_which_nothing_is_seen_is_none(db_session, client_of, name):
    form = form_of(client_of("admin").get("/leads/new").text) | {
        "first_name": name,
        "last_name": "B",
        "phone": "+442079460018",
    }
    answer = client_of("admin").post("/leads/new", data=form)
    assert answer.status_code == 422 and "This field is required." in answer.text


@pytest.mark.parametrize(("action", "field"), [("assign_owner", "owner_id"), ("assign_teacher", "assigned_teacher_id")])
def test_several_leads_are_taken_from_whoever_has_them(db_session, actors, client_of, action, field):
    """That they are to be nobody's is sent on from the preview."""
    made = [lead(owner_id=actors.staff.id, assigned_teacher_id=actors.teacher.id) for _ in range(2)]
    admin, url = client_of("admin"), f"/leads/actions/{action}"
    form = {"id": ",".join(str(each.id) for each in made), field: "", "_stage": "preview"}
    preview = admin.post(url, data=form).text
    assert "<strong>2</strong> will change" in preview
    assert "<strong>2</strong> done" in admin.post(url, data={"id": form["id"]} | form_of(preview)).text
    for each in made:
        db_session.refresh(each)
        assert getattr(each, field) is None


def test_of_two_merges_the_page_offers_to_undo_the_last(db_session, client_of, actors):
    kept, early, late = lead(), lead(first_name="Early"), lead(first_name="Late", last_name="Comer")
    for each in (early, late):
        merging.merge([each.id], actor=actors.admin, into_id=kept.id)
    admin = client_of("admin")
    page = admin.get(f"/leads/{kept.id}").text
    assert re.findall(r"/leads/([0-9a-f-]{36})/unmerge", page) == [str(late.id)]
    assert (
        "Late Comer was merged into the same lead later: undo that merge first." in admin.get(f"/leads/{early.id}").text
    )


def test_the_timeline_tells_only_what_became_another(db_session, client_of, actors):
    """A new day of a follow-up that was open, and is."""
    made = lead()
    day = school.today() + timedelta(days=20)
    actions.move_follow_up([made.id], actor=actors.admin, follow_up_date=day)
    shown = client_of("admin").get(f"/leads/{made.id}").text.partition('class="card timeline')[2]
    assert shown.count("Follow-up changed") == 1 and "Follow-up status" not in shown


def test_what_is_done_is_told_as_done(db_session, client_of):
    """And what there was not to do is not."""
    form = {"id": str(lead().id), "_stage": "do"}
    for title in ("Follow-up done: done</h1>", "Follow-up done</h1>"):
        assert f">{title}" in client_of("admin").post("/leads/actions/finish_follow_up", data=form).text


def test_the_preview_says_what_was_chosen(db_session, actors, client_of):
    ids = ",".join(str(lead().id) for _ in range(2))
    admin, chosen = client_of("admin"), stage("Contacted")
    choir = tags.create({"name": "Choir"}, actor=actors.admin)
    for action, values, said in (
        ("change_stage", {"stage_id": str(chosen.id)}, "Stage: Contacted"),
        ("move_follow_up", {"follow_up_date": "2099-03-31"}, "Follow-up: Mar 31, 2099"),
        ("log_contact", {"channel": "call", "outcome": "reached"}, "Channel: Call · Outcome: Reached"),
        ("tag", {"tag_id": str(choir.id), "remove": "1"}, "Tag: Choir · Take it off: Yes"),
    ):
        page = admin.post(f"/leads/actions/{action}", data={"id": ids, "_stage": "preview"} | values).text
        assert re.search(r'class="lead">([^<]+)<', page)[1] == said


def test_the_preview_tells_records_of_the_same_name_apart_and_how_they_are_now(db_session, actors, client_of):
    first, second = lead(owner_id=actors.staff.id), lead()
    actions.change_stage([second.id], actor=actors.admin, stage_id=stage("Contacted").id)
    form = {"id": f"{first.id},{second.id}", "_stage": "preview", "stage_id": str(stage("Trial Scheduled").id)}
    page = client_of("admin").post("/leads/actions/change_stage", data=form).text
    told = re.findall(r'class="muted told">([^<]+)<', page)
    assert any(each.startswith(f"{grouped(first.phone)} · New · Staff Tester") for each in told)
    assert any(each.startswith(f"{grouped(second.phone)} · Contacted") for each in told) and len(told) == 2
    deletion = {"id": str(first.id), "_stage": "do"}
    assert client_of("admin").post("/leads/delete", data=deletion).status_code == 200
    assert grouped(first.phone) in client_of("admin").get(f"/leads/restore?id={first.id}").text


def test_a_merge_is_previewed_and_does_not_offer_the_lead_itself(db_session, actors, client_of):
    gone = lead(first_name="Same", email="a@b.example", owner_id=actors.staff.id)
    kept = lead(first_name="Same", owner_id=actors.staff.id)
    actions.add_note([gone.id], actor=actors.staff, body="x")
    staff, url = client_of("staff"), f"/leads/actions/merge?id={gone.id}"
    [lookup] = re.findall(r'data-combo="(/lookups/leads\?but=[^"]+)"', staff.get(url).text)
    assert [each["id"] for each in staff.get(f"{lookup}&q=same").json["results"]] == [str(kept.id)]
    assert len(staff.get("/lookups/leads?but=nonsense&q=same").json["results"]) == 2
    page = staff.post(url, data={"id": str(gone.id), "_stage": "preview", "into_id": str(kept.id)}).text
    assert (
        f"merged into Same {kept.last_name}, {grouped(kept.phone)}. Moved there: Notes 1. Filled there: E-mail" in page
    )
    db_session.refresh(gone)
    assert gone.merged_into_id is None
    assert staff.post(url, data=form_of(page)).status_code == 200
    db_session.refresh(gone)
    assert gone.merged_into_id == kept.id


def test_a_stage_that_is_no_more_is_chosen_anew(db_session, client_of):
    """No other one is sent that nobody chose."""
    made = lead()
    sent = {"id": str(made.id), "_stage": "do", "stage_id": str(uuid4())}
    answer = client_of("admin").post("/leads/actions/change_stage", data=sent)
    assert answer.status_code == 422
    [choices] = re.findall(r'<select[^>]*name="stage_id".*?</select>', answer.text, re.S)
    first = re.search(r"<option[^>]*>", choices)
    assert first is not None and 'value=""' in first[0]
