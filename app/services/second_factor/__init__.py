"""The second factor: codes of an app (TOTP, RFC 6238) after the password, and recovery codes instead of them."""

from app.services.second_factor.factors import (
    begin,
    begun,
    check,
    confirm,
    count_attempt,
    new_recovery_codes,
    reset,
    state,
    switch_off,
)
from app.services.second_factor.required import require, required_roles

__all__ = [
    "begin",
    "begun",
    "check",
    "confirm",
    "count_attempt",
    "new_recovery_codes",
    "require",
    "required_roles",
    "reset",
    "state",
    "switch_off",
]
