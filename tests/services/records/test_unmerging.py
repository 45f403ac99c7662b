"""Taking a merge back gives each of the two what was theirs, and nothing that came later."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.student_changes import StudentMerge
from app.models.student_records import Guardian, OneRosterUser, StudentGuardian
from app.models.students import Student
from app.services.records import erasing, links, merging, unmerging
from app.services.students import records
from tests.factories.edfi import at_school
from tests.factories.records import organization
from tests.factories.students import student

pytestmark = pytest.mark.usefixtures("db_session")
PASSPORT = {"identity_type": "PASSPORT", "identity_number": "AB12345"}


def told(key, *names):
    db.session.expire_all()
    return tuple(getattr(db.session.get(Student, key), name) for name in names)


def guardian_of(key, *, first, guardian=None):
    guardian = guardian or Guardian(first_name="Maj", last_name="Okoye")
    db.session.add(guardian)
    db.session.flush()
    link = StudentGuardian(student_id=key, guardian_id=guardian.id, primary_contact=first)
    db.session.add(link)
    db.session.commit()
    return link


def test_what_only_one_may_have_returns_as_it_was(actors):
    gone, kept = student(student_unique_id="TSA-STU-1", **PASSPORT).id, student().id
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    assert told(kept, "student_unique_id", *PASSPORT) == ("TSA-STU-1", "PASSPORT", "AB12345")
    assert told(gone, "student_unique_id", *PASSPORT) == (None, None, None)
    records.update(kept, {"identity_number": "CD67890"}, actor=actors.admin)
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert told(gone, "student_unique_id", *PASSPORT) == ("TSA-STU-1", "PASSPORT", "AB12345")
    assert told(kept, "student_unique_id", *PASSPORT) == (None, "PASSPORT", "CD67890")


def test_what_somebody_else_has_by_now_stays_theirs(actors):
    gone, kept = student(student_unique_id="TSA-STU-1", **PASSPORT).id, student().id
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    records.update(kept, {"identity_number": "CD67890"}, actor=actors.admin)
    other = student(**PASSPORT).id
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert told(gone, "student_unique_id", *PASSPORT) == ("TSA-STU-1", None, None)
    assert told(other, *PASSPORT) == ("PASSPORT", "AB12345")


def test_an_identity_that_both_have_stays_with_each(actors):
    gone, kept = student(**PASSPORT).id, student(identity_type="FOREIGN_ID", identity_number="X-1234").id
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert told(gone, *PASSPORT) == ("PASSPORT", "AB12345") and told(kept, *PASSPORT) == ("FOREIGN_ID", "X-1234")


def test_needs_of_either_are_needs_of_who_stays(actors):
    gone, kept = student(needs_accessible_room=True, accommodation_needs="Large print").id, student().id
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    assert told(kept, "needs_accessible_room", "accommodation_needs") == (True, "Large print")
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert told(kept, "needs_accessible_room", "accommodation_needs") == (False, None)
    assert told(gone, "needs_accessible_room", "accommodation_needs") == (True, "Large print")
    result = merging.merge([kept], actor=actors.admin, into_id=gone)
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert told(gone, "needs_accessible_room") == (True,)


def test_who_was_called_first_is_called_first_again(actors):
    gone, kept = student().id, student().id
    theirs, ours = guardian_of(gone, first=True), guardian_of(kept, first=True)
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    db.session.expire_all()
    assert (theirs.student_id, theirs.primary_contact, ours.primary_contact) == (kept, False, True)
    unmerging.undo(result.batch_id, actor=actors.admin)
    db.session.expire_all()
    assert (theirs.student_id, theirs.primary_contact, ours.primary_contact) == (gone, True, True)


def test_who_was_called_first_by_the_other_is_so_again_when_the_present_one_leaves(actors):
    gone, kept = student().id, student().id
    theirs, ours = guardian_of(gone, first=True), guardian_of(kept, first=True)
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    links.update_link(ours.id, {"primary_contact": False}, actor=actors.admin)
    links.update_link(theirs.id, {"primary_contact": True}, actor=actors.admin)
    unmerging.undo(result.batch_id, actor=actors.admin)
    db.session.expire_all()
    assert (theirs.student_id, theirs.primary_contact, ours.primary_contact) == (gone, True, True)


def test_only_one_is_called_first_whoever_was_chosen_since(actors):
    gone, kept = student().id, student().id
    stays, moves = guardian_of(gone, first=True), guardian_of(gone, first=False)
    guardian_of(kept, first=False, guardian=db.session.get(Guardian, stays.guardian_id))
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    links.update_link(moves.id, {"primary_contact": True}, actor=actors.admin)
    unmerging.undo(result.batch_id, actor=actors.admin)
    db.session.expire_all()
    assert moves.student_id == gone and stays.primary_contact and not moves.primary_contact


@pytest.mark.parametrize("enabled", [True, False])
def test_who_is_merged_away_is_gone_from_the_roster_until_it_is_taken_back(actors, enabled):
    gone, kept = student().id, student().id
    users = [
        OneRosterUser(
            sourced_id=f"u{key}", username=f"u{key}", given_name="S", family_name="O", role="student", student_id=key
        )
        for key in (gone, kept)
    ]
    users[0].enabled_user = enabled  # who has left all schools cannot log in, and is still on the roster
    db.session.add_all(users)
    db.session.commit()
    if enabled:
        at_school(db.session.get_one(Student, gone), organization())
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    db.session.expire_all()
    assert (users[0].status, users[0].enabled_user, users[1].status) == ("tobedeleted", False, "active")
    unmerging.undo(result.batch_id, actor=actors.admin)
    db.session.expire_all()
    assert (users[0].status, users[0].enabled_user, users[0].student_id) == ("active", enabled, gone)


def test_an_erased_person_leaves_nothing_in_merges_that_were_taken_back(actors):
    gone, kept = student(identity_type="PASSPORT", identity_number="QWERTZ1").id, student().id
    unmerging.undo(merging.merge([gone], actor=actors.admin, into_id=kept).batch_id, actor=actors.admin)
    erasing.erase([gone], actor=actors.admin, reason="asked")
    said = "SELECT count(*) FROM row_history WHERE table_name = 'student_merges'"
    assert db.session.scalar(text(said)) == 0
    assert "taken" not in db.session.scalars(select(StudentMerge.moved)).one()
