"""Two leads that are one person."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.extensions import db
from app.models.leads import (
    ContactChannel,
    ContactOutcome,
    FollowUpStatus,
    LeadAuditEvent,
    LeadContactAttempt,
    LeadNote,
    Tag,
    lead_tags,
)
from app.services import school
from app.services.admissions import actions as admission_actions
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.leads import actions, merging, unmerging
from tests.factories.admissions import admission
from tests.factories.classroom import School
from tests.factories.courses import course, slot
from tests.factories.leads import lead, stage


@pytest.fixture
def pair(db_session, actors):
    """One with notes, attempts and tags, and one that shares a tag with it."""
    gone, kept = lead(email="a@b.example", area="North", interest="Piano"), lead(area="South")
    tags = [Tag(name=name) for name in ("both", "only")]
    db.session.add_all([*tags, LeadNote(lead_id=gone.id, body="one"), LeadNote(lead_id=kept.id, body="two")])
    db.session.commit()
    both, only = tags
    actions.tag([gone.id, kept.id], actor=actors.admin, tag_id=both.id)
    actions.tag([gone.id], actor=actors.admin, tag_id=only.id)
    for made in (gone, gone, kept):
        actions.log_contact([made.id], actor=actors.admin, channel=ContactChannel.CALL, outcome=ContactOutcome.REACHED)
    return gone, kept


def content(made):
    db.session.refresh(made)
    tags = (
        db.session.query(Tag.name).join(lead_tags, lead_tags.c.tag_id == Tag.id).filter(lead_tags.c.lead_id == made.id)
    )
    return {
        "notes": sorted(row.body for row in db.session.query(LeadNote.body).filter_by(lead_id=made.id)),
        "attempts": db.session.query(LeadContactAttempt).filter_by(lead_id=made.id).count(),
        "counted": made.contact_attempts,
        "tags": sorted(row.name for row in tags),
        "email": made.email,
        "area": made.area,
        "interest": made.interest,
        "live": made.deleted_at is None,
    }


def test_everything_is_with_the_one_that_stays(pair, actors):
    gone, kept = pair
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert content(kept) == {
        "notes": ["one", "two"],
        "attempts": 3,
        "counted": 3,
        "tags": ["both", "only"],
        "email": "a@b.example",
        "area": "South",
        "interest": "Piano",
        "live": True,
    }
    db.session.refresh(gone)
    assert (gone.merged_into_id, gone.deleted_by_id) == (kept.id, actors.admin.id)
    assert gone.deleted_at is not None


def test_undoing_gives_each_its_own_back(pair, actors):
    gone, kept = pair
    before = content(gone), content(kept)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert (content(gone), content(kept)) == before


def test_undoing_leaves_what_was_changed_since(pair, actors):
    gone, kept = pair
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    kept.interest = "Violin"
    actions.add_note([kept.id], actor=actors.admin, body="after")
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert content(kept)["interest"] == "Violin"
    assert content(kept)["notes"] == ["after", "two"]
    assert content(kept)["email"] is None


def test_who_may_merge(pair, actors):
    gone, kept = pair
    with pytest.raises(NotAllowed):
        merging.merge([gone.id], actor=actors.staff, into_id=kept.id)
    with pytest.raises(NotFound):
        merging.merge([gone.id], actor=actors.teacher, into_id=kept.id)
    actions.assign_owner([gone.id], actor=actors.admin, owner_id=actors.staff.id)
    with pytest.raises(NotAllowed):
        merging.merge([gone.id], actor=actors.staff, into_id=kept.id)
    actions.assign_owner([kept.id], actor=actors.admin, owner_id=actors.staff.id)
    merging.merge([gone.id], actor=actors.staff, into_id=kept.id)


def test_what_cannot_be_merged(pair, actors):
    gone, kept = pair
    with pytest.raises(Invalid):
        merging.merge([gone.id], actor=actors.admin, into_id=gone.id)
    with pytest.raises(Invalid):
        merging.merge([gone.id, lead().id], actor=actors.admin, into_id=kept.id)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    with pytest.raises(NotFound):
        merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    with pytest.raises(NotFound):
        merging.merge([lead().id], actor=actors.admin, into_id=gone.id)
    restored = actions.restore([gone.id], actor=actors.admin)
    assert restored.outcomes[0].state == "refused", "only undoing the merge brings it back"
    deleted = lead()
    actions.delete([deleted.id], actor=actors.admin)
    with pytest.raises(WrongState):
        unmerging.undo_merge([deleted.id], actor=actors.admin)


def test_through_the_screens(pair, actors, client_of):
    gone, kept = pair
    admin = client_of("admin")
    form = {"id": str(gone.id), "into_id": str(kept.id), "_stage": "do"}
    assert admin.post("/leads/actions/merge", data=form).status_code == 200
    assert not content(gone)["live"]
    assert "Undo the merge" in admin.get(f"/leads/{gone.id}").text
    assert admin.post(f"/leads/{gone.id}/unmerge").status_code == 302
    assert content(gone)["live"]


def test_one_goes_on_at_the_lead_that_stays(db_session, actors, client_of):
    """Who may not restore has no page of the merged lead: it and the answer lead to the other one, and can be undone."""
    gone, kept = (lead(owner_id=actors.staff.id) for _ in range(2))
    staff, other = client_of("staff"), client_of("staff2")
    form = {"id": str(gone.id), "into_id": str(kept.id), "_stage": "do"}
    answer = staff.post("/leads/actions/merge", data=form, headers={"X-Fragment": "1"})
    assert f'data-to="/leads/{kept.id}"' in answer.text
    assert f'href="/leads/{gone.id}"' not in answer.text
    undo = re.search(r'data-undo="([^"]+)"', answer.text)[1].replace("&amp;", "&")
    assert staff.get(f"/leads/{gone.id}").headers["Location"] == f"/leads/{kept.id}"
    assert other.post(undo).status_code == 404, "the batch of somebody else"
    assert staff.post(undo).status_code == 200
    assert content(gone)["live"]
    assert staff.get(f"/leads/{gone.id}").status_code == 200
    assert staff.post(undo).status_code == 404, "it was taken back already"


@pytest.mark.parametrize("what", ["merged", "deleted"])
def test_a_merge_into_one_that_is_gone_by_now_is_undone_after_that_one_is_back(pair, actors, client_of, what):
    first, second = pair
    merging.merge([first.id], actor=actors.admin, into_id=second.id)
    if what == "merged":
        merging.merge([second.id], actor=actors.admin, into_id=lead().id)
    else:
        actions.delete([second.id], actor=actors.admin)
    with pytest.raises(WrongState, match=f"{second.name} was itself merged or deleted"):
        unmerging.undo_merge([first.id], actor=actors.admin)
    admin = client_of("admin")
    assert admin.post(f"/leads/{first.id}/unmerge").status_code == 409
    assert "was itself merged or deleted since" in admin.get(f"/leads/{first.id}").text, (
        "the button is grey, and says why"
    )
    if what == "merged":
        unmerging.undo_merge([second.id], actor=actors.admin)
    else:
        actions.restore([second.id], actor=actors.admin)
    assert "was itself merged or deleted since" not in admin.get(f"/leads/{first.id}").text
    unmerging.undo_merge([first.id], actor=actors.admin)
    assert content(first)["live"] and content(second)["live"]


def test_only_a_merge_is_taken_back_as_one(pair, actors):
    gone, kept = pair
    noted = actions.add_note([kept.id], actor=actors.admin, body="no merge")
    with pytest.raises(NotFound):
        unmerging.undo(noted.batch_id, actor=actors.admin)
    done = merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    unmerging.undo(done.batch_id, actor=actors.admin)
    assert content(gone)["live"]


@pytest.fixture
def admitted(db_session, actors):
    """One who was admitted, with the admission, and one who is new."""
    taught = slot(course([actors.teacher.id]), actors.teacher.id, 1, "16:00", capacity=8)
    gone, kept = lead(), lead()
    return gone, kept, admission([taught], actor=actors.admin, lead_id=gone.id)


def standing(made):
    db.session.refresh(made)
    return made.stage_id == stage("Onboarded").id, made.follow_up_status.value


def test_who_takes_over_an_admission_is_onboarded(admitted, actors):
    gone, kept, _made = admitted
    assert standing(kept) == (False, "open")
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert standing(kept) == (True, "done")
    told = db.session.query(LeadAuditEvent.type).filter_by(lead_id=kept.id)
    assert {row.type.value for row in told} == {"merged", "stage_changed", "follow_up_changed"}
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert standing(gone) == (True, "done")
    assert standing(kept) == (False, "open")
    assert kept.stage_id == stage("New").id


def test_an_admission_that_was_cancelled_onboards_nobody(admitted, actors):
    gone, kept, made = admitted
    admission_actions.cancel([made.id], actor=actors.admin)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert standing(kept) == (False, "open")
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert standing(kept) == (False, "open")


def test_who_goes_without_an_admission_onboards_nobody(admitted, actors):
    admitted_lead, other, _made = admitted
    merging.merge([other.id], actor=actors.admin, into_id=admitted_lead.id)
    assert standing(admitted_lead) == (True, "done")
    unmerging.undo_merge([other.id], actor=actors.admin)
    assert standing(admitted_lead) == (True, "done")


def test_undoing_leaves_the_stage_that_was_chosen_since(admitted, actors):
    gone, kept, _made = admitted
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    actions.change_stage([kept.id], actor=actors.admin, stage_id=stage("Contacted").id)
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert standing(kept) == (False, "open")
    assert kept.stage_id == stage("Contacted").id


def test_undoing_leaves_who_was_admitted_since_onboarded(admitted, actors):
    gone, kept, _made = admitted
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    teacher = actors.teacher2.id
    admission([slot(course([teacher]), teacher, 3, "16:00", capacity=8)], actor=actors.admin, lead_id=kept.id)
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert standing(kept) == (True, "done")


def test_undoing_leaves_no_stage_that_is_out_of_use(admitted, actors):
    gone, kept, _made = admitted
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    stage("New").active = False
    db.session.commit()
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert standing(kept) == (True, "open")


def follow_up(made):
    db.session.refresh(made)
    return made.follow_up_status.value, (made.follow_up_date - school.today()).days


@pytest.mark.parametrize(
    ("goes", "stays", "then"),
    [
        (("open", 0), ("done", 3), ("open", 0)),
        (("open", 0), ("open", 3), ("open", 0)),
        (("open", 3), ("open", 0), ("open", 0)),
        (("done", 0), ("open", 3), ("open", 3)),
        (("done", 0), ("done", 3), ("done", 3)),
    ],
)
def test_the_earlier_open_follow_up_is_not_lost(db_session, actors, goes, stays, then):
    gone, kept = (
        lead(follow_up_status=FollowUpStatus(status), follow_up_date=school.today() + timedelta(days=days))
        for status, days in (goes, stays)
    )
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert follow_up(kept) == then
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert (follow_up(gone), follow_up(kept)) == (goes, stays)


def test_a_follow_up_that_was_changed_since_the_merge_stays(db_session, actors):
    gone = lead(follow_up_date=school.today())
    kept = lead(follow_up_status=FollowUpStatus.DONE)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    actions.move_follow_up([kept.id], actor=actors.admin, follow_up_date=school.today() + timedelta(days=9))
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert follow_up(kept) == ("open", 9)


def test_who_is_admitted_takes_no_follow_up(db_session, actors):
    gone, kept = lead(follow_up_date=school.today()), lead()
    School(actors.admin).admit(lead_id=kept.id)
    before = follow_up(kept)
    assert before[0] == "done"
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert follow_up(kept) == before


@pytest.mark.parametrize(
    ("goes", "stays", "said"),
    [
        ({}, {"follow_up_status": FollowUpStatus.DONE, "follow_up_date": -9}, "Its follow-up goes on there"),
        ({"follow_up_date": 1}, {"follow_up_date": 2}, "Its follow-up stays, as it is earlier"),
        ({"last_contacted_on": 0}, {"last_contacted_on": -3}, "Replaced there: Last contacted"),
        ({"last_contacted_on": 0}, {}, "Filled there: Last contacted"),
    ],
)
def test_a_merge_says_what_it_does(db_session, actors, goes, stays, said):
    days = [
        {name: school.today() + timedelta(days=each) if isinstance(each, int) else each for name, each in given.items()}
        for given in (goes, stays)
    ]
    gone, kept = (lead(email=None, interest=None, **given) for given in days)
    [done] = merging.merge([gone.id], actor=actors.admin, into_id=kept.id).outcomes
    assert str(done.message).split(". ")[1:] == [said]


def test_a_merge_says_that_who_stays_is_onboarded(admitted, actors):
    gone, kept, _made = admitted
    [done] = merging.merge([gone.id], actor=actors.admin, into_id=kept.id).outcomes
    assert str(done.message).endswith("Admissions 1. Who stays is onboarded, and has no open follow-up any more")
