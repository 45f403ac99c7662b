"""What the school tells everybody, with or without a login: what is published, and no draft."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement

from app.models.content import Announcement, ContentStatus


def published(model: type[Any], today: date) -> ColumnElement[bool]:
    """The rows that are for everybody. An announcement is so from its publication date on."""
    rule: ColumnElement[bool] = (model.status == ContentStatus.PUBLISHED) & model.deleted_at.is_(None)
    return rule & (model.publication_date <= today) if model is Announcement else rule
