"""Logins: starting, reading and ending them. A cookie or token only names a session; the database decides what it is
worth.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.dialect import PREPARED
from app.extensions import db
from app.models.access import SessionKind, UserSession, WaitsFor
from app.policies.actor import NOBODY, Actor
from app.services.transaction import transactional

ABSOLUTE_LIFETIME = {SessionKind.WEB: timedelta(hours=12), SessionKind.API: timedelta(days=30)}
WAITING_LIFETIME = timedelta(minutes=10)  # between the password and the code of the second factor
IDLE_MINUTES = 120  # of those who chose nothing

# Whether a role of the account :id, its own or a group's, needs a second factor.
NEEDS_FACTOR: Final = """
    EXISTS (SELECT FROM required_second_factors r WHERE r.role_id IN (
        SELECT role_id FROM ab_user_role WHERE user_id = :id
        UNION ALL SELECT gr.role_id FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) WHERE ug.user_id = :id))
"""
_END_WITHOUT_FACTOR = text(f"""
    UPDATE user_sessions s SET ended_at = now()
    WHERE s.ended_at IS NULL AND (CAST(:but AS uuid) IS NULL OR s.id <> CAST(:but AS uuid))
      AND NOT EXISTS (SELECT FROM second_factors f WHERE f.user_id = s.user_id AND f.confirmed_at IS NOT NULL)
      AND {NEEDS_FACTOR.replace(":id", "s.user_id")}
""")
# Everything that a request needs to know about who makes it, in one statement.
_ACTOR_COLUMNS = """
    u.id, u.username, u.first_name, u.last_name, u.email, s.time_zone, s.locale, s.theme, s.time_format,
    coalesce(s.remember_last_page, false) AS remember_last_page,
    (SELECT stamp FROM permission_stamp) AS stamp,
    ARRAY(SELECT role_id FROM ab_user_role WHERE user_id = u.id
          UNION SELECT gr.role_id FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) WHERE ug.user_id = u.id) AS role_ids,
    (SELECT count(*) FROM (SELECT FROM notifications n WHERE n.recipient_id = u.id AND n.read_at IS NULL AND n.archived_at IS NULL
                           AND (n.expires_at IS NULL OR n.expires_at > now()) LIMIT 100) unread) AS unread
"""
# In a browser a login also ends when it is not used for as long as its person chose.
IN_USE = f"""us.ended_at IS NULL AND us.expires_at > now() AND us.waits_for IS NULL AND (us.kind <> 'web'
    OR us.last_used_at > now() - make_interval(mins => coalesce(s.auto_logout_minutes, {IDLE_MINUTES})))"""
# When a login was used is noted now and then only, so that most pages write nothing: often enough for who wants to be
# logged out after minutes.
_BY_TOKEN = text(f"""
    SELECT us.id AS session_id, us.last_used_at < now() - CASE WHEN s.auto_logout_minutes IS NULL THEN interval '5 minutes'
           ELSE interval '30 seconds' END AS stale, {_ACTOR_COLUMNS}
    FROM user_sessions us JOIN ab_user u ON u.id = us.user_id LEFT JOIN user_settings s ON s.user_id = u.id
    WHERE us.token_hash = :token_hash AND us.kind = :kind AND {IN_USE} AND u.active
""").execution_options(**PREPARED)
_WAITING = text("""
    SELECT us.id AS session_id, us.user_id, us.waits_for, u.username
    FROM user_sessions us JOIN ab_user u ON u.id = us.user_id
    WHERE us.token_hash = :token_hash AND us.kind = :kind AND us.waits_for IS NOT NULL AND us.ended_at IS NULL
      AND us.expires_at > now() AND u.active
""")
_END_IDLE = text(f"""
    UPDATE user_sessions SET ended_at = now() WHERE id IN (
        SELECT us.id FROM user_sessions us LEFT JOIN user_settings s ON s.user_id = us.user_id
        WHERE us.user_id = :user_id AND us.ended_at IS NULL AND NOT ({IN_USE}))
""")
_COMPLETE = text("""
    UPDATE user_sessions SET waits_for = NULL, expires_at = now() + CAST(:lifetime AS interval), last_used_at = now()
    WHERE id = :id AND waits_for IS NOT NULL AND ended_at IS NULL AND expires_at > now()
""")
_BY_ID = text(f"""
    SELECT NULL::uuid AS session_id, {_ACTOR_COLUMNS}
    FROM ab_user u LEFT JOIN user_settings s ON s.user_id = u.id WHERE u.id = :user_id
""")


@dataclass(frozen=True)
class Waiting:
    """A login whose password was right, and that is worth nothing yet."""

    session_id: UUID
    user_id: int
    waits_for: WaitsFor
    username: str


def hash_token(token: str) -> str:
    """What is stored of a token. It is random, so a plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


@transactional
def start(
    user_id: int,
    *,
    kind: SessionKind,
    ip_address: str = "",
    user_agent: str = "",
    waits_for: WaitsFor | None = None,
) -> str:
    """Begin a session and return its token, which is not stored. One that waits for something is worth nothing before
    `complete`.
    """
    token = secrets.token_urlsafe(32)
    db.session.add(
        UserSession(
            user_id=user_id,
            kind=kind,
            token_hash=hash_token(token),
            expires_at=datetime.now(UTC) + (WAITING_LIFETIME if waits_for else ABSOLUTE_LIFETIME[kind]),
            waits_for=waits_for,
            ip_address=ip_address[:45] or None,
            user_agent=user_agent[:255] or None,
        )
    )
    return token


