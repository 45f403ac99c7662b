"""The OpenAPI document and a page made from it, for everybody who is signed in, by token or in the browser: it tells
what can be done, and nothing about anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _

from app.api.auth import Unauthorized, authenticate
from app.api.openapi import document
from app.api.routes import PREFIX, PUBLIC, Api, route
from app.policies.actor import NOBODY
from app.web import current_actor


class DocumentApi(Api):
    route_base = f"{PREFIX}/openapi.json"
    class_permission_name = "OpenAPI"

    @route("GET", "", "This document", needs=PUBLIC, answer={"type": "object"}, others=(401,))
    def show(self) -> Any:
        """For everybody who is signed in, by token or in the browser."""
        if "Authorization" in request.headers:
            authenticate()
        elif current_actor() is NOBODY:
            raise Unauthorized
        return _document()


@dataclass
class DocumentPage:
    title: str
    about: str
    groups: dict[str, list[Any]]
    json_url: str


@dataclass
class DocumentedRoute:
    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Any]
    body: str
    example: Any
    answers: list[tuple[str, str]]


class DocumentView(BaseView):
    route_base = "/api/docs"
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        """The document, to read."""
        if current_actor() is NOBODY:
            return redirect(url_for("LoginView.login", next=request.path))
        told = _document()
        page = DocumentPage(_("REST API"), told["info"]["description"], _grouped(told), f"{PREFIX}/openapi.json")
        return render_template("api_docs.html", page=page)


def _document() -> dict[str, Any]:
    """The document in English, whoever asks: it names what goes over the wire. Made once for each process."""
    kept: dict[str, dict[str, Any]] = current_app.extensions.setdefault("openapi", {})
    if not kept:
        with force_locale("en"):
            kept["document"] = document()
    return kept["document"]


def _grouped(told: dict[str, Any]) -> dict[str, list[DocumentedRoute]]:
    """The routes under their headings, in the order of their addresses."""
    groups: dict[str, list[DocumentedRoute]] = {}
    for path, methods in told["paths"].items():
        for method, each in methods.items():
            ((content_type, content),) = (each.get("requestBody") or {"content": {"": {}}})["content"].items()
            groups.setdefault(each["tags"][0], []).append(
                DocumentedRoute(
                    each["operationId"],
                    method.upper(),
                    path,
                    each["summary"],
                    each.get("description", ""),
                    each.get("parameters", []),
                    content_type,
                    content.get("example"),
                    [(status, answer["description"]) for status, answer in each["responses"].items()],
                )
            )
    return groups
