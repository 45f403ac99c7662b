"""Languages, preferences, broadcasts, the archive and the bell."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from flask_babel import force_locale, gettext, lazy_ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.models.notifications import Channel, Notification, NotificationDelivery, NotificationType, Severity
from app.services import notifications
from app.services.errors import Conflict, Invalid, NotAllowed
from app.services.notifications import Notice, broadcasts, preferences, texts
from app.services.notifications.types import TYPES
from app.services.transaction import rehearse

KIND = NotificationType.LEAD_ASSIGNED


def only(actor, **filters):
    [row] = notifications.newest(actor, **filters)
    return row


def test_every_type_is_described():
    assert set(TYPES) == set(NotificationType)


def test_a_notice_is_put_into_words_at_reading(db_session, actors):
    title = _l("%(name)s: %(what)s", name="Zoë %(x)s", what=_l("assigned to you"))
    body = _l("%(count)s classes from %(day)s.", count=3, day=date(2026, 3, 31))
    with force_locale("ar"):
        notifications.notify(KIND, "leads", [Notice(actors.staff.id, uuid.uuid4(), title, body)])
    row = only(actors.staff)
    assert row.title == "Zoë %(x)s: assigned to you", "kept in the source language"
    assert texts.said(row) == ("Zoë %(x)s: assigned to you", "3 classes from Mar 31, 2026.")
    with force_locale("ar"):
        said = texts.said(row)
    assert said[0].startswith("Zoë %(x)s: ")
    assert said[0] != row.title


def test_what_was_said_in_former_words_is_still_translated(app):
    with app.test_request_context(), force_locale("ar"):
        for former in texts.FORMER:
            values = {"count": 3, "student": "", "course": "", "day": ""}
            assert gettext(texts.message(former), **values) != texts.message(former) % values


def test_plurals_and_moments_are_kept_as_such(db_session, actors):
    at = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    title = lazy_ngettext("%(num)s new lead for you", "%(num)s new leads for you", 2)
    notifications.notify(KIND, "x", [Notice(actors.staff.id, "a", title, _l("It is held until %(until)s.", until=at))])
    assert texts.said(only(actors.staff)) == ("2 new leads for you", "It is held until Jul 1, 2026, 13:00.")


def test_typed_text_is_left_as_it_is(db_session, actors):
    notifications.notify(KIND, "x", [Notice(actors.staff.id, "a", "50% off %(x)s", "{}")])
    assert texts.said(only(actors.staff)) == ("50% off %(x)s", "{}")


def test_notices_of_one_moment_are_paged_without_gaps(db_session, actors):
    notices = [Notice(actors.staff.id, uuid.uuid4(), f"N{number}") for number in range(12)]
    notifications.notify(KIND, "leads", notices)
    keys = [row.id for row in db.session.query(Notification).all()]
    for number, key in enumerate(keys):  # keys and moments need not agree
        db.session.execute(
            text("UPDATE notifications SET created_at = created_at - make_interval(secs => :s) WHERE id = :id"),
            {"s": number // 5, "id": key},
        )
    seen, before = [], None
    while page := notifications.newest(actors.staff, before=before, limit=5):
        seen += [row.id for row in page]
        before = page[-1].id
    assert sorted(seen) == sorted(keys) and len(seen) == 12


def test_filters_and_the_archive(db_session, actors, client_of):
    notifications.notify(KIND, "x", [Notice(actors.staff.id, "a", "First")])
    grave = Notice(actors.staff.id, "b", "Second", link="/leads/")
    notifications.notify(NotificationType.ADMISSION_BLOCKED_CAPACITY, "x", [grave])
    assert only(actors.staff, kind=KIND).title == "First"
    assert only(actors.staff, severity=Severity.WARNING).title == "Second"
    client = client_of("staff")
    page = client.get(f"/inbox/?type={KIND}").text
    assert "First" in page and "Second" not in page
    key = only(actors.staff, kind=KIND).id
    assert notifications.archive([key], actor=actors.admin) == 0
    answer = client.post("/inbox/archive", data={"id": str(key), "next": "/inbox/?show=unread"})
    assert answer.headers["Location"] == "/inbox/?show=unread"
    assert [row.title for row in notifications.newest(actors.staff)] == ["Second"]
    assert "First" in client.get("/inbox/?show=archive").text
    assert actors.staff.unread == 1


def test_the_bell_counts_without_prolonging_the_login(db_session, actors, client_of):
    client = client_of("staff")
    with client.session_transaction() as session:
        session.permanent = True
    client.get("/inbox/")
    notifications.notify(KIND, "x", [Notice(actors.staff.id, "a", "First")])
    answer = client.get("/inbox/count")
    assert answer.json == {"unread": "1", "label": "Notifications, 1 unread"}
    assert "Set-Cookie" not in answer.headers


def test_preferences_keep_only_what_differs(db_session, actors, client_of):
    stored = text("SELECT type, channel, enabled FROM notification_preferences ORDER BY 1, 2")
    client = client_of("staff")
    page = client.get("/settings/notices")
    assert page.status_code == 200 and "Follow-up due" in page.text
    assert "Account blocked" not in page.text, "for admins only"
    on = [
        f"{row.type}:{channel}"
        for row in preferences.own(actors.staff)
        for channel in Channel
        if getattr(row, channel) and (row.type, channel) != (KIND, Channel.EMAIL)
    ]
    assert client.post("/settings/notices", data={"on": on}).status_code == 302
    assert db.session.execute(stored).all() == [("lead_assigned", "email", False)]
    preferences.update({KIND: {"email": True}}, actor=actors.staff)
    assert db.session.execute(stored).all() == []
    with pytest.raises(Invalid):
        preferences.update({"account_blocked": {"email": True}}, actor=actors.staff)
    with pytest.raises(Invalid):
        preferences.update({KIND: {"pigeon": True}}, actor=actors.staff)


def message(**values):
    return {"key": uuid.uuid4(), "title": "Hello", "roles": [], "severity": Severity.INFO} | values


def test_a_broadcast_reaches_the_roles_once(db_session, actors):
    values = message(roles=["Teacher"], body="Come early")
    would = rehearse(broadcasts.send, values, actor=actors.admin)
    assert would.recipients == 2
    assert notifications.newest(actors.teacher) == [], "a preview sends nothing"
    assert broadcasts.send(values, actor=actors.admin) == would
    assert broadcasts.send(values, actor=actors.admin) == would, "the same form again"
    row = only(actors.teacher)
    assert (row.title, row.body, row.severity) == ("Hello", "Come early", Severity.INFO)
    assert notifications.newest(actors.staff) == []
    assert db.session.query(NotificationDelivery).count() == 2
    assert [event.payload["recipients"] for event, _who in broadcasts.sent()] == [2]
    everybody = broadcasts.send(message(), actor=actors.admin).recipients
    assert everybody == db.session.scalar(text("SELECT count(*) - 1 FROM ab_user WHERE active"))


def test_what_a_broadcast_refuses(db_session, actors):
    with pytest.raises(NotAllowed):
        broadcasts.send(message(), actor=actors.staff)
    with pytest.raises(Invalid):
        broadcasts.send(message(expires_at=datetime.now(UTC) - timedelta(hours=1)), actor=actors.admin)


@pytest.mark.parametrize(
    "change", [{"title": "Correction"}, {"body": "Come late"}, {"severity": Severity.WARNING}, {"roles": ["Staff"]}]
)
def test_a_form_that_was_sent_is_not_sent_with_other_words(db_session, actors, change):
    """As after Back in a browser: the answer must not be that of the first message."""
    values = message(roles=["Teacher"], body="Come early")
    broadcasts.send(values, actor=actors.admin)
    with pytest.raises(Conflict):
        broadcasts.send(values | change, actor=actors.admin)
    assert [row.title for row in notifications.newest(actors.teacher)] == ["Hello"]
    assert broadcasts.send(values | change | {"key": uuid.uuid4()}, actor=actors.admin).recipients > 0


def test_a_broadcast_expires(db_session, actors):
    broadcasts.send(message(expires_at=datetime.now(UTC) + timedelta(hours=1)), actor=actors.admin)
    assert actors.staff.unread == 1
    db.session.execute(text("UPDATE notifications SET expires_at = now() - interval '1 second'"))
    assert notifications.newest(actors.staff) == []
    assert actors.staff.unread == 0
    db.session.execute(text("UPDATE notifications SET expires_at = now() - interval '31 days'"))
    assert notifications.inbox.clean_up() > 0


def test_the_form_asks_once_more_with_the_number(db_session, actors, client_of):
    client = client_of("admin")
    form = {"key": str(uuid.uuid4()), "type": "broadcast", "title": "Hello", "severity": "info", "roles": "Teacher"}
    page = client.post("/broadcasts/new", data=form)
    assert "This will go to 2 people." in page.text
    assert client.post("/broadcasts/new", data=form | {"recipients": "1"}).status_code == 200
    assert notifications.newest(actors.teacher) == []
    assert client.post("/broadcasts/new", data=form | {"recipients": "2"}).status_code == 302
    assert only(actors.teacher).title == "Hello"
    assert client.post("/broadcasts/new", data=form | {"title": ""}).status_code == 422
    corrected = client.post("/broadcasts/new", data=form | {"title": "Goodbye", "recipients": "2"})
    assert corrected.status_code == 409
    assert "This form was sent already" in corrected.text
    assert "Hello" in client.get("/broadcasts/").text
