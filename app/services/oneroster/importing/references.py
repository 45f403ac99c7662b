"""Whatever a row refers to must be there: in the bundle, or, unless the file it is in is complete, among what is stored."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.imports import IssueKind
from app.services.import_run import Issues
from app.services.oneroster.importing.archive import Bundle, fault
from app.services.oneroster.importing.staging import table
from app.services.oneroster.standard import Column, File

# What is stored of a file, as far as it is not deleted: sourced_id and type. Whom somebody deleted here other systems may
# know still.
STORED = {
    "orgs.csv": "SELECT sourced_id, type FROM organizations WHERE deleted_at IS NULL",
    "academicSessions.csv": "SELECT sourced_id, type FROM terms WHERE deleted_at IS NULL",
    "users.csv": """
        SELECT sourced_id, NULL FROM oneroster_users t
        WHERE status = 'active' OR username = 'erased.' || id
           OR EXISTS (SELECT FROM students st WHERE st.id = t.student_id AND st.deleted_at IS NOT NULL)
           OR EXISTS (SELECT FROM guardians g WHERE g.id = t.guardian_id AND g.deleted_at IS NOT NULL)
    """,
    "courses.csv": "SELECT sourced_id, NULL FROM oneroster_courses WHERE status = 'active'",
    "classes.csv": "SELECT sourced_id, NULL FROM oneroster_classes WHERE status = 'active'",
}
_TYPED = ("orgs.csv", "academicSessions.csv")


def check(bundle: Bundle, issues: Issues) -> None:
    """Add a fault for each sourcedId that comes twice, and each reference that leads nowhere."""
    for file in bundle.files():
        _twice(file, issues)
    for name in bundle.standard.files:
        _know(bundle, name)
    for file in bundle.files():
        for column in file.columns:
            if column.references and _can_be_checked(bundle, file, column):
                _unresolved(bundle, file, column, issues)


def known(file: str) -> str:
    """The temporary table of everything that a row may refer to in a file."""
    return table(file).replace("stage_", "known_")


def _twice(file: File, issues: Issues) -> None:
    statement = f"""
        SELECT line, "sourcedId", first FROM (
            SELECT line, "sourcedId", first_value(line) OVER same AS first FROM {table(file.name)}
            WINDOW same AS (PARTITION BY "sourcedId" ORDER BY line)) numbered
        WHERE line > first ORDER BY line
    """
    for line, value, first in rows_of(statement):
        if issues.full:
            return
        rule = _("This sourcedId stands in line %(line)s already.", line=first)
        found = fault(file.name, rule, _("Keep one of the rows."), value, line, "sourcedId")
        issues.add(IssueKind.INVALID, found)


def _know(bundle: Bundle, name: str) -> None:
    kind = "s.type" if name in _TYPED else "NULL"
    stored = STORED.get(name) if bundle.modes.get(name) != "bulk" else None
    more = f"""UNION ALL SELECT * FROM ({stored}) stored (sourced_id, type)
               WHERE NOT EXISTS (SELECT FROM {table(name)} s WHERE s."sourcedId" = stored.sourced_id)"""
    statement = f"""
        CREATE TEMPORARY TABLE {known(name)} ON COMMIT DROP AS
        SELECT s."sourcedId" AS sourced_id, {kind}::text AS type FROM {table(name)} s
        WHERE s.status IS DISTINCT FROM 'tobedeleted' {more if stored else ""}
    """
    db.session.execute(text(statement))
    db.session.execute(text(f"ANALYZE {known(name)}"))


def _can_be_checked(bundle: Bundle, file: File, column: Column) -> bool:
    """Of what is not kept here, a delta file may refer to what an earlier bundle had."""
    return (
        column.references in STORED or column.references in bundle.modes or bundle.modes[file.name] == "bulk"
    ) and column.references in bundle.standard.files


def _unresolved(bundle: Bundle, file: File, column: Column, issues: Issues) -> None:
    value, join = f's."{column.name}"', ""
    if column.is_list:
        value, join = "item", f'CROSS JOIN LATERAL jsonb_array_elements_text(s."{column.name}") item'
    typed = "AND k.type = :type" if column.referenced_type else ""
    statement = f"""
        SELECT s.line, {value} AS value, EXISTS (SELECT FROM {known(column.references)} o WHERE o.sourced_id = {value})
        FROM {table(file.name)} s {join}
        WHERE {value} IS NOT NULL AND s.status IS DISTINCT FROM 'tobedeleted'
          AND NOT EXISTS (SELECT FROM {known(column.references)} k WHERE k.sourced_id = {value} {typed})
        ORDER BY s.line
    """
    inside = bundle.modes.get(column.references) == "bulk" or column.references not in STORED
    for line, sourced_id, exists in rows_of(statement, type=column.referenced_type):
        if issues.full:
            return
        if exists:
            rule = _("What this refers to is not of the type %(type)s.", type=column.referenced_type)
            fix = _("Refer to one that is.")
        elif inside:
            rule = _("No row of %(file)s has this sourcedId.", file=column.references)
            fix = _("Add the row, or correct the reference.")
        else:
            rule = _("No row of %(file)s has this sourcedId, and none is stored here.", file=column.references)
            fix = _("Send what it refers to first, or with it.")
        found = fault(file.name, rule, fix, sourced_id, line, column.name)
        issues.add(IssueKind.INVALID, found)


def rows_of(statement: str, **values: object) -> Iterator[tuple]:
    """The rows of a query, however many, a thousand at a time."""
    yield from db.session.execute(text(statement), values, execution_options={"yield_per": 1000})
