"""Races around leads: merges, bulk actions, counters."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.leads import ContactChannel, ContactOutcome, Lead
from app.services import transaction
from app.services.admissions import people
from app.services.errors import Busy, NotFound, refusal_from
from app.services.leads import actions, board, merging, records, undo, unmerging
from tests.concurrency.racing import Meeting, actor, count, meet_after, race, refusals
from tests.factories.classroom import School
from tests.factories.leads import lead, stage


def test_two_leads_are_merged_into_each_other(arena, monkeypatch, locked):
    """Without the lock both disappear: each is merged into one that is gone."""
    first, second = lead().id, lead().id
    one, two = actor("admin"), actor("admin2")
    meet_after(monkeypatch, merging, "lock_many")
    results = race(
        arena,
        lambda: merging.merge([first], actor=one, into_id=second),
        lambda: merging.merge([second], actor=two, into_id=first),
    )
    live = count("SELECT count(*) FROM leads WHERE deleted_at IS NULL")
    if not locked:
        assert live == 0
        return
    assert live == 1
    [refused] = refusals(results)
    assert isinstance(refused, NotFound)
    assert count("SELECT count(*) FROM lead_audit_events WHERE type = 'merged'") == 2


def test_a_merge_is_taken_back_by_two(arena, monkeypatch, locked):
    admin = actor("admin")
    gone, kept = lead().id, lead(contact_attempts=1).id
    merging.merge([gone], actor=admin, into_id=kept)
    db.session.remove()
    meet_after(monkeypatch, unmerging, "lock", Meeting(2))
    results = race(arena, *[lambda: unmerging.undo_merge([gone], actor=admin)] * 2)
    restored = count("SELECT count(*) FROM lead_audit_events WHERE type = 'restored' AND lead_id = :id", id=gone)
    if not locked:
        assert restored == 2
        return
    assert restored == 1
    assert [type(each) for each in refusals(results)] == [NotFound]


def test_a_card_is_moved_by_two(arena, monkeypatch, locked):
    """Without the lock both were there first, and the second one overwrites the first."""
    made, seen = lead().id, stage("New").id
    targets = [stage("Contacted").id, stage("Trial Scheduled").id]
    people = [actor("admin"), actor("admin2")]
    db.session.remove()
    meet_after(monkeypatch, board, "lock")
    results = race(
        arena,
        *[
            partial(board.move, made, actor=who, stage_id=target, seen_in=seen)
            for who, target in zip(people, targets, strict=True)
        ],
    )
    refused = refusals(results)
    assert count("SELECT count(*) FROM lead_audit_events WHERE type = 'stage_changed'") == 2 - len(refused)
    assert [type(each) for each in refused] == ([board.Moved] if locked else [])


def test_every_contact_attempt_counts(arena):
    admin, made = actor("admin"), lead().id
    attempt = {"channel": ContactChannel.CALL, "outcome": ContactOutcome.NO_ANSWER}
    race(arena, *[lambda: actions.log_contact([made], actor=admin, **attempt)] * 32)
    assert count("SELECT contact_attempts FROM leads WHERE id = :id", id=made) == 32
    assert count("SELECT count(*) FROM lead_contact_attempts") == 32


def test_a_counter_that_is_read_and_written_back_loses_attempts(arena, monkeypatch):
    """Why the counter is raised by the database: the same with the old value from Python."""
    take_off = Meeting(4)
    admin, made = actor("admin"), lead().id

    def log_contact() -> None:
        seen = db.session.scalar(text("SELECT contact_attempts FROM leads WHERE id = :id"), {"id": made})
        take_off.wait()
        actions._set([Lead(id=made)], contact_attempts=seen + 1)

    written = transaction.transactional(lambda *, actor: log_contact())
    race(arena, *[lambda: written(actor=admin)] * 4)
    assert count("SELECT contact_attempts FROM leads WHERE id = :id", id=made) < 4


def retries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The deadlocks and conflicts that transactions met."""
    met: list[str] = []
    monkeypatch.setattr(transaction.time, "sleep", lambda _seconds: met.append("retried"))
    return met


