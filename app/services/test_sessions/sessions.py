"""Test sessions: each on one day, at one venue, never in one room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, text

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import TestRegistration, TestRegistrationStatus, TestSession, TestSessionStatus
from app.models.venues import Venue, VenueAvailability, VenueStatus
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import lookups, plain
from app.services.errors import Invalid, WrongState
from app.services.resource import Result
from app.services.test_sessions import leaving, notices
from app.services.test_sessions.labels import SESSION_STATUSES, SHOWN, more, session_title
from app.services.test_sessions.locking import require
from app.services.transaction import lock, transactional

_WHEN = ("session_date", "start_time", "end_time")
TRANSITIONS: Final = {
    TestSessionStatus.OPEN: {TestSessionStatus.CLOSED, TestSessionStatus.COMPLETED, TestSessionStatus.CANCELLED},
    TestSessionStatus.CLOSED: {TestSessionStatus.OPEN, TestSessionStatus.COMPLETED, TestSessionStatus.CANCELLED},
    TestSessionStatus.COMPLETED: {TestSessionStatus.OPEN, TestSessionStatus.CLOSED},
    TestSessionStatus.CANCELLED: {TestSessionStatus.OPEN, TestSessionStatus.CLOSED},
}
"""What may follow what: neither is a cancelled session held, nor one that was held cancelled, but by way of open or closed."""


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> TestSession:
    """Add a session. Raises NotAllowed, Conflict when its code is taken, Invalid at the field, also for a day on which
    the venue cannot be had.
    """
    require(actor)
    lookups.check("venues", actor, values["venue_id"], "venue_id")
    _check_times(values)
    _check_venue(values["venue_id"], values["session_date"], actor)
    made: TestSession = plain.create(TestSession, values, actor=actor)
    return made


@transactional
def update(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> TestSession:
    """Change a session. Once anybody has a seat it stays in its venue; it moves to another day or time only while its
    rooms are free then, and nobody who is registered has another session then. One that was cancelled takes place again
    only under the same conditions, and where the venue can be had. Who is registered is told when it takes place, if
    that changes. Raises NotAllowed, NotFound, Conflict, Invalid at the field.
    """
    require(actor)
    known: TestSession = plain.update(TestSession, key, {}, actor=actor, version=version)
    new = {name: value for name, value in values.items() if getattr(known, name) != value}
    after = {name: new.get(name, getattr(known, name)) for name in (*_WHEN, "venue_id", "registration_closes_on")}
    status = new.get("status", known.status)
    if (reason := _forbidden(known, status)) is not None:
        raise Invalid(fields={"status": [reason]})
    moved = [name for name in (*_WHEN, "venue_id") if name in new]
    if status is TestSessionStatus.COMPLETED and known.status is status and moved:
        raise Invalid(fields={name: [_("It was held: what it was stays on record.")] for name in moved})
    if "venue_id" in new:
        lookups.check("venues", actor, new["venue_id"], "venue_id")
    _check_times(after)
    if {"venue_id", "session_date"} & new.keys() or _takes_place_again(known, new.get("status")):
        _check_venue(after["venue_id"], after["session_date"], actor)
    before, again = _when(known), _takes_place_again(known, new.get("status"))
    changed: TestSession = plain.update(TestSession, key, new, actor=actor)
    _check_students(changed, before, again)
    if {*_WHEN, "status"} & new.keys():
        _check_rooms(key)
    if again:
        leaving.drop_gone(key)
    _tell_if_other(changed, before)
    return changed


def _forbidden(session: TestSession, status: TestSessionStatus) -> str | None:
    """Why this status cannot follow that of the session; None when it can."""
    if status is session.status or status in TRANSITIONS[session.status]:
        return None
    names = {option.value: str(option.label) for option in SESSION_STATUSES}
    return _(
        "It is %(now)s: open or close it before it becomes %(then)s.",
        now=names[session.status].lower(),
        then=names[status].lower(),
    )


def _when(session: TestSession) -> tuple[Any, ...] | None:
    """When it takes place; None when it does not."""
    if session.status is TestSessionStatus.CANCELLED:
        return None
    return tuple(getattr(session, name) for name in _WHEN)


def _tell_if_other(session: TestSession, before: tuple[Any, ...] | None) -> None:
    """Of what is over nobody is told."""
    if session.status is not TestSessionStatus.COMPLETED and _when(session) != before:
        notices.tell_registered(session.id)


def _takes_place_again(session: TestSession, status: Any) -> bool:
    """Whether this status brings back a session that was cancelled, or held: somebody else may have its venue by now, and who
    was deleted meanwhile is still registered.
    """
    to_come = (TestSessionStatus.OPEN, TestSessionStatus.CLOSED)
    return session.status not in to_come and status in to_come


def _check_times(values: Mapping[str, Any]) -> None:
    if not 1900 <= values["session_date"].year < 2200:
        raise Invalid(fields={"session_date": [_("Must be between the years 1900 and 2199.")]})
    if values["end_time"].replace(tzinfo=None) <= values["start_time"].replace(tzinfo=None):
        raise Invalid(fields={"end_time": [_("Must be later than the start.")]})
    closes_on = values.get("registration_closes_on")
    if closes_on is not None and closes_on > values["session_date"]:
        raise Invalid(fields={"registration_closes_on": [_("Must not be after the session.")]})


def _check_venue(venue_id: UUID, day: Any, actor: Actor) -> None:
    """Raises Invalid unless the venue can be had on the day. It is locked, as by who notes that it cannot."""
    venue = lock(Venue, venue_id, visible(Venue, actor))
    if venue.status is not VenueStatus.ACTIVE:
        raise Invalid(fields={"venue_id": [_("This venue is out of use.")]})
    noted = db.session.scalars(
        select(VenueAvailability).where(
            VenueAvailability.venue_id == venue_id, VenueAvailability.date == day, ~VenueAvailability.available
        )
    ).one_or_none()
    if noted is not None:
        reason = noted.reason or _("no reason is noted")
        raise Invalid(fields={"session_date": [_("The venue cannot be had on this day: %(reason)s.", reason=reason)]})


# Nobody is in two sessions at once, whatever their venues. Of two that were held one may be opened again to be corrected.
_TWICE = text("""
    SELECT st.first_name || ' ' || st.last_name AS name, min(o.code) AS code, count(*) OVER () AS total
    FROM test_sessions s
    JOIN test_sessions o ON o.id <> s.id AND o.session_date = s.session_date AND o.status <> 'cancelled'
      AND o.start_time < s.end_time AND o.end_time > s.start_time
    JOIN test_registrations g ON g.session_id = s.id AND g.status = 'confirmed'
    JOIN test_registrations h ON h.session_id = o.id AND h.student_id = g.student_id AND h.status = 'confirmed'
      AND (:moved OR o.status <> 'completed')
    JOIN students st ON st.id = g.student_id AND st.deleted_at IS NULL
    WHERE s.id = :id GROUP BY st.id ORDER BY st.last_name, st.first_name, st.id LIMIT :shown
