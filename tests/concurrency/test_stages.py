"""Races around stages. Each is run with the locks off first of all, to show that it is one."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.models.leads import LeadEvent
from app.services import transaction
from app.services.errors import Conflict, Invalid
from app.services.leads import actions, records, stages
from tests.concurrency.racing import Meeting, actor, count, meet_after, race, refusals
from tests.factories.leads import lead, stage

ACTIVE = "SELECT count(*) FROM lead_stages WHERE active"


def only(*names: str) -> list:
    """These stages alone are active; returns their ids."""
    db.session.execute(text("UPDATE lead_stages SET active = name = ANY(:names)"), {"names": list(names)})
    db.session.commit()
    return [stage(name).id for name in names]


def test_two_admins_switch_off_the_last_two_stages(arena, monkeypatch, locked):
    first, second = only("New", "Contacted")
    one, two = actor("admin"), actor("admin2")
    meet_after(monkeypatch, stages, "_lock_all")
    results = race(
        arena,
        lambda: stages.update(first, {"active": False}, actor=one),
        lambda: stages.update(second, {"active": False}, actor=two),
    )
    if not locked:
        assert count(ACTIVE) == 0, "the fault that the lock is there for"
        return
    assert count(ACTIVE) == 1
    [refused] = refusals(results)
    assert isinstance(refused, Invalid)
    assert "active" in refused.fields


def test_two_admins_delete_the_last_two_stages(arena, monkeypatch, locked):
    first, second = only("New", "Contacted")
    one, two = actor("admin"), actor("admin2")
    meet_after(monkeypatch, stages, "_lock_all")
    results = race(arena, lambda: stages.delete([first], actor=one), lambda: stages.delete([second], actor=two))
    if not locked:
        assert count(ACTIVE) == 0
        return
    assert count(ACTIVE) == 1
    [refused] = refusals(results)
    assert isinstance(refused, Conflict)
    assert "last active stage" in str(refused)


def test_a_stage_is_deleted_while_leads_move_into_it(arena, monkeypatch, locked):
    """The mover has seen the stage, the deleter comes, the mover goes on: the leads are moved on to the
    fallback. Without the lock the database refuses one of the two, in words that help nobody."""
    ids = [lead().id for _ in range(5)]
    target, fallback = stage("Contacted").id, stage("New").id
    one, two = actor("admin"), actor("admin2")
    seen, deleted = Meeting(), Meeting()
    meet_after(monkeypatch, actions, "active_stage", seen)
    mark = actions._set

    def later(*args, **kwargs):
        deleted.wait()
        return mark(*args, **kwargs)

    monkeypatch.setattr(actions, "_set", later)

    def delete():
        seen.wait()
        try:
            return stages.delete([target], actor=two, fallback_id=fallback)
        finally:
            deleted.wait()

    results = race(arena, lambda: actions.change_stage(ids, actor=one, stage_id=target), delete)
    if not locked:
        assert [refused for refused in refusals(results) if not refused.fields], "no refusal by a foreign key"
        return
    assert refusals(results) == []
    assert count("SELECT count(*) FROM leads WHERE stage_id = :id", id=fallback) == 5
    moved = count("SELECT count(*) FROM lead_audit_events WHERE type = 'stage_changed'")
    assert moved == 10, "there, and on to the fallback"


def test_a_lead_is_edited_while_its_stage_goes(arena, monkeypatch):
    """One has the lead and wants a stage, the other the reverse. The database breaks the deadlock, one
    transaction is tried again, and nobody is told."""
    going, chosen, fallback = stage("Contacted").id, stage("Trial Scheduled").id, stage("New").id
    made = lead(stage_id=going).id
    one, two = actor("admin"), actor("admin2")
    both = Meeting(patience=2)
    meet_after(monkeypatch, records, "lock", both)
    meet_after(monkeypatch, stages, "_lock_all", both)
    tries = []
    monkeypatch.setattr(transaction.time, "sleep", lambda _seconds: tries.append(1))
    results = race(
        arena,
        lambda: records.update(made, {"stage_id": chosen}, actor=one),
        lambda: stages.delete([going], actor=two, fallback_id=fallback),
    )
    assert refusals(results) == []
    assert tries, "the deadlock did not happen: the test proves nothing"
    assert count("SELECT count(*) FROM leads WHERE stage_id = :id", id=chosen) == 1
    assert count("SELECT count(*) FROM lead_stages WHERE id = :id", id=going) == 0


def test_thirty_two_move_the_same_leads_and_each_move_is_told_once(arena, monkeypatch, locked):
    ids = [lead(owner_id=actor("staff").id).id for _ in range(3)]
    target, admin = stage("Contacted").id, actor("admin")
    original, together = actions._set, Meeting(4)

    def together_then(*args, **kwargs):
        together.wait()
        return original(*args, **kwargs)

    monkeypatch.setattr(actions, "_set", together_then)
    race(arena, *[lambda: actions.change_stage(ids, actor=admin, stage_id=target)] * (32 if locked else 8))
    events = count("SELECT count(*) FROM lead_audit_events WHERE type = :type", type=LeadEvent.STAGE_CHANGED.value)
    if not locked:
        assert events > 3, "several believed that they moved the lead"
        return
    assert events == 3
    assert count("SELECT count(*) FROM notifications WHERE type = 'lead_stage_changed'") == 3
    assert count("SELECT count(*) FROM row_history WHERE table_name = 'leads' AND operation = 'update'") == 3


def test_two_add_a_stage_with_one_name(arena):
    admin = actor("admin")
    results = race(arena, *[lambda: stages.create({"name": "Waiting"}, actor=admin)] * 4)
    told = refusals(results)
    assert len(told) == 3
    assert all(isinstance(each, Conflict) and str(each.fields["name"][0]) for each in told)
    assert count("SELECT count(*) FROM lead_stages WHERE name = 'Waiting'") == 1
