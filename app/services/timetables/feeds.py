"""Private addresses of one's timetable, for calendars elsewhere. Who has the address sees the timetable, so only a hash
of its token is kept, it is shown once, and revoking it ends it at once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.access import User
from app.models.classroom import CalendarFeed
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import own_seats, rate_limits, school, sessions
from app.services.errors import NotAllowed, NotFound, WrongState
from app.services.inputs import Input, storable
from app.services.notifications.texts import SOURCE
from app.services.roster import own as own_shifts
from app.services.timetables import ical, reading
from app.services.transaction import transactional

MOST_FEEDS: Final = 10
BACK: Final = timedelta(days=92)
AHEAD: Final = timedelta(days=366)
PERIOD: Final = timedelta(minutes=10)
MOST_OF_A_TOKEN: Final = 60
MOST_OF_A_NETWORK: Final = 600  # the calendars of many people are fetched by the same few machines


class FeedInput(Input):
    """A name by which one knows the calendar in which the address is used."""

    name: Annotated[str, Field(max_length=60), BeforeValidator(storable)] = ""


@dataclass(frozen=True)
class Feed:
    """A calendar as it is sent, and a tag that changes with it."""

    content: bytes
    tag: str


def own(actor: Actor) -> Sequence[CalendarFeed]:
    """One's addresses that work, newest first."""
    statement = select(CalendarFeed).where(visible(CalendarFeed, actor), CalendarFeed.revoked_at.is_(None))
    return db.session.scalars(statement.order_by(CalendarFeed.created_at.desc(), CalendarFeed.id)).all()


@transactional
def create(name: str, *, actor: Actor) -> tuple[CalendarFeed, str]:
    """Make an address. Returns it with its token, which cannot be read again. Raises NotAllowed, WrongState."""
    if actor.id is None:
        raise NotAllowed(_l("Log in first."))
    db.session.execute(select(User.id).where(User.id == actor.id).with_for_update(key_share=True))
    if len(own(actor)) >= MOST_FEEDS:
        raise WrongState(_("There are %(most)s addresses already. Revoke one first.", most=MOST_FEEDS))
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(user_id=actor.id, token_hash=sessions.hash_token(token), name=name)
    db.session.add(feed)
    db.session.flush()
    return feed, token


@transactional
def revoke(feed_id: UUID, *, actor: Actor) -> None:
    """End an address of one's own at once. Raises NotFound."""
    feed = db.session.scalar(select(CalendarFeed).where(CalendarFeed.id == feed_id, visible(CalendarFeed, actor)))
    if feed is None:
        raise NotFound
    if feed.revoked_at is None:
        feed.revoked_at = func.now()


def read(token: str, ip_address: str) -> Feed:
    """The calendar behind an address. Raises NotFound for one that is wrong, revoked, or of an inactive account;
    TooMany.
    """
    rate_limits.check("calendar network", rate_limits.network(ip_address), most=MOST_OF_A_NETWORK, period=PERIOD)
    statement = (
        select(CalendarFeed.user_id)
        .join(User, User.id == CalendarFeed.user_id)
        .where(CalendarFeed.token_hash == sessions.hash_token(token), CalendarFeed.revoked_at.is_(None), User.active)
    )
    user_id = db.session.scalar(statement)
    if user_id is None:
        raise NotFound
    rate_limits.check("calendar", str(user_id), most=MOST_OF_A_TOKEN, period=PERIOD)
    actor, today = sessions.load_by_id(user_id), school.today()
    entries = reading.of_actor(today - BACK, today + AHEAD, actor=actor, cancelled=True)
    with force_locale(actor.locale or SOURCE):
        entries += own_shifts.calendar(today - BACK, today + AHEAD, actor=actor)
        entries += own_seats.calendar(today - BACK, today + AHEAD, actor=actor)
        content = ical.calendar(_("Classes: %(name)s", name=actor.name), entries)
    return Feed(content, hashlib.sha256(content).hexdigest()[:32])


@transactional
def clean_up() -> int:
    """Delete addresses that were revoked a month ago; returns how many."""
    statement = text("DELETE FROM calendar_feeds WHERE revoked_at < now() - interval '30 days'")
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
