"""Servers that records are pushed to: entering them, and trying whether they let us in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field, SecretStr
from sqlalchemy import delete as sql_delete
from sqlalchemy import select
from sqlalchemy import update as sql_update

from app.extensions import db
from app.models.edfi import EdFiConnection, EdFiPush, EdFiPushStatus, EdFiRecord
from app.policies.actor import Actor
from app.services import inputs, plain
from app.services.alone import is_at_work
from app.services.edfi import secrets
from app.services.edfi.client import Client, Server, UnreachableError
from app.services.errors import Invalid, NotFound, Refusal, WrongState, explain
from app.services.inputs import blank_is_none, storable
from app.services.resource import Outcome, Result
from app.services.transaction import is_rehearsed, lock, transactional

explain(
    {
        "uq_edfi_connections_name": ("name", _l("There is already a server with this name.")),
        "ck_edfi_connections_name_not_blank": ("name", _l("This field is required.")),
        "ck_edfi_connections_base_url": ("base_url", _l("Must be an address, as https://api.example.org.")),
        "ck_edfi_connections_school_year": ("school_year", _l("Must be between the years 1900 and 2199.")),
        "uq_edfi_pushes_one_at_a_time": ("", _l("Records are being pushed to it already.")),
        "ck_edfi_connections_extension": ("extension", _l("Letters, digits and hyphens, a letter first.")),
    }
)
BRIEFLY: Final = 10.0  # seconds that a button waits
PUSHED_TO: Final = _l("Records are being pushed to it. Wait, or cancel that.")
OPEN: Final = (EdFiPushStatus.QUEUED, EdFiPushStatus.RUNNING)
LONGEST_ADDRESS: Final = 300
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|::1")
_SECRET = Annotated[SecretStr | None, Field(max_length=500), BeforeValidator(blank_is_none), BeforeValidator(storable)]
_ADDRESS = Annotated[
    str | None, Field(max_length=LONGEST_ADDRESS), BeforeValidator(blank_is_none), BeforeValidator(storable)
]
_TARGET: Final = ("base_url", "token_url", "client_id")  # to whom the secret belongs

ConnectionInput = inputs.of(
    EdFiConnection,
    "name",
    "client_id",
    "school_year",
    "extension",
    "active",
    "nightly",
    base_url=(Annotated[str, Field(min_length=1, max_length=LONGEST_ADDRESS), BeforeValidator(storable)], ...),
    token_url=(_ADDRESS, None),
    secret=(_SECRET, None),
)


def title(connection: Any) -> str:
    return str(connection.name)


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> EdFiConnection:
    """Add a server. Raises Invalid at the field, Conflict for a name that is taken."""
    data = dict(values)
    given = data.pop("secret", None)
    _normalise(data)
    if given is None:
        raise Invalid(fields={"secret": [_("This field is required.")]})
    made = EdFiConnection(**data)
    made.secret = _hidden(given, made)
    db.session.add(made)
    db.session.flush()
    return made


@transactional
def update(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> EdFiConnection:
    """Change a server. An empty secret stays as it was, unless it would go to somebody else: then it has to be given
    again. Another address is another server, of which nothing is known. Raises NotFound, Conflict, WrongState, Invalid.
    """
    known = lock(EdFiConnection, key, version=version)
    data = dict(values)
    given = data.pop("secret", None)
    _normalise(data)
    target, place = [getattr(known, name) for name in _TARGET], (known.base_url, known.school_year)
    for name, value in data.items():
        setattr(known, name, value)
    moved = (known.base_url, known.school_year) != place
    if [getattr(known, name) for name in _TARGET] != target and given is None:
        raise Invalid(fields={"secret": [_("Give the secret again: it is for another address or id now.")]})
    if moved:
        _check_idle(key)
    if given is not None:
        known.secret = _hidden(given, known)
    if moved:
        db.session.execute(sql_delete(EdFiRecord).where(EdFiRecord.connection_id == key))
    db.session.flush()
    return known


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Forget servers, and what was pushed to them. One that is pushed to stays."""
    return plain.delete(EdFiConnection, ids, actor=actor, title=title, hindrance=busy)


def busy(connection: Any) -> Any:
    """Why a server has to stay as it is now."""
    return PUSHED_TO if is_pushed_to(connection.id) else None


def lock_name(key: UUID) -> str:
    """Under which a worker pushes to a server."""
    return f"edfi:{key}"


