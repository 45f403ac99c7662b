"""Texts as a PDF draws them: in the order of sight, Arabic letters joined, cut to the width that there is."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from arabic_reshaper import ArabicReshaper
from bidi import get_display
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN: Final = "Paper"
BOLD: Final = "PaperBold"
ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
_UNSTRUCK: Final = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d"}
)
_FONTS: Final = Path(__file__).with_name("fonts")
_FIRST_RIGHT_TO_LEFT: Final = "\u0590"  # Hebrew, then Arabic; what comes before is drawn as it is written
# The ligature of the name of God is in few fonts; harakat are drawn, not dropped.
_RESHAPER: Final = ArabicReshaper({"delete_harakat": False, "ARABIC LIGATURE ALLAH": False})


@cache
def load_fonts() -> None:
    """Make the two fonts known: one family with Latin, Greek, Cyrillic, Hebrew and Arabic letters."""
    rl_config.useA85 = (
        0  # no text encoding around what is compressed: nobody reads it, and it takes a third of the time
    )
    for name, file in ((PLAIN, "DejaVuSansCondensed.ttf"), (BOLD, "DejaVuSansCondensed-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(_FONTS / file)))


def drawn(text: str) -> str:
    """The signs of a text from left to right, as they are seen."""
    if text.isascii() and text.isprintable():
        return text
    clean = "".join(sign for sign in unicodedata.normalize("NFC", text) if _is_shown(sign))
    if all(sign < _FIRST_RIGHT_TO_LEFT or "\u1e00" <= sign < "\u2e00" for sign in clean):
        return clean
    return str(get_display(_RESHAPER.reshape(clean)))


def _is_shown(sign: str) -> bool:
    """Not control signs, nor what turns the direction of others; joiners do their work in Arabic."""
    return sign in "\u200c\u200d" or unicodedata.category(sign)[0] != "C"


def sort_key(text: str) -> str:
    """By which names are in the order in which people look for them: accents and capitals count for nothing."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return plain.casefold().translate(_UNSTRUCK)


def width_of(text: str, font: str, size: float) -> float:
    """How wide a text is that was made by `drawn`."""
    return float(pdfmetrics.stringWidth(text, font, size))


@lru_cache(4096)
def fitted(text: str, font: str, size: float, room: float) -> str:
    """The text as it is drawn, cut where it is wider than there is room."""
    whole = drawn(text)
    if width_of(whole, font, size) <= room:
        return whole
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if width_of(drawn(text[:middle].rstrip() + ELLIPSIS), font, size) <= room:
            least = middle
        else:
            most = middle - 1
    return drawn(text[:least].rstrip() + ELLIPSIS)


def lines(text: str, font: str, size: float, room: float, most: int) -> list[str]:
    """The text in at most so many lines, each as it is drawn, broken between words."""
    made: list[str] = []
    words = text.split()
    while words and len(made) < most - 1:
        taken = 1
        while taken < len(words) and width_of(drawn(" ".join(words[: taken + 1])), font, size) <= room:
            taken += 1
        made.append(fitted(" ".join(words[:taken]), font, size, room))
        words = words[taken:]
    return [*made, fitted(" ".join(words), font, size, room)] if words else made
