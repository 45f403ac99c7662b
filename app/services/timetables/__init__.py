"""Timetables: whose classes are when, as pages and as calendar feeds."""

from app.services.timetables.reading import ClassEntry, of_actor, of_student, of_teacher

__all__ = ["ClassEntry", "of_actor", "of_student", "of_teacher"]
