"""Merging duplicates and taking it back; erasing, and giving out, what is known of one person."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.assistants import HelpDeskAssistant
from app.models.student_changes import StudentErasure, StudentMerge
from app.models.student_records import (
    Guardian,
    OneRosterUser,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.models.students import Student
from app.services import accounts
from app.services.assistants import own
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.records import creation, erasing, giving_out, merging, unmerging
from app.services.students import records
from app.services.transaction import rehearse, transactional
from tests.factories.admissions import admission
from tests.factories.courses import course, slot
from tests.factories.records import STUDENT, enrollment
from tests.factories.students import student

pytestmark = pytest.mark.usefixtures("db_session")


def enrolled(actors, status="enrolled", **changes):
    one = enrollment(student=STUDENT | changes, steps=6, status="in_progress")
    transactional(creation.create_records)(one, actor=actors.guardian)
    if status != "in_progress":
        db.session.execute(
            text(
                "UPDATE enrollments SET status = :status, enrolled_at = CASE WHEN :done THEN now() END WHERE id = :id"
            ),
            {"id": one.id, "status": status, "done": status == "enrolled"},
        )
        db.session.commit()
    return one


def helper(one: Student) -> HelpDeskAssistant:
    made = HelpDeskAssistant(student_id=one.id)
    db.session.add(made)
    db.session.commit()
    return made


def owned(model, key) -> int:
    return db.session.query(model).filter_by(student_id=key).count()


def test_everything_moves_and_returns(actors):
    one = enrolled(actors)
    gone, kept = one.student_id, student(first_name="Zoe", email="z@x.org").id
    unique = db.session.get(Student, gone).student_unique_id
    result = merging.merge([gone], actor=actors.admissions, into_id=kept)
    db.session.expire_all()
    stays = db.session.get(Student, kept)
    assert (stays.student_unique_id, stays.birth_sex_descriptor, stays.email) == (unique, "Female", "z@x.org")
    for model in (StudentSchoolAssociation, StudentProgramExtension, OneRosterUser, StudentGuardian):
        assert owned(model, kept) == 1 and owned(model, gone) == 0
    assert db.session.get(Student, gone).deleted_at is not None
    unmerging.undo(result.batch_id, actor=actors.admissions)
    db.session.expire_all()
    for model in (StudentSchoolAssociation, StudentProgramExtension, OneRosterUser, StudentGuardian):
        assert owned(model, kept) == 0 and owned(model, gone) == 1
    assert db.session.get(Student, gone).student_unique_id == unique
    assert db.session.get(Student, gone).deleted_at is None
    stays = db.session.get(Student, kept)
    assert (stays.student_unique_id, stays.birth_sex_descriptor, stays.races) == (None, None, [])


def test_who_is_an_assistant_too_assists_with_the_account_that_stays(actors):
    pupil = accounts.create_account(username="pupil", roles=["Student"], actor=actors.super_admin)
    known, other = student(user_id=pupil.id), student(user_id=actors.assistant.id)
    mine = helper(other)
    for _time in range(2):
        result = merging.merge([other.id], actor=actors.admissions, into_id=known.id)
        assert sorted(actors.pupil.roles) == ["Assistant", "Student"]
        assert own.find(actors.pupil).id == mine.id
        unmerging.undo(result.batch_id, actor=actors.admissions)
        assert sorted(actors.pupil.roles) == ["Student"]
        assert own.find(actors.assistant).id == mine.id


def test_a_role_that_they_had_or_still_need_is_not_taken_back(actors):
    pupil = accounts.create_account(username="pupil", roles=["Student", "Assistant"], actor=actors.super_admin)
    known, other = student(user_id=pupil.id), student(user_id=actors.assistant.id)
    helper(other)
    unmerging.undo(merging.merge([other.id], actor=actors.admin, into_id=known.id).batch_id, actor=actors.admin)
    assert "Assistant" in actors.pupil.roles
    without = student()
    accounts.set_roles(pupil.id, ["Student"], actor=actors.super_admin)
    merging.merge([other.id], actor=actors.admin, into_id=without.id)  # nobody logs in there: the account moves too
    assert (without.user_id, sorted(actors.pupil.roles)) == (actors.assistant.id, ["Student"])


def test_what_both_have_stays_with_each(actors):
    gone, kept = enrolled(actors).student_id, enrolled(actors).student_id
    result = merging.merge([gone], actor=actors.admissions, into_id=kept)
    assert owned(StudentProgramExtension, kept) == owned(StudentProgramExtension, gone) == 1
    assert owned(StudentGuardian, kept) == 1  # the same guardian
    left = db.session.scalars(select(OneRosterUser).where(OneRosterUser.student_id == gone)).one()
    assert (left.status, left.enabled_user) == ("tobedeleted", False)
    unmerging.undo(result.batch_id, actor=actors.admissions)
    db.session.refresh(left)
    assert (left.status, left.enabled_user) == ("active", True)


def test_an_enrollment_that_is_not_over_is_left_on_nobody(actors):
    """Both have one: that of the duplicate would go on for a student who is deleted."""
    gone, kept = enrolled(actors, "registered").student_id, enrolled(actors).student_id
    with pytest.raises(WrongState, match="1 enrollment is not over"):
        merging.merge([gone], actor=actors.admissions, into_id=kept)
    assert db.session.get(Student, gone).deleted_at is None
    merging.merge([kept], actor=actors.admissions, into_id=gone)  # the other way nothing is left that goes on


def test_an_enrollment_that_is_over_stays_with_the_duplicate(actors):
    gone, kept = enrolled(actors, "withdrawn"), enrolled(actors).student_id
    merging.merge([gone.student_id], actor=actors.admissions, into_id=kept)
    assert gone.student_id != kept


def test_what_was_changed_since_is_not_emptied(actors):
    gone, kept = student(birth_city="Oslo", phone="+442079460018").id, student().id
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    records.update(kept, {"birth_city": "Bergen"}, actor=actors.admin)
    unmerging.undo(result.batch_id, actor=actors.admin)
    stays = db.session.get(Student, kept)
    assert (stays.birth_city, stays.phone) == ("Bergen", None)


def test_the_latest_merge_is_taken_back_first(actors):
    kept, first, second = student().id, student().id, student().id
    merging.merge([first], actor=actors.admin, into_id=kept)
    db.session.execute(text("ALTER TABLE student_merges DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE student_merges SET created_at = now() - interval '1 hour'"))
    merging.merge([second], actor=actors.admin, into_id=kept)
    assert unmerging.undo_latest([kept], actor=actors.admin).outcomes[0].id == str(second)
    assert unmerging.undo_latest([kept], actor=actors.admin).outcomes[0].id == str(first)
    with pytest.raises(WrongState):
        unmerging.undo_latest([kept], actor=actors.admin)


def test_what_cannot_be_merged(actors):
    import uuid

    one, other = student().id, student().id
    for ids, into in (([one], one), ([one, other], one)):
        with pytest.raises(Invalid):
            merging.merge(ids, actor=actors.admin, into_id=into)
    for ids, into in (([uuid.uuid4()], one), ([one], uuid.uuid4())):
        with pytest.raises(NotFound):
            merging.merge(ids, actor=actors.admin, into_id=into)
    with pytest.raises(NotAllowed):
        merging.merge([one], actor=actors.staff, into_id=other)
    result = merging.merge([one], actor=actors.admin, into_id=other)
    with pytest.raises(WrongState):
        unmerging.undo(unmerging.undo(result.batch_id, actor=actors.admin) and result.batch_id, actor=actors.admin)
    with pytest.raises(NotFound):
        unmerging.undo(uuid.uuid4(), actor=actors.admin)


def test_a_merged_student_is_not_simply_restored(actors):
    one, other = student().id, student().id
    merging.merge([one], actor=actors.admin, into_id=other)
    assert records.restore([one], actor=actors.admin).count("refused") == 1


def test_a_preview_changes_nothing(actors):
    one, other = student(), student()
    rehearse(merging.merge, [one.id], actor=actors.admin, into_id=other.id)
    assert db.session.query(StudentMerge).count() == 0


def everywhere(word: str) -> list[str]:
    """The tables in which a word is found."""
    tables = db.session.scalars(
        text(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
    ).all()
    found = "SELECT EXISTS (SELECT FROM {table} t WHERE t::text ILIKE :word)"
    return [
        table for table in tables if db.session.scalar(text(found.format(table=f'"{table}"')), {"word": f"%{word}%"})
    ]


def test_nothing_says_who_an_erased_person_was(actors):
    one = enrolled(actors, last_name="Qwertz", guardian_last_name="Qwertz", guardian_email="secret@qwertz.org")
    key = one.student_id
    db.session.execute(text("UPDATE enrollments SET student_last_name = 'Qwertz'"))
    db.session.execute(
        text("UPDATE enrollment_invitations SET student_last_name = 'Qwertz', guardian_email = 'q@qwertz.org'")
    )
    duplicate = student(last_name="Qwertz").id
    merging.merge([duplicate], actor=actors.admin, into_id=key)
    db.session.commit()
    assert {"students", "row_history", "enrollment_steps"} <= set(everywhere("qwertz"))
    result = erasing.erase([key], actor=actors.admin, reason="asked on 1 May")
    db.session.commit()
    assert everywhere("qwertz") == []
    assert "OneRoster" in str(result.outcomes[0].message)
    made = db.session.scalars(select(StudentErasure)).one()
    assert made.kept["oneroster_users"] == 2 and made.erased["row_history"] > 5
    left = db.session.scalars(select(OneRosterUser)).all()
    assert {user.status.value for user in left} == {"tobedeleted"} and all(user.sourced_id for user in left)
    assert db.session.query(Guardian).count() == 0


def test_an_account_that_is_nothing_else_is_closed(actors):
    child = accounts.find("student")
    key = student(user_id=child.id).id
    erasing.erase([key], actor=actors.admin, reason="asked")
    db.session.expire_all()
    row = db.session.execute(text("SELECT username, active, email FROM ab_user WHERE id = :id"), {"id": child.id}).one()
    assert row.username == f"erased-{child.id}" and not row.active and "student@" not in row.email


def test_a_guardian_of_another_child_stays(actors):
    first = enrolled(actors).student_id
    enrolled(actors, first_name="Ida")
    erasing.erase([first], actor=actors.admin, reason="asked")
    assert db.session.query(Guardian).one().last_name == "Ångström"


def test_who_is_not_done_or_may_not_is_refused(actors):
    import uuid

    going = enrolled(actors, status="in_progress").student_id
    with pytest.raises(WrongState):
        erasing.erase([going], actor=actors.admin, reason="x")
    running = admission(
        [slot(course([actors.teacher.id]), actors.teacher.id, 1, "16:00")], actor=actors.admin
    ).student_id
    with pytest.raises(WrongState):
        erasing.erase([running], actor=actors.admin, reason="x")
    plain = student().id
    with pytest.raises(WrongState):
        erasing.erase([plain, running], actor=actors.admin, reason="x")
    with pytest.raises(NotAllowed):
        erasing.erase([plain], actor=actors.admissions, reason="x")
    with pytest.raises(NotFound):
        erasing.erase([uuid.uuid4()], actor=actors.admin, reason="x")
    erasing.erase([plain], actor=actors.admin, reason="x")
    with pytest.raises(NotFound):
        erasing.erase([plain], actor=actors.admin, reason="x")
    assert records.restore([plain], actor=actors.admin).count("refused") == 1


def test_traces_are_erased_with_an_erasure_only(actors):
    import uuid

    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError), db.session.begin_nested():
        db.session.execute(text("SELECT erase_traces(:id, '{}')"), {"id": uuid.uuid4()})


def test_a_person_gets_everything_that_is_known(actors):
    one = enrolled(actors)
    name, content = giving_out.archive(one.student_id, actors.admissions)
    told = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("data.json"))["tables"]
    assert name.startswith("student-") and told["students"][0]["last_name"] == "Ångström"
    assert told["enrollments"][0]["enrollment_code"] == one.enrollment_code
    assert told["guardians"][0]["email"] == "maj@example.org" and len(told["oneroster_users"]) == 2
    assert "token_hash" not in told["enrollment_invitations"][0]
    with pytest.raises(NotFound):
        giving_out.collect(one.student_id, actors.teacher)
