"""Pages in front of the login: a form, or a sentence, beside the mark of the school."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import render_template

from app.services.errors import Refusal
from app.views.page import Choice, Field, FieldGroup, Form, Link


@dataclass(slots=True)
class Enrolment:
    """What an app for codes is given: a picture, and the same to be typed."""

    picture: Any  # markup
    secret: str


@dataclass(slots=True)
class DoorPage:
    """`form` may be missing: then there is only something to read."""

    title: str
    lead: str = ""
    form: Form | None = None
    next: str = ""
    enrolment: Enrolment | None = None
    codes: list[str] = field(default_factory=list)  # recovery codes, shown once
    go_on: Link | None = None
    links: list[Link] = field(default_factory=list)


def show(page: DoorPage) -> str:
    return render_template("door.html", page=page)


def form(url: str, submit: str, fields: list[Field], refusal: Refusal | None = None) -> Form:
    """A form of a few fields, with what was refused at its field or on top."""
    refusal = refusal or Refusal()
    known = {each.name for each in fields}
    for each in fields:
        each.errors = [str(text) for text in refusal.fields.get(each.name, [])]
    general = [str(text) for name, texts in refusal.fields.items() if name not in known for text in texts]
    if str(refusal) and not refusal.fields:
        general.append(str(refusal))
    return Form(url, [FieldGroup("", fields)], submit, errors=general)


def code_field(label: str, hint: str = "") -> Field:
    """Where a code of six digits is typed, or a recovery code."""
    return Field("code", label, required=True, autocomplete="one-time-code", maxlength=64, help=hint)


def password_fields(label: str, again: str, rule: str) -> list[Field]:
    """A new password, twice."""
    from app.services.passwords import LONGEST

    more: dict[str, Any] = {"required": True, "autocomplete": "new-password", "maxlength": LONGEST}
    return [
        Field("password", label, "password", help=rule, **more),
        Field("password_again", again, "password", **more),
    ]


def choices(values: tuple[str, ...], chosen: str) -> list[Choice]:
    return [Choice("", ""), *(Choice(each, each, each == chosen) for each in values)]
