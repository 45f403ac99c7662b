"""Tables and constraints of every domain. Importing this package makes the metadata complete."""

from app.models import base  # first: it names the constraints of Flask-AppBuilder's own tables too

# isort: split
from app.models import (
    access,
    admissions,
    assistants,
    classroom,
    content,
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
    test_sessions,
    venues,
)

__all__ = [
    "access",
    "admissions",
    "assistants",
    "base",
    "classroom",
    "content",
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
    "test_sessions",
    "venues",
]
