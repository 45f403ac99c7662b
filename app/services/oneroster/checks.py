"""What would make a strict reader refuse a bundle, found before it is written: required cells that are empty, words that the
standard does not know, references to what is not in the bundle, roles that are not one per person and school.

Only what neither a constraint nor a view guarantees is looked for. Values are compared once each, not row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, text

from app.services.errors import Text
from app.services.oneroster import columns
from app.services.oneroster.columns import NOT_KEPT, VIEWS, Version
from app.services.oneroster.standard import STANDARDS, Column, File

MOST: Final = 100  # faults of one rule that are listed

REQUIRED: Final = "required"
WORD: Final = "word"
GRADE: Final = "grade"
REFERENCE: Final = "reference"
PRIMARY_ROLE: Final = "primary_role"
SCHOOL: Final = "school"
RULES: Final[dict[str, Text]] = {
    REQUIRED: _l("A value is required here."),
    WORD: _l("The standard has no such word here."),
    GRADE: _l("Not a grade of the standard, as KG or 09."),
    REFERENCE: _l("Refers to something that is not there, or not of the right kind."),
    PRIMARY_ROLE: _l("Needs exactly one primary role at each school."),
    SCHOOL: _l("There is no school yet. Enter one under Organizations."),
}
# What the views see to: these rows are gone with what they belong to.
GUARANTEED: Final = {
    ("demographics.csv", "sourcedId"),
    ("roles.csv", "userSourcedId"),
    ("enrollments.csv", "userSourcedId"),
    ("enrollments.csv", "classSourcedId"),
    ("users.csv", "agentSourcedIds"),
    ("users.csv", "primaryOrgSourcedId"),  # the first of those that are checked
}


@dataclass(frozen=True)
class Fault:
    """One thing that stands against a bundle: where, and which of RULES."""

    file: str
    sourced_id: str
    column: str
    value: str
    rule: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def faults(connection: Connection, version: Version) -> list[Fault]:
    """Everything that stands against a bundle of all that is there, at most MOST of each kind."""
    found = [] if _any(connection, "oneroster_v_orgs", "type = 'school'") else [Fault("orgs.csv", "", "", "", SCHOOL)]
    for file in columns.exported(version):
        found += _cells(connection, version, file)
        for column in file.columns:
            found += _of_column(connection, version, file, column)
    return found + (list(_roles(connection)) if version == "1.2" else [])


def _cells(connection: Connection, version: Version, file: File) -> Iterator[Fault]:
    """Cells that are empty or hold an unknown word, of all columns in one go."""
    wrong = [
        (column, rule, condition) for column in file.columns for rule, condition in _conditions(file, column, version)
    ]
    kinds = ", ".join(f"coalesce({condition}, false)" for _column, _rule, condition in wrong)
    any_of = " OR ".join(condition for _column, _rule, condition in wrong)
    statement = (
        f'SELECT source."sourcedId", ARRAY[{kinds}] FROM {VIEWS[file.name]} source'  # noqa: S608 - names of the standard
        f" WHERE source.status = 'active' AND ({any_of}) LIMIT {MOST}"
    )
    for key, flags in connection.execute(text(statement)):
        for (column, rule, _condition), flag in zip(wrong, flags, strict=True):
            if flag:
                yield Fault(file.name, key, column.name, "", rule)


def _conditions(file: File, column: Column, version: Version) -> Iterator[tuple[str, str]]:
    """What must not hold of a cell, by rule."""
    name = f'source."{column.name}"'
    if column.name in NOT_KEPT:
        return
    if column.required == "always":
        empty = "= '[]'::jsonb" if column.is_list else "::text = ''"
        yield REQUIRED, f"({name} IS NULL OR {name}{'' if empty.startswith(':') else ' '}{empty})"
    if column.enum and column.required != "delta" and not column.is_boolean and column.name != "sex":
        word = columns.role_of(file, version) if column.name == "role" else name
        more = f" AND {word} !~ '^ext\\:[A-Za-z0-9._-]+$'" if column.extensible else ""
        yield WORD, f"({word} NOT IN {_words(column.enum)}{more})"


def _words(words: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def _of_column(connection: Connection, version: Version, file: File, column: Column) -> Iterator[Fault]:
    """Grades that are none, and references that lead nowhere."""
    if column.name == "grades":
        yield from _items(connection, file, column, f"item NOT IN {_words(STANDARDS[version].grades)}", GRADE)
    if column.references and column.name not in NOT_KEPT and (file.name, column.name) not in GUARANTEED:
        kind = f" AND there.type = '{column.referenced_type}'" if column.referenced_type else ""
        missing = (
            f'NOT EXISTS (SELECT FROM {VIEWS[column.references]} there WHERE there."sourcedId" = item'
            f" AND there.status = 'active'{kind})"
        )
        yield from _items(connection, file, column, missing, REFERENCE)


def _items(connection: Connection, file: File, column: Column, condition: str, rule: str) -> Iterator[Fault]:
    """The rows of the file with an item that meets the condition. Different values are few, and looked at first."""
    name = f'source."{column.name}"'
    items = f"jsonb_array_elements_text({name})" if column.is_list else f"(SELECT {name} WHERE {name} IS NOT NULL)"
    values = f"SELECT DISTINCT {name} FROM {VIEWS[file.name]} source WHERE source.status = 'active'"  # noqa: S608
    bad = f"SELECT DISTINCT item FROM ({values}) source CROSS JOIN LATERAL {items} AS each (item) WHERE {condition}"  # noqa: S608
    wrong = [row[0] for row in connection.execute(text(f"{bad} LIMIT {MOST}"))]
    for value in wrong:
        holds = f"{name} ? :value" if column.is_list else f"{name} = :value"
        statement = (
            f"SELECT source.\"sourcedId\" FROM {VIEWS[file.name]} source WHERE source.status = 'active' AND {holds}"  # noqa: S608
            f" LIMIT {MOST}"
        )
        for (key,) in connection.execute(text(statement), {"value": value}):
            yield Fault(file.name, key, column.name, value, rule)


def _roles(connection: Connection) -> Iterator[Fault]:
    """Roles that came in a bundle; those of others are one at each school."""
    statement = text(f"""
        SELECT "userSourcedId", "orgSourcedId" FROM oneroster_v_roles WHERE status = 'active' AND NOT derived
        GROUP BY 1, 2 HAVING count(*) FILTER (WHERE "roleType" = 'primary') <> 1 LIMIT {MOST}
    """)  # noqa: S608
    for user, org in connection.execute(statement):
        yield Fault("roles.csv", user, "roleType", org or "", PRIMARY_ROLE)


def _any(connection: Connection, view: str, condition: str) -> Any:
    statement = f"SELECT EXISTS (SELECT FROM {view} WHERE status = 'active' AND {condition})"  # noqa: S608
    return connection.execute(text(statement)).scalar_one()
