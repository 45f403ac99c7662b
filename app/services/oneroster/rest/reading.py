"""Reading a page of a collection, or one object.

A page is found in two steps: its keys, out of an index, and then the rows of these keys. A page in the second half is counted
from the end, so that no page is further away than half of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.services.inputs import is_storable
from app.services.oneroster.columns import Version
from app.services.oneroster.rest import representing
from app.services.oneroster.rest.entities import CLASSES, ORGS, SESSIONS, USERS, Entity
from app.services.oneroster.rest.operations import Operation, Part
from app.services.oneroster.rest.problems import UNKNOWN, RosterRefusal
from app.services.oneroster.rest.querying import Query


@dataclass(frozen=True)
class Page:
    """Some objects, and how many there are in all."""

    items: list[dict[str, Any]]
    total: int


def collection(operation: Operation, keys: Mapping[str, str], query: Query, style: representing.Style) -> Page:
    """A page of the objects that an operation answers. Raises RosterRefusal when what the address names is not there."""
    parameters = {**_owners(operation, keys), **query.parameters}
    part = operation.part
    where = " AND ".join(each for each in (part.where, operation.where, query.where) if each != "true") or "true"
    total = _count(part.entity, where, parameters)
    found = _keys(part.entity, where, parameters, query, total)
    return Page(_objects(part.entity, found, style, query.fields), total)


def single(operation: Operation, key: str, fields: frozenset[str], style: representing.Style) -> dict[str, Any]:
    """One object. Raises RosterRefusal when there is none, or none of this kind."""
    _row(operation.part, key)
    found = _objects(operation.part.entity, [key], style, fields)
    if not found:  # gone since it was looked up
        raise RosterRefusal(UNKNOWN, _("There is no such object."))
    return found[0]


def _owners(operation: Operation, keys: Mapping[str, str]) -> dict[str, Any]:
    """What the address names, each looked up. Raises RosterRefusal for what is not there."""
    known: dict[str, Any] = {}
    for number, (name, part) in enumerate(operation.owners, 1):
        row = _row(part, keys[name])
        known[f"owner_{number}"] = keys[name]
        if part.entity is CLASSES:
            known[f"key_{number}"] = row.key
    return {name: value for name, value in known.items() if f":{name}" in operation.where}


def _row(part: Part, key: str) -> Any:
    """The row with this key. Raises RosterRefusal."""
    column = 'source."sourcedId", source.key' if part.entity is CLASSES else 'source."sourcedId"'
    statement = text(
        f'SELECT {column} FROM {part.entity.view} source WHERE source."sourcedId" = :key AND {part.where}'  # noqa: S608 - ours
    )
    row = db.session.execute(statement, {"key": key}).first() if is_storable(key) else None
    if row is None:
        raise RosterRefusal(UNKNOWN, _("There is no such object."))
    return row


def _count(entity: Entity, where: str, parameters: Mapping[str, Any]) -> int:
    if where == "true" and entity.tables:
        statement = "SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in entity.tables)  # noqa: S608 - ours
    else:
        statement = f"SELECT count(*) FROM {entity.view} source WHERE {where}"  # noqa: S608 - ours, with parameters
    return int(db.session.execute(text(statement), parameters).scalar_one())


def _keys(entity: Entity, where: str, parameters: Mapping[str, Any], query: Query, total: int) -> list[str]:
    """The keys of the page, in its order."""
    count = min(query.limit, total - query.offset)
    if count <= 0:
        return []
    from_end = query.offset > total // 2
    offset = total - query.offset - count if from_end else query.offset
    down = query.descending is not from_end
    order = query.order.replace(", source.", " DESC, source.") + " DESC" if down else query.order
    statement = f"""
        SELECT source."sourcedId" FROM {entity.view} source WHERE {where} ORDER BY {order} LIMIT :_limit OFFSET :_offset
    """  # noqa: S608 - ours, with parameters
    paging = {"_limit": count, "_offset": offset}
    found = list(db.session.scalars(text(statement), {**parameters, **paging}))
    return found[::-1] if from_end else found


def _objects(
    entity: Entity, keys: Sequence[str], style: representing.Style, fields: frozenset[str]
) -> list[dict[str, Any]]:
    """The objects with these keys, in their order."""
    if not keys:
        return []
    statement = f'SELECT * FROM {entity.view} source WHERE source."sourcedId" = ANY(:keys)'  # noqa: S608 - ours
    rows = {row["sourcedId"]: row for row in db.session.execute(text(statement), {"keys": list(keys)}).mappings()}
    related = _related(entity, keys, style.version)
    made = []
    for key in keys:
        if key in rows:
            whole = representing.represent(entity, dict(rows[key]), related.get(key, []), style)
            made.append({name: value for name, value in whole.items() if not fields or name in fields})
    return made


def _related(entity: Entity, keys: Sequence[str], version: Version) -> dict[str, list[Any]]:
    """What hangs on the objects: the children of organizations and sessions, the roles of users."""
    if entity in (ORGS, SESSIONS):
        statement = f"""SELECT child."parentSourcedId" AS owner, child."sourcedId" FROM {entity.view} child
            WHERE child."parentSourcedId" = ANY(:keys) ORDER BY child."sourcedId\""""  # noqa: S608 - ours
    elif entity is USERS and version == "1.2":
        statement = """SELECT r."userSourcedId" AS owner, r.* FROM oneroster_v_roles r
            WHERE r."userSourcedId" = ANY(:keys) ORDER BY r."sourcedId\""""
    else:
        return {}
    found: dict[str, list[Any]] = {}
    for row in db.session.execute(text(statement), {"keys": list(keys)}).mappings():
        found.setdefault(row["owner"], []).append(row)
    return found
