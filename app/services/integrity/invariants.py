"""What an invariant is: a sentence that holds for every row of the database, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.policies.actor import Actor

Text = Any  # a lazy translated text
Repair = Callable[[Actor], None]


def nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Invariant:
    """`broken` selects every row that breaks it, as (key, title, link, detail), all texts; `values` are its parameters.

    Title and link are shown to whoever has `permission`, to others the key. A warning says that somebody should look,
    not that the data is wrong. `repair` mends in the running transaction what can be mended without asking anybody;
    `remedy` says how, or what people have to do.
    """

    name: str
    area: Text
    title: Text
    explanation: Text
    broken: str
    permission: tuple[str, str]
    remedy: Text
    repair: Repair | None = None
    warning: bool = False
    values: Callable[[], Mapping[str, Any]] = nothing


def sql(*statements: str) -> Repair:
    """A repair by these statements, one after the other."""

    def repair(actor: Actor) -> None:
        for statement in statements:
            db.session.execute(text(statement))

    return repair
