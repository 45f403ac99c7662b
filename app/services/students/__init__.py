"""Students: people who learn at the school."""

from app.services.students.resource import STUDENTS

__all__ = ["STUDENTS"]
