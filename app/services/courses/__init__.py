"""Courses and the calendar: what is taught, by whom, in which plans, on which days and at which times."""

from app.services.courses import choices  # noqa: F401  (the lookups)
from app.services.courses.catalogue import COURSES, INSTRUMENTS, PLANS
from app.services.courses.opening import CLOSURES, DAYS, TIMES
from app.services.courses.slots import SLOTS

__all__ = ["CLOSURES", "COURSES", "DAYS", "INSTRUMENTS", "PLANS", "SLOTS", "TIMES"]