""")


def _check_students(session: TestSession, before: tuple[Any, ...] | None, again: bool) -> None:
    """Raises Invalid when it takes place at another time than before, or again, and students have another session then. They
    are locked, as by who books for them, and who deletes or merges them.
    """
    moved = _when(session) not in (before, None)
    if not moved and not again:
        return
    theirs = select(TestRegistration.student_id).where(
        TestRegistration.session_id == session.id, TestRegistration.status == TestRegistrationStatus.CONFIRMED
    )
    held = select(Student.id).where(Student.id.in_(theirs)).order_by(Student.id)
    db.session.execute(held.with_for_update(key_share=True))
    found = db.session.execute(_TWICE, {"id": session.id, "moved": moved, "shown": SHOWN}).all()
    if found:
        raise Invalid(fields={"session_date": [_twice(found)]})


def _twice(found: Sequence[Any]) -> str:
    total = found[0].total
    names = more(", ".join(f"{row.name} ({row.code})" for row in found), total - len(found))
    return ngettext(
        "%(num)s student has another session at this time: %(names)s. Cancel or move that registration first.",
        "%(num)s students have another session at this time: %(names)s. Cancel or move those registrations first.",
        total,
        names=names,
    )


# The rooms are locked by whoever seats somebody in them, so that nobody comes in between.
_ROOMS = text("""
    SELECT r.id FROM rooms r WHERE r.id IN (SELECT room_id FROM room_allocations WHERE session_id = :id)
    ORDER BY r.id FOR NO KEY UPDATE
