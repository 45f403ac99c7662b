"""The rules of a year: when registration opens, how many bookings and tests a student may have, when it closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.test_sessions import TestYear
from app.policies.actor import Actor
from app.services import plain
from app.services.resource import Result
from app.services.test_sessions.locking import require
from app.services.transaction import transactional


@dataclass(frozen=True)
class Rules:
    """The defaults are those of a year for which nothing is set: registration is open."""

    opens_on: date | None = None
    most_tests: int = 2
    most_bookings: int = 1
    closing_days: int = 0

    def closes_on(self, session: Any) -> date:
        """The last day on which registrations for a session change."""
        given: date | None = session.registration_closes_on
        return given or session.session_date - timedelta(days=self.closing_days)


def rules_of(year: int) -> Rules:
    """The rules of a year."""
    found = db.session.scalars(select(TestYear).where(TestYear.year == year)).one_or_none()
    if found is None:
        return Rules()
    return Rules(found.opens_on, found.most_tests, found.most_bookings, found.closing_days)


def title(year: Any) -> str:
    return str(year.year)


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> TestYear:
    """Set the rules of a year. Raises NotAllowed, Conflict when there are some, Invalid at the field."""
    require(actor)
    made: TestYear = plain.create(TestYear, values, actor=actor)
    return made


@transactional
def update(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> TestYear:
    """Change the rules of a year. What was booked stays. Raises NotAllowed, NotFound, Conflict, Invalid at the field."""
    require(actor)
    changed: TestYear = plain.update(TestYear, key, values, actor=actor, version=version)
    return changed


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Forget the rules of years: the usual ones hold. Raises NotAllowed."""
    require(actor)
    return plain.delete(TestYear, ids, actor=actor, title=title)
