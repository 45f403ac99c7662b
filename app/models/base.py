"""What every table shares: constraint names, keys, time, enumerations, stamps and soft delete.

Flask-AppBuilder's security tables live in the same metadata, so the naming convention is set before they are defined
and Alembic owns every table alike.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask_appbuilder.models.sqla import Model
from sqlalchemy import (
    DateTime,
    Enum,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    Label,
    String,
    Uuid,
    func,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Model.metadata.naming_convention = NAMING_CONVENTION


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored with time zone. Refuses naive values, which would silently be taken for UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value


Model.registry.update_type_annotation_map({datetime: UtcDateTime(), UUID: Uuid()})


class Base(DeclarativeBase):
    """Declarative base of the business tables, in one registry with Flask-AppBuilder's account tables."""

    registry = Model.registry
    metadata = Model.metadata


def choice(values: type[enum.StrEnum], name: str) -> Enum:
    """A text column that holds one of `values`, with a CHECK constraint called `ck_<table>_<name>`."""
    return Enum(
        values,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
        validate_strings=True,
    )


class Key:
    """A random UUID key, made by the database."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))


class TimeOrderedKey:
    """A UUID that grows with time (version 7), for large tables that are mostly appended to: inserts stay local in the
    index.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuid_time_ordered()"))


def account_key(column: str = "", **options: Any) -> Mapped[Any]:
    """A nullable reference to an account, emptied when the account is deleted."""
    return mapped_column(Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), **options)


class Stamps:
    """Who made the row and who changed it last. The database fills all four, from the actor set on the transaction, so
    that set-wise SQL and hand-written SQL are stamped as well.
    """

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), nullable=False)
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), server_onupdate=FetchedValue(), nullable=False
    )

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:  # noqa: N805 - SQLAlchemy passes the class
        return account_key(server_default=text("current_actor()"))

    @declared_attr
    def updated_by_id(cls) -> Mapped[int | None]:  # noqa: N805 - SQLAlchemy passes the class
        return account_key(server_default=text("current_actor()"), server_onupdate=FetchedValue())


class SoftDelete:
    """Deleted rows stay, hidden from lists and from uniqueness, until an admin restores them."""

    deleted_at: Mapped[datetime | None]

    @declared_attr
    def deleted_by_id(cls) -> Mapped[int | None]:  # noqa: N805 - SQLAlchemy passes the class
        return account_key()


SEARCHED: Final = "searched"  # the name of an indexed text in which words are looked for


def searched(*columns: Any) -> Label[str]:
    """Texts of a row in which typed words are looked for, as one without accents and capitals. An index is found by the very
    same expression alone, so there is no parameter in it.
    """
    texts = [func.coalesce(column, text("''"), type_=String) for column in columns]
    joined: Any = texts[0]
    for each in texts[1:]:
        joined = joined.op("||")(text("' '")).op("||")(each)
    return func.search_fold(joined, type_=String).label(SEARCHED)


def search_index(table: str, looked_through: Label[str]) -> Index:
    """By trigrams, which find a word anywhere in the text."""
    return Index(
        f"ix_{table}_searched", looked_through, postgresql_using="gin", postgresql_ops={SEARCHED: "gin_trgm_ops"}
    )
