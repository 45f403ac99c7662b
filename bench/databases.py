"""The measured databases: seeded once, kept as templates, cloned for every run."""

from __future__ import annotations

import ast
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from psycopg import sql
from sqlalchemy.engine import make_url

import config
from app import create_app, embedded
from app.extensions import db
from app.policies.roles import Role
from app.services import accounts, deployment, sessions
from bench import seed

INSTANCE = config.ROOT / "instance" / "bench"
PASSWORD = "correct horse battery 9"
USERS = {"admin": Role.ADMIN, "staff": Role.STAFF}
PREFIX = "registrar_bench_"


@contextmanager
def server() -> Iterator[str]:
    """The address of a server on which databases may be made: BENCH_DATABASE_URL, TEST_DATABASE_URL, or one of our own."""
    given = os.environ.get("BENCH_DATABASE_URL") or os.environ.get("TEST_DATABASE_URL")
    if given:
        yield f"postgresql+psycopg://{given.partition('://')[2]}"
    else:
        with embedded.server(INSTANCE) as url:
            yield url


@contextmanager
def database(server_url: str, leads: int, *, keep: bool = False, use: str = "run") -> Iterator[str]:
    """A database with that many leads, dropped afterwards; another one for each `use`. `keep`: seeded by an older version
    will do.
    """
    template, name = _template(server_url, leads, keep), f"{PREFIX}{use}_{leads}"
    with connect(server_url) as connection:
        _drop(connection, name)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield at(server_url, name)
        finally:
            _drop(connection, name)


@contextmanager
def fresh(server_url: str, name: str) -> Iterator[str]:
    """A deployed and otherwise empty database, made for one measurement."""
    with connect(server_url) as connection:
        _drop(connection, name)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            deploy(at(server_url, name))
            yield at(server_url, name)
        finally:
            _drop(connection, name)


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection of the driver alone, which commits by itself."""
    return psycopg.connect(config.libpq_url(url), autocommit=True)


def application(url: str) -> Flask:
    """The application as it is served, on this database."""
    return create_app(
        {
            "SQLALCHEMY_DATABASE_URI": url,
            "SECRET_KEY": secrets.token_hex(32),
            "PUBLIC_URL": "http://localhost",
            "SESSION_COOKIE_SECURE": False,
            "SESSION_COOKIE_NAME": "registrar",
            "SCHOOL_TIME_ZONE": "Europe/London",
            "PHONE_REGION": "GB",
        }
    )


def at(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _template(server_url: str, leads: int, keep: bool) -> str:
    """The name of the seeded database, made now unless one of this version is there."""
    name = f"{PREFIX}{leads}_{_version()}"
    with connect(server_url) as connection:
        known = [
            row[0]
            for row in connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}{leads}\\_%"]
            )
        ]
        if name in known or (keep and known):
            return name if name in known else known[0]
        for old in known:
            _drop(connection, old)
        started, draft = time.monotonic(), f"{PREFIX}draft_{leads}"
        print(f"Seeding {leads:,} leads ...", flush=True)
        _drop(connection, draft)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
        _populate(at(server_url, draft), leads)
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
        )
        print(f"Seeded in {time.monotonic() - started:.0f} s.", flush=True)
    return name


def _populate(url: str, leads: int) -> None:
    deploy(url)
    with connect(url) as connection:
        seed.fill(connection, leads)


def deploy(url: str) -> None:
    """Schema, roles, permissions, and a user of each measured role."""
    with application(url).app_context():
        deployment.deploy()
        for username, role in USERS.items():
            accounts.create_account(
                username=username,
                email=f"{username}@school.example",
                first_name=username.title(),
                last_name="Tester",
                password=PASSWORD,
                roles=[role.value],
                actor=sessions.system(),
            )
        db.session.remove()
        db.engine.dispose()


def _version() -> str:
    """Changes with the migrations and with what is seeded, however they are formatted."""
    here = Path(__file__)
    files = [
        *sorted((config.ROOT / "migrations" / "versions").glob("*.py")),
        *map(here.with_name, ("seed.py", "names.py")),
    ]
    code = "".join(ast.dump(ast.parse(file.read_text())) for file in files)
    return hashlib.sha256(code.encode()).hexdigest()[:10]


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
