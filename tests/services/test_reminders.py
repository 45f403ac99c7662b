"""Classes that run out and classes that nobody marked: told to whom it concerns, once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.notifications import Notification, NotificationEvent, NotificationType
from app.services import accounts, jobs, notifications, reminders, school
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.students import student

FEW, NONE, MISSING = (
    NotificationType.CLASSES_REMAINING_4,
    NotificationType.CLASSES_COMPLETED,
    NotificationType.ATTENDANCE_MISSING,
)
TUESDAY = 1


@pytest.fixture
def made(db_session, actors):
    """An admission of the student with an account: one class a week, 12 in all, begun long ago."""
    teacher = accounts.find("teacher")
    slot = courses.slot(courses.course([teacher], name="Piano"), teacher, TUESDAY, "16:00")
    learner = student(user_id=actors.student.id, first_name="Sol", last_name="Okoye")
    return admission([slot], actor=actors.admin, student_id=learner.id, starts_on=school.today() - timedelta(days=100))


def mark(admission_id, count):
    """Mark the first classes as present."""
    db.session.execute(
        text("""
            UPDATE attendance SET status = 'present', marked_at = now() WHERE id IN (
                SELECT id FROM attendance WHERE admission_id = :id ORDER BY starts_at LIMIT :count)
        """),
        {"id": admission_id, "count": count},
    )


def told(kind):
    rows = db.session.query(Notification.recipient_id).filter(Notification.type == kind)
    return sorted(accounts_by_id()[row.recipient_id] for row in rows)


def accounts_by_id():
    return dict(db.session.execute(text("SELECT id, username FROM ab_user")).all())


def test_four_left_is_told_once_to_the_student_and_the_admins(made):
    today = school.today()
    mark(made.id, 7)
    reminders.classes_remaining(today)
    assert told(FEW) == [], "five are left"
    mark(made.id, 9)
    assert reminders.classes_remaining(today) == len(told(FEW)) > 0
    assert told(FEW) == ["admin", "admin2", "student", "super_admin"]
    for later in (0, 1, 30):
        assert reminders.classes_remaining(today + timedelta(days=later)) == 0
    assert db.session.query(NotificationEvent).filter_by(type=FEW).count() == 1


def test_none_left_is_told_too_and_both_only_of_active_admissions(made, actors):
    today = school.today()
    mark(made.id, 12)
    db.session.execute(text("UPDATE admissions SET status = 'completed'"))
    assert reminders.classes_remaining(today) == 0
    db.session.execute(text("UPDATE admissions SET status = 'active'"))
    reminders.classes_remaining(today)
    assert "student" in told(NONE)
    assert told(FEW) == []
    [row] = notifications.newest(actors.student, kind=NONE)
    assert row.title == "No classes left: Sol Okoye, Piano"
    assert row.link == "/attendance/"


def test_everybody_may_follow_the_link_of_their_notice(made, client_of):
    mark(made.id, 9)
    reminders.classes_remaining(school.today())
    for username, link in (("student", "/attendance/"), ("admin", f"/admissions/{made.id}")):
        of_whom = {"type": FEW.value, "id": accounts.find(username).id}
        found = text("SELECT link FROM notifications WHERE type = :type AND recipient_id = :id")
        assert db.session.scalars(found, of_whom).all() == [link]
        assert client_of(username).get(link).status_code == 200


def test_what_was_told_at_marking_is_not_told_again(made):
    mark(made.id, 9)
    notice = notifications.Notice(accounts.find("admin").id, made.id, "4 left")
    notifications.notify(FEW, "admissions", [notice])
    assert reminders.classes_remaining(school.today() + timedelta(days=1)) == 0


def test_an_unmarked_class_is_told_after_a_day_and_once(made):
    [first, second] = db.session.scalars(
        text("SELECT class_date FROM attendance WHERE admission_id = :id ORDER BY 1 LIMIT 2"), {"id": made.id}
    )
    assert reminders.attendance_missing(first) == 0, "its day is not over by 24 hours"
    assert reminders.attendance_missing(first + timedelta(days=1)) == len(told(MISSING))
    assert told(MISSING) == ["admin", "admin2", "super_admin", "teacher"]
    entity = db.session.query(Notification.entity_id).filter_by(type=MISSING).first()[0]
    assert entity.endswith(f":{first}")
    assert reminders.attendance_missing(first + timedelta(days=2)) == 0
    mark(made.id, 2)
    assert reminders.attendance_missing(second + timedelta(days=3)) == 0, "marked"


def test_classes_that_have_not_taken_place_are_never_told(made):
    """Otherwise their true reminder would be swallowed when they have."""
    db.session.execute(text("DELETE FROM attendance WHERE ends_at <= now()"))
    for day in (school.today(), school.today() + timedelta(days=60), date.max):
        assert reminders.attendance_missing(day) == 0


@pytest.mark.parametrize("first", [date(2026, 3, 10), date(2026, 10, 12)], ids=["spring", "autumn"])
def test_a_month_of_days_with_a_change_of_the_clocks(db_session, actors, first):
    """Every job on every local day, each twice: what repeats is told once per local day, the rest once."""
    from tests.factories.leads import lead

    lead(owner_id=actors.staff.id, follow_up_date=first)
    teacher = accounts.find("teacher")
    slot = courses.slot(courses.course([teacher]), teacher, TUESDAY, "16:00")
    admission([slot], actor=actors.admin, starts_on=first)
    days = [first + timedelta(days=number) for number in range(30)]
    for day in days:
        for name in ("lead_followup_due", "attendance_missing", "classes_remaining"):
            for _again in range(2):
                jobs.run(name, day, force=True)
    due = db.session.query(Notification.dedup_day).filter_by(
        type=NotificationType.LEAD_FOLLOWUP_DUE, recipient_id=actors.staff.id
    )
    assert sorted(row.dedup_day for row in due) == days
    missing = db.session.query(Notification.entity_id).filter_by(type=MISSING, recipient_id=teacher.id).all()
    classes = [day for day in days[:-1] if day.weekday() == TUESDAY]
    assert sorted(row.entity_id.partition(":")[2] for row in missing) == [str(day) for day in classes]


@pytest.mark.parametrize(
    ("marked", "title"), [(11, "1 class left: Sol Okoye, Piano"), (10, "2 classes left: Sol Okoye, Piano")]
)
def test_how_many_are_left_agrees_with_its_word(made, actors, marked, title):
    """As stored in the source language, and as read."""
    mark(made.id, marked)
    reminders.classes_remaining(school.today())
    assert set(db.session.scalars(db.select(Notification.title).where(Notification.type == FEW))) == {title}
    [row] = notifications.newest(actors.student, kind=FEW)
    assert row.title == title
