"""What can be imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.services.accounts import importing as accounts_importing
from app.services.accounts import unimporting as accounts_unimporting
from app.services.enrollments import importing as invitations_importing
from app.services.leads import importing, unimporting
from app.services.oneroster.importing import run as oneroster_importing
from app.services.records import importing as students_importing
from app.services.records import unimporting as students_unimporting
from app.services.test_sessions import importing as registrations_importing
from app.services.test_sessions import unimporting as registrations_unimporting

# Resource -> the module that checks options and runs, and the function that takes it back.
HANDLERS: Mapping[str, tuple[Any, Any]] = {
    "leads": (importing, unimporting.undo),
    "accounts": (accounts_importing, accounts_unimporting.undo),
    "enrollment-invitations": (invitations_importing, invitations_importing.undo),
    "test-registrations": (registrations_importing, registrations_unimporting.undo),
    "students": (students_importing, students_unimporting.undo),
    "oneroster": (oneroster_importing, oneroster_importing.undo),
}
