"""Limits on how often something may be tried, shared by all processes through one table.

Every count is one atomic statement in a transaction of its own: an attempt counts even when its request is
rolled back, and parallel attempts never share a count. Periods end by themselves and are not prolonged, so
nobody is locked out for longer than one. Who tried is kept as a digest only.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import Engine, text

from app.extensions import db
from app.services.errors import Refusal

# Sorted, so that attempts with several keys lock them in one order.
_COUNT = text("""
    INSERT INTO rate_limits AS r (key, hits, expires_at)
    SELECT key, 1, clock_timestamp() + :period FROM unnest(CAST(:keys AS text[])) key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN r.expires_at <= clock_timestamp() THEN 1 ELSE r.hits + 1 END,
        expires_at = CASE WHEN r.expires_at <= clock_timestamp() THEN excluded.expires_at
                          ELSE r.expires_at END
    RETURNING key, hits
""")
_GIVE_BACK = text("""
    UPDATE rate_limits SET hits = hits - 1 WHERE key IN (
        SELECT key FROM rate_limits WHERE key = ANY(:keys) AND hits > 0 ORDER BY key FOR UPDATE)
""")
_CLEAN = text("DELETE FROM rate_limits WHERE expires_at <= clock_timestamp()")
SENTENCE: Final = _l("Too many attempts. Please try again in a few minutes.")


class TooMany(Refusal):
    """Tried too often; the same may succeed in some minutes."""

    status = 429
    code = "too_many"


def key(purpose: str, *who: str) -> str:
    """What is counted: a purpose and a digest of who tries."""
    return f"{purpose}:{hashlib.sha256(repr(who).encode('utf-8', 'replace')).hexdigest()[:40]}"


def network(ip_address: str) -> str:
    """What an address counts as: an IPv6 client has a whole /64 to choose from."""
    try:
        address = ipaddress.ip_address(ip_address)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def count(keys: Collection[str], period: timedelta) -> dict[str, int]:
    """Count one attempt under each key and return the attempts of the current period, this one included."""
    with _engine().begin() as connection:
        return dict(connection.execute(_COUNT, {"keys": list(keys), "period": period}).all())


def give_back(keys: Collection[str]) -> None:
    """Take one attempt off each key: it was none of those that are to be limited."""
    with _engine().begin() as connection:
        connection.execute(_GIVE_BACK, {"keys": list(keys)})


def check(purpose: str, *who: str, most: int, period: timedelta, sentence: Any = SENTENCE) -> None:
    """Count one attempt. Raises TooMany when it is one too many."""
    counted = key(purpose, *who)
    if count([counted], period)[counted] > most:
        raise TooMany(sentence)


def clean_up() -> int:
    """Delete the counters of periods that are over; returns how many."""
    with _engine().begin() as connection:
        return connection.execute(_CLEAN).rowcount


def _engine() -> Engine:
    """Never the session's connection, also where the session is bound to one."""
    return db.engine.engine
