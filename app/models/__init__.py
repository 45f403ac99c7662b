"""Tables and constraints of every domain. Importing this package makes the metadata complete."""

from app.models import base  # first: it names the constraints of Flask-AppBuilder's own tables too

# isort: split
from app.models import access, history, imports, jobs, leads, notifications, screens

__all__ = ["access", "base", "history", "imports", "jobs", "leads", "notifications", "screens"]
