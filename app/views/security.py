"""Flask-AppBuilder, tamed: its registration and permissions are used, its account screens, data paths and start-up
writes are not.

A request's actor and permissions come from one statement; every check reads them from there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import abort, g, redirect, request, session, url_for
from flask_appbuilder import AppBuilder
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_login import LoginManager, UserMixin

from app.models.access import SessionKind
from app.policies.actor import NOBODY, Actor
from app.services import sessions
from app.web import current_actor

TOKEN = "token"  # noqa: S105 - the key of the login's token in the signed session cookie


# What programs ask for by themselves, without anybody at the screen: it prolongs no login.
UNATTENDED = {"InboxView.count", "CalendarFeedView.show", "SeatView.live"}


class SignedIn(UserMixin):
    """What Flask-Login and Flask-AppBuilder know of the actor."""

    def __init__(self, actor: Actor) -> None:
        self.id, self.actor = actor.id, actor


class RegistrarSecurityManager(SecurityManager):
    def create_login_manager(self, app: Any) -> LoginManager:
        # Without its `current_user` in templates: an error page would ask for it once more, of a database that is away.
        manager = LoginManager(app, add_context_processor=False)
        manager.request_loader(self._from_request)
        return manager

    @staticmethod
    def _from_request(_request: Any) -> SignedIn | None:
        attended = request.endpoint not in UNATTENDED
        actor = sessions.load(session[TOKEN], attended=attended) if session.get(TOKEN) else NOBODY
        return None if actor is NOBODY else SignedIn(actor)

    def load_user_jwt(self, _header: Any, claims: Any) -> SignedIn | None:
        """The actor of a bearer token, which is worth as much as the session it names."""
        actor = sessions.load(str(claims.get("sid", "")), SessionKind.API, attended=True)
        if actor is NOBODY:
            return None
        g.actor = actor
        return SignedIn(actor)

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return (permission_name, view_name) in current_actor().permissions

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False  # public pages ask for no permission at all

    def register_views(self) -> None:
        """None of Flask-AppBuilder's own: its user screens would let a help desk lift its rights."""


class RegistrarBuilder(AppBuilder):
    """Registers only the views that it is given."""

    def _add_admin_views(self) -> None:
        pass


def requires(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A route that needs `can_<permission>` on its view. Without it: the login page for visitors, 403 for others."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            refused = refuse_unless(permission, self.class_permission_name)
            return refused if refused is not None else function(self, *args, **kwargs)

        wrapper._permission_name = permission  # type: ignore[attr-defined]  # read by Flask-AppBuilder
        return wrapper

    return decorate


def refuse_unless(permission: str, resource: str) -> Any:
    """None when allowed, a redirect to the login page for visitors; aborts with 401 or 403 otherwise."""
    actor = current_actor()
    if actor.may(permission, resource):
        return None
    if actor is not NOBODY:
        abort(403)
    if wants_fragment():
        abort(401)
    return redirect(url_for("LoginView.login", next=request.full_path.rstrip("?") if request.method == "GET" else None))


def wants_fragment() -> bool:
    """Whether a script asks, rather than a person who navigates."""
    return (
        bool(request.headers.get("X-Fragment"))
        or request.is_json
        or request.accept_mimetypes.best == "application/json"
    )


def safe_next(target: str | None) -> str:
    """A path on this site, or the front page: never another site."""
    if (
        not target
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
        or any(ord(letter) < 32 for letter in target)
    ):
        return "/"
    return target
