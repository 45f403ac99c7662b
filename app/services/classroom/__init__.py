"""The classroom: attendance, credits, and classes that are moved."""

from app.services.classroom import choices
from app.services.classroom.resource import ATTENDANCES, LEDGER, POLICIES, REQUESTS

__all__ = ["ATTENDANCES", "LEDGER", "POLICIES", "REQUESTS", "choices"]
