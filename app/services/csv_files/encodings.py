"""Which encoding a text file is in: only what is certain is accepted."""

from __future__ import annotations

import codecs
import re

from flask_babel import lazy_gettext as _l

NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
"""What people call them."""

_UTF8_PAIR = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_WORD = re.compile(r"[\u00aa\u00b5\u00ba\u00c0-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192]{3}")
_NOT_IN_WESTERN_TEXT = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00a4\u00a6\u00a8\u00ac\u00af\u00b8\u02c6\u02dc\u2020\u2021\u2030]"
)

UNCLEAR = _l("The characters here are not UTF-8, and it is unclear what else they are.")
DAMAGED = _l("The file begins like UTF-8 or UTF-16, but a character here is damaged.")
FIX = _l("Save it again as “CSV UTF-8”.")


class UndecodableError(ValueError):
    """The text cannot be read; `line` is where that shows first."""

    def __init__(self, line: int, rule: object) -> None:
        super().__init__(str(rule))
        self.line = line
        self.rule = str(rule)
        self.fix = str(FIX)


def decode(content: bytes) -> tuple[str, str]:
    """The text and the name of its encoding.

    UTF-8 and UTF-16 by their byte order mark, UTF-8 without one, and Windows-1252 when the file is clearly that: no
    part of it is UTF-8, and its special characters are those of Western European text. Raises UndecodableError.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(content, "utf-16"), "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return _strictly(content, "utf-8-sig"), "utf-8-sig"
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        text = _western(content) if error.reason != "unexpected end of data" else None
        if text is None:
            raise UndecodableError(_line(content, error.start), UNCLEAR) from error
        return text, "cp1252"


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        mark = len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0  # its positions are counted after the mark
        before = content[: error.start + mark].decode(encoding, "ignore").encode()
        raise UndecodableError(_line(before, len(before)), DAMAGED) from error


def _western(content: bytes) -> str | None:
    """The text if it is clearly Windows-1252: other 8-bit encodings show as long runs of accented letters or as rare
    signs.
    """
    if _UTF8_PAIR.search(content):
        return None
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return None if _HIGH_WORD.search(text) or _NOT_IN_WESTERN_TEXT.search(text) else text


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
