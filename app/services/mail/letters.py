"""Letters: e-mail to an address, whether or not anybody with an account has it.

A letter is written down in the transaction of what it tells, and put into words when it is sent: the links in it are
made then, so that no table holds a secret, and nobody who asks learns from the answer's time whether an address is
known. At least once, under one Message-ID; a letter that is sent again has new links beside the old ones.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.models.credentials import Letter
from app.services import queue
from app.services.errors import Refusal
from app.services.mail.messages import Reader, compose_letter
from app.services.mail.transport import LaterError, NeverError, Send, opened
from app.services.notifications import texts
from app.services.transaction import afterwards, transactional

log = logging.getLogger(__name__)

TASK: Final = "mail.letters"
LEASE: Final = timedelta(minutes=5)
MOST_ATTEMPTS: Final = 10
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
MOST_LETTERS: Final = 200  # of one run of the task; the next minute has the next

# kind -> the module and function that say what is in it
WRITERS: Final = {
    "password_reset": ("password_links", "reset_letter"),
    "access_approved": ("access_requests.letters", "approved"),
    "access_rejected": ("access_requests.letters", "rejected"),
    "registration_known": ("assistants.letters", "known"),
    "registration_rejected": ("assistants.letters", "rejected"),
    "second_factor_reset": ("second_factor.letters", "reset"),
    "seat": ("seat_notices.letters", "seat"),
    "enrollment_invitation": ("enrollments.letters", "invitation"),
}

_DUE = "status = 'queued' AND next_attempt_at <= now() AND (claimed_until IS NULL OR claimed_until <= now())"
_COUNT_DUE = text(f"SELECT count(*) FROM (SELECT FROM letters WHERE {_DUE} LIMIT 1000) due")
_CLAIM = text(f"""
    WITH taken AS (SELECT id FROM letters WHERE {_DUE} ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE letters l SET claimed_until = now() + CAST(:lease AS interval), attempts = l.attempts + 1
    FROM taken WHERE l.id = taken.id RETURNING l.id, l.kind, l.email, l.locale, l.payload, l.attempts
""")
# Only by who holds the lease: a worker that slept through it must not undo what another one did since.
_SETTLE = text("""
    UPDATE letters SET status = :status, error = :error, claimed_until = NULL,
        sent_at = CASE WHEN :status = 'sent' THEN now() END
    WHERE id = :id AND status = 'queued' AND (attempts = :attempts OR :status = 'sent')
""")
_LATER = text("""
    UPDATE letters SET claimed_until = NULL, error = :error, next_attempt_at = now() + CAST(:pause AS interval)
    WHERE id = :id AND status = 'queued' AND attempts = :attempts
""")
_CLEAN = text("DELETE FROM letters WHERE status <> 'queued' AND created_at < now() - make_interval(days => :days)")


@dataclass(frozen=True)
class Words:
    """What a letter says."""

    name: str  # of who gets it
    subject: str
    paragraphs: tuple[str, ...]


def post(kind: str, email: str, payload: Mapping[str, Any], *, locale: str | None) -> None:
    """Have a letter sent once the running transaction is committed."""
    db.session.add(Letter(kind=kind, email=email, payload=dict(payload), locale=locale))
    send_soon()


def send_soon() -> None:
    """Ask a worker for what is due when the running transaction has ended. Asked for inside it, everybody else who writes
    a letter would wait for its end, as only one such task may be queued. What is not asked for, because the process is
    killed in between or the database is busy, the job of the next minute asks for.
    """
    afterwards(_ask)


def _ask() -> None:
    try:
        request_delivery()
    except (Refusal, SQLAlchemyError) as error:  # what was to be done is done
        log.warning("Letters wait for the next minute: %s", error)


@transactional
def request_delivery() -> int:
    """Ask a worker to send what is due, if anything is. Returns how many letters are due, counted up to 1,000."""
    due = int(db.session.execute(_COUNT_DUE).scalar_one())
    if due:
        queue.defer(TASK, queueing_lock=TASK)
    return due


def deliver() -> int:
    """Send what is due; returns how many letters went out. Several workers may do this at once."""
    sent = 0
    with opened() as send:
        for _number in range(MOST_LETTERS):
            letter = _claim()
            if letter is None:
                break
            try:
                sent += _deliver(letter, send)
            except LaterError:  # the server is away for all of them
                break
    return sent


def _deliver(letter: Any, send: Send) -> bool:
    """Whether the letter went out. Raises LaterError when no other would."""
    try:
        if letter.attempts > MOST_ATTEMPTS:
            raise NeverError("Every worker that sent this was lost.")
        words = _words(letter)
        if words is None:
            _settle(letter, "dropped")
            return False
        send(_message(letter, words))
    except LaterError as error:
        _note_later(letter, str(error))
        if error.server:
            log.warning("Letters wait: %s", error)
            raise
        return False
    except (NeverError, ValueError) as error:  # ValueError: what cannot be written as a header
        _settle(letter, "failed", str(error) or type(error).__name__)
        return False
    _settle(letter, "sent")
    return True


@transactional
def _claim() -> Any:
    return db.session.execute(_CLAIM, {"lease": LEASE}).one_or_none()


@transactional
def _words(letter: Any) -> Words | None:
    """What the letter says, in its language; None when there is nothing to say. Links in it are committed with this."""
    module, function = WRITERS[letter.kind]
    writer: Callable[[Any], Words | None] = getattr(import_module(f"app.services.{module}"), function)
    with force_locale(_locale(letter)):
        return writer(letter)


def _message(letter: Any, words: Words) -> Any:
    host = urlsplit(current_app.config["PUBLIC_URL"]).hostname
    reader = Reader(words.name, letter.email, _locale(letter), None)
    return compose_letter(f"<{letter.id}@{host}>", reader, words.subject, words.paragraphs)


def _locale(letter: Any) -> str:
    known = letter.locale in current_app.config["LANGUAGES"]
    return str(letter.locale) if known else texts.SOURCE


@transactional
def _settle(letter: Any, status: str, error: str | None = None) -> None:
    facts = {"id": letter.id, "attempts": letter.attempts, "status": status, "error": error and error[:1000]}
    db.session.execute(_SETTLE, facts)


def _note_later(letter: Any, error: str) -> None:
    if letter.attempts >= MOST_ATTEMPTS:
        _settle(letter, "failed", error)
    else:
        _put_off(letter, error, min(FIRST_PAUSE * 2 ** (letter.attempts - 1), LONGEST_PAUSE))


@transactional
def _put_off(letter: Any, error: str, pause: timedelta) -> None:
    facts = {"id": letter.id, "attempts": letter.attempts, "error": error[:1000], "pause": pause}
    db.session.execute(_LATER, facts)


@transactional
def clean_up(days: int = 7) -> int:
    """Delete what was settled so many days ago, for it names addresses; returns how many."""
    return int(db.session.execute(_CLEAN, {"days": days}).rowcount)  # type: ignore[attr-defined]
