"""Asking for an account, and the answer."""

from app.services.access_requests.deciding import approve, new_link, reject
from app.services.access_requests.records import submit
from app.services.access_requests.resource import ACCESS_REQUESTS, OFFERED, AccessRequestInput

__all__ = ["ACCESS_REQUESTS", "OFFERED", "AccessRequestInput", "approve", "new_link", "reject", "submit"]
