"""Lists kept under a name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.screens import SavedFilter
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.errors import Invalid, explain
from app.services.inputs import is_storable
from app.services.transaction import lock, transactional

explain({"uq_saved_filters_owner_resource_name": ("name", _l("You already have a filter with this name."))})


def of_list(slug: str, actor: Actor) -> list[Any]:
    """One's own and the shared filters of a list, by name."""
    columns = (SavedFilter.id, SavedFilter.name, SavedFilter.query, SavedFilter.shared, SavedFilter.owner_id)
    statement = (
        select(*columns)
        .where(SavedFilter.resource == slug, visible(SavedFilter, actor))
        .order_by(SavedFilter.name)
        .limit(50)
    )
    return list(db.session.execute(statement).all())


@transactional
def save(slug: str, name: str, query: str, shared: bool, *, actor: Actor) -> SavedFilter:
    """Keep a list's query string under a name. Raises Invalid, Conflict when the name is taken."""
    name = " ".join(name.split())
    if not name or len(name) > 80 or not is_storable(name + query):
        raise Invalid(
            _("Give the filter a name of at most 80 characters."), fields={"name": [_("At most 80 characters.")]}
        )
    saved = SavedFilter(resource=slug, name=name, query=query[:4000], shared=shared, owner_id=actor.id)
    db.session.add(saved)
    db.session.flush()
    return saved


@transactional
def delete(filter_id: UUID, *, actor: Actor) -> None:
    """Forget one's own filter. Raises NotFound for another's."""
    db.session.delete(lock(SavedFilter, filter_id, SavedFilter.owner_id == actor.id))
