"""A database broken on purpose: constraints dropped and triggers switched off, as by a careless restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.extensions import db
from app.services import accounts

GUARDS = (
    "DROP INDEX uq_user_profiles_user_id, uq_user_profiles_main_portal_id, uq_user_settings_user_id",
    "ALTER TABLE user_profiles DROP CONSTRAINT ck_user_profiles_main_portal_id_not_blank",
    "ALTER TABLE user_profiles DROP CONSTRAINT ck_user_profiles_phone_e164",
)
PROFILES = (
    "DELETE FROM user_profiles WHERE user_id = :staff",
    "DELETE FROM user_settings WHERE user_id = :staff",
    "UPDATE user_profiles SET phone = '+442079460018', main_portal_id = 'P-7', updated_at = now() - interval '1 day'"
    " WHERE user_id = :teacher",
    "INSERT INTO user_profiles (user_id, department, main_portal_id) VALUES (:teacher, 'Music', ' ')",
    "INSERT INTO user_profiles (user_id, phone, main_portal_id) VALUES (999999, '+442079460019', 'P-8')",
    "UPDATE user_profiles SET main_portal_id = '  ', department = ' ' WHERE user_id = :coach",
    "UPDATE user_profiles SET main_portal_id = '' WHERE user_id = :admin",
    "UPDATE user_profiles SET main_portal_id = E' P-9\t' WHERE user_id = :student",
    "UPDATE user_profiles SET phone = '' WHERE user_id = :guardian",
    "UPDATE user_settings SET theme = 'dark', updated_at = now() - interval '1 day' WHERE user_id = :teacher",
    "INSERT INTO user_settings (user_id, theme) VALUES (:teacher, 'light'), (999998, 'dark')",
)
PEOPLE = ("staff", "teacher", "coach", "admin", "student", "guardian")


@contextmanager
def unguarded() -> Iterator[None]:
    """Foreign keys and triggers do nothing inside."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    yield
    db.session.execute(text("SET LOCAL session_replication_role = origin"))
    db.session.expire_all()


def run(*statements: str, **values: object) -> None:
    for statement in statements:
        db.session.execute(text(statement), values)
    db.session.commit()


def ids() -> dict[str, int]:
    found = {name: accounts.find(name) for name in PEOPLE}
    return {name: user.id for name, user in found.items() if user is not None}


def break_profiles() -> dict[str, int]:
    """Everything that can be wrong with profiles and settings and be repaired, once. Returns the accounts by name."""
    people = ids()
    run(*GUARDS)
    with unguarded():
        run(*PROFILES, **people)
    return people
