"""Tables and constraints of every domain. Importing this package makes the metadata complete."""

from app.models import base  # first: it names the constraints of Flask-AppBuilder's own tables too

# isort: split
from app.models import (
    access,
    admissions,
    assistants,
    classroom,
    courses,
    credentials,
    history,
    imports,
    integrity,
    jobs,
    leads,
    notifications,
    requests,
    roster,
    screens,
    students,
)

__all__ = [
    "access",
    "admissions",
    "assistants",
    "base",
    "classroom",
    "courses",
    "credentials",
    "history",
    "imports",
    "integrity",
    "jobs",
    "leads",
    "notifications",
    "requests",
    "roster",
    "screens",
    "students",
]
