from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.content import markdown


def test_markdown_becomes_html_below_the_title_of_the_page():
    made = markdown.render("# One\n\n**Bold** and [link](https://example.org)\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<h2>One</h2>" in made
    assert "<strong>Bold</strong>" in made
    assert '<a href="https://example.org" rel="noopener noreferrer">link</a>' in made
    assert "<td>1</td>" in made


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://elsewhere.example/pixel.png)",
    '[x](https://example.org "a\\" onmouseover=\\"alert(1)")',
    "<a href='https://example.org' onclick='alert(1)'>x</a>",
    "<style>*{}</style>",
    "<iframe src=//elsewhere.example></iframe>",
    "[x]: javascript:alert(1)\n\n[x]",
    "<svg/onload=alert(1)>",
    "`<b>`\n\n    <script>",
]


class Attributes(HTMLParser):
    """The tags of a text, with their attributes as a browser reads them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_that_runs_or_loads_is_left(source):
    for tag, attributes in Attributes(markdown.render(source)).found:
        assert tag in markdown.TAGS
        assert set(attributes) <= {"href", "title", "rel"}
        assert attributes.get("href", "https:").startswith("https:")


@given(st.text(max_size=300))
def test_any_text_can_be_rendered_and_rendering_is_clean(source):
    made = markdown.render(source)
    assert {tag.lower() for tag in re.findall(r"</?([a-zA-Z0-9]+)", made)} <= markdown.TAGS


def test_the_beginning_without_marks():
    assert markdown.plain("# Title\n\nSome *text* & <b>more</b>", 100) == "Title Some text & <b>more</b>"
    assert markdown.plain("word " * 100, 20) == "word word word word…"
