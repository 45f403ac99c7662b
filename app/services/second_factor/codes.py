"""Secrets and codes, without a database.

The secret of an app is not kept: it is made from a random seed, which is, and the application's SECRET_KEY. A copy of
the database makes no codes, and no library for encryption is needed. Who changes SECRET_KEY ends all second factors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
import unicodedata
from typing import Final

import pyotp
from flask import current_app

PERIOD: Final = 30  # seconds of a time step, which all apps know
LATE: Final = 1  # steps that a clock may be wrong
RECOVERY_CODES: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that reads like another


def new_seed() -> str:
    return secrets.token_hex(20)


def secret(seed: str) -> str:
    """The secret of a seed, as apps take it."""
    return base64.b32encode(_keyed("second factor", seed)[:20]).decode()


def address(seed: str, username: str) -> str:
    """What the QR code says to an app."""
    return pyotp.TOTP(secret(seed)).provisioning_uri(name=username, issuer_name=current_app.config["SCHOOL_NAME"])


def present_step() -> int:
    return int(time.time()) // PERIOD


def step_of(seed: str, code: str) -> int | None:
    """The time step whose code this is, about now; the latest one."""
    app, now = pyotp.TOTP(secret(seed)), present_step()
    steps = range(now + LATE, now - LATE - 1, -1)
    return next((step for step in steps if hmac.compare_digest(app.generate_otp(step), code)), None)


def new_recovery_code() -> str:
    """Ten characters, about 49 bits: "k7mpx-2qwtn"."""
    letters = "".join(secrets.choice(_LETTERS) for _number in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def plain(code: str) -> str:
    """A code as it is compared: without blanks and dashes, in small letters, digits of any script as ours."""
    signs = (str(unicodedata.decimal(sign, sign)) for sign in code[:200].lower())
    return "".join(sign for sign in signs if sign.isascii() and sign.isalnum())


def digest(code: str) -> str:
    """What is kept of a recovery code. Keyed: it is too short to withstand guessing from a copy of the database."""
    return _keyed("recovery code", plain(code)).hex()


def _keyed(purpose: str, text: str) -> bytes:
    key = hmac.new(str(current_app.config["SECRET_KEY"]).encode(), purpose.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
