"""Who sits where in a test session: its page, the map of a room, and the dialog for a seat."""

from app.views.allocation_plans.runs import AllocationRunView
from app.views.allocation_plans.seats import SeatView

__all__ = ["AllocationRunView", "SeatView"]
