"""Tags that staff put on leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.models.leads import Tag
from app.policies.actor import Actor
from app.services.errors import explain
from app.services.resource import Outcome, Result
from app.services.transaction import lock, lock_many, transactional

explain(
    {
        "uq_tags_name": ("name", _l("There is already a tag with this name.")),
        "ck_tags_name_not_blank": ("name", _l("This field is required.")),
    }
)


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> Tag:
    """Add a tag. Raises Conflict when the name is taken, in any capitals."""
    tag = Tag(**values)
    db.session.add(tag)
    db.session.flush()
    return tag


@transactional
def update(tag_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Tag:
    """Rename a tag. Raises NotFound, Conflict."""
    tag = lock(Tag, tag_id, version=version)
    for name, value in values.items():
        setattr(tag, name, value)
    db.session.flush()
    return tag


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete tags; they come off all leads."""
    tags = lock_many(Tag, ids)
    for tag in tags:
        db.session.delete(tag)
    db.session.flush()
    return Result([Outcome(str(tag.id), tag.name) for tag in tags])
