"""Error pages: one layout, a sentence, a way back, and a reference for support."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, g, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.extensions import db
from app.policies.actor import NOBODY
from app.services.errors import Refusal, refusal_from
from app.views.security import wants_fragment
from app.web import REFERENCE, error_body, masked

log = logging.getLogger(__name__)

# Who fills in their forms is not signed in, and some have no account.
_OF_VISITORS: Final = frozenset(
    {"LoginView", "AccessRequestFormView", "PasswordLinkView", "RegisterView", "InvitationLinkView"}
)


@dataclass
class ErrorPage:
    code: int
    title: str
    text: str
    reference: str = ""
    back_url: str = "/"
    outlived: bool = False  # a form that has outlived its session


def _titles() -> dict[int, tuple[str, str]]:
    return {
        400: (_("This request could not be understood"), _("Go back and try again.")),
        401: (_("Please sign in"), _("Your session has ended. Sign in again to go on.")),
        403: (_("You may not do this"), _("Your role does not allow it. Ask an admin if you need it.")),
        404: (_("Nothing here"), _("There is no such page or record, or you may not see it.")),
        405: (_("This cannot be opened as a page"), _("Go back and use the button for it.")),
        409: (_("This cannot be done now"), ""),
        413: (_("This file is too large"), _("Files of up to 32 MB are accepted.")),
        422: (_("Something needs attention"), ""),
        429: (_("Too many attempts"), _("Please wait a moment and try again.")),
        500: (_("Something went wrong on our side"), _("It has been logged. Please tell support the reference below.")),
        503: (_("The service is busy"), _("Nothing was changed. Please try again in a moment.")),
    }


def answer(status: int, text: str = "", *, reference: str = "", refusal: Refusal | None = None) -> Any:
    """An error as a page, or as JSON for the API and for scripts. Its reference stands in the access log too."""
    reference = reference or secrets.token_hex(4)
    response = make_response(_body(status, text, reference, refusal), status)
    response.headers[REFERENCE] = reference
    return response


def _for_scripts() -> bool:
    return request.path.startswith("/api/") or wants_fragment()


def _body(status: int, text: str, reference: str, refusal: Refusal | None) -> Any:
    titles = _titles()
    title, default = titles.get(status, titles[500 if status >= 500 else 400])
    if _for_scripts():
        more: dict[str, Any] = (
            {"code": refusal.code, "fields": refusal.fields, "details": refusal.details()}
            if refusal is not None
            else {}
        )
        ours = reference if status >= 500 else ""  # else refusals that must not be told apart could be
        return jsonify(error_body(status, text or default or title, reference=ours, **more))
    return render_template("error.html", page=ErrorPage(status, title, text or default, reference))


def _outlived() -> Any:
    """A form that was made in a session which is over: browsers keep what was typed, for whoever goes back."""
    if (request.endpoint or "").partition(".")[0] in _OF_VISITORS:
        return answer(400, _("The page was open for too long. Go back, reload it and try again."))
    text = _(
        "Nothing was saved: your session ended while this form was open. Sign in in another tab, then go back. What you "
        "typed is still in the form: copy it, reload the page, and send it again."
    )
    if _for_scripts():
        return answer(400, text)
    page = ErrorPage(400, _("This form has expired"), text, secrets.token_hex(4), outlived=True)
    response = make_response(render_template("error.html", page=page), 400)
    response.headers[REFERENCE] = page.reference
    return response


def _refusal(refusal: Refusal) -> Any:
    texts = [str(each) for texts in refusal.fields.values() for each in texts]
    return answer(refusal.status, " ".join(texts) or str(refusal), refusal=refusal)


def _database(error: DBAPIError) -> Any:
    db.session.rollback()
    g.setdefault("actor", NOBODY)  # without a database nobody can be asked who this is
    refusal = refusal_from(error)
    return _refusal(refusal) if refusal is not None else _unexpected(error)


def _no_connection(_error: PoolTimeoutError) -> Any:
    """Every connection of this process is in use, and stayed so."""
    g.setdefault("actor", NOBODY)
    return answer(503)


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    response = _outlived() if isinstance(error, CSRFError) else answer(error.code)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _unexpected(error: Exception) -> Any:
    reference = secrets.token_hex(4)
    log.exception("unexpected error %s on %s %s", reference, request.method, masked(request.path), exc_info=error)
    db.session.rollback()
    g.setdefault("actor", NOBODY)
    return answer(500, reference=reference)


def register(app: Flask) -> None:
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeoutError, _no_connection)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
