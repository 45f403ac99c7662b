"""What kind of file it is, and how large, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from app.services.content.files import ENDINGS
from app.views import render


def size(value: int) -> str:
    """As "1.2 MB"; at least one KB."""
    if value >= 1024**2:
        return _("%(number)s MB", number=render.number(round(value / 1024**2, 1)))
    return _("%(number)s KB", number=render.number(max(1, round(value / 1024))))


def kind(file_type: str) -> str:
    """As "PDF"."""
    endings = ENDINGS.get(file_type)
    return endings[0].upper() if endings else file_type
