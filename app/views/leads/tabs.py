"""List, board and worklist: three ways to see the same leads."""

from __future__ import annotations

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services.leads import LEADS
from app.services.listing import Query
from app.views import lists
from app.views.page import (
    Link,
)


def tabs(here: str, actor: Actor, query: Query) -> list[Link]:
    """List, board and worklist: three ways to see the same leads. The first two understand the same search and filters."""
    known = [
        ("list", _("List"), lists.same_rows("/leads/", query), "list"),
        ("board", _("Board"), lists.same_rows("/leads/board/", query), "columns-3"),
        ("worklist", _("Follow-ups"), "/leads/worklist/", "calendar-clock"),
    ]
    return [
        Link(label, url, icon, active=name == here) for name, label, url, icon in known if actor.may(name, LEADS.name)
    ]
