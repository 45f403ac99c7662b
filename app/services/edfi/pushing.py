"""Asking for a push, calling it off, and what a worker does of it: everything that changed, in the order in which a server
learns of it, and then what is no more.

Records are read and outcomes are written in short transactions; while a server is waited for, nothing is held. Outcomes
are written every few records, so a worker that is killed loses little: another sends again what was not written down,
and a server takes a record twice for the same one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from sqlalchemy import update as sql_update
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models.edfi import EdFiConnection, EdFiPush, EdFiPushStatus
from app.policies.actor import Actor
from app.services import plain, queue, sessions
from app.services.alone import alone
from app.services.edfi import exporting, outcomes, reading
from app.services.edfi.client import Client, UnreachableError
from app.services.edfi.connections import OPEN, is_pushed_to, lock_name, server_of, title
from app.services.edfi.labels import RESOURCE_NAMES
from app.services.edfi.sending import Sender
from app.services.errors import Busy, Refusal, WrongState
from app.services.resource import Result
from app.services.transaction import lock, transactional

TASK: Final = "edfi.push"
CHUNK: Final = 50  # records between two writings


ALREADY: Final = _l("Records are being pushed to it already.")


def may_push(actor: Actor, connection: Any) -> Any:
    """To servers in use, one push at a time."""
    if not connection.active:
        return _l("It is out of use.")
    return ALREADY if is_pushed_to(connection.id) else None


@transactional
def push(ids: Sequence[UUID], *, actor: Actor, queued: bool = True) -> Result:
    """Ask for everything that changed to be pushed, unless the caller does that itself (`queued`). A server that is out
    of use, or pushed to already, is refused.
    """

    def change(connection: EdFiConnection) -> bool:
        if (reason := may_push(actor, connection)) is not None:
            raise WrongState(reason)
        server_of(connection)
        made = _made(connection)
        if queued:
            _defer(made.id)
        return True

    return plain.each(EdFiConnection, ids, title, change, actor=actor)


@transactional
def push_nightly() -> int:
    """Ask for a push to every server in use that wants one each night, unless one waits or runs. What stands against it, as
    a secret that cannot be read, is told in the push. Returns how many.
    """
    wanted = select(EdFiConnection).where(EdFiConnection.active, EdFiConnection.nightly)
    found = db.session.scalars(wanted.order_by(EdFiConnection.id).with_for_update()).all()
    free = [connection for connection in found if not is_pushed_to(connection.id)]
    for connection in free:
        _defer(_made(connection).id)
    return len(free)


def _made(connection: EdFiConnection) -> EdFiPush:
    made = EdFiPush(connection_id=connection.id)
    db.session.add(made)
    db.session.flush()
    return made


@transactional
def cancel(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Call pushes off. What was sent stays sent."""

    def change(found: EdFiPush) -> bool:
        if found.status not in OPEN:
            raise WrongState(_("It is over."))
        found.status, found.finished_at = EdFiPushStatus.CANCELLED, datetime.now(UTC)
        return True

    return plain.each(EdFiPush, ids, push_title, change, actor=actor)


def push_title(found: Any) -> str:
    return f"{found.created_at:%Y-%m-%d %H:%M}"


def _defer(push_id: UUID) -> None:
    queue.defer(TASK, queueing_lock=f"{TASK}:{push_id}", push_id=push_id)


@transactional
def sweep() -> int:
    """Ask again for pushes that a killed worker left behind. Returns how many."""
    left = text("""
        SELECT id FROM edfi_pushes WHERE (status = 'queued' AND updated_at < now() - interval '1 min')
            OR (status = 'running' AND updated_at < now() - interval '15 min')
    """)
    found = db.session.scalars(left).all()
    for push_id in found:
        _defer(push_id)
    return len(found)


def run(push_id: UUID) -> None:
    """Carry out a push that was asked for; one that is over, or that another worker carries out, is left alone. Raises Busy
    while one that was called off is not quite over.
    """
    found = db.session.get(EdFiPush, push_id)
    asker = _asker(found) if found is not None else None
    connection_id = found.connection_id if found is not None else None
    waits = found is not None and found.status is EdFiPushStatus.QUEUED
    db.session.rollback()
    if asker is None or connection_id is None:
        return
    locale = asker.locale or current_app.config["BABEL_DEFAULT_LOCALE"]
    with alone(lock_name(connection_id)) as held, force_locale(locale):
        if held:
            _run(push_id)
        elif waits:
            raise Busy(ALREADY)


def _asker(found: EdFiPush) -> Actor:
    """In whose language it is told."""
    try:
        return sessions.load_by_id(found.created_by_id or 0)
    except LookupError:
        return sessions.system()


def _run(push_id: UUID) -> None:
    actor = sessions.system()
    try:
        begun = _begin(push_id, actor=actor)
        if begun is None:
            return
        connection_id, server, extension = begun
        client = Client(server)
        try:
            _send(Sender(push_id, connection_id, client), extension, actor)
        finally:
            client.close()
    except (UnreachableError, Refusal) as error:
        if isinstance(error, Busy):
            raise  # the task is tried again
        _end(push_id, EdFiPushStatus.FAILED, str(error), actor=actor)
    except OperationalError:
        raise
    except Exception:
        message = _("Something unexpected went wrong. Please tell your administrator.")
        _end(push_id, EdFiPushStatus.FAILED, message, actor=actor)
        raise


@transactional
def _begin(push_id: UUID, *, actor: Actor) -> tuple[UUID, Any, str | None] | None:
    """Note that it runs; None when it is over. Raises WrongState for a secret that cannot be read."""
    found = lock(EdFiPush, push_id)
    if found.status not in OPEN:
        return None
    found.status, found.started_at = EdFiPushStatus.RUNNING, found.started_at or datetime.now(UTC)
    found.total, found.message = sum(reading.counts(actor).values()), ""
    connection = db.session.get_one(EdFiConnection, found.connection_id)
    return connection.id, server_of(connection), connection.extension


def _send(sender: Sender, extension: str | None, actor: Actor) -> None:
    """Everything, a chunk at a time, until somebody calls it off."""
    sender.resume()
    documents = exporting.each(actor, extension)
    while chunk := list(itertools.islice(documents, CHUNK)):
        if not sender.send(chunk, actor=actor):
            return
    left = []
    for vanished in outcomes.vanished(sender.connection_id, sender.seen):
        if not sender.may_delete or vanished.is_too_much:
            left.append(f"{RESOURCE_NAMES[vanished.resource]} ({len(vanished.records)}/{vanished.total})")
        elif not all(sender.remove(each, actor=actor) for each in vanished.records):
            return
    _end(sender.push_id, EdFiPushStatus.DONE, _left(left), actor=actor)


def _left(resources: Sequence[str]) -> str:
    """What was not deleted at the server, in words; nothing if there is no such thing."""
    if not resources:
        return ""
    return _(
        "Not deleted at the server, because a school is invalid or too many would go at once: %(resources)s.",
        resources=", ".join(resources),
    )


@transactional
def _end(push_id: UUID, status: EdFiPushStatus, message: str, *, actor: Actor) -> None:
    statement = sql_update(EdFiPush).where(EdFiPush.id == push_id, EdFiPush.status.in_(OPEN))
    db.session.execute(statement.values(status=status, message=message, finished_at=datetime.now(UTC)))
