"""Addresses: the rules behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from werkzeug.routing import Rule


class LazyRule(Rule):
    """Compiles what makes its addresses when the first one is made. Werkzeug does that for every rule when it is added:
    of 1,500, of which a process makes some addresses of a few, that took three quarters of the start.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(super()._compile_builder)
        return lambda rule, **values: compiled(append_unknown)(rule, **values)
