"""How typed words find text: by trigrams where an index has them, and never by reading a large table for seconds."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import func, or_, text
from sqlalchemy.sql.elements import ColumnElement

from app.extensions import db

LONGEST_WORD = 80

# Three letters or digits in a row, or the beginning of a word after another sign: the index on trigrams can find that
# anywhere.
_INDEXED = re.compile(r"[^\W_]{3}|[\W_][^\W_]")
_BEGINS_A_WORD = re.compile(r"[^\W_]")


def escape_like(words: str) -> str:
    """The words with the wildcards of LIKE taken literally."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def all_words(folded: Any, typed: str, most: int) -> list[ColumnElement[bool]]:
    """Conditions that a folded text meets when it holds every typed word, in any capitals and accents."""
    return [holds(folded, word[:LONGEST_WORD]) for word in typed.split()[:most]]


def holds(folded: Any, word: str) -> ColumnElement[bool]:
    """Three signs are found anywhere. One or two are looked for where words begin, as there are no trigrams inside; in
    a phone number that is after the plus sign.
    """
    escaped = escape_like(word)
    if _INDEXED.search(word):
        return _like(folded, f"%{escaped}%")
    if not _BEGINS_A_WORD.match(word):
        return func.strpos(folded, func.search_fold(word)) > 0
    beginnings = [f"{escaped}%", f"% {escaped}%", *([f"%+{escaped}%"] if word[0].isdigit() else [])]
    return or_(*(_like(folded, each) for each in beginnings))


def _like(folded: Any, pattern: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = folded.like(func.search_fold(pattern))
    return found


def plan_for_values() -> None:
    """Have this transaction's statements planned for their values: a plan made for any word or owner is wrong for the
    rare one.
    """
    session = db.session()
    current = session.get_nested_transaction() or session.get_transaction()
    if current is None or session.info.get("planned_for_values") is not current:
        session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        session.info["planned_for_values"] = session.get_nested_transaction() or session.get_transaction()
