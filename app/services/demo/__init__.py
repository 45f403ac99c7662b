"""A made-up school to look around in: its people, and a module per domain with half a year of work.

Everything is made from a fixed seed and the moment of loading, so that it looks alive on any day and is the
same for everybody. Names are invented, phone numbers come from ranges that regulators keep for fiction, and
e-mail addresses are those of example.org and the like (RFC 2606).

The demo is on for as long as one of its accounts has the password that everybody knows. The database says so,
hence every process on every machine knows it. It is over when these accounts are deactivated, or have other
passwords.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.policies.actor import Actor
from app.services import sessions
from app.services.demo import (
    admissions,
    assistants,
    content,
    courses,
    enrollments,
    jobs,
    leads,
    organizations,
    people,
    roster,
    student_records,
    test_centre,
)
from app.services.demo.people import LOGINS, PASSWORD, PASSWORD_HASH
from app.services.demo.school import School
from app.services.transaction import transactional

__all__ = ["LOGINS", "PASSWORD", "is_on", "load", "logins", "wanted"]

# What makes each domain's data, in the order in which they need each other. A domain has a function
# `load(school)`, and `TABLES` names the tables that tell whether somebody already works with it.
DOMAINS: Final = (
    people,
    organizations,
    courses,
    leads,
    admissions,
    assistants,
    roster,
    content,
    test_centre,
    enrollments,
    student_records,
    jobs,
)

LOCK: Final = 0x44454D4F  # "DEMO": any constant, the same on every machine
REMEMBERED: Final = 60.0  # seconds

Login = tuple[str, str, str]  # role, username, password


def wanted() -> bool:
    """Whether this database is as good as new: no business data, and no account but the system's own."""
    tables = [table for domain in DOMAINS for table in domain.TABLES]
    used = " OR ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
    others = "EXISTS (SELECT FROM ab_user WHERE username <> 'system')"
    return not db.session.scalar(text(f"SELECT {others} OR {used}"))


def load(now: datetime | None = None) -> list[Login]:
    """Fill a new database with the demo school, all of it or nothing, and return its logins.

    A database that is in use stays as it is: of two that load at once, the second finds it filled.
    """
    _fill(now or datetime.now(UTC), actor=sessions.system())
    return logins()


@transactional
def _fill(now: datetime, *, actor: Actor) -> None:
    db.session.execute(text("SET LOCAL lock_timeout = 0"))
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if wanted():
        school = School(now)
        for domain in DOMAINS:
            domain.load(school)


def logins() -> list[Login]:
    """The demo accounts that still let everybody in: role, username, password. Empty where there are none."""
    open_to_all = text(
        "SELECT username FROM ab_user WHERE lower(username) = ANY(:names) AND active AND password = :password"
    )
    names = [login.username for login in LOGINS]
    found = set(db.session.scalars(open_to_all, {"names": names, "password": PASSWORD_HASH}))
    return [(login.role.value, login.username, PASSWORD) for login in LOGINS if login.username in found]


def is_on() -> bool:
    """Whether there are demo accounts, for the mark on every page; each process remembers it for a minute."""
    known: dict[str, float | bool] = current_app.extensions.setdefault("registrar_demo", {"on": False, "until": 0.0})
    if time.monotonic() >= known["until"]:
        with suppress(SQLAlchemyError):  # also asked for the page that tells of a broken database
            known.update(on=bool(logins()), until=time.monotonic() + REMEMBERED)
    return bool(known["on"])
