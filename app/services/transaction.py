"""The only place that commits. A service function decorated with `transactional` is one transaction; nested calls join
it.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.dialect import PREPARED
from app.extensions import db
from app.policies.actor import Actor
from app.services.errors import Busy, Conflict, NotFound, refusal_from
from app.services.keysets import among

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M")

RETRIED_STATES = frozenset({"40001", "40P01", "55P03"})
MOST_TRIES = 5
_ACT_AS = text("SELECT set_config('registrar.actor', :id, true)").execution_options(**PREPARED)


def transactional(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function in one transaction, committed at the end, rolled back on any error.

    The keyword argument `actor` is put on the transaction, where stamps and row history read it. Serialization
    failures, deadlocks and lock timeouts are retried as a whole, at most five times. A refused constraint becomes a
    `Refusal`.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session()
        if session.info.get("transactional"):
            return function(*args, **kwargs)
        session.info["transactional"] = True
        try:
            return _run(lambda: function(*args, **kwargs), kwargs.get("actor"))
        finally:
            session.info.pop("transactional", None)
            for report in session.info.pop("afterwards", {}):
                report()

    return wrapper


def moment() -> datetime:
    """The moment of this transaction, the same in all that it writes."""
    return db.session.execute(select(func.now())).scalar_one()


def clock() -> datetime:
    """The moment by the database's clock: after whatever this transaction has waited for."""
    return db.session.execute(select(func.clock_timestamp())).scalar_one()


def afterwards(report: Callable[[], Any]) -> None:
    """Run `report` when the present transaction has ended, however it ended; at once when there is none. It is for what
    must be written down of a routine that was refused, and so undone, and for what others would wait for as long as this
    transaction lasts. The same one is run once. A rehearsal forgets it.
    """
    session = db.session()
    if session.info.get("transactional"):
        session.info.setdefault("afterwards", {})[report] = None  # an ordered set
    else:
        report()


def _run(work: Callable[[], R], actor: Any) -> R:
    for attempt in range(1, MOST_TRIES + 1):
        try:
            act_as(actor)
            result = work()
            db.session.commit()
            return result
        except DBAPIError as error:
            db.session.rollback()
            if getattr(error.orig, "sqlstate", None) in RETRIED_STATES and attempt < MOST_TRIES:
                time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - jitter
                continue
            refusal = refusal_from(error)
            if refusal is None:
                raise
            raise refusal from error
        except BaseException:
            db.session.rollback()
            raise
    raise AssertionError("unreachable")


def act_as(actor: Actor | None) -> None:
    """Tell the database, for this transaction, who acts."""
    if actor is not None and actor.id is not None:
        db.session.execute(_ACT_AS, {"id": str(actor.id)})


@contextmanager
def savepoint() -> Iterator[None]:
    """One record of many: what is refused inside takes only itself back. A refused constraint is raised as the Refusal
    that it means, as at the end of a transaction; what must be tried again as a whole, and faults, stay as they are.
    """
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except DBAPIError as error:
        refusal = refusal_from(error)
        if refusal is None or isinstance(refusal, Busy):
            raise
        raise refusal from error


@contextmanager
def rehearsal() -> Iterator[None]:
    """Everything inside is done for real in a savepoint and then undone: a preview is the real path."""
    savepoint = db.session.begin_nested()
    try:
        yield
        db.session.flush()
    finally:
        if savepoint.is_active:
            savepoint.rollback()
        db.session.expire_all()


def lock_many(model: type[M], ids: Sequence[UUID], *criteria: Any) -> list[M]:
    """The rows with these keys, locked against change in key order and read afresh; missing ones are left out."""
    key: Any = model.id  # type: ignore[attr-defined]
    statement = (
        select(model)
        .where(among(key, ids), *criteria)
        .order_by(key)
        .with_for_update(key_share=True, of=model)
        .execution_options(populate_existing=True, **PREPARED)
    )
    return list(db.session.scalars(statement))


def lock(model: type[M], record_id: UUID, *criteria: Any, version: datetime | None = None) -> M:
    """One row, locked and read afresh. Raises NotFound; Conflict when it was changed since `version`."""
    rows = lock_many(model, [record_id], *criteria)
    if not rows:
        raise NotFound
    check_version(rows[0], version)
    return rows[0]


def check_version(record: Any, version: datetime | None) -> None:
    """Raises Conflict when the record was changed after the moment at which somebody read it."""
    if version is not None and record.updated_at != version:
        raise Conflict(
            _("Someone else changed this record while you were editing it. Reload it, and make your changes again.")
        )


def rehearse(function: Callable[..., R], *args: Any, actor: Actor, **kwargs: Any) -> R:
    """What the function would do and return, with everything undone afterwards. Raises what the function raises."""
    session = db.session()
    session.info["transactional"] = session.info["rehearsal"] = True
    try:
        act_as(actor)
        return function(*args, actor=actor, **kwargs)
    except DBAPIError as error:
        refusal = refusal_from(error)
        if refusal is None:
            raise
        raise refusal from error
    finally:
        session.info.pop("transactional", None)
        session.info.pop("rehearsal", None)
        session.info.pop("afterwards", None)
        session.rollback()


def is_rehearsed() -> bool:
    """Whether what is done now is undone afterwards, so that secrets made in it are worth nothing."""
    return bool(db.session().info.get("rehearsal"))
