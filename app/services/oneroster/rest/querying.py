"""The query of a request: paging, sorting, filter and selection, as SQL with parameters.

The grammar of a filter is the standard's: `field op 'value'`, at most two of them joined by AND or OR.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from flask_babel import gettext as _

from app.services.inputs import is_storable
from app.services.oneroster.columns import Version, role
from app.services.oneroster.rest.entities import Entity, Kind
from app.services.oneroster.rest.problems import DATA, FILTER, SELECTION, RosterRefusal

LIMIT: Final = 100
MOST: Final = 10_000  # objects in one answer: whoever asks for more gets these, and the address of the next
FURTHEST: Final = 2**31 - 1

_TERM: Final = r"\s*([A-Za-z0-9_.]{1,80})\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'\s*"
_FILTER: Final = re.compile(rf"{_TERM}(?:\b(AND|OR)\b{_TERM})?", re.IGNORECASE)
_COMPARISONS: Final = {"=": "=", "!=": "IS DISTINCT FROM", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


@dataclass(frozen=True)
class Query:
    """What of a collection is asked for. `where` and `order` are SQL; `order` ends with the key, so that it is one order."""

    limit: int = LIMIT
    offset: int = 0
    where: str = "true"
    order: str = 'source."sourcedId"'
    descending: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()  # none: all of them


def parse(raw: Mapping[str, str], entity: Entity, version: Version) -> Query:
    """The query of these parameters; those that nobody knows are passed over. Raises RosterRefusal."""
    for name in ("limit", "offset", "sort", "orderBy", "filter", "fields"):
        if not is_storable(raw.get(name, "")):
            raise RosterRefusal(DATA, _("%(name)s holds a character that cannot be.", name=name))
    where, parameters = _filter(raw.get("filter", ""), entity, version)
    order, descending = _order(raw, entity, version)
    return Query(
        min(_number(raw, "limit", LIMIT, 1), MOST),
        _number(raw, "offset", 0, 0),
        where,
        order,
        descending,
        parameters,
        fields(raw, entity, version),
    )


def fields(raw: Mapping[str, str], entity: Entity, version: Version) -> frozenset[str]:
    """The selected fields; none means all. Raises RosterRefusal for one that the object does not have."""
    wanted = [name.strip() for name in raw.get("fields", "").split(",") if name.strip()]
    for name in wanted:
        if name not in entity.selectable[version]:
            raise RosterRefusal(SELECTION, _("There is no field %(name)s.", name=name[:80]))
    return frozenset(wanted)


def _number(raw: Mapping[str, str], name: str, default: int, least: int) -> int:
    given = raw.get(name, "")
    if not given:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", given, re.ASCII) or not least <= int(given) <= FURTHEST:
        raise RosterRefusal(DATA, _("%(name)s must be a whole number of %(least)s or more.", name=name, least=least))
    return int(given)


def _order(raw: Mapping[str, str], entity: Entity, version: Version) -> tuple[str, bool]:
    wanted, direction = raw.get("sort", ""), raw.get("orderBy", "asc") or "asc"
    if direction.lower() not in ("asc", "desc"):
        raise RosterRefusal(DATA, _("orderBy must be asc or desc."))
    key = 'source."sourcedId"'
    if not wanted or wanted == "sourcedId":
        return key, direction.lower() == "desc" and bool(wanted)
    known = entity.paths(version)
    if wanted not in known or known[wanted][1] == "list":
        raise RosterRefusal(SELECTION, _("Cannot be sorted by %(name)s.", name=wanted[:80]))
    return f"{known[wanted][0]}, {key}", direction.lower() == "desc"


def _filter(text: str, entity: Entity, version: Version) -> tuple[str, dict[str, Any]]:
    if not text:
        return "true", {}
    found = _FILTER.fullmatch(text) if len(text) <= 2000 else None
    if found is None:
        raise RosterRefusal(FILTER, _("A filter reads: field='value', and may be joined to another by AND or OR."))
    path, operator, value, joint, *second = found.groups()
    where, first = _condition(entity, version, (path, operator, value), "filter_1")
    if joint is None:
        return where, {"filter_1": first}
    other, another = _condition(entity, version, (second[0], second[1], second[2]), "filter_2")
    return f"({where} {joint.upper()} {other})", {"filter_1": first, "filter_2": another}


def _condition(entity: Entity, version: Version, term: tuple[str, str, str], name: str) -> tuple[str, Any]:
    path, operator, value = term[0], term[1], term[2].replace("''", "'")
    known = entity.paths(version)
    if path not in known:
        raise RosterRefusal(FILTER, _("There is no field %(name)s that could be filtered by.", name=path))
    sql, kind = known[path]
    if kind == "list":
        return _of_list(sql, operator, value, name, path)
    if path == "role" and entity.one == "user":
        sql = role(version, sql)
    if operator == "~":
        return f"strpos(lower({sql}::text), lower(CAST(:{name} AS text))) > 0", value
    kind_of_sql = {"moment": "timestamptz", "date": "date", "boolean": "boolean"}.get(kind, "text")
    return f"{sql} {_COMPARISONS[operator]} CAST(:{name} AS {kind_of_sql})", _typed(kind, value, path)


def _of_list(sql: str, operator: str, value: str, name: str, path: str) -> tuple[str, Any]:
    """Lists: `=` holds all of the values (separated by commas), `~` any of them."""
    values = [each.strip() for each in value.split(",")]
    if operator not in ("=", "!=", "~"):
        raise RosterRefusal(FILTER, _("%(name)s is a list: it takes only =, != and ~.", name=path))
    holds = f"coalesce({sql}, '[]') {'?|' if operator == '~' else '?&'} CAST(:{name} AS text[])"
    return (f"NOT ({holds})" if operator == "!=" else holds), values


def _typed(kind: Kind, value: str, path: str) -> Any:
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[value.lower()]
        if kind == "date":
            return date.fromisoformat(value)
        if kind == "moment":
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC)
    except (ValueError, KeyError, OverflowError):
        raise RosterRefusal(FILTER, _("The value for %(name)s is not of its kind.", name=path)) from None
    return value
