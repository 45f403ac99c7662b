"""Publishing: who is told what, once; what an assistant sees; what their calendar shows."""

from __future__ import annotations

import re
from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.notifications import Notification, NotificationType
from app.models.roster import PublishedShift, RosterStatus
from app.services import listing, school
from app.services.assistants import ASSISTANTS
from app.services.assistants import own as own_record
from app.services.roster import own, publishing, rosters
from app.services.timetables import feeds
from tests.factories.assistants import assistant
from tests.factories.roster import assignment, roster, shift
from tests.services.roster.conftest import MORNING


@pytest.fixture
def week(desk, actors):
    """The week after this one, with the account `assistant` on its first shift and somebody without an account."""
    monday = school.today() + timedelta(days=7 - school.today().weekday())
    desk.week = roster(monday)
    desk.dora = assistant(user_id=actors.assistant.id, courses=[desk.piano, desk.violin], periods=MORNING)
    desk.early = shift(desk.week, 0, "09:00", "11:00", [(desk.piano, 1), (desk.violin, 1)], place="Hall")
    desk.late = shift(desk.week, 0, "11:00", "13:00", [(desk.piano, 1)])
    desk.made = assignment(desk.early, desk.piano, desk.dora)
    assignment(desk.late, desk.piano, desk.ben)
    return desk


def publish(week, actors, state="ok"):
    assert [each.state for each in publishing.publish([week.week.id], actor=actors.admin).outcomes] == [state]
    db.session.refresh(week.week)


def told() -> list[tuple[int, str]]:
    rows = db.session.execute(
        select(Notification.recipient_id, Notification.body)
        .where(Notification.type == NotificationType.ROSTER_PUBLISHED)
        .order_by(Notification.created_at, Notification.id)
    )
    return [tuple(row) for row in rows]


def entries(actors) -> dict[str, tuple[str, int, str]]:
    """What the calendar of the account shows: UID -> (status, SEQUENCE, place)."""
    db.session.commit()
    _feed, token = feeds.create("", actor=actors.assistant)
    calendar = icalendar.Calendar.from_ical(feeds.read(token, "192.0.2.1").content)
    return {
        str(event["uid"]): (str(event["status"]), int(event["sequence"]), str(event.get("location", "")))
        for event in calendar.walk("VEVENT")
    }


def test_publishing_tells_each_assistant_once(week, actors):
    assert own.shifts_of(actors.assistant) == []
    publish(week, actors)
    assert week.week.status is RosterStatus.PUBLISHED
    assert told() == [(actors.assistant.id, "New: 1. Changed: 0. Taken back: 0.")]
    publish(week, actors, "unchanged")
    assert len(told()) == 1
    deliveries = "SELECT count(*) FROM notification_deliveries d JOIN notifications n ON n.id = d.notification_id"
    assert db.session.scalar(text(f"{deliveries} WHERE n.type = 'roster_published'")) == 1


def test_an_assistant_sees_their_own_shifts_and_nobody_elses(week, actors):
    publish(week, actors)
    found = own.shifts_of(actors.assistant)
    assert [(each.course, each.place) for each in found] == [("Piano", "Hall")]
    local = found[0].starts_at.astimezone(school.zone())
    assert (local.date(), f"{local:%H:%M}") == (week.week.starts_on, "09:00")
    assert own.shifts_of(actors.teacher) == []
    assert own.shifts_of(actors.admin) == []


def test_changes_are_seen_when_they_are_published_and_told_to_those_they_concern(week, actors):
    other = assistant(user_id=actors.student.id, courses=[week.violin], periods=MORNING)
    assignment(week.early, week.violin, other)
    publish(week, actors)
    assert {who for who, _text in told()} == {actors.assistant.id, actors.student.id}
    week.early.place = "Library"
    db.session.commit()
    db.session.delete(week.made)
    db.session.commit()
    assert len(own.shifts_of(actors.assistant)) == 1
    publish(week, actors)
    assert sorted(told()[2:]) == sorted(
        [
            (actors.assistant.id, "New: 0. Changed: 0. Taken back: 1."),
            (actors.student.id, "New: 0. Changed: 1. Taken back: 0."),
        ]
    )
    assert own.shifts_of(actors.assistant) == []
    assignment(week.early, week.piano, week.dora)
    publish(week, actors)
    assert told()[4:] == [(actors.assistant.id, "New: 1. Changed: 0. Taken back: 0.")]


