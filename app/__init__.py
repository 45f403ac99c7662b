"""Registrar: the internal tool of a school's front office."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Build the application from the environment; `overrides` replaces single settings. Connects to nothing.

    Raises config.ConfigError when a setting is missing or wrong.
    """
    with _uncollected():
        return _build(overrides or {})


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is made here lasts as long as the process: looking for garbage among it is lost time, now and later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _build(overrides: Mapping[str, Any]) -> Flask:
    from app import api, headers, views
    from app.extensions import csrf, db, migrate
    from app.routing import LazyRule
    from app.web import Request

    app = Flask(__name__)
    app.url_rule_class = LazyRule
    app.request_class = Request
    app.config.update(config.settings())
    app.config.update(overrides)
    # As long as a login lasts at most, so the cookie need not be sent anew with every page; after how long without use it
    # ends is kept with it (services/sessions.py).
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(hours=12)
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    db.init_app(app)
    migrate.init_app(app, db, directory=str(config.ROOT / "migrations"))
    if app.config.get("TRUSTED_PROXIES"):
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    headers.init_app(app)
    csrf.init_app(app)  # after the headers: its refusals are pages, and their scripts have the nonce of the request
    with app.app_context():
        views.init_app(app)
        api.init_app(app)
    return app