def test_bulk_actions_in_opposite_order_never_deadlock(arena, monkeypatch):
    ids = [lead().id for _ in range(12)]
    admin, other = actor("admin"), actor("admin2")
    stages = [stage("Contacted").id, stage("New").id]
    met = retries(monkeypatch)
    for turn in range(4):
        there, back = stages[turn % 2], stages[1 - turn % 2]
        results = race(
            arena,
            partial(actions.change_stage, ids, actor=admin, stage_id=there),
            partial(actions.change_stage, ids[::-1], actor=other, stage_id=back),
            lambda: actions.add_note(ids[3:][::-1], actor=admin, body="one"),
            lambda: actions.add_note(ids[:9], actor=other, body="two"),
            lambda: actions.finish_follow_up(ids[::2][::-1], actor=admin),
            lambda: actions.assign_owner(ids[::3], actor=other, owner_id=admin.id),
        )
        assert refusals(results) == []
    assert met == []


def test_locking_in_the_order_given_would_deadlock(arena):
    """The race that sorting is there for: one by one, in the order of the form."""
    ids = [lead().id for _ in range(2)]
    between = threading.Barrier(2)

    @transaction.transactional
    def unsorted(order: list[UUID]) -> None:
        for place, key in enumerate(order):
            db.session.execute(text("SELECT FROM leads WHERE id = :id FOR NO KEY UPDATE"), {"id": key})
            if place == 0 and not between.broken:
                with suppress(threading.BrokenBarrierError):
                    between.wait(5)

    before = transaction.MOST_TRIES
    transaction.MOST_TRIES = 1
    try:
        results = race(arena, lambda: unsorted(ids), lambda: unsorted(ids[::-1]))
    finally:
        transaction.MOST_TRIES = before
    [refused] = refusals(results)
    assert isinstance(refused, Busy)
    assert refused.__cause__.orig.sqlstate == "40P01"
    assert isinstance(refusal_from(refused.__cause__), Busy)


def test_a_change_is_undone_by_two(arena, monkeypatch, locked):
    admin, made = actor("admin"), lead().id
    done = actions.change_stage([made], actor=admin, stage_id=stage("Contacted").id)
    db.session.remove()
    from app.services.leads import batch

    meeting = Meeting(2)
    outcome = batch.uuid4
    monkeypatch.setattr(batch, "uuid4", lambda: (meeting.wait(), outcome())[1])
    race(arena, *[lambda: undo.undo(done.batch_id, actor=admin)] * 2)
    events = count("SELECT count(*) FROM lead_audit_events WHERE type = 'stage_changed'")
    assert events == (2 if locked else 3), "the change and one undoing"


def test_a_lead_is_admitted_while_its_stage_is_taken_back(arena, monkeypatch, locked):
    """Without the lock the undoing does not see the admission, which finds the lead in the final stage still."""
    admin, made = actor("admin"), lead().id
    place = School(admin, username="teacher" if locked else "teacher2")  # both runs share a database
    done = actions.change_stage([made], actor=admin, stage_id=stage("Onboarded").id)
    db.session.remove()
    from app.services.leads import batch

    meeting = Meeting(2)
    outcome = batch.uuid4
    monkeypatch.setattr(batch, "uuid4", lambda: (meeting.wait(), outcome())[1])
    meet_after(monkeypatch, people, "_onboarded", meeting)
    race(
        arena,
        lambda: undo.undo(done.batch_id, actor=admin),
        lambda: place.admit(lead_id=made),
    )
    final = count(
        "SELECT count(*) FROM leads l JOIN lead_stages s ON s.id = l.stage_id WHERE l.id = :id AND s.is_onboarded",
        id=made,
    )
    assert final == (1 if locked else 0)
    assert count("SELECT count(*) FROM admissions WHERE lead_id = :id", id=made) == 1


def test_one_of_two_edits_of_the_same_version_is_refused(arena, monkeypatch, locked):
    admin, other, made = actor("admin"), actor("admin2"), lead()
    db.session.refresh(made)
    key, version = made.id, made.updated_at
    db.session.remove()
    meet_after(monkeypatch, records, "lock")
    results = race(
        arena,
        lambda: records.update(key, {"area": "North"}, actor=admin, version=version),
        lambda: records.update(key, {"area": "South"}, actor=other, version=version),
    )
    assert len(refusals(results)) == (1 if locked else 0), "without the lock the second writes over the first"
