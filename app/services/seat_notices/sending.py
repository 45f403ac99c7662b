"""Sending seat notices. `seat_notices` holds what each student was told last: whom nothing new is to be told hears
nothing, however often this is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.access import NO_EMAIL
from app.models.test_sessions import TestSession, TestSessionStatus
from app.policies.actor import Actor
from app.policies.rules import may_run_tests
from app.services import plain, school
from app.services.errors import NotAllowed, WrongState
from app.services.mail import letters
from app.services.resource import Action, Result
from app.services.transaction import transactional

LETTER: Final = "seat"

# `wanted` is who sits where now, nobody if the session is cancelled. Who was told of a seat and has none any more is told
# so; who cannot be written to is not noted as told. `unheard` are those whose last letter was returned, or went to another
# address than theirs of today: they are told again.
_SEND = text("""
    WITH facts AS (
        SELECT s.id, (s.session_date + s.start_time) AT TIME ZONE :zone AS starts_at,
               (s.session_date + s.end_time) AT TIME ZONE :zone AS ends_at, s.status,
               concat_ws(', ', v.name, v.address, v.city) AS venue
        FROM test_sessions s JOIN venues v ON v.id = s.venue_id WHERE s.id = :session_id
    ), wanted AS (
        SELECT a.student_id, a.room_id, a.seat_number, f.starts_at, f.ends_at, concat_ws(', ', f.venue, r.number, r.name) AS place
        FROM room_allocations a JOIN facts f ON f.id = a.session_id AND f.status <> 'cancelled' JOIN rooms r ON r.id = a.room_id
        UNION ALL
        SELECT n.student_id, NULL, NULL, f.starts_at, f.ends_at, NULL FROM seat_notices n JOIN facts f ON f.id = n.session_id
        WHERE f.status = 'cancelled' OR NOT EXISTS (
            SELECT FROM room_allocations a WHERE a.session_id = f.id AND a.student_id = n.student_id)
    ), addressed AS (
        SELECT w.*, coalesce(nullif(btrim(st.email), ''), u.email) AS email, us.locale
        FROM wanted w JOIN students st ON st.id = w.student_id AND st.deleted_at IS NULL
        LEFT JOIN ab_user u ON u.id = st.user_id AND u.active AND u.email NOT LIKE :no_email
        LEFT JOIN user_settings us ON us.user_id = u.id
    ), last AS (
        SELECT DISTINCT ON (student_id) CAST(payload->>'student_id' AS uuid) AS student_id, email, status FROM letters
        WHERE kind = :kind AND payload->>'session_id' = CAST(:session_id AS text) ORDER BY student_id, id DESC
    ), unheard AS (
        SELECT student_id FROM addressed a JOIN last l USING (student_id) WHERE l.status = 'failed' OR l.email <> a.email
    ), told AS (
        INSERT INTO seat_notices AS n (session_id, student_id, room_id, seat_number, starts_at, ends_at, place)
        SELECT :session_id, student_id, room_id, seat_number, starts_at, ends_at, place FROM addressed WHERE email IS NOT NULL
        ORDER BY student_id
        ON CONFLICT (session_id, student_id) DO UPDATE
            SET room_id = excluded.room_id, seat_number = excluded.seat_number, starts_at = excluded.starts_at,
                ends_at = excluded.ends_at, place = excluded.place, revision = n.revision + 1, told_at = now()
            WHERE (n.room_id, n.seat_number) IS DISTINCT FROM (excluded.room_id, excluded.seat_number)
               OR (excluded.seat_number IS NOT NULL
                   AND (n.starts_at <> excluded.starts_at OR n.ends_at <> excluded.ends_at OR n.place <> excluded.place))
               OR excluded.student_id IN (SELECT student_id FROM unheard)
        RETURNING student_id
    ), posted AS (
        INSERT INTO letters (kind, email, locale, payload)
        SELECT :kind, a.email, a.locale, jsonb_build_object('session_id', :session_id, 'student_id', a.student_id)
        FROM told JOIN addressed a USING (student_id)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM posted) AS written, (SELECT count(*) FROM addressed WHERE email IS NULL) AS unknown,
           (SELECT count(*) FROM wanted WHERE seat_number IS NOT NULL) AS seated
""")


@dataclass(frozen=True)
class Sent:
    """How many letters go out, how many students cannot be written to, how many have a seat."""

    written: int
    unknown: int
    seated: int


@transactional
def send(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Write to the students of these sessions where they sit; to those who were told only if their seat, the room, its name
    or address, or the time is another since, they have none any more, or the letter did not reach the address that they have
    now. A session that is over, or in which nobody sits, is refused.
    """
    reason = may_run_tests(actor, None)
    if reason is not None:
        raise NotAllowed(reason)
    said: dict[str, str] = {}

    def change(session: TestSession) -> bool:
        if (hindrance := _over(session)) is not None:
            raise WrongState(hindrance)
        sent = _send(session)
        if not (sent.written or sent.seated or session.status is TestSessionStatus.CANCELLED):
            raise WrongState(_("Nobody has a seat in it yet."))
        said[str(session.id)] = _told(sent)
        return sent.written > 0

    result = plain.each(TestSession, ids, _title, change, actor=actor)
    return Result([replace(each, message=said.get(each.id, "")) for each in result.outcomes])


def _title(session: Any) -> str:
    return f"{session.code}, {session.name}"


def _send(session: TestSession) -> Sent:
    facts = {
        "session_id": session.id,
        "zone": str(school.zone()),
        "no_email": f"%@{NO_EMAIL}",
        "kind": LETTER,
    }
    sent = Sent(*db.session.execute(_SEND, facts).one())
    if sent.written:
        letters.send_soon()
    return sent


def _told(sent: Sent) -> str:
    said = []
    if sent.written:
        said.append(ngettext("%(num)s student is written to.", "%(num)s students are written to.", sent.written))
    else:
        said.append(_("Everybody who can be written to knows their seat already."))
    if sent.unknown:
        said.append(ngettext("%(num)s has no e-mail address.", "%(num)s have no e-mail address.", sent.unknown))
    return " ".join(said)


def _over(session: Any) -> Any:
    """Why nobody is written to any more, or None."""
    if session.status is TestSessionStatus.COMPLETED or session.session_date < school.today():
        return _l("The session is over.")
    return None


def _may_send(actor: Actor, session: Any) -> Any:
    return may_run_tests(actor, session) or _over(session)


SEND_SEAT_NOTICES: Final = Action(
    "send_seat_notices",
    _l("Send seat notices"),
    send,
    _may_send,
    icon="send",
    previewed=True,
    help=_l(
        "Every student with a seat gets an e-mail that says where it is. Who was told already hears only of changes."
    ),
)
