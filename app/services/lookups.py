"""Choices of relations: searching them and checking one, under the same rule."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import isfunction
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func

from app.dialect import PREPARED
from app.extensions import db
from app.models.access import User
from app.policies.actor import Actor
from app.services.errors import Invalid, NotFound
from app.services.matching import all_words
from app.services.resource import LOOKUPS, Lookup

PAGE = 20
MOST_WORDS = 6


@dataclass(frozen=True)
class Found:
    id: str
    text: str
    detail: str = ""


def get(name: str) -> Lookup:
    """Raises NotFound."""
    if name not in LOOKUPS:
        raise NotFound
    return LOOKUPS[name]


def find(name: str, actor: Actor, query: str = "", *, every: bool = False, but: str = "") -> tuple[list[Found], bool]:
    """The first choices that contain every word of the query, and whether there are more. `every`: also those that may
    not be chosen anew, as records that have them can be looked for. `but`: without the one of this key.
    """
    lookup = get(name)
    statement = lookup.statement(actor)
    left_out = key_of_choice(name, but) if but else None
    if left_out is not None:
        statement = statement.where(lookup.key != left_out)
    if not every:
        statement = statement.where(lookup.offered)
    if query.strip():
        text = lookup.search() if isfunction(lookup.search) else lookup.search
        statement = statement.where(*all_words(text if lookup.folded else func.search_fold(text), query, MOST_WORDS))
    rows = db.session.execute(statement.limit(PAGE + 1)).all()
    return [Found(str(row[0]), str(row[1]), str(row[2] or "")) for row in rows[:PAGE]], len(rows) > PAGE


def label(name: str, actor: Actor, record_id: Any) -> str:
    """What the choice with this id is called, also if it may not be chosen anew; empty when the actor may not see it."""
    row = db.session.execute(_choice(get(name), actor, record_id)).first()
    return str(row[1]) if row else ""


def _choice(lookup: Lookup, actor: Actor, record_id: Any) -> Select[Any]:
    return lookup.statement(actor).where(lookup.key == record_id).execution_options(**PREPARED)


def key_of_choice(name: str, raw: Any) -> Any:
    """The key of a choice in its type, or None when it cannot be one."""
    kind = get(name).key.type.python_type
    if "\0" in str(raw):  # which no text of the database holds
        return None
    try:
        key = raw if isinstance(raw, kind) else kind(str(raw))
    except ValueError:
        return None
    return None if isinstance(key, int) and abs(key) >= 2**31 else key


def check(name: str, actor: Actor, record_id: Any, field: str) -> None:
    """Raises Invalid at `field` unless `actor` may choose this record: another's id and an unknown one are refused
    alike. An account stays as it is until the transaction ends, for whoever locks it as `unreferred`.
    """
    if record_id is None:
        return
    lookup = get(name)
    statement = _choice(lookup, actor, record_id).where(lookup.offered)
    if lookup.key is User.id:
        statement = statement.with_for_update(read=True, key_share=True, of=User)
    if db.session.execute(statement).first() is None:
        raise Invalid(fields={field: [_("Choose one from the list.")]})
