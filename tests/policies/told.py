"""Notices, e-mail and calendar addresses for the matrix of roles, and what their forms are sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from app.extensions import db
from app.models.classroom import CalendarFeed
from app.models.notifications import DeliveryStatus, Notification, NotificationDelivery
from app.services import accounts, school
from app.services.sessions import hash_token

TOKEN = "a-token-that-nobody-guesses"


class Told:
    """A failed delivery, and an address of the Super Admin's timetable."""

    def __init__(self, notice: Notification) -> None:
        owner = accounts.find("super_admin")
        assert owner is not None
        self.delivery = NotificationDelivery(
            notification_id=notice.id, recipient_id=notice.recipient_id, status=DeliveryStatus.FAILED, error="550 No"
        )
        self.feed = CalendarFeed(user_id=owner.id, token_hash=hash_token(TOKEN), name="Phone")
        db.session.add_all([self.delivery, self.feed])
        db.session.commit()
        self.keys = dict.fromkeys(("DeliveryView", "NotificationDeliveryApi"), self.delivery.id)

    def arguments(self, endpoint: str) -> dict[str, Any]:
        """What the addresses of these routes are filled with, and not by `pk`."""
        return {"token": TOKEN, "feed_id": self.feed.id}

    def form(self, endpoint: str) -> dict[str, Any]:
        view = endpoint.partition(".")[0].removesuffix("View").removesuffix("Api")
        forms: dict[str, dict[str, Any]] = {
            "JobRun": {"name": "rate_limits_clean_up", "day": str(school.today())},
            "OwnNotices": {"on": "broadcast:in_app"},
            "Broadcast": {"key": str(uuid4()), "type": "broadcast", "title": "Hello", "recipients": "1"},
        }
        return forms.get(view, {})
