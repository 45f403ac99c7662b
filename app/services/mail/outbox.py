"""The outbox. A worker claims what is due for one person, sends it outside any transaction, and notes how it went.

At least once: a row is claimed for LEASE; when the worker dies before it could note anything, the row is due again after
that. The same rows then go out under the same Message-ID, by which a mail server or reader knows the second copy.

Digest: all that is due for a person goes in one e-mail. After an e-mail, what is not critical waits until DIGEST_EVERY
has passed since, so that nobody gets one for each of twenty notices of an afternoon.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import text

from app.extensions import db
from app.models.access import NO_EMAIL
from app.services import queue
from app.services.mail.messages import Reader, compose
from app.services.mail.transport import LaterError, NeverError, Send, opened
from app.services.transaction import transactional

log = logging.getLogger(__name__)

TASK: Final = "mail.deliver"
LEASE: Final = timedelta(minutes=5)
DIGEST_EVERY: Final = timedelta(hours=3)
MOST_ATTEMPTS: Final = 10
FIRST_PAUSE: Final = timedelta(minutes=1)  # 1, 2, 4 ... minutes, then LONGEST_PAUSE: two days in all
LONGEST_PAUSE: Final = timedelta(hours=12)
MOST_AT_ONCE: Final = 1000  # notices of one e-mail
MOST_MESSAGES: Final = 200  # of one run of the task; the next minute has the next
LOCK: Final = 0x4D41494C  # "MAIL": with the recipient's number, one worker per person at a time

_DUE = "d.status = 'queued' AND d.next_attempt_at <= now() AND (d.claimed_until IS NULL OR d.claimed_until <= now())"
_COUNT_DUE = text(f"SELECT count(*) FROM (SELECT FROM notification_deliveries d WHERE {_DUE} LIMIT 1000) due")
_POSTPONE = text(f"""
    WITH written AS (
        SELECT recipient_id, max(sent_at) AS at FROM notification_deliveries
        WHERE status = 'sent' AND sent_at > now() - CAST(:every AS interval) GROUP BY recipient_id
    )
    UPDATE notification_deliveries d SET next_attempt_at = written.at + CAST(:every AS interval)
    FROM written, notifications n
    WHERE d.recipient_id = written.recipient_id AND n.id = d.notification_id AND n.severity <> 'critical'
      AND d.message_id IS NULL AND {_DUE}
""")
_PEOPLE = text(f"""
    SELECT d.recipient_id FROM notification_deliveries d WHERE {_DUE}
    GROUP BY d.recipient_id ORDER BY min(d.next_attempt_at), d.recipient_id LIMIT :most
""")
_ALONE = text("SELECT pg_try_advisory_xact_lock(:lock, :recipient_id)")
# Nobody reads of what is over by now: it is settled, unsent.
_EXPIRE = text(f"""
    UPDATE notification_deliveries d SET status = 'failed', claimed_until = NULL, error = :error
    FROM notifications n
    WHERE d.recipient_id = :recipient_id AND n.id = d.notification_id AND n.expires_at <= now() AND {_DUE}
""")
# What was tried together is tried together again, under its Message-ID; what is new makes a message of its own.
_CLAIM = text(f"""
    WITH first AS (
        SELECT coalesce(message_id, '') AS message_id FROM notification_deliveries d
        WHERE d.recipient_id = :recipient_id AND {_DUE} ORDER BY d.next_attempt_at, d.id LIMIT 1
    ), taken AS (
        SELECT d.id FROM notification_deliveries d, first
        WHERE d.recipient_id = :recipient_id AND coalesce(d.message_id, '') = first.message_id AND {_DUE}
        ORDER BY d.id LIMIT :most FOR UPDATE OF d SKIP LOCKED
    )
    UPDATE notification_deliveries d SET claimed_until = now() + CAST(:lease AS interval), attempts = d.attempts + 1,
        message_id = coalesce(d.message_id, :message_id)
    FROM taken WHERE d.id = taken.id RETURNING d.id, d.message_id, d.attempts
""")
_READER = text("""
    SELECT btrim(u.first_name || ' ' || u.last_name) AS name, u.email, s.locale, s.time_zone
    FROM ab_user u LEFT JOIN user_settings s ON s.user_id = u.id
    WHERE u.id = :recipient_id AND u.active AND u.email NOT LIKE :no_email
""")
_NOTICES = text("""
    SELECT n.title, n.body, n.payload, n.link, n.created_at
    FROM notification_deliveries d JOIN notifications n ON n.id = d.notification_id WHERE d.id = ANY(:ids)
    ORDER BY array_position(ARRAY['critical', 'warning', 'info'], n.severity::text), n.created_at, n.id
""")
# Only by who holds the lease: a worker that slept through it must not undo what another one did since.
_SENT = text("""
    UPDATE notification_deliveries SET status = 'sent', sent_at = now(), claimed_until = NULL, error = NULL
    WHERE id = ANY(:ids) AND status = 'queued'
