"""How typed words find text: by trigrams where an index has them, and never by reading a large table for seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.services import phones, school

LONGEST_WORD = 80
FEWEST_DIALLED = 4  # digits that may be the beginning of a phone number

# Three letters or digits in a row, or the beginning of a word after another sign: the index on trigrams can find that
# anywhere.
_INDEXED = re.compile(r"[^\W_]{3}|[\W_][^\W_]")
_BEGINS_A_WORD = re.compile(r"[^\W_]")
_NUMBER = re.compile(r"#?([0-9]{1,9})")


def escape_like(words: str) -> str:
    """The words with the wildcards of LIKE taken literally."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True)
class Through:
    """A text of another table, to which a key leads: its index finds the words, and the keys lead to the rows. A word
    that is a number, or # and a number, may also be the row's own `number`.
    """

    key: Any
    other_key: Any
    text: Any
    number: Any = None

    def holds(self, word: str) -> ColumnElement[bool]:
        found: ColumnElement[bool] = self.key.in_(select(self.other_key).where(holds(self.text, word)))
        called = _NUMBER.fullmatch(word)
        return or_(found, self.number == int(called[1])) if self.number is not None and called else found


def all_words(folded: Any, typed: str, most: int) -> list[ColumnElement[bool]]:
    """Conditions that a folded text, or a text found through a key, meets when it holds every typed word, in any capitals
    and accents. Words that together are a phone number, the way people dial it, may also be that number as it is stored.
    """
    words = [word[:LONGEST_WORD] for word in typed.split()[:most]]
    conditions: list[ColumnElement[bool]] = []
    for dialled, run in groupby(words, lambda word: phones.DIALLED.fullmatch(word) is not None):
        together = list(run)
        each = [_word(folded, word) for word in together]
        number = stored_number(" ".join(together)) if dialled else ""
        conditions += [or_(and_(*each), _word(folded, number))] if number not in {"", *together} else each
    return conditions


def stored_number(typed: str) -> str:
    """What typed text is in stored phone numbers, as digits in a row; empty where it is no beginning of a number."""
    if sum(sign.isdigit() for sign in typed) < FEWEST_DIALLED:
        return ""
    try:
        return phones.looked_for(typed, school.phone_region())
    except ValueError:
        return ""


def _word(folded: Any, word: str) -> ColumnElement[bool]:
    return folded.holds(word) if isinstance(folded, Through) else holds(folded, word)


def has_trigrams(word: str) -> bool:
    """Whether an index on trigrams can find a word anywhere in a text."""
    return _INDEXED.search(word) is not None


def holds(folded: Any, word: str) -> ColumnElement[bool]:
    """Three signs are found anywhere. One or two are looked for where words begin, as there are no trigrams inside; in
    a phone number that is after the plus sign.
    """
    escaped = escape_like(word)
    if has_trigrams(word):
        return _like(folded, f"%{escaped}%")
    if not _BEGINS_A_WORD.match(word):
        return func.strpos(folded, func.search_fold(word)) > 0
    beginnings = [f"{escaped}%", f"% {escaped}%", *([f"%+{escaped}%"] if word[0].isdigit() else [])]
    return or_(*(_like(folded, each) for each in beginnings))


def _like(folded: Any, pattern: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = folded.like(func.search_fold(pattern))
    return found
