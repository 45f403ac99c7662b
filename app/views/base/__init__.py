"""The screens that every resource gets by declaring its columns: list, record, form, actions, history, export.

Flask-AppBuilder registers the views and their permissions. Its own data paths (`ModelView`) are not used: they read
whole tables into choices, ignore row rules in actions and related fields, and commit by themselves. Here every row is
read through `listing` and `scopes`, and every change is one call of a service.
"""

from app.views.base.acting import ActionScreens
from app.views.base.editing import FormScreens
from app.views.base.lists import ListScreens, bulk_links
from app.views.base.records import RecordScreens

__all__ = ["RecordView", "bulk_links"]


class RecordView(ListScreens, RecordScreens, FormScreens, ActionScreens):
    """Base of the screens of one resource. Subclasses declare; they do not decide."""
