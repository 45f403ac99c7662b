"""E-mail of notices, through a real SMTP server: sent at least once, never lost, one e-mail for many notices."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.notifications import Channel, NotificationDelivery, NotificationType, Severity
from app.services import mail
from app.services.mail import outbox
from app.services.notifications import Notice, notify, preferences
from app.services.transaction import transactional
from tests.services.mail.conftest import free_port

KIND = NotificationType.LEAD_ASSIGNED


@transactional
def tell(*people, kind=KIND, title="A lead", body="", link="/leads/1", severity=None, count=1):
    entities = [uuid.uuid4() for _ in range(count)]
    notices = [Notice(each.id, key, title, body, link) for key in entities for each in people]
    return notify(kind, "leads", notices, severity=severity)


def rows():
    db.session.expire_all()
    return db.session.query(NotificationDelivery).order_by(NotificationDelivery.id).all()


def states():
    return [row.status.value for row in rows()]


def sooner(**columns):
    """Let time pass for what is waiting."""
    sets = ", ".join(f"{name} = {value}" for name, value in columns.items())
    db.session.execute(text(f"UPDATE notification_deliveries SET {sets}"))


def test_each_new_notice_of_a_wanted_type_is_queued(db_session, actors):
    tell(actors.staff, actors.staff2)
    assert states() == ["queued", "queued"]
    tell(actors.staff, kind=NotificationType.LEAD_STAGE_CHANGED)
    assert len(states()) == 2, "off by default"
    preferences.update({KIND: {Channel.EMAIL: False}}, actor=actors.staff)
    tell(actors.staff)
    assert len(states()) == 2, "switched off"


def test_without_an_address_or_a_login_there_is_no_mail(db_session, actors):
    db.session.execute(text("UPDATE ab_user SET active = false WHERE id = :id"), {"id": actors.staff.id})
    db.session.execute(text("UPDATE ab_user SET email = 'x@no-email.invalid' WHERE id = :id"), {"id": actors.staff2.id})
    assert tell(actors.staff, actors.staff2) == 2
    assert states() == []


def test_who_wants_no_entry_in_the_inbox_gets_none_and_is_not_told_twice(db_session, actors):
    from app.services import notifications

    preferences.update({KIND: {Channel.IN_APP: False}}, actor=actors.staff)
    key = uuid.uuid4()
    for expected in (1, 0):
        assert notify(KIND, "leads", [Notice(actors.staff.id, key, "A lead")]) == expected
    assert notifications.newest(actors.staff) == []
    assert actors.staff.unread == 0
    assert states() == ["queued"]


def test_a_notice_arrives_with_its_link_in_the_readers_language(db_session, actors, mailbox):
    from app.services import settings

    settings.update({"locale": "ar"}, actor=actors.staff)
    tell(actors.staff, title="Zoë <b>& Co</b>", body="line 1\nline 2")
    assert mail.deliver() == 1
    [message] = mailbox.messages
    assert message["To"] == "Staff Tester <staff@school.example>"
    assert message["Subject"] == "Registrar: Zoë <b>& Co</b>"
    assert message["Message-ID"].endswith("@localhost>")
    assert message["Auto-Submitted"] == "auto-generated"
    html = message.get_body(("html",)).get_content()
    assert 'lang="ar" dir="rtl"' in html
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert "http://localhost/leads/1" in message.get_body(("plain",)).get_content()
    assert states() == ["sent"]
    assert mail.deliver() == 0


def test_many_notices_of_one_person_are_one_mail(db_session, actors, mailbox):
    tell(actors.staff, actors.staff2, count=60)
    assert mail.deliver() == 2
    assert {message["Subject"] for message in mailbox.messages} == {"Registrar: 60 notices"}
    assert "10 more are in your inbox." in mailbox.messages[0].get_body(("plain",)).get_content()
    assert set(states()) == {"sent"}


def test_after_a_mail_the_next_waits_unless_it_is_critical(db_session, actors, mailbox):
    tell(actors.staff)
    mail.deliver()
    tell(actors.staff, count=3)
    assert mail.deliver() == 0
    tell(actors.staff, severity=Severity.CRITICAL)
    assert mail.deliver() == 1
    sooner(next_attempt_at="now()", sent_at="sent_at - interval '4 hours'")
    assert mail.deliver() == 1
    assert mailbox.messages[-1]["Subject"] == "Registrar: 3 notices"


def test_what_has_expired_is_not_sent(db_session, actors, mailbox):
    tell(actors.staff, actors.staff2, title="Fire drill at ten")
    db.session.execute(text("UPDATE notifications SET expires_at = now() - interval '1 hour'"))
    tell(actors.staff, title="Still true")
    db.session.execute(
        text("UPDATE notifications SET expires_at = now() + interval '1 hour' WHERE title = 'Still true'")
    )
    assert mail.deliver() == 1
    assert [message["Subject"] for message in mailbox.messages] == ["Registrar: Still true"]
    assert sorted(states()) == ["failed", "failed", "sent"]
    assert {row.error for row in rows()} == {None, "The notice expired before it was sent."}
    assert mail.deliver() == 0


def test_a_server_that_is_away_is_asked_again_later(db_session, app, actors, monkeypatch, mailbox):
    up = app.config["SMTP_URL"]
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    tell(actors.staff, actors.staff2)
    assert mail.deliver() == 0
    [first, second] = rows()
    assert {first.attempts, second.attempts} == {0, 1}, "no attempt is wasted on the others"
    tried = max(first, second, key=lambda row: row.attempts)
    assert "ConnectionRefusedError" in tried.error
    assert tried.claimed_until is None
    known = tried.message_id
    monkeypatch.setitem(app.config, "SMTP_URL", up)
    sooner(next_attempt_at="now()")
    assert mail.deliver() == 2
    assert known in {message["Message-ID"] for message in mailbox.messages}
    assert states() == ["sent", "sent"]


def test_the_pauses_grow_and_end(db_session, app, actors, monkeypatch):
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    tell(actors.staff)
    pauses = []
    while states() == ["queued"]:
        mail.deliver()
        pauses.append(
            db.session.scalar(text("SELECT extract(epoch FROM next_attempt_at - now()) FROM notification_deliveries"))
        )
        sooner(next_attempt_at="now()")
    assert len(pauses) == outbox.MOST_ATTEMPTS
    assert [round(each / 60) for each in pauses[:4]] == [1, 2, 4, 8]
    assert states() == ["failed"]


def test_a_refused_address_fails_and_a_busy_server_does_not(db_session, actors, mailbox):
    mailbox.answers = ["550 No such user"]
    tell(actors.staff)
    assert mail.deliver() == 0
    [row] = rows()
    assert (row.status.value, row.error) == ("failed", "550 No such user")
    mailbox.answers = ["451 Try again"]
    tell(actors.staff2)
    assert mail.deliver() == 0
    assert sorted(states()) == ["failed", "queued"]
    sooner(next_attempt_at="now()")
    assert mail.deliver() == 1


@pytest.mark.parametrize("refused", ["to_sender", "to_helo"])
def test_a_server_that_refuses_us_costs_no_mail(db_session, actors, mailbox, refused):
    """Whose fault is ours or the server's, and the same for every message."""
    setattr(mailbox, refused, "550 Not you")
    tell(actors.staff, actors.staff2)
    assert mail.deliver() == 0
    assert states() == ["queued", "queued"]
    assert sorted(row.attempts for row in rows()) == [0, 1], "no attempt is wasted on the others"
    assert {row.error for row in rows()} == {None, "550 Not you"}
    setattr(mailbox, refused, "")
    sooner(next_attempt_at="now()")
    assert mail.deliver() == 2


