"""Runs the migrations with the application's own engine, in one transaction each."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

QUEUE_PREFIX = "procrastinate_"  # the queue's own tables come with its own SQL


def ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    table = name if kind == "table" else getattr(getattr(item, "table", None), "name", "")
    return not (table or "").startswith(QUEUE_PREFIX)


def run() -> None:
    db = current_app.extensions["migrate"].db
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given, db.metadata)
        return
    with db.engine.connect() as connection:
        migrate(connection, db.metadata)


def migrate(connection: Any, metadata: Any) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=False,
        include_object=ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
