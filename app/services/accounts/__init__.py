"""Accounts: the one way to make one, and everything that is done with it."""

from app.services.accounts.access import (
    activate,
    change_own_password,
    deactivate,
    end_sessions,
    set_groups,
    set_password,
    set_roles,
)
from app.services.accounts.directory import has_email
from app.services.accounts.records import create_account, find, update_account

__all__ = [
    "activate",
    "change_own_password",
    "create_account",
    "deactivate",
    "end_sessions",
    "find",
    "has_email",
    "set_groups",
    "set_password",
    "set_roles",
    "update_account",
]
