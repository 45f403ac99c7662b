"""Registrations of assistants, notices, and what holds for every table."""

# ruff: noqa: S608 - statements put together from parts of this package

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Table
from sqlalchemy.dialects import postgresql

from app.models.base import Base
from app.services.integrity.invariants import Invariant, sql

REGISTRATION: Final = _l("Assistant registration")
NOTICES: Final = _l("Notices")
DATABASE: Final = _l("Database")
SHOW_REGISTRATION: Final = ("show", "Registrations")
SHOW_ALL: Final = ("repair", "Integrity")  # nobody's record: for whoever may mend it
STAGED: Final = ("registration_availability", "registration_courses")


def _staged(condition: str) -> str:
    """The staged rows of which this is so of their request `r`."""
    return " UNION ALL ".join(
        f"""
            SELECT '{table} ' || s.id AS key, coalesce(r.username, '?')::text AS title,
                   coalesce('/registrations/' || r.id, '') AS link, '{table}' AS detail
            FROM {table} s LEFT JOIN registration_requests r ON r.id = s.registration_id WHERE {condition}
        """
        for table in STAGED
    )


def _delete_staged(condition: str) -> list[str]:
    return [
        f"""
            DELETE FROM {table} t USING {table} s LEFT JOIN registration_requests r ON r.id = s.registration_id
            WHERE s.id = t.id AND {condition}
        """
        for table in STAGED
    ]


_NO_RECIPIENT = "NOT EXISTS (SELECT FROM ab_user u WHERE u.id = n.recipient_id)"
_NO_NOTICE = "NOT EXISTS (SELECT FROM notifications n WHERE n.id = d.notification_id)"


def _broken_references() -> str:
    """Every row that refers to one that is not there. The names are those of the models."""
    parts = [
        _broken_reference(table, key)
        for table in Base.metadata.sorted_tables
        for key in sorted(table.foreign_key_constraints, key=lambda each: str(each.name))
        if len(key.columns) == 1
    ]
    return " UNION ALL ".join(parts)


def _broken_reference(table: Table, key: ForeignKeyConstraint) -> str:
    column, target = key.columns[0].name, key.elements[0].column
    names = ", ".join(f't."{each.name}"' for each in table.primary_key.columns)
    return f"""
        SELECT '{table.name} ' || concat_ws('/', {names}) || ' {column}' AS key, '{table.name}.{column}' AS title,
               '' AS link, t."{column}"::text AS detail
        FROM "{table.name}" t WHERE t."{column}" IS NOT NULL
        AND NOT EXISTS (SELECT FROM "{target.table.name}" p WHERE p."{target.name}" = t."{column}")
    """


_MISSING_GUARDS = """
    SELECT name AS key, name AS title, '' AS link, 'index' AS detail FROM unnest(CAST(:indexes AS text[])) AS name
    WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
                      WHERE c.relname = name AND c.relnamespace = 'public'::regnamespace AND i.indisvalid)
    UNION ALL
    SELECT name, name, '', 'constraint' FROM unnest(CAST(:constraints AS text[])) AS name
    WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = name AND c.connamespace = 'public'::regnamespace
                      AND c.convalidated)
"""


def _guards() -> Mapping[str, Any]:
    """The names as the database has them: long ones are cut off."""
    naming = postgresql.dialect().identifier_preparer
    tables = Base.metadata.sorted_tables
    indexes = [naming.format_index(index) for table in tables for index in table.indexes if index.unique]
    constraints = [
        naming.format_constraint(each)
        for table in tables
        for each in table.constraints
        if each.name is not None and isinstance(each, CheckConstraint | ForeignKeyConstraint)
    ]
    return {"indexes": indexes, "constraints": constraints}


OTHERS: Final = (
    Invariant(
        "staged_without_request",
        REGISTRATION,
        _l("A staged row belongs to a request"),
        _l("Staged availability and courses whose registration request does not exist."),
        _staged("r.id IS NULL"),
        SHOW_REGISTRATION,
        _l("They are deleted. Their content stays in the row history."),
        sql(*_delete_staged("r.id IS NULL")),
    ),
    Invariant(
        "staged_after_decision",
        REGISTRATION,
        _l("Nothing is staged after the decision"),
        _l("Staged availability and courses of registration requests that are decided."),
        _staged("r.status <> 'pending'"),
        SHOW_REGISTRATION,
        _l("They are deleted. Their content stays in the row history."),
        sql(*_delete_staged("r.status <> 'pending'")),
    ),
    Invariant(
        "password_after_decision",
        REGISTRATION,
        _l("No password is kept after the decision"),
        _l("Decided registration requests that still hold the hash of a password."),
        """
            SELECT r.id::text AS key, r.username::text AS title, '/registrations/' || r.id AS link, r.status::text AS detail
            FROM registration_requests r WHERE r.status <> 'pending' AND r.password_hash IS NOT NULL
        """,
        SHOW_REGISTRATION,
        _l("It is forgotten."),
        sql(
            "UPDATE registration_requests SET password_hash = NULL WHERE status <> 'pending' AND password_hash IS NOT NULL"
        ),
    ),
    Invariant(
        "delivery_without_notice",
        NOTICES,
        _l("What is sent is a notice"),
        _l("Deliveries by e-mail whose notice does not exist."),
        f"""
            SELECT d.id::text AS key, d.status::text AS title, '' AS link, d.created_at::date::text AS detail
            FROM notification_deliveries d WHERE {_NO_NOTICE}
        """,
        ("show", "Deliveries"),
        _l("They are deleted: there is nothing to send."),
        sql(f"DELETE FROM notification_deliveries d WHERE {_NO_NOTICE}"),
    ),
    Invariant(
        "notice_without_recipient",
        NOTICES,
        _l("A notice is for somebody"),
        _l("Notices whose recipient does not exist."),
        f"""
            SELECT n.id::text AS key, n.type::text AS title, '' AS link, n.created_at::date::text AS detail
            FROM notifications n WHERE {_NO_RECIPIENT}
        """,
        SHOW_ALL,
        _l("They are deleted: nobody can read them. What happened stays in the events."),
        sql(f"DELETE FROM notifications n WHERE {_NO_RECIPIENT}"),
    ),
    Invariant(
        "reference_broken",
        DATABASE,
        _l("What is referred to exists"),
        _l("Rows of any table that refer to a row that is not there."),
        _broken_references(),
        SHOW_ALL,
        _l("Restore what is missing from a backup, or delete the row."),
    ),
    Invariant(
        "guard_missing",
        DATABASE,
        _l("Every unique index and constraint is in place"),
        _l("Unique indexes and constraints of this version that the database lacks, or has not checked."),
        _MISSING_GUARDS,
        SHOW_ALL,
        _l("Mend the rows that break it, then make it again as the migrations do."),
        values=_guards,
    ),
)
