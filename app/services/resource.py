"""What a kind of record is to people: its attributes, its inputs, its actions. Declared once, read by screens, API and
commands.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import true

from app.policies.actor import Actor
from app.services.errors import Refusal

Text = Any  # str or a lazy translated text
Rule = Callable[[Actor, Any], Text | None]


class Kind(enum.StrEnum):
    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    BOOL = "bool"
    CHOICE = "choice"
    RELATION = "relation"


@dataclass(frozen=True)
class Option:
    """One value of a choice: how it reads and in which tone its badge is shown."""

    value: str
    label: Text
    tone: str = "neutral"


@dataclass(frozen=True, eq=False)
class Attribute:
    """A value that lists show, filter and sort by.

    `value` is what is shown and sorted. For a relation `key` is the foreign key that filters compare, `join` is the
    (aliased table, condition) that `value` needs, and `lookup` names the list of choices. Where the joined table has
    that key, `through` is the indexed column of this table that refers to it, and what it refers to: filters find its few
    rows first. A relation to many has their names as `value` and no key: `links` are the columns of the table between, of this
    record's key and of theirs.
    `sortable` is only given to what an index serves, and in small tables to all.
    """

    name: str
    label: Text
    kind: Kind
    value: Any
    key: Any = None
    join: tuple[Any, Any] | None = None
    through: tuple[Any, Any] | None = None
    links: tuple[Any, Any] | None = None
    lookup: str = ""
    options: tuple[Option, ...] = ()
    nullable: bool = False
    sortable: bool = False
    filterable: bool = True
    badge: bool = False  # a relation that reads as a state
    person: bool = False  # a relation to someone
    money: bool = False  # an amount: written with its hundredths
    called: bool = False  # a number that names rather than counts, such as a year: written as it is typed

    @property
    def compared(self) -> Any:
        if self.links is not None:
            return self.links[1]
        return self.value if self.key is None else self.key

    @property
    def sorts_nulls(self) -> bool:
        """Whether NULL may be among what is sorted: only of a column is it known that it is not."""
        return self.nullable or bool(getattr(self.value, "nullable", True))


@dataclass(frozen=True)
class Outcome:
    """What an action did to one record. `refusal` says why not; `unchanged` that there was nothing to do."""

    id: str
    title: str = ""
    refusal: Refusal | None = None
    unchanged: bool = False
    message: Text = ""
    once: bool = False  # the message holds what is told this once: it stays until it is read
    into: str = ""  # the id of the record that stands for this one now

    @property
    def state(self) -> str:
        return "refused" if self.refusal else "unchanged" if self.unchanged else "ok"


@dataclass(frozen=True)
class Result:
    """What an action did to all its records, in the order of their ids; `batch_id` is what undo needs."""

    outcomes: list[Outcome]
    batch_id: UUID | None = None

    def count(self, state: str) -> int:
        return sum(outcome.state == state for outcome in self.outcomes)


@dataclass(frozen=True)
class Action:
    """Something that can be done to one or many records.

    `run(ids, *, actor, **input)` returns a Result. `rule(actor, record)` tells beforehand, for the buttons of a
    record's page, why it would be refused; the service asks it again. The permission is `can_<name>` on the resource.
    """

    name: str
    label: Text
    run: Callable[..., Result]
    rule: Rule
    input: type[BaseModel] | None = None
    help: Text = ""
    icon: str = "play"
    danger: bool = False
    bulk: bool = True
    single: bool = True
    undo: Callable[..., Result] | None = None
    previewed: bool = False  # also for one record with a filled form, as one cannot see from it what will happen
    defaults: Callable[[Any], Mapping[str, Any]] | None = None
    writes: bool = True  # if not, a second press asks anew, and waits for nobody


@dataclass(frozen=True)
class Lookup:
    """Choices of a relation: `statement(actor)` selects (id, text, detail) of the rows that the actor may see, `offered` says
    which of them may be chosen anew; the others keep their name where they were chosen, and can be looked for. `search`
    is the text looked through, or what makes it for this reader; `folded` when it is stored without accents and capitals.
    """

    name: str
    permission: tuple[str, str]
    statement: Callable[[Actor], Any]
    search: Any
    key: Any
    resource: str = ""  # the slug of the records themselves, for "new" and "open"
    folded: bool = False
    offered: Any = field(default_factory=true)
    few: bool = False  # so few that all are shown at once


@dataclass(frozen=True)
class Part:
    """Rows of another table that belong to a record and are told in its history: `column` is where they name it, `label`
    what such a row is called. Of its columns those of `values` are told, under these labels; `named` is the one that tells
    a row from the others of the same record.
    """

    table: str
    column: str
    label: Text
    values: Mapping[str, Text]
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    named: str = ""


@dataclass(frozen=True, eq=False)
class Resource:
    """A kind of record. `name` is the name of its permissions, `slug` that of its addresses."""

    name: str
    slug: str
    model: type[Any]
    singular: Text
    plural: Text
    title: Callable[[Any], str]
    attributes: tuple[Attribute, ...]
    search: Any = None
    search_help: Text = ""
    search_besides: Callable[[str], Collection[Any]] | None = (
        None  # keys of what the typed text finds in another way too
    )
    default_sort: str = "-created_at"
    input: type[BaseModel] | None = None
    labels: Mapping[str, Text] = field(default_factory=dict)
    relations: Mapping[str, str] = field(default_factory=dict)  # input field -> lookup
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)  # input field -> its choices
    create: Callable[..., Any] | None = None
    update: Callable[..., Any] | None = None
    delete: Callable[..., Result] | None = None
    delete_input: type[BaseModel] | None = None  # what must be said when deleting
    restore: Callable[..., Result] | None = None
    edit_rule: Rule = lambda actor, record: None
    actions: tuple[Action, ...] = ()
    load: Sequence[Any] = ()  # loader options for one record
    icon: str = "list"
    parts: tuple[Part, ...] = ()
    title_columns: tuple[Any, ...] = ()  # what a row of the list needs for its title
    told: tuple[str, ...] = ()  # attributes that a preview tells: which record of that title, and how it is now
    export_columns: tuple[str, ...] | None = None  # attributes of which a CSV of the list is made, else all; (): no CSV

    small: bool = False  # a table of some hundred rows: sorting it by anything costs nothing

    def __post_init__(self) -> None:
        if self.small:
            sortable = tuple(replace(each, sortable=each.links is None) for each in self.attributes)
            object.__setattr__(self, "attributes", sortable)

    @cached_property
    def by_name(self) -> dict[str, Attribute]:
        return {attribute.name: attribute for attribute in self.attributes}

    @cached_property
    def exported(self) -> tuple[str, ...]:
        """The attributes in a CSV of the list; none where there is no CSV."""
        return tuple(self.by_name) if self.export_columns is None else self.export_columns

    @cached_property
    def single_names(self) -> tuple[str, ...]:
        """The attributes that have one value, which a row has at no cost."""
        return tuple(attribute.name for attribute in self.attributes if attribute.links is None)

    @cached_property
    def action_by_name(self) -> dict[str, Action]:
        return {action.name: action for action in self.actions}

    @property
    def soft_deleted(self) -> bool:
        return hasattr(self.model, "deleted_at")


RESOURCES: dict[str, Resource] = {}
LOOKUPS: dict[str, Lookup] = {}


def register(resource: Resource) -> Resource:
    RESOURCES[resource.slug] = resource
    return resource


def register_lookup(lookup: Lookup) -> Lookup:
    LOOKUPS[lookup.name] = lookup
    return lookup


def options_of(
    values: type[enum.StrEnum], labels: Mapping[str, Text], tones: Mapping[str, str] | None = None
) -> tuple[Option, ...]:
    """The choices of an enumeration, in its order."""
    return tuple(
        Option(member.value, labels[member.value], (tones or {}).get(member.value, "neutral")) for member in values
    )
