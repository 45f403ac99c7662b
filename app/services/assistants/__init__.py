"""Help desk assistants: applications, their decision, and what assistants can help with and when."""

from app.services.assistants.resource import ASSISTANTS, REGISTRATIONS

__all__ = ["ASSISTANTS", "REGISTRATIONS"]
