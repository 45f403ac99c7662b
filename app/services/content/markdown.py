"""Markdown as HTML that is safe to show: HTML in it is shown as text, and what is left of it is sanitised."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

# No pictures: the pages load nothing from elsewhere.
TAGS: Final = (
    frozenset({"p", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "a", "ul", "ol", "li"})
    | {"blockquote", "code", "pre", "hr", "br"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")


@lru_cache(128)
def render(source: str) -> str:
    """The HTML of a text in Markdown (CommonMark with tables). Its largest heading is the second: the title of the page
    is the first.
    """
    tokens = [_lowered(token) for token in _PARSER.parse(source)]
    return nh3.clean(
        _PARSER.renderer.render(tokens, _PARSER.options, {}),
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer",
    )


def _lowered(token: Token) -> Token:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1:]) + 1, 6)}"
    return token


def plain(source: str, most: int) -> str:
    """The beginning of a text in Markdown without its marks, for lists."""
    words = " ".join(nh3.clean(render(source), tags=set()).split())
    text = words.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + "\N{HORIZONTAL ELLIPSIS}"