@transactional
def complete(session_id: UUID, kind: SessionKind) -> bool:
    """The session has what it waited for; whether it still did."""
    facts = {"id": session_id, "lifetime": ABSOLUTE_LIFETIME[kind]}
    return bool(db.session.execute(_COMPLETE, facts).rowcount)  # type: ignore[attr-defined]


@transactional
def end(session_id: str) -> None:
    """End one session, in every copy of its cookie."""
    db.session.execute(
        text("UPDATE user_sessions SET ended_at = now() WHERE id = :id AND ended_at IS NULL"), {"id": session_id}
    )


@transactional
def end_all(user_id: int, *, but: str | None = None) -> int:
    """End every session of an account, except the one given. Returns how many ended."""
    statement = text(
        "UPDATE user_sessions SET ended_at = now() WHERE user_id = :user_id AND ended_at IS NULL"
        " AND (CAST(:but AS uuid) IS NULL OR id <> CAST(:but AS uuid))"
    )
    return db.session.execute(statement, {"user_id": user_id, "but": but or None}).rowcount  # type: ignore[attr-defined]


@transactional
def end_without_factor(*, but: str = "") -> None:
    """End the logins of accounts that have a role which needs a second factor, and none set up: a password alone has opened
    them. `but` is the session of whoever decides it.
    """
    db.session.flush()
    db.session.execute(_END_WITHOUT_FACTOR, {"but": but or None})


@transactional
def end_idle(user_id: int) -> None:
    """Write down which sessions of an account are over, before its time to be idle changes: none comes back to life."""
    db.session.execute(_END_IDLE, {"user_id": user_id})


@transactional
def clean_up() -> int:
    """Forget sessions that ended, or ran out, a month ago; returns how many."""
    statement = text("DELETE FROM user_sessions WHERE least(ended_at, expires_at) < now() - interval '30 days'")
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def load(token: str, kind: SessionKind = SessionKind.WEB, *, attended: bool = False) -> Actor:
    """Who this token is, with the roles and permissions of this moment; NOBODY when it is worth nothing. `attended`
    when somebody is at work, which keeps the session from ending.
    """
    row = db.session.execute(_BY_TOKEN, {"token_hash": hash_token(token), "kind": kind.value}).one_or_none()
    if row is None:
        return NOBODY
    actor = _actor(row)
    if attended and row.stale:
        _note_use(row.session_id)
    return actor


@transactional
def _note_use(session_id: UUID) -> None:
    db.session.execute(text("UPDATE user_sessions SET last_used_at = now() WHERE id = :id"), {"id": session_id})


def waiting(token: str, kind: SessionKind = SessionKind.WEB) -> Waiting | None:
    """The login of a token that waits for something; None when there is none."""
    row = db.session.execute(_WAITING, {"token_hash": hash_token(token), "kind": kind.value}).one_or_none()
    return Waiting(row.session_id, row.user_id, WaitsFor(row.waits_for), row.username) if row else None


def load_by_id(user_id: int) -> Actor:
    """The actor of an account, for commands and jobs. Raises LookupError when there is none."""
    row = db.session.execute(_BY_ID, {"user_id": user_id}).one_or_none()
    if row is None:
        raise LookupError(user_id)
    return _actor(row)


def system() -> Actor:
    """The account in whose name jobs run."""
    user_id = db.session.execute(text("SELECT id FROM ab_user WHERE username = 'system'")).scalar_one()
    return Actor(id=user_id, username="system", first_name="Registrar", roles=frozenset({"Super Admin"}))


def _actor(row: Any) -> Actor:
    roles, permissions = _grants.of(row.stamp, row.role_ids)
    return Actor(
        id=row.id,
        username=row.username,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        roles=roles,
        permissions=permissions,
        time_zone=row.time_zone,
        locale=row.locale,
        theme=row.theme or "system",
        time_format=row.time_format or "24h",
        unread=row.unread,
        remember_last_page=row.remember_last_page,
        session_id=str(row.session_id or ""),
    )


class _Grants:
    """Roles and permissions by role id, kept until the stamp moves: a trigger moves it when any role's permissions
    change.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._stamp: int | None = None
        self._roles: dict[int, tuple[str, frozenset[tuple[str, str]]]] = {}
        self._combined: dict[frozenset[int], tuple[frozenset[str], frozenset[tuple[str, str]]]] = {}

    def of(self, stamp: int, role_ids: list[int]) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
        key = frozenset(role_ids)
        with self._lock:
            if stamp != self._stamp:
                self._roles, self._combined, self._stamp = _read_roles(), {}, stamp
            if key not in self._combined:
                known = [self._roles[role_id] for role_id in key if role_id in self._roles]
                permissions: frozenset[tuple[str, str]] = frozenset().union(*(granted for _, granted in known))
                self._combined[key] = frozenset(name for name, _ in known), permissions
            return self._combined[key]


def _read_roles() -> dict[int, tuple[str, frozenset[tuple[str, str]]]]:
    rows = db.session.execute(
        text("""
        SELECT r.id, r.name, p.name AS permission, v.name AS resource
        FROM ab_role r LEFT JOIN ab_permission_view_role pvr ON pvr.role_id = r.id
        LEFT JOIN ab_permission_view pv ON pv.id = pvr.permission_view_id
        LEFT JOIN ab_permission p ON p.id = pv.permission_id LEFT JOIN ab_view_menu v ON v.id = pv.view_menu_id
    """)
    ).all()
    found: dict[int, tuple[str, set[tuple[str, str]]]] = {}
    for row in rows:
        _, permissions = found.setdefault(row.id, (row.name, set()))
        if row.permission and row.resource:
            permissions.add((row.permission, row.resource))
    return {role_id: (name, frozenset(permissions)) for role_id, (name, permissions) in found.items()}


_grants = _Grants()
