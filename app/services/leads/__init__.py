"""Leads: everything that people do with them."""

from app.services.leads.resource import LEADS, STAGES, TAGS

__all__ = ["LEADS", "STAGES", "TAGS"]