""")
_REFUSED = text("""
    UPDATE notification_deliveries SET status = 'failed', claimed_until = NULL, error = :error
    WHERE id = ANY(:ids) AND status = 'queued' AND attempts = :attempts
""")
_LATER = text("""
    UPDATE notification_deliveries SET claimed_until = NULL, error = :error,
        next_attempt_at = now() + CAST(:pause AS interval)
    WHERE id = ANY(:ids) AND status = 'queued' AND attempts = :attempts
""")


class Claim:
    """Notices of one person that this worker sends now."""

    def __init__(self, recipient_id: int, rows: Sequence[Any]) -> None:
        self.recipient_id = recipient_id
        self.ids: list[UUID] = [row.id for row in rows]
        self.message_id: str = rows[0].message_id
        self.attempts: int = max(row.attempts for row in rows)


@transactional
def request_delivery() -> int:
    """Ask a worker to send what is due, if anything is. Returns how many notices are due, counted up to 1,000."""
    due = int(db.session.execute(_COUNT_DUE).scalar_one())
    if due:
        queue.defer(TASK, queueing_lock=TASK)
    return due


def deliver() -> int:
    """Send what is due; returns how many messages went out. Several workers may do this at once."""
    _postpone()
    sent = 0
    with opened() as send:
        for recipient_id in _people():
            claim = _claim(recipient_id)
            if claim is None:
                continue
            try:
                sent += _deliver(claim, send)
            except LaterError:  # the server is away for all of them
                break
    return sent


def _deliver(claim: Claim, send: Send) -> bool:
    """Whether the message went out. Raises LaterError when no other would."""
    try:
        reader, rows = _read(claim)
        if reader is None:
            raise NeverError("The account is inactive or has no e-mail address.")
        if claim.attempts > MOST_ATTEMPTS:
            raise NeverError("Every worker that sent this was lost.")
        send(compose(claim.message_id, reader, rows))
    except LaterError as error:
        _note_later(claim, str(error))
        if error.server:
            log.warning("Mail waits: %s", error)
            raise
        return False
    except (NeverError, ValueError) as error:  # ValueError: what cannot be written as a header
        _note_refused(claim, str(error) or type(error).__name__)
        return False
    _note_sent(claim)
    return True


@transactional
def _postpone() -> None:
    db.session.execute(_POSTPONE, {"every": DIGEST_EVERY})


@transactional
def _people() -> list[int]:
    return list(db.session.scalars(_PEOPLE, {"most": MOST_MESSAGES}))


@transactional
def _claim(recipient_id: int) -> Claim | None:
    if not db.session.scalar(_ALONE, {"lock": LOCK, "recipient_id": recipient_id}):
        return None
    db.session.execute(_EXPIRE, {"recipient_id": recipient_id, "error": "The notice expired before it was sent."})
    message_id = f"<{uuid4()}@{urlsplit(current_app.config['PUBLIC_URL']).hostname}>"
    facts = {"recipient_id": recipient_id, "lease": LEASE, "most": MOST_AT_ONCE, "message_id": message_id}
    rows = db.session.execute(_CLAIM, facts).all()
    return Claim(recipient_id, rows) if rows else None


@transactional
def _read(claim: Claim) -> tuple[Reader | None, Sequence[Any]]:
    facts = {"recipient_id": claim.recipient_id, "no_email": f"%@{NO_EMAIL}"}
    found = db.session.execute(_READER, facts).one_or_none()
    rows = db.session.execute(_NOTICES, {"ids": claim.ids}).all()
    return (Reader(*found) if found and rows else None), rows


@transactional
def _note_sent(claim: Claim) -> None:
    db.session.execute(_SENT, {"ids": claim.ids})


@transactional
def _note_refused(claim: Claim, error: str) -> None:
    db.session.execute(_REFUSED, {"ids": claim.ids, "error": error[:1000], "attempts": claim.attempts})


def _note_later(claim: Claim, error: str) -> None:
    if claim.attempts >= MOST_ATTEMPTS:
        _note_refused(claim, error)
    else:
        _put_off(claim, error, min(FIRST_PAUSE * 2 ** (claim.attempts - 1), LONGEST_PAUSE))


@transactional
def _put_off(claim: Claim, error: str, pause: timedelta) -> None:
    db.session.execute(_LATER, {"ids": claim.ids, "error": error[:1000], "attempts": claim.attempts, "pause": pause})


@transactional
def clean_up(days: int = 90) -> int:
    """Delete what was sent or refused so many days ago; returns how many."""
    statement = text(
        "DELETE FROM notification_deliveries WHERE status <> 'queued' AND created_at < now() - make_interval(days => :days)"
    )
    return int(db.session.execute(statement, {"days": days}).rowcount)  # type: ignore[attr-defined]
