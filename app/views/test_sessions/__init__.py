"""Screens of test sessions, registrations and seats."""

from app.views.test_sessions.screens import RoomAllocationView, TestRegistrationView, TestSessionView, TestYearView

__all__ = ["RoomAllocationView", "TestRegistrationView", "TestSessionView", "TestYearView"]
