"""OneRoster's users on the days on which students enter and leave."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.student_records import Guardian, StudentGuardian, StudentSchoolAssociation
from app.services import jobs
from app.services.enrollments import deciding
from app.services.records import creation, erasing, following, links, merging, monitoring, unmerging
from app.services.records.resource import GUARDIANS
from app.services.students import records
from app.services.transaction import transactional
from tests.factories.admissions import admission
from tests.factories.courses import course, slot
from tests.factories.oneroster import saved, user
from tests.factories.records import enrollment, organization
from tests.factories.students import student
from tests.services.records.conftest import user_of

pytestmark = pytest.mark.usefixtures("db_session", "clock")
LAST_DAY, NEXT_DAY = date(2027, 6, 30), date(2027, 9, 1)


@pytest.fixture
def first(clock, child) -> StudentSchoolAssociation:
    """Where the child is."""
    return db.session.scalars(select(StudentSchoolAssociation)).one()


def leave(association, actor, day=LAST_DAY):
    links.update_association(association.id, {"exit_date": day}, actor=actor)


def enter(student_id, actor, day=NEXT_DAY, grade="Third grade", **values):
    given = {"student_id": student_id, "entry_date": day, "entry_grade_level_descriptor": grade}
    place = values.pop("school_id", None) or organization().id
    return links.create_association(given | {"school_id": place} | values, actor=actor)


def at_school(**values) -> StudentSchoolAssociation:
    """As an import leaves it: nobody has followed."""
    usual = {"entry_grade_level_descriptor": "Ninth grade", "school_year": 2027, "school_id": organization().id}
    return saved(StudentSchoolAssociation(**usual | values))


def test_who_will_leave_is_there_until_the_day(actors, clock, child, first):
    leave(first, actors.admissions)
    assert user_of(student_id=child).enabled_user
    clock.today = date(2027, 6, 29)
    assert (following.follow_days(clock.today), user_of(student_id=child).enabled_user) == (0, True)
    clock.today = LAST_DAY
    for _again in range(2):
        assert (following.follow_days(LAST_DAY), user_of(student_id=child).enabled_user) == (1, False)


def test_who_comes_back_is_there_from_the_day(actors, clock, child, first):
    leave(first, actors.admissions)
    made = enter(child, actors.admissions)
    there = user_of(student_id=child).org_ids
    for day in (LAST_DAY, NEXT_DAY):
        clock.today = day
        following.follow_days(day)
        one = user_of(student_id=child)
        assert (one.enabled_user, one.org_ids == there) == (day == NEXT_DAY, day == LAST_DAY)
    assert user_of(student_id=child).org_ids == user_of(role="guardian").org_ids != there
    links.delete_associations([made.id], actor=actors.admissions)
    assert not user_of(student_id=child).enabled_user


def test_who_is_new_is_there_before_the_first_day(actors, clock, first, child):
    links.update_association(first.id, {"entry_date": NEXT_DAY}, actor=actors.admissions)
    later = enter(child, actors.admissions, date(2028, 9, 1), "Second grade", school_id=first.school_id)
    one = user_of(student_id=child)
    assert one.enabled_user and len(one.org_ids) == 1
    links.update_association(later.id, {"school_id": organization().id}, actor=actors.admissions)
    assert user_of(student_id=child).org_ids == one.org_ids


def test_days_on_which_no_job_ran_are_made_up_for(actors, clock, child, first):
    leave(first, actors.admissions)
    clock.today = date(2027, 6, 28)
    jobs.run(following.JOB, clock.today)
    clock.today = date(2027, 7, 2)
    assert jobs.run(following.JOB, clock.today).rows == 1
    assert not user_of(student_id=child).enabled_user
    clock.today = date(2027, 7, 3)
    assert jobs.run(following.JOB, clock.today).rows == 0


def test_a_day_that_failed_is_made_up_for(actors, clock, child, first, monkeypatch):
    leave(first, actors.admissions)
    clock.today = date(2027, 6, 29)
    jobs.run(following.JOB, clock.today)
    clock.today = LAST_DAY
    with monkeypatch.context() as broken:
        broken.setattr(following, "follow", lambda students: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            jobs.run(following.JOB, LAST_DAY)
    clock.today = date(2027, 7, 1)
    assert jobs.run(following.JOB, clock.today).rows == 1


def test_a_bundle_says_itself_who_enters(clock):
    one = user(sourced_id="a", student_id=student().id, enabled_user=False, org_ids=["x"], source_system="sis")
    at_school(student_id=one.student_id, entry_date=clock.today)
    assert following.follow_days(clock.today) == 0
    at_school(student_id=one.student_id, entry_date=date(2026, 9, 1), exit_date=clock.today, primary_school=False)
    assert following.follow_days(clock.today) == 1


def test_who_is_gone_from_the_roster_stays_so(clock):
    one = user(sourced_id="a", student_id=student().id, enabled_user=False, status="tobedeleted")
    at_school(student_id=one.student_id, entry_date=clock.today)
    assert following.follow_days(clock.today) == 0


def test_what_is_so_already_is_not_written_again(clock, child):
    user_of(student_id=child)
    db.session.execute(text("ALTER TABLE oneroster_users DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE oneroster_users SET updated_at = '2020-01-01'"))
    db.session.execute(text("ALTER TABLE oneroster_users ENABLE TRIGGER stamps"))
    assert following.follow_days(clock.today) == 1
    assert user_of(student_id=child).updated_at.year == 2020


@pytest.mark.parametrize(("grade", "told"), [("Second grade", ["02"]), ("Kindergarten", ["KG"]), ("Out of School", [])])
def test_a_grade_that_is_corrected_is_told(actors, child, first, grade, told):
    assert user_of(student_id=child).grades == ["01"]
    for _again in range(2):
        links.update_association(first.id, {"entry_grade_level_descriptor": grade}, actor=actors.admissions)
        assert user_of(student_id=child).grades == told


def test_the_next_grade_is_told_from_its_first_day(actors, clock, child, first):
    leave(first, actors.admissions)
    enter(child, actors.admissions, school_id=first.school_id)
    for day, told in ((LAST_DAY, ["01"]), (NEXT_DAY, ["03"])):
        assert user_of(student_id=child).grades == ["01"]
        clock.today = day
        following.follow_days(day)
        assert user_of(student_id=child).grades == told


def test_the_grade_is_that_of_the_primary_school(actors, clock, child):
    enter(child, actors.admissions, clock.today, primary_school=False)
    assert user_of(student_id=child).grades == ["01"]


def test_the_grade_of_who_came_in_a_bundle_is_the_bundles(clock):
    one = user(sourced_id="a", student_id=student().id, grades=["10"], source_system="sis", org_ids=["x"])
    at_school(student_id=one.student_id, entry_date=clock.today)
    following.follow([one.student_id])
    assert user_of(sourced_id="a").grades == ["10"]


def test_the_telephone_follows_the_student(actors, child):
    for phone in ("+442079460019", None):
        records.update(child, {"phone": phone}, actor=actors.admin)
        assert user_of(student_id=child).phone == phone


def test_a_telephone_as_a_bundle_writes_it_stays_until_it_changes(actors):
    one = student(phone="+442079460018")
    user(sourced_id="a", student_id=one.id, phone="+44 20 7946 0018", source_system="sis")
    records.update(one.id, {"first_name": "Bo"}, actor=actors.admin)
    assert user_of(sourced_id="a").phone == "+44 20 7946 0018"
    records.update(one.id, {"phone": "+442079460019"}, actor=actors.admin)
    assert user_of(sourced_id="a").phone == "+442079460019"


def test_who_gets_a_class_has_their_telephone_at_once(actors):
    learner = student(phone="+442079460018").id
    admission(
        [slot(course([actors.teacher.id]), actors.teacher.id, 1, "16:00")], actor=actors.admin, student_id=learner
    )
    assert user_of(student_id=learner).phone == "+442079460018"


def the_link() -> StudentGuardian:
    return db.session.scalars(select(StudentGuardian)).one()


def told_of(guardian_id) -> tuple[str, bool]:
    one = user_of(guardian_id=guardian_id)
    return one.status.value, one.enabled_user


def test_a_guardian_without_a_child_is_not_enabled_until_they_have_one(actors, child):
    link = the_link()
    guardian = link.guardian_id
    links.delete_links([link.id], actor=actors.admissions)
    assert told_of(guardian) == ("active", False)
    links.create_link({"student_id": child, "guardian_id": guardian}, actor=actors.admissions)
    assert told_of(guardian) == ("active", True)


def test_a_guardian_with_another_child_stays_enabled(actors, child):
    link, sibling = the_link(), student().id
    guardian = link.guardian_id
    other = links.create_link({"student_id": sibling, "guardian_id": guardian}, actor=actors.admissions)
    for gone, enabled in ((link.id, True), (other.id, False)):
        links.delete_links([gone], actor=actors.admissions)
        assert told_of(guardian) == ("active", enabled)


def test_a_guardian_who_is_deleted_leaves_the_roster_and_comes_back(actors, child):
    guardian = the_link().guardian_id
    assert links.delete_guardians([guardian], actor=actors.admissions).count("refused") == 1
    assert told_of(guardian) == ("active", True)
    links.delete_links([the_link().id], actor=actors.admissions)
    for _again in range(2):
        links.delete_guardians([guardian], actor=actors.admissions)
        assert told_of(guardian) == ("tobedeleted", False)
    GUARDIANS.restore([guardian], actor=actors.admissions)
    assert told_of(guardian) == ("active", False)
    links.create_link({"student_id": child, "guardian_id": guardian}, actor=actors.admissions)
    assert told_of(guardian) == ("active", True)


def test_a_guardian_who_enrolls_another_child_is_enabled_again(actors, child):
    links.delete_links([the_link().id], actor=actors.admissions)
    transactional(creation.create_records)(enrollment(), actor=actors.guardian)
    assert told_of(the_link().guardian_id) == ("active", True)


def test_counts_agree_when_guardians_come_and_go(actors, child):
    bo = links.create_guardian({"first_name": "Bo", "last_name": "Ek"}, actor=actors.admissions)
    links.create_link({"student_id": child, "guardian_id": bo.id}, actor=actors.admissions)
    counted = {each.name: (each.expected, each.found) for each in monitoring.counts()}
    assert counted["guardians"] == counted["agents"] == (2, 2)
    links.delete_links(list(db.session.scalars(select(StudentGuardian.id))), actor=actors.admissions)
    links.delete_guardians(list(db.session.scalars(select(Guardian.id))), actor=actors.admissions)
    assert all(each.agrees for each in monitoring.counts())


@pytest.mark.parametrize(("table", "name"), [("oneroster_agents", "guardians"), ("student_guardians", "agents")])
def test_counts_differ_when_guardians_are_not_agents_or_agents_not_guardians(child, table, name):
    db.session.execute(text(f"DELETE FROM {table}"))
    assert [(each.name, each.expected, each.found) for each in monitoring.counts() if not each.agrees] == [(name, 1, 0)]


def test_counts_of_nobody_agree():
    assert {(each.expected, each.found) for each in monitoring.counts()} == {(0, 0)}


@pytest.fixture
def sister(clock, child, actors):
    """Another child of the same family, at another school: the guardian is at both."""
    one = enrollment()
    transactional(creation.create_records)(one, actor=actors.guardian)
    assert len(user_of(role="guardian").org_ids) == 2
    return one.student_id


def schools_of(student_id) -> list[str]:
    return user_of(student_id=student_id).org_ids


@pytest.mark.parametrize("how", ["unlinked", "erased"])
def test_a_guardian_is_no_more_at_the_school_of_who_is_not_theirs_any_more(actors, child, sister, how):
    if how == "erased":
        one = db.session.scalars(text("SELECT id FROM enrollments WHERE student_id = :id"), {"id": child}).one()
        deciding.withdraw([one], actor=actors.admissions, reason="They move away.")
        erasing.erase([child], actor=actors.admin, reason="They asked for it.")
    else:
        link = db.session.scalars(select(StudentGuardian.id).where(StudentGuardian.student_id == child)).one()
        links.delete_links([link], actor=actors.admissions)
    guardian = user_of(role="guardian")
    assert (guardian.enabled_user, guardian.org_ids) == (True, schools_of(sister))


def test_a_guardian_who_had_nobody_is_at_the_school_of_the_new_child_alone(actors, child):
    link = db.session.scalars(select(StudentGuardian.id)).one()
    links.delete_links([link], actor=actors.admissions)
    before = user_of(role="guardian")
    assert (before.enabled_user, before.org_ids) == (False, schools_of(child)), "the last is kept"
    one = enrollment()
    transactional(creation.create_records)(one, actor=actors.guardian)
    guardian = user_of(role="guardian")
    assert (guardian.enabled_user, guardian.org_ids) == (True, schools_of(one.student_id))


def test_who_was_erased_is_gone_whatever_becomes_of_their_days_at_school(actors, child, first):
    """The days are kept without a name, and may be corrected."""
    one = db.session.scalars(text("SELECT id FROM enrollments")).one()
    deciding.withdraw([one], actor=actors.admissions, reason="They move away.")
    erasing.erase([child], actor=actors.admin, reason="They asked for it.")
    links.update_association(first.id, {"exit_date": None, "exit_type_descriptor": None}, actor=actors.admissions)
    assert user_of(student_id=child).status == "tobedeleted"
    assert not user_of(student_id=child).enabled_user


def test_who_left_while_they_were_merged_has_left_when_that_is_taken_back(actors, child, first):
    kept = student().id
    user(sourced_id="kept", student_id=kept)
    merged = merging.merge([child], actor=actors.admissions, into_id=kept)
    leave(first, actors.admissions, first.entry_date)
    unmerging.undo(merged.batch_id, actor=actors.admissions)
    one = user_of(student_id=child)
    assert (one.status, one.enabled_user) == ("active", False)


@pytest.fixture
def left_over(child):
    """Their enrollment is over: they may be deleted or merged."""
    db.session.execute(text("UPDATE enrollments SET status = 'withdrawn' WHERE student_id = :id"), {"id": child})
    return child


@pytest.mark.parametrize("how", ["by hand", "as the day came"])
def test_who_left_while_they_were_deleted_has_left_when_they_are_restored(clock, actors, left_over, first, how):
    if how == "as the day came":
        leave(first, actors.admissions)
    records.delete([left_over], actor=actors.admin)
    if how == "by hand":
        leave(first, actors.admissions, first.entry_date)
    else:
        clock.today = LAST_DAY
        following.follow_days(LAST_DAY)
    records.restore([left_over], actor=actors.admin)
    one = user_of(student_id=left_over)
    assert (one.status, one.enabled_user) == ("active", False)


@pytest.mark.parametrize("how", ["merged", "deleted"])
def test_a_guardian_is_no_more_at_the_school_of_a_child_who_is_gone(actors, left_over, sister, how):
    if how == "merged":
        done = merging.merge([left_over], actor=actors.admissions, into_id=sister)
    else:
        records.delete([left_over], actor=actors.admin)
    assert user_of(role="guardian").org_ids == schools_of(sister)
    if how == "merged":
        unmerging.undo(done.batch_id, actor=actors.admissions)
    else:
        records.restore([left_over], actor=actors.admin)
    assert len(user_of(role="guardian").org_ids) == 2


def test_a_guardian_whose_children_are_all_gone_is_enabled_no_more_and_may_be_deleted(actors, left_over, sister):
    merging.merge([left_over], actor=actors.admissions, into_id=sister)
    link = db.session.scalars(select(StudentGuardian).where(StudentGuardian.student_id == sister)).one()
    links.delete_links([link.id], actor=actors.admissions)
    assert not user_of(role="guardian").enabled_user
    [done] = links.delete_guardians([link.guardian_id], actor=actors.admissions).outcomes
    assert done.state == "ok", done.refusal
    assert db.session.scalar(text("SELECT count(*) FROM student_guardians")) == 0, "nor when a student comes back"
