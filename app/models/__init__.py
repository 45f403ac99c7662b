"""Tables and constraints of every domain. Importing this package makes the metadata complete."""

from app.models import base  # first: it names the constraints of Flask-AppBuilder's own tables too

# isort: split
from app.models import (
    access,
    admissions,
    classroom,
    courses,
    history,
    imports,
    jobs,
    leads,
    notifications,
    screens,
    students,
)

__all__ = [
    "access",
    "admissions",
    "base",
    "classroom",
    "courses",
    "history",
    "imports",
    "jobs",
    "leads",
    "notifications",
    "screens",
    "students",
]
