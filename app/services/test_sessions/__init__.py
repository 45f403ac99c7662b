"""Test sessions: who is registered for them, and who sits where."""

from app.services.test_sessions.resource import ALLOCATIONS, REGISTRATIONS, SESSIONS, YEARS

__all__ = ["ALLOCATIONS", "REGISTRATIONS", "SESSIONS", "YEARS"]
