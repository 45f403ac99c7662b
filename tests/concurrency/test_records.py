"""Races around student records: one set however many submit, one guardian, one merge, no circle of schools."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial

import pytest
from sqlalchemy import event, select

from app.extensions import db
from app.models.enrollments import Enrollment
from app.models.student_records import StudentSchoolAssociation
from app.services import school, transaction
from app.services.enrollments import deciding
from app.services.errors import Conflict, Invalid, NotFound, WrongState
from app.services.records import creation, erasing, following, links, merging, organizations
from app.services.transaction import lock, transactional
from tests.concurrency.racing import Meeting, actor, count, meet_after, meet_before, race, refusals
from tests.factories.records import STUDENT, enrollment, organization
from tests.factories.students import student


@transactional
def submit(key, *, actor):
    """What completing the step does: the enrollment is read, and its records are made."""
    return creation.create_records(db.session.get_one(Enrollment, key), actor=actor).succeeded


def test_two_submissions_at_once_make_one_set(crowd, locked, monkeypatch):
    key, guardian = enrollment().id, actor("guardian")
    db.session.remove()
    meet_after(monkeypatch, creation.facts, "read")
    results = race(crowd, partial(submit, key, actor=guardian), partial(submit, key, actor=guardian))
    assert count("SELECT count(*) FROM students") == count("SELECT count(*) FROM guardians") == 1
    assert count("SELECT count(*) FROM oneroster_users") == 2
    clean = all(results) and count("SELECT count(*) FROM record_creation_attempts") == 1
    assert clean is locked  # without the lock the second finds the id taken, and fails


def test_two_children_of_a_family_at_once_share_their_guardian(crowd, monkeypatch):
    keys = [enrollment().id, enrollment(student=STUDENT | {"first_name": "Ida"}).id]
    guardian = actor("guardian")
    db.session.remove()
    meet_after(monkeypatch, creation.facts, "read")
    assert race(crowd, *[partial(submit, key, actor=guardian) for key in keys]) == [True, True]
    assert count("SELECT count(*) FROM guardians") == 1
    assert count("SELECT count(*) FROM oneroster_agents") == 2


def test_two_children_at_once_share_the_parent_who_has_no_account(crowd, monkeypatch):
    """The row of the account's guardian is what the second waits for, though the children are another's."""
    guardian = actor("guardian")
    submit(enrollment().id, actor=guardian)
    leila = STUDENT | {"guardian_first_name": "Leila", "guardian_email": "leila@example.org"}
    keys = [enrollment(student=leila | {"first_name": name}).id for name in ("Ida", "Eli")]
    db.session.remove()
    meet_after(monkeypatch, creation.facts, "read")
    assert race(crowd, *[partial(submit, key, actor=guardian) for key in keys]) == [True, True]
    assert count("SELECT count(*) FROM guardians") == 2
    assert (
        count(
            "SELECT count(*) FROM student_guardians WHERE guardian_id IN (SELECT id FROM guardians "
            "WHERE first_name = 'Leila')"
        )
        == 2
    )


def test_a_duplicate_is_merged_once(crowd, locked, monkeypatch):
    gone, first, second = student().id, student().id, student().id
    admin = actor("admin")
    db.session.remove()
    meet_after(monkeypatch, merging, "_both")
    jobs = [partial(merging.merge, [gone], actor=admin, into_id=into) for into in (first, second)]
    refused = refusals(race(crowd, *jobs))
    if locked:
        assert len(refused) == 1 and isinstance(refused[0], NotFound)
    assert (count("SELECT count(*) FROM student_merges") == 1) is locked


def test_two_schools_never_belong_to_each_other(crowd, monkeypatch):
    one, other, admin = organization().id, organization().id, actor("admin")
    db.session.remove()
    meet_after(monkeypatch, organizations.lookups, "check")
    jobs = [
        partial(organizations.update_organization, key, {"parent_id": parent}, actor=admin)
        for key, parent in ((one, other), (other, one))
    ]
    refused = refusals(race(crowd, *jobs))
    assert len(refused) == 1 and isinstance(refused[0], Invalid)
    assert count("SELECT count(*) FROM organizations WHERE parent_id IS NOT NULL") == 1


def test_without_the_lock_of_the_tree_they_would(crowd, monkeypatch):
    one, other, admin = organization().id, organization().id, actor("admin")
    db.session.remove()
    from sqlalchemy import text

    monkeypatch.setattr(organizations, "_LOCK", text("SELECT CAST(:table AS text)"))
    meet_after(monkeypatch, organizations, "_check_parent")
    jobs = [
        partial(organizations.update_organization, key, {"parent_id": parent}, actor=admin)
        for key, parent in ((one, other), (other, one))
    ]
    assert refusals(race(crowd, *jobs)) == []


def test_an_enrollment_that_is_opened_again_meanwhile_is_not_erased(crowd, locked, monkeypatch):
    admin, began = actor("admin"), Meeting()
    done = Meeting()
    one = enrollment(student=STUDENT)
    transactional(creation.create_records)(one, actor=actor("guardian"))
    key, child = one.id, one.student_id
    one.status = "withdrawn"
    db.session.commit()
    db.session.remove()

    @transactional
    def reopen(*, actor):
        lock(Enrollment, key).status = "in_progress"
        db.session.flush()
        began.wait()
        done.wait()

    def erase():
        began.wait()
        try:
            erasing.erase([child], actor=admin, reason="asked")
        finally:
            done.wait()

    refused = refusals(race(crowd, partial(reopen, actor=admin), erase))
    assert ([type(each) for each in refused] == [WrongState]) is locked
    assert (count("SELECT count(*) FROM student_erasures") == 0) is locked


def test_who_is_merged_into_somebody_meanwhile_is_not_left_over(crowd, locked):
    """Erasing would forget the one, and nobody could ever reach the other again."""
    admin, began = actor("admin"), Meeting()
    done = Meeting()
    kept, gone = student().id, student().id
    db.session.remove()

    @transactional
    def merge(*, actor):
        merging.merge([gone], actor=actor, into_id=kept)
        began.wait()
        done.wait()

    def erase():
        began.wait()
        try:
            erasing.erase([kept], actor=admin, reason="asked")
        finally:
            done.wait()

    refused = refusals(race(crowd, partial(merge, actor=admin), erase))
    assert ([type(each) for each in refused] == [Conflict]) is locked
    assert (count("SELECT count(*) FROM student_erasures") == 0) is locked


@contextmanager
def meeting_at_the_first_lock() -> Iterator[None]:
    """Each thread waits for the others with its first lock in hand, so that two orders of locking come to a deadlock."""
    meeting, known = Meeting(), set()

    def met(_connection, _cursor, statement, *_rest):
        if "FOR NO KEY UPDATE" in statement and threading.get_ident() not in known:
            known.add(threading.get_ident())
            meeting.wait()

    event.listen(db.engine, "after_cursor_execute", met)
    try:
        yield
    finally:
        event.remove(db.engine, "after_cursor_execute", met)


@pytest.fixture
def retried(monkeypatch) -> list[str]:
    """The deadlocks that transactions met."""
    met: list[str] = []
    monkeypatch.setattr(transaction.time, "sleep", lambda _seconds: met.append("retried"))
    return met


def withdrawn() -> tuple:
    """An enrollment that has ended, with its student."""
    one = enrollment(student=STUDENT)
    transactional(creation.create_records)(one, actor=actor("guardian"))
    one.status = "withdrawn"
    db.session.commit()
    return one.id, one.student_id


def test_erasing_and_opening_again_never_deadlock(crowd, retried):
    key, child = withdrawn()
    admin, office = actor("admin"), actor("admissions")
    db.session.remove()
    with meeting_at_the_first_lock():
        opened, erased = race(
            crowd,
            lambda: deciding.reopen([key], actor=office).outcomes[0].state,
            partial(erasing.erase, [child], actor=admin, reason="asked"),
        )
    assert retried == []
    assert (opened == "ok") == isinstance(erased, WrongState)


def test_erasing_and_completing_never_deadlock(crowd, retried):
    key, child = withdrawn()
    admin = actor("admin")
    db.session.remove()

    @transactional
    def complete(*, actor):
        creation.complete_records(db.session.get_one(Enrollment, key), actor=actor)

    with meeting_at_the_first_lock():
        race(crowd, partial(complete, actor=admin), partial(erasing.erase, [child], actor=admin, reason="asked"))
    assert retried == [] and count("SELECT count(*) FROM student_erasures") == 1


def test_erasing_one_child_and_making_records_of_another_never_deadlock(crowd, retried):
    (_key, child), other = withdrawn(), enrollment(student=STUDENT | {"first_name": "Ida"}).id
    admin, guardian = actor("admin"), actor("guardian")
    db.session.remove()
    with meeting_at_the_first_lock():
        made, _erased = race(
            crowd,
            partial(submit, other, actor=guardian),
            partial(erasing.erase, [child], actor=admin, reason="asked"),
        )
    assert made and retried == []
    assert count("SELECT count(*) FROM guardians WHERE last_name <> 'Erased'") == 1
    assert count("SELECT count(*) FROM student_guardians") == 1


def test_erasing_and_merging_never_deadlock(crowd, retried):
    (_key, child), into = withdrawn(), student().id
    admin = actor("admin")
    db.session.remove()
    with meeting_at_the_first_lock():
        refused = refusals(
            race(
                crowd,
                partial(merging.merge, [child], actor=admin, into_id=into),
                partial(erasing.erase, [child], actor=admin, reason="asked"),
            )
        )
    assert retried == [] and [type(each) for each in refused] == [NotFound]


def test_the_schools_of_a_student_at_oneroster_are_those_of_the_associations(crowd, locked, monkeypatch):
    """Who leaves one school while they are entered at another."""
    office = actor("admissions")
    schools = [organization(name=name, identifier=name) for name in ("North", "South")]
    one = enrollment(school_id=schools[0].id)
    submit(one.id, actor=office)
    db.session.refresh(one)
    student_id, keys = one.student_id, [each.id for each in schools]
    old = db.session.scalar(
        select(StudentSchoolAssociation.id).where(StudentSchoolAssociation.student_id == student_id)
    )
    entered = {"student_id": student_id, "school_id": keys[1], "entry_date": date(2026, 9, 1)}
    entered |= {
        "entry_grade_level_descriptor": "Third grade",
        "entry_type_descriptor": "Transfer",
        "primary_school": False,
    }
    db.session.remove()
    meet_after(monkeypatch, links, "follow")  # whoever follows second has begun before the first is over
    meet_before(monkeypatch, links, "follow")
    race(
        crowd,
        partial(links.delete_associations, [old], actor=office),
        partial(links.create_association, entered, actor=office),
    )
    statement = """SELECT count(*) FROM oneroster_users u WHERE u.student_id = :student AND u.org_ids = to_jsonb(ARRAY(
        SELECT o.sourced_id::text FROM student_school_associations a JOIN organizations o ON o.id = a.school_id
        WHERE a.student_id = u.student_id))"""
    assert count(statement, student=student_id) == (1 if locked else 0)


def test_who_stays_after_all_is_not_sent_away_by_the_job(crowd, locked, monkeypatch):
    """The last day is taken back while the job follows those whose last day has come."""
    office, today = actor("admissions"), school.today()
    one = enrollment()
    submit(one.id, actor=office)
    association = db.session.scalars(select(StudentSchoolAssociation)).one()
    association.exit_date = today  # entered long ago
    db.session.commit()
    key = association.id
    db.session.remove()
    for meet, place in ((meet_after, Meeting()), (meet_before, Meeting())):  # as above
        for module in (links, following):
            meet(monkeypatch, module, "follow", place)
    race(
        crowd,
        partial(links.update_association, key, {"exit_date": None}, actor=office),
        partial(following.follow_days, today),
    )
    statement = "SELECT count(*) FROM oneroster_users WHERE role = 'student' AND enabled_user"
    assert count(statement) == (1 if locked else 0)


def test_a_guardian_who_loses_both_children_at_once_is_not_enabled(crowd, locked, monkeypatch):
    office = actor("admissions")
    guardian = links.create_guardian({"first_name": "Bo", "last_name": "Ek"}, actor=office).id
    children = [student().id, student().id]
    keys = [links.create_link({"student_id": key, "guardian_id": guardian}, actor=office).id for key in children]
    db.session.remove()
    meet_after(monkeypatch, links, "follow_guardians")
    meet_before(monkeypatch, links, "follow_guardians")
    race(crowd, *[partial(links.delete_links, [key], actor=office) for key in keys])
    statement = "SELECT count(*) FROM oneroster_users WHERE guardian_id = :guardian AND enabled_user"
    assert count(statement, guardian=guardian) == (0 if locked else 1)
