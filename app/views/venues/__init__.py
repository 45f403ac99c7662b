"""Screens of venues, their days and their rooms."""

from app.views.venues.screens import RoomView, VenueAvailabilityView, VenueView

__all__ = ["RoomView", "VenueAvailabilityView", "VenueView"]
