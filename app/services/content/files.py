"""The files that can be downloaded: told by their content, and kept under their digest in the directory of the instance,
which no web server shows.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from flask import current_app
from flask_babel import gettext as _

from app.services.errors import Invalid

MOST_BYTES: Final = 20 * 1024 * 1024
LONGEST_NAME: Final = 200

# type -> what the names of such files end with
ENDINGS: Final = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "text/plain": ("txt", "md"),
    "text/csv": ("csv",),
    "application/zip": ("zip",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "application/vnd.oasis.opendocument.presentation": ("odp",),
}
ACCEPTED: Final = ",".join(f".{ending}" for endings in ENDINGS.values() for ending in endings)
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


def check(upload: Upload | None) -> Checked:
    """What a file is. Raises Invalid at `file`: missing, empty, too large, of a type that is not accepted, or with a name
    that says something else than its content.
    """
    if upload is None or not upload.name:
        raise _wrong(_("Choose a file."))
    size = len(upload.content)
    if not size:
        raise _wrong(_("The file is empty."))
    if size > MOST_BYTES:
        raise _wrong(_("At most %(most)s MB.", most=MOST_BYTES // 1024**2))
    name = _name(upload.name)
    ending = PurePosixPath(name).suffix[1:].lower()
    kind = _kind(upload.content, ending)
    if kind is None:
        raise _wrong(_("Files of this kind are not accepted: %(endings)s are.", endings=ACCEPTED.replace(",", " ")))
    if ending not in ENDINGS[kind]:
        endings = " ".join(f".{each}" for each in ENDINGS[kind])
        raise _wrong(_("The name does not say what is in it: it should end with %(endings)s.", endings=endings))
    return Checked(name, kind, size, hashlib.sha256(upload.content).hexdigest())


def _wrong(sentence: str) -> Invalid:
    return Invalid(fields={"file": [sentence]})


def _name(raw: str) -> str:
    """The last part of a path, without anything that a file system or a header minds."""
    last = raw.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip(". ")
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[: LONGEST_NAME - 10]}{dot}{ending[:9]}" if dot and stem else shown[:LONGEST_NAME]


def _kind(content: bytes, ending: str) -> str | None:
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"PK\x03\x04"):
        return _archive(content)
    if _is_text(content):
        return "text/csv" if ending == "csv" else "text/plain"
    return None


def _archive(content: bytes) -> str | None:
    """A document of an office suite, or any other archive; None for one with macros, or that is broken."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if any(name.endswith("vbaProject.bin") for name in names):
                return None
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                said = archive.read("mimetype").decode("ascii", "replace").strip()
                return said if said in ENDINGS else None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        return None
    return next((kind for part, kind in _PARTS.items() if part in names), "application/zip")


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(ord(sign) < 32 and sign not in "\t\n\r\f" for sign in text)


def place(sha256: str) -> Path:
    """Where the content with this digest is."""
    return _root() / sha256[:2] / sha256


def keep(content: bytes, sha256: str) -> None:
    """Write the content under its digest, whole or not at all."""
    target = place(sha256)
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


def kept() -> list[Path]:
    """Every file that is kept."""
    return [path for path in _root().glob("??/*") if path.is_file()]


def _root() -> Path:
    return Path(current_app.config["INSTANCE_DIR"]) / "downloads"
