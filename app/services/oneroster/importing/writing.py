"""From staged rows to stored ones: what is new, changed, unchanged and vanishing, and the statements that write it. All
of a file is one statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from app.extensions import db
from app.services.oneroster.importing.archive import Bundle
from app.services.oneroster.importing.targets import TARGETS, Target


@dataclass(frozen=True)
class Counts:
    """What becomes of the rows of a file. `vanishing` of `stored` rows that the same system had brought."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanishing: int = 0
    stored: int = 0


BESIDE = ("guardians", "oneroster_agents", "student_guardians", "student_school_associations", "students")


def take_stock() -> None:
    """Have the server count what is stored: by figures of before the last import it would read whole tables for each row.
    Another bundle waits here for this one to be over.
    """
    for table in (*(target.table for target in TARGETS), *BESIDE):
        run(f"ANALYZE {table}")


def find_own() -> None:
    """Which sourcedIds are those of the school's own classes, which no bundle changes."""
    for target in TARGETS:
        if target.own:
            run(f"""CREATE TEMPORARY TABLE own_{target.name} ON COMMIT DROP AS
                    SELECT "sourcedId" AS sourced_id FROM {target.own} WHERE derived""")
            run(f"ANALYZE own_{target.name}")


def leave_own_alone() -> dict[str, int]:
    """Take the school's own rows out of the stage. Returns how many of which file there were."""
    return {
        target.file: run(
            f"""DELETE FROM {target.stage} s USING own_{target.name} o WHERE o.sourced_id = s."sourcedId" """
        )
        for target in TARGETS
        if target.own
    }


def make_keys() -> None:
    """A key for everything that is stored or will be, so that rows can refer to rows that are not written yet."""
    for target in TARGETS:
        run(f"""CREATE TEMPORARY TABLE {target.keys} ON COMMIT DROP AS
                SELECT coalesce(t.sourced_id, s."sourcedId") AS sourced_id, coalesce(t.id, {target.new_key}) AS id
                FROM {target.stage} s FULL JOIN {target.table} t ON t.sourced_id = s."sourcedId" """)
        run(f"ANALYZE {target.keys}")


def make_incoming(target: Target, bundle: Bundle) -> None:
    """The rows as they will be written. What is our own stays so, and alive or deleted as it is."""
    own = "t.id IS NOT NULL AND t.source_system IS NULL"
    gone = "s.status IS NOT DISTINCT FROM 'tobedeleted'"
    columns = ", ".join(f'{value} AS "{name}"' for name, value in target.columns.items())
    run(
        f"""CREATE TEMPORARY TABLE {target.incoming} ON COMMIT DROP AS
            SELECT s.line, k.id, s."sourcedId" AS sourced_id, t.id IS NOT NULL AS stored, {gone} AS gone,
                   CASE WHEN {own} THEN NOT {target.dead} ELSE NOT ({gone}) END AS live,
                   CASE WHEN {own} THEN NULL ELSE CAST(:source AS text) END AS source_system, {columns}
            FROM {target.stage} s JOIN {target.keys} k ON k.sourced_id = s."sourcedId"
            LEFT JOIN {target.table} t ON t.id = k.id {target.joins}""",
        source=bundle.source,
        version=bundle.standard.version,
    )
    run(f"CREATE UNIQUE INDEX ON {target.incoming} (id)")
    run(f"ANALYZE {target.incoming}")


def count(target: Target, bundle: Bundle) -> Counts:
    """What writing the file will do."""
    differs = f"({_differs(target)} OR {target.also_changed})"
    statement = f"""
        SELECT count(*) FILTER (WHERE t.id IS NULL AND NOT i.gone) AS new,
               count(*) FILTER (WHERE t.id IS NOT NULL AND i.live AND {differs}) AS changed,
               count(*) FILTER (WHERE t.id IS NOT NULL AND NOT i.live AND NOT {target.dead}) AS vanishing,
               count(*) AS rows
        FROM {target.incoming} i LEFT JOIN {target.table} t ON t.id = i.id
    """
    row = db.session.execute(text(statement)).one()
    stored, missing = db.session.execute(
        text(f"""SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT FROM {target.incoming} i WHERE i.id = t.id))
                 FROM {target.table} t WHERE t.source_system = :source AND NOT {target.dead}"""),
        {"source": bundle.source},
    ).one()
    bulk = bundle.modes.get(target.file) == "bulk"
    unchanged = row.rows - row.new - row.changed - row.vanishing
    return Counts(row.new, row.changed, unchanged, row.vanishing + (missing if bulk else 0), stored)