def _check_idle(key: UUID) -> None:
    """Raises WrongState while a push waits or runs, also one that was called off and still notes what it sent. The server
    must be locked, so that no other is asked for.
    """
    if is_pushed_to(key) or is_at_work(lock_name(key)):
        raise WrongState(PUSHED_TO)


def is_pushed_to(key: UUID) -> bool:
    """Whether a push waits or runs."""
    found = select(EdFiPush.id).where(EdFiPush.connection_id == key, EdFiPush.status.in_(OPEN))
    return bool(db.session.scalar(select(found.exists())))


def _normalise(data: dict[str, Any]) -> None:
    """Raises Invalid with everything that is wrong with the addresses and the id."""
    problems: dict[str, list[Any]] = {}
    for name in ("base_url", "token_url"):
        if data.get(name):
            data[name] = data[name].rstrip("/")
            if problem := _problem_of_address(data[name]):
                problems[name] = [problem]
    if data.get("base_url"):
        data["base_url"] = data["base_url"].removesuffix("/data/v3")
    if ":" in data.get("client_id", ""):
        problems["client_id"] = [_("Must not contain a colon.")]
    if problems:
        raise Invalid(fields=problems)


def _problem_of_address(url: str) -> Any:
    """Only encrypted, and to the host that one reads."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _("Must be an address, as https://api.example.org.")
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(host) or port == 0 or not url.isascii():
        return _("Must be an address, as https://api.example.org.")
    if parts.username is not None or parts.query or parts.fragment or re.search(r"[\s\\]", url):
        return _("An address alone: without a user, a question mark or a hash.")
    if parts.scheme == "http" and (host not in _LOCAL or _is_in_production()):
        return _("Must begin with https://, so that nobody reads along.")
    return None


def _is_in_production() -> bool:
    """Then what else runs on this machine is nobody's business."""
    return str(current_app.config["PUBLIC_URL"]).startswith("https://")


def _hidden(given: SecretStr, connection: EdFiConnection) -> str:
    return secrets.encrypt(given.get_secret_value(), _purpose(connection))


def _purpose(connection: EdFiConnection) -> str:
    """A secret is readable only for the address and id that it was given for."""
    return " ".join(str(getattr(connection, name) or "") for name in _TARGET)


def server_of(connection: EdFiConnection) -> Server:
    """Where and as whom. Raises WrongState when the secret cannot be read, or the address is not allowed any more: what
    was entered while one tried things out is another's machine in production.
    """
    try:
        secret = secrets.decrypt(connection.secret, _purpose(connection))
    except secrets.UnreadableError:
        raise WrongState(_("The secret cannot be read, for SECRET_KEY was changed. Enter it again.")) from None
    token_url = connection.token_url or f"{connection.base_url}/oauth/token"
    if problem := _problem_of_address(connection.base_url) or _problem_of_address(token_url):
        raise WrongState(problem)
    return Server(connection.base_url, token_url, connection.client_id, secret, connection.school_year)


def try_out(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Log in at the server, once and without patience. Nothing is sent or written; a rehearsal asks nobody."""
    return Result([_tested(key) for key in ids])


def _tested(key: UUID) -> Outcome:
    connection = db.session.get(EdFiConnection, key)
    if connection is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name = title(connection)
    try:
        server = server_of(connection)
        if not is_rehearsed():
            _log_in(server)
    except Refusal as refused:
        return Outcome(str(key), name, refused)
    return Outcome(
        str(key), name, message=_("It asks the server for a token.") if is_rehearsed() else _("It lets us in.")
    )


def _log_in(server: Server) -> None:
    client = Client(server, tries=1, timeout=BRIEFLY)
    try:
        client.log_in()
    except UnreachableError as error:
        raise WrongState(_("The server cannot be used: %(reason)s", reason=str(error))) from None
    finally:
        client.close()


@transactional
def send_all_again(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Have the next push send everything, also what has not changed: for a server that lost its data. What the server
    was sent is still known, so that what vanishes here is deleted there.
    """

    def change(connection: EdFiConnection) -> bool:
        _check_idle(connection.id)
        statement = sql_update(EdFiRecord).where(EdFiRecord.connection_id == connection.id, EdFiRecord.digest != "")
        return bool(db.session.execute(statement.values(digest="")).rowcount)  # type: ignore[attr-defined]

    return plain.each(EdFiConnection, ids, title, change, actor=actor)
