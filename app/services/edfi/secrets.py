"""Secrets of servers, encrypted with a key made from SECRET_KEY: a copy of the database alone tells nobody a secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from flask import current_app

_NONCE: Final = 12


class UnreadableError(Exception):
    """The secret was encrypted with another SECRET_KEY, or for something else."""


def encrypt(secret: str, purpose: str) -> str:
    """The secret as it is stored; `purpose` is what it belongs to, and what has to be given to read it."""
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + _cipher().encrypt(nonce, secret.encode(), purpose.encode())).decode()


def decrypt(stored: str, purpose: str) -> str:
    """Raises UnreadableError."""
    try:
        raw = base64.b64decode(stored, validate=True)
        return _cipher().decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
    except (binascii.Error, InvalidTag, ValueError):
        raise UnreadableError from None


def _cipher() -> ChaCha20Poly1305:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return ChaCha20Poly1305(hmac.digest(secret, b"ed-fi connection", hashlib.sha256))
