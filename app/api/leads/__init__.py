"""REST of leads: what they have beyond other resources."""

from __future__ import annotations

from app.api.leads.entries import LeadEntries
from app.api.leads.lists import LeadLists


class LeadApi(LeadEntries, LeadLists):
    """Everything about leads."""


__all__ = ["LeadApi"]
