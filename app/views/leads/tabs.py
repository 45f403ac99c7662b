"""List, board and worklist: three ways to see the same leads."""

from __future__ import annotations

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services.leads import LEADS
from app.views.page import (
    Link,
)


def tabs(here: str, actor: Actor) -> list[Link]:
    """List, board and worklist: three ways to see the same leads."""
    known = [
        ("list", _("List"), "/leads/", "list"),
        ("board", _("Board"), "/leads/board/", "columns-3"),
        ("worklist", _("Follow-ups"), "/leads/worklist/", "calendar-clock"),
    ]
    return [
        Link(label, url, icon, active=name == here) for name, label, url, icon in known if actor.may(name, LEADS.name)
    ]
