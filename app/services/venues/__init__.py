"""Venues of tests: when they are free, their rooms, and the seats of these."""

from app.services.venues.resource import AVAILABILITY, ROOMS, VENUES

__all__ = ["AVAILABILITY", "ROOMS", "VENUES"]
