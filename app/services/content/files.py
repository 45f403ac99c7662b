"""The files that can be downloaded, kept in their own directory of the uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import current_app

from app.services import files
from app.services.files import Checked, Upload, accepted

__all__ = ["ACCEPTED", "ENDINGS", "MOST_BYTES", "Checked", "Upload", "check", "keep", "kept", "place"]

MOST_BYTES: Final = 20 * 1024 * 1024
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
ACCEPTED: Final = accepted(ENDINGS)


def check(upload: Upload | None) -> Checked:
    """What a file is. Raises Invalid at `file` as `files.check` does."""
    return files.check(upload, ENDINGS, MOST_BYTES)


def place(sha256: str) -> Path:
    """Where the content with this digest is, or would be."""
    before = files.place(sha256, _root_before())
    here = files.place(sha256, _root())
    return before if before.exists() and not here.exists() else here


def keep(content: bytes, sha256: str) -> None:
    files.keep(content, sha256, _root())


def kept() -> list[Path]:
    return [path for root in {_root(), _root_before()} for path in files.kept(root)]


def _root() -> Path:
    return files.uploads() / "downloads"


def _root_before() -> Path:
    """Where earlier releases kept them, which is still read."""
    return Path(current_app.config["INSTANCE_DIR"]) / "downloads"
