"""Notices: one per recipient, kind, record and day; each reader sees their own."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import text

from app.extensions import db
from app.models.notifications import Notification, NotificationEvent, NotificationType
from app.services import notifications, school
from app.services.notifications import Notice, notify
from app.services.transaction import transactional


@transactional
def tell(*recipients, entity=None, actor=None, title="A lead"):
    notify(
        NotificationType.LEAD_ASSIGNED,
        "leads",
        [Notice(each, entity or uuid.UUID(int=1), title) for each in recipients],
    )


def inbox(actor):
    return [row.title for row in notifications.newest(actor)]


def test_the_same_is_told_once_a_day(db_session, actors):
    tell(actors.staff.id, actors.staff2.id)
    tell(actors.staff.id)
    assert (inbox(actors.staff), inbox(actors.staff2)) == (["A lead"], ["A lead"])
    assert db.session.query(NotificationEvent).count() == 2, "what happened is kept each time"
    db.session.execute(text("UPDATE notifications SET dedup_day = :day"), {"day": school.today() - timedelta(days=1)})
    tell(actors.staff.id)
    assert len(inbox(actors.staff)) == 2, "tomorrow again"
    tell(actors.staff.id, entity=uuid.UUID(int=2))
    assert len(inbox(actors.staff)) == 3, "another record is another notice"


def test_nobody_reads_or_marks_anothers(db_session, actors, client_of):
    tell(actors.staff.id)
    key = db.session.query(Notification.id).scalar()
    assert inbox(actors.admin) == []
    assert notifications.mark_read([key], actor=actors.admin) == 0
    assert client_of("admin").post("/inbox/read", data={"id": str(key)}).status_code == 302
    assert actors.staff.unread == 1
    assert notifications.mark_read([key, uuid.uuid4()], actor=actors.staff) == 1
    assert notifications.mark_read([key], actor=actors.staff) == 0
    assert actors.staff.unread == 0


def test_all_of_ones_own_are_marked(db_session, actors):
    for number in range(3):
        tell(actors.staff.id, actors.admin.id, entity=uuid.UUID(int=number + 1))
    assert notifications.mark_all_read(actor=actors.staff) == 3
    assert (actors.staff.unread, actors.admin.unread) == (0, 3)


def test_archived_and_expired_ones_are_not_shown(db_session, actors):
    tell(actors.staff.id)
    db.session.execute(text("UPDATE notifications SET expires_at = now() - interval '1 hour'"))
    assert inbox(actors.staff) == []
    db.session.execute(text("UPDATE notifications SET expires_at = NULL, archived_at = now()"))
    assert inbox(actors.staff) == []


def test_the_inbox_is_paged_without_gaps(db_session, actors):
    for number in range(7):
        tell(actors.staff.id, entity=uuid.UUID(int=number + 1), title=f"N{number}")
    seen, before = [], None
    while page := notifications.newest(actors.staff, before=before, limit=3):
        seen += [row.title for row in page]
        before = page[-1].id
    assert seen == [f"N{number}" for number in reversed(range(7))]


def test_a_notice_goes_with_its_reader_and_titles_fit(db_session, actors):
    tell(actors.staff.id, title="x" * 500)
    assert len(inbox(actors.staff)[0]) == 200
