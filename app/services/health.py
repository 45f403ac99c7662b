"""What may be wrong with an installation, and what to do about it: a table of small checks."""

from __future__ import annotations

import enum
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import config
from app.extensions import db, migrate
from app.services import demo, files, integrity, leadership, permission_sync, school
from app.services.content import downloads
from app.services.enrollments import documents
from app.services.transaction import rehearsal, transactional

OLDEST_POSTGRESQL = 15
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")
GIGABYTE = 1024**3
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


def reach_database() -> None:
    """Raises OperationalError when the database does not answer."""
    db.session.execute(text("SELECT 1"))


_BACKLOG = text("""
    SELECT count(*), count(*) FILTER (WHERE due < now() - interval '10 minutes')
    FROM (
        SELECT coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id)) AS due
        FROM procrastinate_jobs AS job WHERE status = 'todo'
    ) AS waiting
    WHERE due <= now()
""")


class Level(enum.StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """The result of one check: what was seen, and what to do if it is not well."""

    level: Level
    text: str


def ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def warn(text: str) -> Finding:
    return Finding(Level.WARN, text)


def fail(text: str) -> Finding:
    return Finding(Level.FAIL, text)


def examine() -> Iterator[tuple[str, Finding]]:
    """Give the finding of every check in turn. After a stage that fails, later ones would only repeat it."""
    for stage in STAGES:
        failed = False
        for title, check in stage.items():
            finding = _safely(check)
            failed = failed or finding.level is Level.FAIL
            yield title, finding
        if failed:
            return


def _safely(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a check that breaks is itself the finding
        db.session.rollback()
        return fail(f"{type(error).__name__}: {str(error).splitlines()[0]}")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return ok(version) if sys.version_info >= (3, 11) else fail(f"{version}; install Python 3.11 or newer")


def _secret_key() -> Finding:
    key = current_app.config["SECRET_KEY"]
    if len(key) < config.MIN_SECRET_LENGTH or len(set(key)) < 10:
        return fail("SECRET_KEY can be guessed; set a random one, for example `openssl rand -hex 32`")
    return ok("random enough")


def is_local() -> bool:
    """Whether only this machine reaches the site."""
    return urlsplit(current_app.config["PUBLIC_URL"]).hostname in LOCAL_HOSTS


def _public_url() -> Finding:
    address = current_app.config["PUBLIC_URL"]
    if not is_local() and not address.startswith("https://"):
        return fail(f"{address}: passwords travel in the clear; put TLS in front, set PUBLIC_URL to https://...")
    return ok(address)


def _time_zone() -> Finding:
    return ok(f"{school.zone().key}, where it is {datetime.now(school.zone()):%A %H:%M}")


def _instance() -> Finding:
    return _writable(Path(current_app.config["INSTANCE_DIR"]), "REGISTRAR_INSTANCE")


def _uploads() -> Finding:
    return _writable(files.uploads(), "UPLOADS_DIR")


def _writable(path: Path, setting: str) -> Finding:
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return ok(str(path))
    except OSError as error:
        return fail(f"{path} cannot be written ({error.strerror}); change its owner or set {setting}")


def _disk() -> Finding:
    free = shutil.disk_usage(current_app.config["INSTANCE_DIR"]).free / GIGABYTE
    finding = fail if free < 1 else warn if free < 5 else ok
    return finding(f"{free:.1f} GB free" + ("" if free >= 5 else "; make room"))


def _database() -> Finding:
    try:
        number = int(db.session.scalar(text("SHOW server_version_num")))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        return fail(f"cannot be reached; check that the server runs and that DATABASE_URL is right ({reason})")
    version = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number // 10000 < OLDEST_POSTGRESQL:
        return fail(f"{version}; upgrade the server to PostgreSQL {OLDEST_POSTGRESQL} or newer")
    return ok(version)


def _extensions() -> Finding:
    available = set(db.session.scalars(text("SELECT name FROM pg_available_extensions")))
    if missing := [name for name in EXTENSIONS if name not in available]:
        return fail(f"{', '.join(missing)} missing; install PostgreSQL's contrib package on the server")
    return ok(", ".join(EXTENSIONS))


def _clock() -> Finding:
    theirs = db.session.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(theirs, datetime)
    seconds = abs((datetime.now(UTC) - theirs).total_seconds())
    finding = fail if seconds > 60 else warn if seconds > 2 else ok
    return finding(f"{seconds:.1f} s from the database" + ("; set both by NTP" if seconds > 2 else ""))


def _schema() -> Finding:
    head = ScriptDirectory.from_config(migrate.get_config()).get_current_head()
    current = MigrationContext.configure(db.session.connection()).get_current_revision()
    return ok(str(head)) if current == head else fail(f"{current or 'empty'}, not {head}; run `registrar deploy`")


@transactional
def _permissions() -> Finding:
    with rehearsal():  # the real thing, undone: it cannot differ from what `deploy` would do
        changes = permission_sync.sync(permission_sync.declared(current_app.extensions["appbuilder"]))
    if changes:
        return fail(f"{len(changes)} differences, such as: {changes[0]}; run `registrar deploy`")
    return ok("as the code says")


def _scheduler() -> Finding:
    if leadership.leader_exists():
        return ok("running")
    return warn("not running, so no daily job starts; keep `registrar scheduler` (or `registrar run`) running")


def _worker() -> Finding:
    alive = db.session.scalar(
        text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'")
    )
    waiting, late = db.session.execute(_BACKLOG).one()
    if not alive:
        finding = fail if late else warn
        return finding(f"none, {waiting} tasks wait; keep `registrar worker` (or `registrar run`) running")
    if late:
        return warn(f"{alive} running, but {late} tasks wait for over 10 minutes; start more workers")
    return ok(f"{alive} running, {waiting} tasks wait")


def _failed_tasks() -> Finding:
    count = db.session.scalar(
        text(
            "SELECT count(DISTINCT job_id) FROM procrastinate_events"
            " WHERE type = 'failed' AND at > now() - interval '1 day'"
        )
    )
    return warn(f"{count} failed in a day; the worker's log says why") if count else ok("none failed in a day")


def _failed_jobs() -> Finding:
    names = db.session.scalars(
        text(
            "SELECT name FROM (SELECT DISTINCT ON (name) name, error FROM job_runs"
            " WHERE finished_at IS NOT NULL ORDER BY name, started_at DESC) AS latest WHERE error IS NOT NULL"
        )
    ).all()
    if names:
        return warn(f"{', '.join(names)} failed last time; see `registrar jobs history`")
    return ok("no latest run failed")


def _data() -> Finding:
    broken = [state for state in integrity.examine() if state.broken]
    if not broken:
        return ok(f"{len(integrity.INVARIANTS)} rules hold for every row")
    finding = warn if all(state.invariant.warning for state in broken) else fail
    told = ", ".join(f"{state.invariant.name} ({state.broken})" for state in broken)
    return finding(f"{told}; see /operations/integrity, `registrar users fix-user-profiles` for accounts")


def _files() -> Finding:
    places = [*documents.places(), *downloads.places()]
    if lost := files.lost(places):
        return fail(
            f"{len(lost)} of {len(places)} are not there, first {min(lost)}; restore UPLOADS_DIR from the backup"
        )
    return ok(f"{len(places)} documents and downloads are there")


def _demo_accounts() -> Finding:
    if not demo.logins():
        return ok("none")
    if is_local():
        return ok("present, for this machine only")
    return fail("everybody knows their passwords; remove them, or deactivate them on the accounts page")


STAGES: tuple[dict[str, Callable[[], Finding]], ...] = (
    {
        "Python": _python,
        "Secret key": _secret_key,
        "Public address": _public_url,
        "Time zone": _time_zone,
        "Instance directory": _instance,
        "Uploads directory": _uploads,
        "Disk": _disk,
        "Database": _database,
    },
    {"Extensions": _extensions, "Clock": _clock, "Schema": _schema},
    {
        "Permissions": _permissions,
        "Scheduler": _scheduler,
        "Queue workers": _worker,
        "Queued tasks": _failed_tasks,
        "Scheduled jobs": _failed_jobs,
        "Demo accounts": _demo_accounts,
        "Data": _data,
        "Files": _files,
    },
)
