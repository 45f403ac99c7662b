"""Ending an enrollment whose student has records: the student leaves the school, and comes back when it is opened again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.student_records import OneRosterUser, StudentSchoolAssociation
from app.services import school
from app.services.enrollments import accepting, deciding, invitations, steps
from app.services.errors import WrongState
from app.services.records import links, organizations
from tests.factories import enrollments as make
from tests.factories.records import organization

pytestmark = pytest.mark.usefixtures("db_session")


def association(found) -> StudentSchoolAssociation:
    statement = select(StudentSchoolAssociation).where(StudentSchoolAssociation.student_id == found.student_id)
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def is_there(found) -> bool:
    statement = select(OneRosterUser).where(OneRosterUser.student_id == found.student_id)
    return db.session.scalars(statement.execution_options(populate_existing=True)).one().enabled_user


@pytest.mark.parametrize("end", [deciding.withdraw, deciding.reject])
def test_whose_enrollment_ends_leaves_the_school_and_comes_back_when_it_is_opened_again(actors, end):
    found = make.enrollment_at(5)
    assert end([found.id], actor=actors.admissions, reason="Moved away").count("ok") == 1
    left = association(found)
    assert (left.exit_date, left.exit_type_descriptor) == (school.today(), "Withdrawn") and not is_there(found)
    assert deciding.reopen([found.id], actor=actors.admissions).count("ok") == 1
    back = association(found)
    assert (back.exit_date, back.exit_type_descriptor) == (None, None) and is_there(found)


@pytest.mark.parametrize(("end", "title"), [(deciding.withdraw, "was withdrawn"), (deciding.reject, "was rejected")])
def test_the_family_is_told_why_each_time(actors, client_of, end, title):
    found = make.enrollment_at(4)
    for reason in ("No place", "Moved away"):
        assert end([found.id], actor=actors.admissions, reason=reason).count("ok") == 1
        assert f"Reason: {reason}" in client_of("guardian").get(f"/me/enrollments/{found.id}").text
        deciding.reopen([found.id], actor=actors.admissions)
    statement = text(
        "SELECT title, body FROM notifications WHERE recipient_id = :id AND entity_id LIKE :key"
        " AND body LIKE 'Reason: %' ORDER BY id"
    )
    told = db.session.execute(statement, {"id": actors.guardian.id, "key": f"{found.id}:%"}).all()
    assert len(told) == 2
    inbox = client_of("guardian").get("/inbox/").text
    assert title in inbox and "Moved away" in inbox


def test_the_last_word_of_a_day_is_the_true_one(actors):
    """Approved, rejected, opened again and approved: each is told, and everything but the opening by the coach."""
    found = make.enrollment_at(4)
    deciding.reject([found.id], actor=actors.coach, reason="Not yet")
    deciding.reopen([found.id], actor=actors.admissions)
    deciding.approve([found.id], actor=actors.coach)
    assert deciding.approve([found.id], actor=actors.coach).count("unchanged") == 1
    statement = text("SELECT title FROM notifications WHERE recipient_id = :id AND entity_id LIKE :key ORDER BY id")
    told = db.session.scalars(statement, {"id": actors.guardian.id, "key": f"{found.id}:%"}).all()
    name = f"{found.student_first_name} {found.student_last_name}"
    assert told == [
        f"You can go on with the enrollment of {name}",
        f"The enrollment of {name} was rejected",
        f"The enrollment of {name} goes on",
        f"You can go on with the enrollment of {name}",
    ]


@pytest.mark.parametrize("how", ["switched off", "no coach any more"])
def test_in_place_of_a_coach_who_cannot_act_the_office_is_told(actors, how):
    found = make.enrollment_at(2)
    statements = {
        "switched off": "UPDATE ab_user SET active = false WHERE id = :id",
        "no coach any more": "DELETE FROM ab_user_role WHERE user_id = :id",
    }
    db.session.execute(text(statements[how]), {"id": found.coach_id})
    steps.submit(found.id, 2, make.consultation(), actor=actors.guardian)
    key = db.session.scalar(
        text("SELECT id FROM enrollment_steps WHERE enrollment_id = :id AND step = 2"), {"id": found.id}
    )
    told = set(
        db.session.scalars(text("SELECT recipient_id FROM notifications WHERE entity_id = :key"), {"key": str(key)})
    )
    assert actors.admissions.id in told and actors.coach.id not in told


def test_who_has_not_entered_yet_leaves_on_the_first_day(actors):
    found = make.enrollment_at(5)
    first = school.today() + timedelta(days=20)
    association(found).entry_date = first
    db.session.commit()
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    assert association(found).exit_date == first
    assert not is_there(found), "nor until that day"


def test_an_exit_that_was_there_or_was_changed_stays(actors):
    found = make.enrollment_at(5)
    gone = {"exit_date": school.today(), "exit_type_descriptor": "Transferred"}
    links.update_association(association(found).id, gone, actor=actors.admissions)
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    deciding.reopen([found.id], actor=actors.admissions)
    assert association(found).exit_type_descriptor == "Transferred"

    other = make.enrollment_at(5)
    deciding.withdraw([other.id], actor=actors.admissions, reason="Moved away")
    corrected = {"exit_date": date(2199, 1, 1), "exit_type_descriptor": "Withdrawn"}
    links.update_association(association(other).id, corrected, actor=actors.admissions)
    deciding.reopen([other.id], actor=actors.admissions)
    assert association(other).exit_date == date(2199, 1, 1)


def test_an_association_of_before_the_enrollment_is_another_ones(actors):
    found = make.enrollment_at(5)
    db.session.execute(text("UPDATE student_school_associations SET created_at = now() - interval '1 year'"))
    db.session.commit()
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    assert association(found).exit_date is None and is_there(found)


def test_who_is_at_another_school_by_now_is_not_brought_back(actors):
    found, other = make.enrollment_at(5), make.enrollment_at(5)
    deciding.withdraw([found.id, other.id], actor=actors.admissions, reason="Moved away")
    elsewhere = {"student_id": found.student_id, "school_id": organization().id, "entry_date": school.today()}
    links.create_association(elsewhere | {"entry_grade_level_descriptor": "Ninth grade"}, actor=actors.admissions)
    result = deciding.reopen([found.id, other.id], actor=actors.admissions)
    refused, done = result.outcomes
    assert isinstance(refused.refusal, WrongState) and "primary school" in str(refused.refusal) and done.state == "ok"
    db.session.refresh(found)
    assert found.status == "withdrawn"


def delete_school(actors):
    [outcome] = organizations.delete_organizations([make.hill_school().id], actor=actors.admissions).outcomes
    return str(outcome.refusal) if outcome.refusal else None


@pytest.mark.parametrize("step", [3, 5])
def test_nobody_comes_back_to_a_school_that_was_deleted(actors, step):
    found = make.enrollment_at(step)
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    assert delete_school(actors) is None
    for _again in range(2):
        [outcome] = deciding.reopen([found.id], actor=actors.admissions).outcomes
        assert str(outcome.refusal) == "Its school was deleted meanwhile."
    db.session.execute(text("UPDATE organizations SET deleted_at = NULL"))
    assert deciding.reopen([found.id], actor=actors.admissions).count("ok") == 1


def test_a_school_to_which_families_are_invited_stays(actors):
    found = make.invitation()
    assert delete_school(actors) == "It still has: invitations that are out (1)."
    accepting.open_link(make.token(found), actor=actors.guardian, ip_address=make.HERE)
    assert delete_school(actors) == "It still has: invitations that are out (1)."
    invitations.revoke([found.id], actor=actors.admissions)
    assert delete_school(actors) is None


def test_an_invitation_to_a_school_that_was_deleted_is_not_taken(actors):
    """As one that had expired, and was sent again."""
    found = make.invitation()
    db.session.execute(text("UPDATE organizations SET deleted_at = now() WHERE id = :id"), {"id": found.school_id})
    with pytest.raises(WrongState, match="not there any more"):
        accepting.accept_as_known(make.token(found), actor=actors.guardian, ip_address=make.HERE)
    assert db.session.scalar(text("SELECT count(*) FROM enrollments")) == 0
