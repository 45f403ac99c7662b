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
from app.policies.rules import may_remove_filter, may_share_filter
from app.policies.scopes import visible
from app.services.errors import Invalid, NotAllowed, NotFound, explain
from app.services.inputs import is_storable
from app.services.transaction import lock, transactional

MOST = 50  # that are offered
LONGEST = 4_000  # characters of a query

explain({"uq_saved_filters_owner_resource_name": ("name", _l("You already have a filter with this name."))})


def of_list(slug: str, actor: Actor) -> list[Any]:
    """The filters of a list, by name: one's own, then those that others share. MOST at most."""
    columns = (SavedFilter.id, SavedFilter.name, SavedFilter.query, SavedFilter.shared, SavedFilter.owner_id)
    statement = (
        select(*columns)
        .where(SavedFilter.resource == slug, visible(SavedFilter, actor))
        .order_by(SavedFilter.owner_id != actor.id, SavedFilter.name, SavedFilter.id)
        .limit(MOST)
    )
    return list(db.session.execute(statement).all())


@transactional
def save(slug: str, name: str, query: str, shared: bool, *, actor: Actor) -> SavedFilter:
    """Keep a list's query string under a name. Raises Invalid, also for a query of more than LONGEST characters; Conflict
    when the name is taken; NotAllowed when it is to be shared by who may not.
    """
    reason = may_share_filter(actor) if shared else None
    if reason is not None:
        raise NotAllowed(reason)
    name = " ".join(name.split())
    if not name or len(name) > 80 or not is_storable(name + query):
        raise Invalid(
            _("Give the filter a name of at most 80 characters."), fields={"name": [_("At most 80 characters.")]}
        )
    if len(query) > LONGEST:
        raise Invalid(fields={"query": [_("This search has too many or too long filters to be kept.")]})
    saved = SavedFilter(resource=slug, name=name, query=query, shared=shared, owner_id=actor.id)
    db.session.add(saved)
    db.session.flush()
    return saved


@transactional
def delete(filter_id: UUID, *, actor: Actor) -> None:
    """Forget one's own filter; admins also what others share. Raises NotFound for another's."""
    saved = lock(SavedFilter, filter_id, visible(SavedFilter, actor))
    if may_remove_filter(actor, saved) is not None:
        raise NotFound
    db.session.delete(saved)