@pytest.mark.parametrize(
    "answer",
    [
        "554 5.7.1 <staff@school.example>: Relay access denied",
        "550 5.7.0 Not from you",
        "530 5.7.0 Authentication required",
        "550 relay not permitted",
        "550 Please turn on SMTP Authentication in your mail client",
    ],
)
def test_a_server_that_does_not_relay_for_us_costs_no_mail(db_session, actors, mailbox, answer):
    """It says so of the recipient, but it is how the server or our account is set up (RFC 3463, 3.8)."""
    mailbox.answers = [answer]
    tell(actors.staff, actors.staff2)
    assert mail.deliver() == 0
    assert states() == ["queued", "queued"]
    assert sorted(row.attempts for row in rows()) == [0, 1], "no attempt is wasted on the others"
    assert {row.error for row in rows()} == {None, answer}
    sooner(next_attempt_at="now()")
    assert mail.deliver() == 2


def test_mailboxes_that_we_may_not_write_to_do_not_hold_up_the_others(db_session, actors, mailbox):
    """5.7 is also said of one mailbox: a list for members, a policy. The server has just taken mail for somebody else."""
    tell(actors.staff, actors.staff2, actors.teacher)
    turns = f"array_position(ARRAY[{actors.staff.id}, {actors.staff2.id}, {actors.teacher.id}], recipient_id)"
    sooner(next_attempt_at=f"now() - interval '1 hour' + {turns} * interval '1 minute'")
    mailbox.refused = "staff2@school.example", "550 5.7.1 You may not write to this group"
    assert mail.deliver() == 2
    assert sorted(states()) == ["queued", "sent", "sent"], "asked again, as it may yet be about us"


