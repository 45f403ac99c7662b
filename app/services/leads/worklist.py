"""The worklist: who should hear from us, by day."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from app.models.leads import FollowUpStatus
from app.policies.actor import Actor
from app.services import listing, school
from app.services.leads.resource import LEADS

SECTIONS: Final = ("overdue", "today", "next")


def query(section: str, whose: str, actor: Actor) -> listing.Query:
    """The open follow-ups that are overdue, due today, or due in the next seven days; the actor's own when `whose` is
    mine.
    """
    day = school.today()
    first, last = day + timedelta(days=1), day + timedelta(days=7)
    span = {"overdue": f"before:{day}", "today": f"is:{day}", "next": f"between:{first}..{last}"}[section]
    filters = [f"follow_up_status:is:{FollowUpStatus.OPEN}", f"follow_up_date:{span}"]
    if whose == "mine":
        filters.append(f"owner:is:{actor.id}")
    return listing.read_query(LEADS, {"f": filters, "sort": ["follow_up_date"]})
