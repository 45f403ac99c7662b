"""Publishing, and taking back: actions that all kinds of content have."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.models.content import ContentStatus
from app.policies.actor import Actor
from app.services import plain
from app.services.resource import Action, Result
from app.services.transaction import transactional


def title(record: Any) -> str:
    return str(record.title)


@transactional
def set_status(model: type[Any], ids: Sequence[UUID], *, actor: Actor, status: ContentStatus) -> Result:
    """Publish records, or make them drafts again."""

    def change(row: Any) -> bool:
        changed = row.status is not status
        row.status = status
        return changed

    return plain.each(model, ids, title, change, actor=actor)


def _draft(actor: Actor, record: Any) -> Any:
    return None if record.status is ContentStatus.DRAFT else _l("It is published already.")


def _published(actor: Actor, record: Any) -> Any:
    return None if record.status is ContentStatus.PUBLISHED else _l("It is a draft.")


def publishing(model: type[Any]) -> tuple[Action, Action]:
    """The two actions of this kind of content."""
    return (
        Action(
            "publish",
            _l("Publish"),
            partial(set_status, model, status=ContentStatus.PUBLISHED),
            _draft,
            icon="globe",
            help=_l("Everybody can read it then, without signing in."),
        ),
        Action(
            "unpublish",
            _l("Take back"),
            partial(set_status, model, status=ContentStatus.DRAFT),
            _published,
            icon="eye-off",
            help=_l("It becomes a draft again, which only those who write content see."),
        ),
    )
