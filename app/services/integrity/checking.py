"""Finding the rows that break an invariant."""

# ruff: noqa: S608 - statements put together from parts of this package

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.services.errors import NotFound
from app.services.inputs import is_storable
from app.services.integrity.accounts import ACCOUNTS
from app.services.integrity.admissions import ADMISSIONS
from app.services.integrity.classroom import CLASSROOM
from app.services.integrity.invariants import Invariant
from app.services.integrity.others import OTHERS
from app.services.integrity.records import ENROLLED_RECORDS
from app.services.integrity.test_sessions import TEST_SESSIONS

INVARIANTS: Final[dict[str, Invariant]] = {
    each.name: each for each in (*ACCOUNTS, *ADMISSIONS, *CLASSROOM, *ENROLLED_RECORDS, *TEST_SESSIONS, *OTHERS)
}
MOST_COUNTED: Final = 10_000
PATIENCE: Final = "2s"  # of the page, for one invariant; the nightly job and the commands wait as long as it takes
CANCELLED: Final = "57014"


@dataclass(frozen=True)
class State:
    """How an invariant stands: how many rows break it, at most MOST_COUNTED + 1; None when counting took too long."""

    invariant: Invariant
    broken: int | None


@dataclass(frozen=True)
class Broken:
    """A row that breaks an invariant, as far as the reader may see it."""

    key: str
    title: str
    link: str
    detail: str


def get(name: str) -> Invariant:
    """Raises NotFound."""
    if name not in INVARIANTS:
        raise NotFound
    return INVARIANTS[name]


def total(invariant: Invariant, most: int | None = None) -> int:
    """How many rows break it, counted up to `most`."""
    limit = "" if most is None else f"LIMIT {int(most)}"
    statement = f"SELECT count(*) FROM (SELECT 1 FROM ({invariant.broken}) AS b {limit}) AS found"
    return int(db.session.execute(text(statement), dict(invariant.values())).scalar_one())


def examine(patience: str = "") -> list[State]:
    """How every invariant stands. With `patience` no count takes longer than that."""
    return [State(each, _patiently(each, patience) if patience else total(each)) for each in INVARIANTS.values()]


def _patiently(invariant: Invariant, patience: str) -> int | None:
    usual = db.session.scalar(text("SELECT current_setting('statement_timeout')"))
    try:
        with db.session.begin_nested():
            _limit(patience)
            found = total(invariant, MOST_COUNTED + 1)
            _limit(str(usual))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == CANCELLED:
            return None
        raise
    return found


def _limit(timeout: str) -> None:
    db.session.execute(text("SELECT set_config('statement_timeout', :timeout, true)"), {"timeout": timeout})


def rows(invariant: Invariant, actor: Actor, *, after: str = "", limit: int = 50) -> tuple[list[Broken], bool]:
    """A page of the rows that break it, by key, and whether there are more."""
    statement = f"""
        SELECT * FROM ({invariant.broken}) AS b WHERE key COLLATE "C" > :after ORDER BY key COLLATE "C" LIMIT :limit
    """
    values = {**invariant.values(), "after": after if is_storable(after) else "", "limit": limit + 1}
    found = db.session.execute(text(statement), values).all()
    return seen(invariant, found[:limit], actor), len(found) > limit


def seen(invariant: Invariant, found: Sequence[Any], actor: Actor) -> list[Broken]:
    """The rows as the actor may see them: without the permission, only the keys."""
    if actor.may(*invariant.permission) or actor.username == SYSTEM:
        return [Broken(row.key, row.title or "", row.link or "", row.detail or "") for row in found]
    return [Broken(row.key, "", "", "") for row in found]


def check(day: date) -> int:
    """The nightly look at everything. Returns how many rows break an invariant; one that only warns does not count."""
    return sum(total(each) for each in INVARIANTS.values() if not each.warning)
