"""What screens and API share about a request: how its form is read, who makes it, how a refusal reads as JSON, and how a
kept file is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flask
from flask import Response, g, send_file
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.formparser import FormDataParser

from app.policies.actor import NOBODY, Actor
from app.services.errors import Invalid, NotFound

REFERENCE = "X-Reference"  # of an error, in its answer and in the access log
# The machine-readable name of a status, for refusals that have no better one.
CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many",
    500: "unexpected",
    503: "busy",
}

# Links to set a password, invitations, and addresses of calendars: who has them needs nothing else. Also where one stands
# encoded in another address, as in that of the login: ?next=%2Fenroll%2F...
_SECRET = re.compile(r"((?:/|%(?:25)*2F)(?:password|calendar|enroll)(?:/|%(?:25)*2F))[\w-]{20,}", re.IGNORECASE)


class FormParser(FormDataParser):
    """Refuses a part of a form that has no name: wherever fields are looked through, each has one. Raises Invalid."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        stream, form, files = super().parse(*args, **kwargs)
        if None in form or None in files:
            for _name, file in files.items(multi=True):
                file.close()
            raise Invalid(_("A part of the form has no name."))
        return stream, form, files


class Request(flask.Request):
    form_data_parser_class = FormParser


def masked(address: str) -> str:
    """An address as it may stand in a log."""
    return _SECRET.sub(r"\1...", address)


def current_actor() -> Actor:
    """Who makes this request."""
    if "actor" not in g:
        g.actor = current_user.actor if current_user.is_authenticated else NOBODY
    actor: Actor = g.actor
    return actor


def send_kept(place: Path, name: str, content_type: str, sha256: str, *, private: bool) -> Response:
    """A file that somebody uploaded: to be saved under its name, never shown as a page of ours. Raises NotFound when it is no
    longer where it was kept.
    """
    if not place.is_file():
        raise NotFound(_("This file is missing. Please tell the school."))
    response = send_file(
        place, mimetype=content_type, as_attachment=True, download_name=name, etag=sha256, last_modified=None
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    if private:
        response.headers["Cache-Control"] = "private, no-store"
    return response


def error_body(
    status: int,
    message: str,
    *,
    code: str = "",
    fields: Mapping[str, list[Any]] | None = None,
    reference: str = "",
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A refusal as JSON: a sentence, a name for programs, what is wrong at which field, and for our own faults a
    reference.
    """
    body: dict[str, Any] = {
        "message": message,
        "code": code or CODES.get(status, CODES[500] if status >= 500 else CODES[400]),
        "fields": {name: [str(each) for each in texts] for name, texts in (fields or {}).items()},
    }
    return body | dict(details or {}) | ({"reference": reference} if reference else {})