def changed_own(target: Target) -> str:
    """A query for line and sourcedId of the rows that would change or delete what was entered here, and is not deleted."""
    return f"""SELECT i.line, i.sourced_id FROM {target.incoming} i JOIN {target.table} t ON t.id = i.id
               WHERE t.source_system IS NULL AND NOT {target.dead} AND (i.gone OR (i.live AND {_differs(target)}))"""


def remove(target: Target, bundle: Bundle) -> None:
    """Mark what vanishes as deleted: what a delta says, and what is missing in a bulk file."""
    dead = "deleted_at = now()" if target.soft else "status = 'tobedeleted'"
    run(
        f"UPDATE {target.table} t SET {dead} FROM {target.incoming} i WHERE i.id = t.id AND NOT i.live AND NOT {target.dead}"
    )
    if bundle.modes.get(target.file) == "bulk":
        run(
            f"""UPDATE {target.table} t SET {dead} WHERE t.source_system = :source AND NOT {target.dead}
                AND NOT EXISTS (SELECT FROM {target.incoming} i WHERE i.id = t.id)""",
            source=bundle.source,
        )


def write(target: Target) -> None:
    """Update what differs and insert what is new."""
    _free(target)
    early = [name for name in target.columns if name not in target.late]
    alive = "deleted_at = NULL, deleted_by_id = NULL" if target.soft else "status = 'active'"
    settings = ", ".join(f'"{name}" = i."{name}"' for name in early)
    for each in target.passes:
        run(f"""UPDATE {target.table} t SET {settings}, {alive}, source_system = i.source_system FROM {target.incoming} i
                WHERE t.id = i.id AND i.live AND {each}
                  AND ({_differs(target, early)} OR t.source_system IS DISTINCT FROM i.source_system)""")
    columns = ", ".join(f'"{name}"' for name in target.columns)
    run(f"""INSERT INTO {target.table} (id, sourced_id, source_system, {columns})
            SELECT id, sourced_id, source_system, {columns} FROM {target.incoming} i
            WHERE NOT stored AND NOT gone ORDER BY line""")
    for name in target.late:
        run(f"""UPDATE {target.table} t SET "{name}" = i."{name}" FROM {target.incoming} i
                WHERE t.id = i.id AND i.live AND t."{name}" IS DISTINCT FROM i."{name}" """)


def _free(target: Target) -> None:
    """Rows that take over each other's names must not collide half-way."""
    if name := target.unique:
        run(f"""UPDATE {target.table} t SET {name} = t.id::text FROM {target.incoming} i
                WHERE t.id = i.id AND i.live AND lower(t.{name}) <> lower(i.{name})
                  AND EXISTS (SELECT FROM {target.incoming} o
                              WHERE o.live AND lower(o.{name}) = lower(t.{name}) AND o.id <> t.id)""")


def run(statement: str, **values: object) -> int:
    """Execute; how many rows it was about."""
    return db.session.execute(text(statement), values).rowcount  # type: ignore[attr-defined]


def _differs(target: Target, columns: Iterable[str] | None = None) -> str:
    """Whether the incoming row is another than the stored one, in these columns or all."""
    names = [f'"{name}"' for name in columns or target.columns]
    stored, sent = ", ".join(f"t.{name}" for name in names), ", ".join(f"i.{name}" for name in names)
    return f"({stored}, {target.dead}) IS DISTINCT FROM ({sent}, NOT i.live)"
