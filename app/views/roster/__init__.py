"""The roster of the help desk."""

from app.views.roster.own import own_shifts
from app.views.roster.screens import AssignmentView, DemandView, PublishedShiftView, RosterView, ShiftView

__all__ = ["AssignmentView", "DemandView", "PublishedShiftView", "RosterView", "ShiftView", "own_shifts"]
