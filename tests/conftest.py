"""Fixtures: a real PostgreSQL, deployed once; each test in a transaction that is rolled back, or, with `committed_app`,
in a database of its own.

TEST_DATABASE_URL names a server on which databases may be created; without it the embedded one is used, in memory where
there is room.
"""

from __future__ import annotations

import fcntl
import gc
import hashlib
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from app import create_app, embedded
from app.extensions import db
from app.models.access import SessionKind
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import accounts, deployment, passwords, sessions
from app.tasks.worker import work

# How long an example takes says nothing about whether it is right.
# The same ones each time, so that a failure is of the change at hand; `make fuzz` makes up new ones
hypothesis.settings.register_profile("registrar", deadline=None, derandomize="FUZZ_EXAMPLES" not in os.environ)
hypothesis.settings.load_profile("registrar")

# A real hash takes a third of a second, and there are thousands. All but the work is the same, and the work has its test.
REAL_METHOD = passwords.METHOD
passwords.METHOD = "scrypt:256:8:1"  # type: ignore[misc]
passwords.FAKE_HASH = passwords.FAKE_HASH.replace(REAL_METHOD, passwords.METHOD)  # type: ignore[misc]

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery 9"
PEOPLE = {role: role.value.lower().replace(" ", "_") for role in Role if role is not Role.PUBLIC}
SECOND = {"staff2": Role.STAFF, "teacher2": Role.TEACHER, "admin2": Role.ADMIN}
# What is lost in a crash may be lost: the databases of tests are thrown away.
QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = '512MB'")
MEMORY, ROOM = Path("/dev/shm"), 3 * 1024**3  # bytes; less than one is used, and browsers need some
INSTANCE = "REGISTRAR_TEST_INSTANCE"  # is told to the workers in this variable


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        instance = place()
        os.environ[INSTANCE] = str(instance)
        if instance.is_relative_to(MEMORY):
            instance.mkdir(mode=0o700, exist_ok=True)
            os.environ["PYTEST_DEBUG_TEMPROOT"] = str(instance)  # some have a server of their own in `tmp_path`
            config.add_cleanup(lambda: forget(instance))


def place() -> Path:
    """Where the server keeps its data: in memory where there is plenty, else in the checkout.

    A database is a thousand files. Whenever ext4 makes one, it looks through those that were deleted in the last
    minutes, and that takes half of all the time of the races.
    """
    room = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) if MEMORY.is_dir() else 0
    name = f"registrar-test-{hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]}"
    return MEMORY / name if room > ROOM else ROOT / "instance" / "test"


def forget(instance: Path) -> None:
    """Give the memory back, unless another run uses the server or was killed: the next one takes it over then."""
    if not (instance / "postgres" / "postmaster.pid").exists():
        shutil.rmtree(instance, ignore_errors=True)


def pytest_collection_finish() -> None:
    """Seven thousand tests are looked through at each collection of garbage, and none of them is any: a twelfth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.hookimpl(trylast=True)  # the browser tests are marked by then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: whoever is done early then takes over short ones, and nobody waits for one long test."""
    items.sort(key=lambda item: not {"browser", "slow"} & {mark.name for mark in item.iter_markers()})


def settings(url: str) -> dict[str, Any]:
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "TESTING": True,
        "SECRET_KEY": "tests-only-" + "x" * 40,
        "WTF_CSRF_ENABLED": False,
        "SCHOOL_TIME_ZONE": "Europe/London",
        "PHONE_REGION": "GB",
        "PUBLIC_URL": "http://localhost",
        "SESSION_COOKIE_SECURE": False,
        "SESSION_COOKIE_NAME": "registrar",
        "DEMO_LOGINS": [],
    }


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server on which databases may be made, as a SQLAlchemy URL."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given.replace("postgres://", "postgresql+psycopg://").replace("postgresql://", "postgresql+psycopg://")
        return
    with embedded.server(Path(os.environ[INSTANCE])) as url:
        with connect(url) as connection:
            for setting in QUICK:
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
        yield url


def connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )


