"""The roster of the help desk: weeks of shifts, filled by a solver, made known to assistants."""

from app.services.roster import choices
from app.services.roster.resource import ASSIGNMENTS, DEMANDS, PUBLISHED, ROSTERS, SHIFTS

__all__ = ["ASSIGNMENTS", "DEMANDS", "PUBLISHED", "ROSTERS", "SHIFTS", "choices"]
