"""The smallest parts of pages as HTML: icons, values, rows of tables. A page prints hundreds of them, and calling a macro for each
would be half its cost; everything larger is a template's. Every text goes through `escape`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from functools import cache

from flask_babel import gettext as _
from markupsafe import Markup

from app.views.page import Cell, Row, Table

WIDE = 42  # signs: longer texts get a wide column

_DASH = '<span class="none" aria-hidden="true">&ndash;</span>'


def escape(text: str) -> str:
    """As templates escape, without making an object of it."""
    return html.escape(text).replace("&#x27;", "&#39;")


def icons(sprite: str) -> Callable[..., Markup]:
    """What draws the icons of a sprite."""

    @cache
    def icon(name: str, cls: str = "") -> Markup:
        return Markup(
            f'<svg class="i{_after_space(cls)}" aria-hidden="true"><use href="{escape(sprite)}#{escape(name)}"/></svg>'
        )

    return icon


def values(icon: Callable[..., Markup]) -> Callable[[Cell], Markup]:
    """What shows one value on a record's page, a card, a preview."""
    return lambda cell: Markup(_value(cell, icon) if cell.text else _DASH)


def _value(cell: Cell, icon: Callable[..., Markup]) -> str:
    text = escape(cell.text)
    match cell.kind:
        case "badge":
            return _badge(cell, text, linked=True)
        case "bool":
            return f'<span class="bool {escape(cell.tone)}">{icon(_bool_icon(cell))}{text}</span>'
        case "json" if not cell.url:
            return f'<pre class="json">{text}</pre>'
        case "text" if not cell.url:
            return f'<span class="text{_after_space(cell.tone)}"{_title(cell)}>{text}</span>'
        case _:
            return _common(cell, text) or f'<span class="text{_after_space(cell.tone)}"{_title(cell)}>{text}</span>'


def rows(table: Table, select: bool) -> Markup:
    """The rows of a table, each with a box to tick if they can be selected."""
    pick = escape(_("Select")) if select else ""
    heads = [(f' data-l="{escape(column.label)}"', column.align == "end") for column in table.columns]
    return Markup("\n".join(_row(row, heads, pick) for row in table.rows))


def _row(row: Row, heads: list[tuple[str, bool]], pick: str) -> str:
    box = (
        f'<td class="sel"><input type="checkbox" name="id" value="{escape(row.id)}" aria-label="{pick} {escape(row.title)}"></td>'
        if pick
        else ""
    )
    cells = "".join(_cells(row, heads))
    return f"<tr>{box}{cells}</tr>"


def _cells(row: Row, heads: list[tuple[str, bool]]) -> Iterator[str]:
    yield _head(row, row.cells[0]) if row.cells else ""
    for cell, (label, is_number) in zip(row.cells[1:], heads[1:], strict=False):
        if not cell.text:
            yield '<td class="e"></td>'
        else:
            cls = ' class="n"' if is_number else ' class="w"' if len(cell.text) > WIDE else ""
            yield f"<td{label}{cls}>{_in_table(cell)}</td>"


def _head(row: Row, cell: Cell) -> str:
    """The cell that names its row."""
    mark = f'<span class="avatar" aria-hidden="true">{escape(row.initials)}</span>' if row.initials else ""
    note = f"<small>{escape(row.note)}</small>" if row.note else ""
    url, text = cell.url or row.url, escape(cell.text)
    if url:
        shown = f'<a class="main" href="{escape(url)}"{_title(cell)}>{text or escape(row.title)}</a>'
    else:
        shown = _badge(cell, text) if cell.kind == "badge" and text else text
    return f'<th scope="row">{mark}{shown}{note}</th>'


def _in_table(cell: Cell) -> str:
    text = escape(cell.text)
    match cell.kind:
        case "text":
            if cell.url:
                return f'<a href="{escape(cell.url)}">{text}</a>'
            return f'<span class="{escape(cell.tone)}"{_title(cell)}>{text}</span>' if cell.tone or cell.title else text
        case "badge":
            return _badge(cell, text)
        case "json":
            return f'<code title="{escape(cell.title) or text}">{text}</code>'
        case "bool" if not cell.url:
            return f'<span class="bool {escape(cell.tone)}">{text}</span>'
        case _:
            return _common(cell, text) or text


def _common(cell: Cell, text: str) -> str:
    """What reads the same everywhere; empty for a plain text."""
    match cell.kind:
        case "date" | "datetime" if not cell.url:
            moment = f' datetime="{escape(cell.title)}"' if cell.title else ""
            return f"<time{moment}{_class(cell.tone)}>{text}</time>"
        case "phone":
            return f'<a class="num" dir="ltr" href="tel:{escape(cell.title.replace(" ", ""))}">{text}</a>'
        case "email":
            return f'<a href="mailto:{escape(cell.title) or text}">{text}</a>'
        case "person":
            shown = f'<a href="{escape(cell.url)}">{text}</a>' if cell.url else text
            return f'<span class="person"><span class="avatar xs" aria-hidden="true">{escape(cell.text[0])}</span>{shown}</span>'
        case _ if cell.url:
            return f'<a href="{escape(cell.url)}"{_title(cell)}>{text}</a>'
        case "tags":
            tags = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in cell.text.split(", "))
            return f'<span class="tags">{tags}</span>'
        case "muted":
            return f'<span class="muted"{_title(cell)}>{text}</span>'
        case "number":
            return f'<span class="num">{text}</span>'
        case "places":
            return _places(cell, text)
        case _:
            return ""


def _places(cell: Cell, text: str) -> str:
    """A bar of what is taken; `title` is "5/8"."""
    taken, _slash, most = escape(cell.title).partition("/")
    bar = f'<meter class="places-bar" min="0" max="{most}" value="{taken}" aria-hidden="true"></meter>'
    return f'<span class="places {escape(cell.tone)}">{bar}<span>{text}</span></span>'


def _badge(cell: Cell, text: str, *, linked: bool = False) -> str:
    """A badge; `linked`, it is the link itself, otherwise a link stands in it."""
    tone = escape(cell.tone) or "neutral"
    if cell.url and linked:
        return f'<a class="badge {tone}" href="{escape(cell.url)}">{text}</a>'
    shown = f'<a href="{escape(cell.url)}">{text}</a>' if cell.url else text
    return f'<span class="badge {tone}"{_title(cell)}>{shown}</span>'


def _bool_icon(cell: Cell) -> str:
    return "x" if cell.tone in {"neutral", "danger"} else "check"


def _title(cell: Cell) -> str:
    return f' title="{escape(cell.title)}"' if cell.title else ""


def _class(names: str) -> str:
    return f' class="{escape(names)}"' if names else ""


def _after_space(names: str) -> str:
    return f" {escape(names)}" if names else ""
