"""The access log: every request, without the secrets that stand in some addresses."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from app.web import masked

_ADDRESSES = ("r", "U", "q", "f")  # the request line, the path, the query, and the page that it came from


class AccessLog(Logger):
    """Gunicorn's log with `masked` addresses."""

    def atoms(self, *of: Any) -> dict[str, Any]:
        """What the format of a line may name."""
        known: dict[str, Any] = super().atoms(*of)
        return known | {name: masked(known[name]) for name in _ADDRESSES if known.get(name)}
