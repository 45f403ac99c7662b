"""Uploaded files: told by their content, and kept under their digest in a directory that no web server shows."""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from flask import current_app
from flask_babel import gettext as _

from app.services.errors import Invalid

LONGEST_NAME: Final = 200
# What a damaged or unusual zip raises while it is read.
DAMAGED: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
)

Endings = Mapping[str, tuple[str, ...]]  # type -> what the names of such files end with

_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
# What only such an archive holds.
_PARTS: Final = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Checked:
    """A file that may be kept: its name without folders, its type by its content."""

    file_name: str
    file_type: str
    size: int
    sha256: str


def accepted(endings: Endings) -> str:
    """The endings, as a form's `accept` has them."""
    return ",".join(f".{ending}" for each in endings.values() for ending in each)


def check(upload: Upload | None, endings: Endings, most_bytes: int, field: str = "file") -> Checked:
    """What a file is. Raises Invalid at `field`: missing, empty, too large, of a type that is not accepted, or with a name
    that says something else than its content.
    """
    if upload is None or not upload.name:
        raise _wrong(field, _("Choose a file."))
    size = len(upload.content)
    if not size:
        raise _wrong(field, _("The file is empty."))
    if size > most_bytes:
        raise _wrong(field, _("At most %(most)s MB.", most=most_bytes // 1024**2))
    name = _name(upload.name)
    ending = PurePosixPath(name).suffix[1:].lower()
    kind = _kind(upload.content, ending)
    if kind not in endings:
        known = accepted(endings).replace(",", " ")
        raise _wrong(field, _("Files of this kind are not accepted: %(endings)s are.", endings=known))
    if ending not in endings[kind]:
        known = " ".join(f".{each}" for each in endings[kind])
        raise _wrong(field, _("The name does not say what is in it: it should end with %(endings)s.", endings=known))
    return Checked(name, kind, size, hashlib.sha256(upload.content).hexdigest())


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(fields={field: [sentence]})


def _name(raw: str) -> str:
    """The last part of a path, without anything that a file system or a header minds."""
    last = raw.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip(". ")
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[: LONGEST_NAME - 10]}{dot}{ending[:9]}" if dot and stem else shown[:LONGEST_NAME]


def _kind(content: bytes, ending: str) -> str:
    """The type of a file by its content; empty for one that is not known."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"PK\x03\x04"):
        return _archive(content)
    if _is_text(content):
        return "text/csv" if ending == "csv" else "text/plain"
    return ""


def _archive(content: bytes) -> str:
    """A document of an office suite, or any other archive; empty for one with macros, or that is broken."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if any(name.endswith("vbaProject.bin") for name in names):
                return ""
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").decode("ascii", "replace").strip()
    except DAMAGED:
        return ""
    return next((kind for part, kind in _PARTS.items() if part in names), "application/zip")


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(ord(sign) < 32 and sign not in "\t\n\r\f" for sign in text)


def place(sha256: str, root: Path) -> Path:
    """Where the content with this digest is, below a directory."""
    return root / sha256[:2] / sha256


def keep(content: bytes, sha256: str, root: Path) -> None:
    """Write the content under its digest, whole or not at all. Raises OSError."""
    target = place(sha256, root)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def kept(root: Path) -> list[Path]:
    """Every file that is kept."""
    return [path for path in root.glob("??/*") if path.is_file()]


def lost(places: Iterable[Path]) -> list[Path]:
    """Those of these files that are not there."""
    return [path for path in places if not path.is_file()]


def uploads() -> Path:
    """The directory of what families and staff send in."""
    given = current_app.config["UPLOADS_DIR"]
    return Path(given) if given else Path(current_app.config["INSTANCE_DIR"]) / "uploads"
