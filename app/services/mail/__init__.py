"""E-mail: the way from the outbox `notification_deliveries` to people."""

from app.services.mail.outbox import deliver, request_delivery

__all__ = ["deliver", "request_delivery"]
