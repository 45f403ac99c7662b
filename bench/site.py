"""One measured database with the application on it: a signed-in browser, and a connection for plain SQL."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from app.extensions import db
from bench import databases, names


class Browser:
    """A person who has logged in on the login page. Every POST carries the CSRF token, as a form does."""

    def __init__(self, app: Flask, username: str) -> None:
        self._client: FlaskClient = app.test_client()
        self._token = self._read_token(self.get("/login/"))
        self.post("/login/", {"username": username, "password": databases.PASSWORD})
        self._token = self._read_token(self.get("/"))

    @staticmethod
    def _read_token(page: TestResponse) -> str:
        found = re.search(r'name="csrf[-_]token" (?:value|content)="([^"]+)"', page.text)
        assert found, "no CSRF token on the page"
        return found[1]

    def get(self, url: str, **options: Any) -> TestResponse:
        return _good(self._client.get(url, **options))

    def post(self, url: str, data: dict[str, Any]) -> TestResponse:
        return _good(self._client.post(url, data=data | {"csrf_token": self._token}))

    def form(self, url: str) -> dict[str, str]:
        """What the form at an address would send if it were sent unchanged."""
        reader = FormReader()
        reader.feed(self.get(url).text)
        return reader.values


def _good(answer: TestResponse) -> TestResponse:
    assert answer.status_code in (200, 302), f"{answer.request.path}: {answer.status}"
    return answer


class FormReader(HTMLParser):
    """The values of the fields of the page's main form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._inside, self._select, self._textarea = False, "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        name, value = known.get("name") or "", known.get("value") or ""
        if tag == "form":
            self._inside = "data-guard" in known
        if not self._inside:
            return
        if tag == "input" and name and (known.get("type") not in ("checkbox", "radio") or "checked" in known):
            self.values[name] = value
        elif tag == "select":
            self._select = name
        elif tag == "option" and (self._select not in self.values or "selected" in known):
            self.values[self._select] = value
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""
        if tag == "form":
            self._inside = False


@dataclass
class Facts:
    """What the cases ask for, looked up once."""

    stages: list[UUID]
    owner: int  # of many leads
    middle: tuple[Any, UUID]  # where the page in the middle begins
    middle_next: UUID  # the first lead on it
    newest: list[UUID]  # a thousand
    phone_part: str
    staff_name: str
    admin: int


class Site:
    def __init__(self, url: str, leads: int) -> None:
        self.url, self.leads = url, leads
        self.app = databases.application(url)
        self.plain: psycopg.Connection[Any] = databases.connect(url)
        self.statements = 0
        with self.app.app_context():
            event.listen(db.engine, "before_cursor_execute", self._count)
        self.admin = Browser(self.app, "admin")
        self.facts = self._facts()
        self.serial = 0

    def _count(self, *_details: Any) -> None:
        self.statements += 1

    def _facts(self) -> Facts:
        rows = self.plain.execute(
            "SELECT created_at, id FROM leads ORDER BY created_at DESC, id DESC OFFSET %s LIMIT 2",
            [self.leads // 2 - 1],
        ).fetchall()
        return Facts(
            stages=[row[0] for row in self.plain.execute("SELECT id FROM lead_stages WHERE active ORDER BY position")],
            owner=self._one(
                "SELECT owner_id FROM leads WHERE owner_id IS NOT NULL GROUP BY owner_id ORDER BY count(*) DESC, owner_id LIMIT 1"
            ),
            middle=rows[0],
            middle_next=rows[1][1],
            newest=[
                row[0]
                for row in self.plain.execute("SELECT id FROM leads ORDER BY created_at DESC, id DESC LIMIT 1000")
            ],
            phone_part=self._one(
                "SELECT substr(phone, 7) FROM leads ORDER BY created_at OFFSET %s LIMIT 1", self.leads // 3
            ),
            staff_name=self._one("SELECT first_name FROM ab_user WHERE username = 'owner7'"),
            admin=self._one("SELECT id FROM ab_user WHERE username = 'admin'"),
        )

    def _one(self, statement: str, *values: Any) -> Any:
        row = self.plain.execute(statement, values).fetchone()
        assert row is not None
        return row[0]

    def number(self) -> int:
        """A new number at each call: for leads that nobody has entered yet."""
        self.serial += 1
        return self.serial

    def middle_url(self) -> str:
        """The address of the page in the middle of the list, as its pager would give it."""
        moment, key = self.facts.middle
        position = base64.urlsafe_b64encode(json.dumps([moment.isoformat(), str(key)]).encode()).decode().rstrip("=")
        return f"/leads/?after={position}"

    def rare(self) -> str:
        return names.RARE.lower()

    def close(self) -> None:
        self.plain.close()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