def test_taking_a_week_back_and_publishing_it_again_tells_only_of_what_changed(week, actors):
    other = assistant(user_id=actors.student.id, courses=[week.violin], periods=MORNING)
    second = assignment(week.early, week.violin, other)
    publish(week, actors)
    assert publishing.unpublish([week.week.id], actor=actors.admin).count("ok") == 1
    assert publishing.unpublish([week.week.id], actor=actors.admin).count("unchanged") == 1
    db.session.refresh(week.week)
    assert week.week.status is RosterStatus.DRAFT
    assert own.shifts_of(actors.assistant) == []
    db.session.delete(second)
    db.session.commit()
    publish(week, actors)
    assert told()[2:] == [(actors.student.id, "New: 0. Changed: 0. Taken back: 1.")]
    assert len(own.shifts_of(actors.assistant)) == 1


def test_the_calendar_follows(week, actors):
    assert entries(actors) == {}
    publish(week, actors)
    [(uid, first)] = entries(actors).items()
    assert first == ("CONFIRMED", 0, "Hall")
    assert uid.startswith("shift-")
    week.early.place = "Library"
    db.session.commit()
    assert entries(actors) == {uid: first}
    publish(week, actors)
    assert entries(actors) == {uid: ("CONFIRMED", 1, "Library")}
    publishing.unpublish([week.week.id], actor=actors.admin)
    assert entries(actors) == {uid: ("CANCELLED", 2, "Library")}
    publish(week, actors)
    assert entries(actors) == {uid: ("CONFIRMED", 3, "Library")}
    db.session.delete(db.session.merge(week.early))
    db.session.commit()
    publish(week, actors)
    assert entries(actors) == {uid: ("CANCELLED", 4, "Library")}


def test_a_week_with_nobody_on_it_is_not_published(desk, actors):
    result = publishing.publish([desk.week.id], actor=actors.admin)
    assert [str(each.refusal) for each in result.outcomes] == ["Nobody is on this roster yet."]


def test_a_week_that_was_published_is_not_deleted(week, actors):
    publish(week, actors)
    publishing.unpublish([week.week.id], actor=actors.admin)
    result = rosters.delete([week.week.id], actor=actors.admin)
    assert [str(each.refusal) for each in result.outcomes] == [
        "It was published: assistants have it in their calendars."
    ]


def test_a_message_is_put_into_words_at_its_readers(week, actors):
    publish(week, actors)
    row = db.session.scalars(select(Notification).where(Notification.type == NotificationType.ROSTER_PUBLISHED)).one()
    assert row.link == "/me/assistant"
    assert row.payload["title"]["values"] == {"day": {"day": week.week.starts_on.isoformat()}}


def test_the_feed_of_an_account_that_is_no_assistant_is_as_before(week, actors):
    publish(week, actors)
    _feed, token = feeds.create("", actor=actors.teacher)
    assert b"shift-" not in feeds.read(token, "192.0.2.1").content
    assert db.session.scalars(select(PublishedShift)).all()


def test_every_deleted_shift_is_taken_back(week, actors):
    extra = shift(week.week, 1, "09:00", "11:00", [(week.piano, 1)])
    assignment(extra, week.piano, week.dora)
    publish(week, actors)
    for each in (week.early, extra):
        db.session.execute(text("DELETE FROM roster_shifts WHERE id = :id"), {"id": each.id})
    db.session.expire_all()
    publish(week, actors)
    gone = select(PublishedShift.cancelled_at).where(PublishedShift.assistant_id == week.dora.id)
    assert [each is not None for each in db.session.scalars(gone)] == [True, True]


def test_hours_worked_are_those_of_published_shifts_that_are_over(week, actors, client_of):
    """Two hours that were published and are over; not what is planned, taken back, or still to come."""
    publish(week, actors)
    row = db.session.scalars(select(PublishedShift).where(PublishedShift.assistant_id == week.dora.id)).one()
    listed = "student", "hours_worked"

    def hours():
        db.session.expire_all()
        [told] = listing.fetch(ASSISTANTS, actors.admin, listing.Query(ids=(week.dora.id,)), listed, count=False).rows
        assert told.hours_worked == own_record.find(actors.assistant).hours_worked
        return told.hours_worked

    assert hours() == 0
    row.starts_at, row.ends_at = row.starts_at - timedelta(days=21), row.ends_at - timedelta(days=21)
    db.session.commit()
    assert hours() == 2
    for who, page in (
        ("admin", "/assistants/"),
        ("admin", f"/assistants/{week.dora.id}"),
        ("assistant", "/me/assistant"),
    ):
        assert re.search(r"Hours worked", client_of(who).get(page).text)
    assert "2.00" in client_of("admin").get("/assistants/export.csv").text
    row.cancelled_at = row.changed_at
    db.session.commit()
    assert hours() == 0
