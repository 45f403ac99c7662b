"""The process that works off the queue. Any number may run, on any machine."""

from __future__ import annotations

import asyncio
import logging
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click
import procrastinate
from flask import Flask, current_app
from flask.cli import with_appcontext

import app.tasks
import config
from app.tasks.queue import queue

CONCURRENCY = 2
GRACE_SECONDS = 20


@click.command("worker")
@with_appcontext
def command() -> None:
    """Work off queued tasks such as imports, until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    work(current_app._get_current_object())  # type: ignore[attr-defined]


def work(flask_app: Flask, *, wait: bool = True) -> None:
    """Run tasks until SIGTERM or SIGINT; with wait=False, only those that are due now."""
    for module in pkgutil.iter_modules(app.tasks.__path__, "app.tasks."):
        import_module(module.name)
    connector = procrastinate.PsycopgConnector(
        conninfo=config.libpq_url(flask_app.config["SQLALCHEMY_DATABASE_URI"]),
        kwargs={"application_name": "registrar worker"},
        min_size=1,
        max_size=CONCURRENCY + 2,
    )
    with queue.replace_connector(connector):
        asyncio.run(_work(flask_app, wait))


async def _work(flask_app: Flask, wait: bool) -> None:
    async with queue.open_async():
        await queue.run_worker_async(
            concurrency=CONCURRENCY,
            wait=wait,
            shutdown_graceful_timeout=GRACE_SECONDS,
            task_middleware=[_inside(flask_app)],
        )


def _inside(flask_app: Flask) -> Callable[..., Any]:
    def in_context(call_next: Callable[[], Any], _context: object, _worker: object) -> Any:
        with flask_app.app_context():
            return call_next()

    return in_context
