"""Logging in for programs: an access token for an hour, and a refresh token as long as the login lasts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import current_app, request
from flask_babel import lazy_gettext as _l
from flask_jwt_extended import create_access_token, create_refresh_token, get_jwt
from pydantic import Field

from app.api import bodies, schemas
from app.api.auth import authenticate
from app.api.routes import PREFIX, PUBLIC, Api, route
from app.models.access import SessionKind, WaitsFor
from app.policies.actor import NOBODY, Actor
from app.services import login, sessions
from app.services.errors import Refusal
from app.services.inputs import Input
from app.web import current_actor

ACCESS = {
    "access_token": schemas.TEXT,
    "token_type": {"type": "string", "enum": ["Bearer"]},
    "expires_in": {**schemas.COUNT, "description": "Seconds."},
}


class Credentials(Input):
    """A username or e-mail address, and its password. `provider` and `refresh` are what clients of other Flask-AppBuilder sites
    send with them.
    """

    model_config = {"str_strip_whitespace": False}  # white space around a password is part of it

    username: Annotated[str, Field(min_length=1, max_length=320)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]
    code: Annotated[
        str | None, Field(max_length=64, description="Of the second factor, where there is one; or a recovery code.")
    ] = None
    provider: Literal["db"] = "db"
    refresh: Annotated[bool, Field(description="Whether a refresh token is answered, too.")] = True


class CodeNeeded(Refusal):
    """The password was right; send it again with a code of the second factor."""

    status = 401
    code = "code_needed"

    def __init__(self) -> None:
        super().__init__(_l("Send the code of your second factor too."))


class EnrolmentNeeded(Refusal):
    """A role of the account demands a second factor, and there is none yet."""

    status = 403
    code = "second_factor_needed"

    def __init__(self) -> None:
        super().__init__(_l("Your role needs a second factor. Sign in on the screen first, and set it up there."))


class SecurityApi(Api):
    route_base = f"{PREFIX}/security"
    class_permission_name = "Login"

    @route(
        "POST",
        "/login",
        "Log in",
        needs=PUBLIC,
        body=Credentials,
        answer=schemas.an_object(**ACCESS, refresh_token=schemas.TEXT),
        others=(401, 403, 429),
    )
    def login(self) -> Any:
        """Every reason for a refusal gets the same answer. Where there is a second factor, its code is asked for once
        the password is right: 401 with the code `code_needed`, and the same again with `code`.
        """
        values = bodies.read(Credentials)
        actor, token = login.log_in(
            values["username"],
            values["password"],
            kind=SessionKind.API,
            ip_address=request.remote_addr or "",
            user_agent=request.user_agent.string,
        )
        if actor is NOBODY:
            actor = _second_step(token, values.get("code") or "")
        if not values["refresh"]:
            return _access(actor, token)
        refresh = create_refresh_token(
            str(actor.id), expires_delta=sessions.ABSOLUTE_LIFETIME[SessionKind.API], additional_claims={"sid": token}
        )
        return _access(actor, token) | {"refresh_token": refresh}

    @route(
        "POST",
        "/refresh",
        "A new access token, for a refresh token",
        needs=PUBLIC,
        answer=schemas.an_object(**ACCESS),
        others=(401,),
    )
    def refresh(self) -> Any:
        """Send the refresh token as the bearer token."""
        actor = authenticate(refresh=True)
        return _access(actor, get_jwt()["sid"])

    @route("POST", "/logout", "Log out", status=204)
    def logout(self) -> Any:
        """Every copy of the tokens of this login is worth nothing from now on."""
        sessions.end(current_actor().session_id)


def _second_step(token: str, code: str) -> Actor:
    """The actor, if the code is right; otherwise the login that waited for it is over. Raises CodeNeeded,
    EnrolmentNeeded, Invalid at `code`, TooMany.
    """
    waiting = sessions.waiting(token, SessionKind.API)
    try:
        if waiting is not None and waiting.waits_for is WaitsFor.ENROLMENT:
            raise EnrolmentNeeded
        if not code:
            raise CodeNeeded
        return login.confirm(token, code, kind=SessionKind.API)
    except Refusal:
        if waiting is not None:
            sessions.end(str(waiting.session_id))
        raise


def _access(actor: Actor, token: str) -> dict[str, Any]:
    seconds = int(current_app.config["JWT_ACCESS_TOKEN_EXPIRES"].total_seconds())
    return {
        "access_token": create_access_token(str(actor.id), additional_claims={"sid": token}),
        "token_type": "Bearer",
        "expires_in": seconds,
    }
