"""No GET changes anything, whoever asks for whatever; and no page shows Python's words for nothing."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from tests.policies.test_matrix import address, rules
from tests.policies.world import changed, checksums

# Those whose pages differ most.
pytestmark = pytest.mark.slow

ROLES = ["super_admin", "staff", "teacher", "student", "public"]
MOST = 160
KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d+\b")
FORBIDDEN = re.compile(r"\b(?:None|False|True|__None|undefined|NaN)\b")


class Page(HTMLParser):
    """The links and the visible text of a page, with what its fields hold."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.texts: list[str] = []
        self._silent = 0
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self._silent += tag in ("script", "style")
        if tag == "a" and known.get("href"):
            self.links.append(known["href"])
        self.texts += [
            known[name] or "" for name in ("value", "placeholder", "title", "aria-label", "alt") if name in known
        ]

    def handle_endtag(self, tag):
        self._silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._silent:
            self.texts.append(data)


def shape(url: str) -> str:
    """Addresses that differ by keys or by what is filtered alone are one page."""
    parts = urlsplit(url)
    return KEY.sub("*", parts.path) + "?" + ",".join(sorted({name for name, _value in parse_qsl(parts.query)}))


def crawl(client, start: list[str]):
    waiting, seen = list(start), set()
    while waiting and len(seen) < MOST:
        url = waiting.pop(0)
        if shape(url) in seen:
            continue
        seen.add(shape(url))
        answer = client.get(url)
        yield url, answer
        if answer.mimetype == "text/html":
            page = Page(answer.text)
            found = [urljoin(url, unescape(link)) for link in page.links]
            waiting += [link for link in found if link.startswith("/") and not link.startswith(("/static/", "//"))]


@pytest.mark.parametrize("username", ROLES)
def test_reading_changes_nothing_and_shows_no_none(app, client_of, world, username):
    client = client_of(username)
    start = ["/"] + [address(app, rule, name, world) for rule, name in rules(app) if "GET" in rule.methods]
    before = checksums()
    pages, faults = 0, []
    for url, answer in crawl(client, [url for url in start if not url.startswith("/static/")]):
        pages += 1
        if answer.status_code >= 500:
            faults.append(f"{url}: {answer.status_code}")
        if answer.mimetype == "text/html":
            words = [text.strip() for text in Page(answer.text).texts if FORBIDDEN.search(text)]
            faults += [f"{url} shows {text[:60]!r}" for text in words]
    assert faults == []
    assert pages > 10
    assert changed(before, checksums()) == []


def test_a_form_sent_by_get_does_nothing(app, client_of, world):
    """Everything that a POST would need, in the query string."""
    client = client_of("super_admin")
    before = checksums()
    for rule, name in rules(app):
        url = address(app, rule, name, world)
        answer = client.get(url, query_string=world.form(rule.endpoint))
        assert answer.status_code < 500, url
    assert changed(before, checksums()) == []