def at(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def template(server_url: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The name of a deployed database with one account per role, made once per run and cloned by every worker."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    name = f"registrar_template_{shared.name.replace('-', '_')}_{os.environ.get('PYTEST_XDIST_TESTRUNUID', str(os.getpid()))[:8]}"
    with open(shared / "template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "template.ready").exists():
            with connect(server_url) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            populate(at(server_url, name))
            (shared / "template.ready").touch()
    return name


def populate(url: str) -> None:
    app = create_app(settings(url))
    with app.app_context():
        deployment.deploy()
        system = sessions.system()
        for username, role in ({name: role for role, name in PEOPLE.items()} | SECOND).items():
            accounts.create_account(
                username=username,
                email=f"{username}@school.example",
                first_name=username.replace("_", " ").title(),
                last_name="Tester",
                password=PASSWORD,
                roles=[role.value],
                actor=system,
            )
        db.session.remove()
        db.engine.dispose()


@contextmanager
def clone(server_url: str, template: str) -> Iterator[str]:
    """A database of one's own, dropped afterwards."""
    name = f"registrar_test_{uuid.uuid4().hex[:12]}"
    with connect(server_url) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield at(server_url, name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str) -> Iterator[str]:
    with clone(server_url, template) as url:
        yield url


class Client(FlaskClient):
    """Gives every request an application context of its own, as the server does. Inside that of a test, `g`, and with
    it who acts, would be shared by all requests.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **{"buffered": True} | kwargs)


def make_app(url: str, **overrides: Any) -> Flask:
    application = create_app(settings(url) | overrides)
    application.test_client_class = Client
    return application


@pytest.fixture(scope="session")
def app(database_url: str) -> Iterator[Flask]:
    application = make_app(database_url)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def db_session(app: Flask) -> Iterator[Any]:
    """The session, in a transaction that is rolled back, whatever the code commits; requests of a client join it."""
    with rolled_back(app) as session:
        yield session


@contextmanager
def rolled_back(app: Flask) -> Iterator[Any]:
    with app.app_context(), pytest.MonkeyPatch.context() as monkeypatch:
        connection = db.engine.connect()
        transaction = connection.begin()
        factory = db.session.session_factory
        monkeypatch.setattr(factory.class_, "get_bind", lambda self, *_args, **_kwargs: connection)
        monkeypatch.setitem(factory.kw, "join_transaction_mode", "create_savepoint")
        db.session.remove()
        yield db.session
        db.session.remove()
        transaction.rollback()
        connection.close()


@contextmanager
def moved(app: Flask, url: str, options: dict[str, Any] | None = None) -> Iterator[Flask]:
    """The application on another database meanwhile: quicker than building one."""
    config = dict(app.config)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    with app.app_context():
        engines = db.engines
        before = engines[None]
        engines[None] = create_engine(url, **(options or config["SQLALCHEMY_ENGINE_OPTIONS"]))
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            engines[None].dispose()
            engines[None] = before
        app.config.clear()
        app.config.update(config)


@pytest.fixture
def committed_app(app: Flask, server_url: str, template: str) -> Iterator[Flask]:
    """The application on a database of its own: for races, where commits must be real."""
    with clone(server_url, template) as url, moved(app, url) as application:
        yield application


def work_off(app: Flask) -> None:
    """Do what is queued, as the worker process does: in a thread, for Playwright may have an event loop in this one."""
    thread = threading.Thread(target=work, args=(app,), kwargs={"wait": False})
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


class Actors:
    """The actor of each test account by its username, as `actors.staff`; read anew at each use."""

    def __getattr__(self, username: str) -> Actor:
        user = accounts.find(username)
        if user is None:
            raise AttributeError(username)
        return sessions.load_by_id(user.id)


@pytest.fixture
def actors(db_session: Any) -> Actors:
    return Actors()


def sign_in(client: FlaskClient, username: str) -> FlaskClient:
    """Give the client a session of this account, without the login page. Needs an application context."""
    user = accounts.find(username)
    assert user is not None
    token = sessions.start(user.id, kind=SessionKind.WEB)
    with client.session_transaction() as session:
        session["token"] = token
    return client


@pytest.fixture
def client_of(app: Flask, db_session: Any) -> Callable[[str], FlaskClient]:
    """Make a client that is signed in: `client_of("staff")`; "public" is a visitor."""

    def make(username: str) -> FlaskClient:
        client = app.test_client()
        return client if username == "public" else sign_in(client, username)

    return make
