"""Making the database fit this version of the code: schema, roles, permissions, groups, the system account, the codes of
Ed-Fi.

Safe to repeat, and to run from several machines at once: the first does it, the others wait for it and find
nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from alembic import command
from alembic.migration import MigrationContext
from flask import current_app
from sqlalchemy import select, text

from app.extensions import db, migrate
from app.models.access import User
from app.services import permission_sync
from app.services.accounts import groups
from app.services.edfi import mappings
from app.services.permission_sync import DeploymentError
from app.services.transaction import transactional

__all__ = ["DeploymentError", "deploy"]

LOCK_KEY: Final = 0x52454749  # "REGI": any constant, the same on every machine
SYSTEM: Final = "system"
APPEND_ONLY: Final = (
    "row_history",
    "lead_audit_events",
    "admission_audit_events",
    "class_credits",
    "notification_events",
    "integrity_repairs",
    "enrollment_events",
    "record_creation_attempts",
)


def deploy() -> list[str]:
    """Bring the database up to this version of the code. Returns what was done, in words; empty: nothing.

    Raises DeploymentError when roles are granted what nothing has, or the application's database role cannot
    be given its rights; and what Alembic raises.
    """
    with _alone():
        done = upgrade()
        done += permission_sync.sync(permission_sync.declared(current_app.extensions["appbuilder"]))
        done += add_groups()
        done += add_system_account()
        done += mappings.add_defaults()
        if role := current_app.config.get("APP_ROLE"):
            grant_privileges(role)
        return done


def set_up_groups() -> list[str]:
    """Make the roles and their permissions, and the built-in groups, as `deploy` does. Raises DeploymentError."""
    with _alone():
        return permission_sync.sync(permission_sync.declared(current_app.extensions["appbuilder"])) + add_groups()


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the deployment lock. It ends with its connection, so a killed deployment leaves nothing behind."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        for limit in ("lock_timeout", "statement_timeout"):
            connection.execute(text(f"SET {limit} = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        yield


def upgrade() -> list[str]:
    """Run the migrations that are missing."""
    before = _revision()
    command.upgrade(migrate.get_config(), "head")
    after = _revision()
    return [] if before == after else [f"schema {before or 'empty'} -> {after}"]


def _revision() -> str:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


@transactional
def add_groups() -> list[str]:
    """Make the built-in groups, and give them back the roles that they carry."""
    return groups.set_up()


@transactional
def add_system_account() -> list[str]:
    """Make the account in whose name jobs work. Inactive and without a password: nobody can log in as it."""
    if db.session.scalar(select(User.id).where(User.username == SYSTEM)) is not None:
        return []
    email = "system@registrar.invalid"
    db.session.add(User(username=SYSTEM, first_name="Registrar", last_name="", email=email, active=False))
    return ["system account added"]


@transactional
def grant_privileges(role: str) -> None:
    """Give the application's own database role what it needs, and no way to change what is append-only.

    The migrations are then run by another role, the owner of the tables. Raises DeploymentError.
    """
    differs = text("SELECT rolname <> current_user FROM pg_roles WHERE rolname = :role")
    other = db.session.scalar(differs, {"role": role})
    if not other:
        problem = "does not exist" if other is None else "is the one that deploys, which owns the tables"
        raise DeploymentError(f"APP_ROLE: the database role {role} {problem}.")
    name = db.engine.dialect.identifier_preparer.quote(role)
    tables = ", ".join(APPEND_ONLY)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {name}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {tables} FROM {name}",
    ):
        db.session.execute(text(statement))