@pytest.mark.parametrize(
    "answer", ["550 5.1.1 No such user", "550 5.2.1 Mailbox disabled", "550 5.1.2 No host to relay to"]
)
def test_a_bad_mailbox_fails_alone(db_session, actors, mailbox, answer):
    mailbox.answers = [answer]
    tell(actors.staff, actors.staff2)
    assert mail.deliver() == 1
    assert sorted(states()) == ["failed", "sent"]
    assert {row.error for row in rows()} == {None, answer}


def test_an_address_that_the_refusal_repeats_is_not_taken_for_its_reason(db_session, actors, mailbox):
    db.session.execute(
        text("UPDATE ab_user SET email = 'Relay@school.example' WHERE id = :id"), {"id": actors.staff2.id}
    )
    db.session.commit()
    tell(actors.staff2, actors.staff)
    mailbox.refused = "Relay@school.example", "550 <relay@school.example>: no such user"
    assert mail.deliver() == 1
    assert sorted(states()) == ["failed", "sent"]


def test_a_message_that_is_too_large_fails_alone(db_session, actors, mailbox):
    mailbox.to_sender = "552 Too large"
    tell(actors.staff)
    assert mail.deliver() == 0
    assert [(row.status.value, row.error) for row in rows()] == [("failed", "552 Too large")]


def test_what_a_killed_worker_claimed_is_sent_after_the_lease(db_session, actors, mailbox, monkeypatch):
    """The worker dies after the server took the message and before that was noted."""

    def killed(claim):
        raise KeyboardInterrupt

    tell(actors.staff)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_note_sent", killed)
        with pytest.raises(KeyboardInterrupt):
            mail.deliver()
    tell(actors.staff)
    assert [mail.deliver(), len(mailbox.messages)] == [1, 2], "only what came since: the lease holds the other"
    sooner(claimed_until="claimed_until - interval '10 minutes'")
    assert mail.deliver() == 1
    first, _second, again = mailbox.messages
    assert first["Message-ID"] == again["Message-ID"], "a second copy can be recognised"
    assert set(states()) == {"sent"}


def test_a_late_worker_does_not_undo_what_another_did(db_session, actors, mailbox):
    tell(actors.staff)
    slow = outbox._claim(actors.staff.id)
    sooner(claimed_until="now() - interval '1 minute'")
    assert mail.deliver() == 1
    outbox._note_refused(slow, "too late")
    assert states() == ["sent"]


@pytest.mark.parametrize("text_", ["a\r\nBcc: x@evil.example", "a\nb\x00\x1f", "x\u2028y\u0085z", "=?utf-8?q?x?=" * 30])
def test_no_text_makes_a_header(db_session, actors, mailbox, text_):
    db.session.execute(
        text("UPDATE ab_user SET first_name = :name WHERE id = :id"),
        {"name": text_.replace("\x00", "")[:60], "id": actors.staff.id},
    )
    tell(actors.staff, title=text_.replace("\x00", ""))
    assert mail.deliver() == 1
    [message] = mailbox.messages
    assert message["Bcc"] is None
    assert message["To"].addresses[0].addr_spec == "staff@school.example"
    assert sorted(message.keys()) == sorted(
        ["Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )


def test_an_address_that_is_none_fails_alone(db_session, actors, mailbox):
    db.session.execute(text("UPDATE ab_user SET email = 'no address' WHERE id = :id"), {"id": actors.staff.id})
    tell(actors.staff, actors.staff2)
    assert mail.deliver() == 1
    assert sorted(states()) == ["failed", "sent"]


def test_without_a_server_mail_is_a_file(db_session, app, actors, monkeypatch, tmp_path):
    monkeypatch.setitem(app.config, "INSTANCE_DIR", str(tmp_path))
    monkeypatch.setitem(app.config, "SMTP_URL", "")
    tell(actors.staff)
    assert mail.deliver() == 1
    [path] = (tmp_path / "mail").glob("*.eml")
    assert b"Subject: Registrar: A lead" in path.read_bytes()


def test_a_worker_is_asked_only_when_something_is_due(db_session, actors):
    waiting = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'mail.deliver' AND status = 'todo'")
    assert mail.request_delivery() == 0
    tell(actors.staff)
    assert [mail.request_delivery(), mail.request_delivery()] == [1, 1]
    assert db.session.scalar(waiting) == 1
