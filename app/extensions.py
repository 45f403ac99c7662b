"""The extensions, made once and bound to an application by `create_app`."""

from __future__ import annotations

from flask_appbuilder import AppBuilder
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect

from app.models.base import Base

# What was read stays readable after the commit: a request ends there, and nothing is read twice.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
csrf = CSRFProtect()


def new_appbuilder() -> AppBuilder:
    """Flask-AppBuilder keeps views and permissions per application, so every application gets its own."""
    return AppBuilder()