""")
_CLASH = text("""
    SELECT r.number, o.code FROM test_sessions s
    JOIN test_sessions o ON o.id <> s.id AND o.venue_id = s.venue_id AND o.session_date = s.session_date
      AND o.status <> 'cancelled' AND o.start_time < s.end_time AND o.end_time > s.start_time
    JOIN rooms r ON r.venue_id = s.venue_id
      AND EXISTS (SELECT FROM room_allocations a WHERE a.session_id = s.id AND a.room_id = r.id)
      AND EXISTS (SELECT FROM room_allocations a WHERE a.session_id = o.id AND a.room_id = r.id)
    WHERE s.id = :id AND s.status <> 'cancelled' ORDER BY r.number LIMIT 1
""")


def _check_rooms(key: UUID) -> None:
    db.session.execute(_ROOMS, {"id": key})
    clash = db.session.execute(_CLASH, {"id": key}).one_or_none()
    if clash is not None:
        sentence = _("Room %(number)s is used by session %(code)s then.", number=clash.number, code=clash.code)
        raise Invalid(fields={"session_date": [sentence]})


_EXPECTED = text("""
    SELECT EXISTS (SELECT FROM test_registrations WHERE session_id = :id AND status = 'confirmed')
        OR EXISTS (SELECT FROM room_allocations WHERE session_id = :id)
""")


def _hindrance(session: TestSession) -> Any:
    """Why it may not be deleted, or None."""
    if session.status is TestSessionStatus.COMPLETED:
        return _("It was held: what it was stays on record.")
    cancelled = session.status is TestSessionStatus.CANCELLED
    if not cancelled and db.session.scalar(_EXPECTED, {"id": session.id}):
        return _("Students are registered for it: cancel it first, so that they are told.")
    return None


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete sessions with their registrations and seats. One that was held stays, and one that students expect. Raises
    NotAllowed.
    """
    require(actor)
    return plain.delete(TestSession, ids, actor=actor, title=session_title, hindrance=_hindrance)


@transactional
def set_status(ids: Sequence[UUID], *, actor: Actor, status: Any) -> Result:
    """Open, close, complete or cancel sessions. One that was cancelled is refused while others have its venue or rooms, or
    students of it another session at the same time. Who is registered is told that it does not take place, or does again.
    Raises NotAllowed.
    """
    require(actor)

    def change(session: TestSession) -> bool:
        if session.status is status:
            return False
        if (reason := _forbidden(session, status)) is not None:
            raise WrongState(reason)
        before, again = _when(session), _takes_place_again(session, status)
        try:
            if again:
                _check_venue(session.venue_id, session.session_date, actor)
            session.status = status
            db.session.flush()
            _check_students(session, before, again)
            _check_rooms(session.id)
        except Invalid as refused:
            [[reason]] = refused.fields.values()
            raise WrongState(reason) from None
        if again:
            leaving.drop_gone(session.id)
        _tell_if_other(session, before)
        return True

    return plain.each(TestSession, ids, session_title, change, actor=actor)
