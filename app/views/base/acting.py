"""Actions, deletion and restoration, on one record or many."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import expose

from app.services.errors import NotFound
from app.views import dialogs
from app.views.base.core import ResourceView
from app.views.security import refuse_unless, requires


class ActionScreens(ResourceView):
    @expose("/actions/<name>", methods=["GET", "POST"])
    def perform(self, name: str) -> Any:
        """Ask for what the action needs, show what it would do, do it. Only a confirmed POST changes anything."""
        action = self.resource.action_by_name.get(name)
        if action is None:
            raise NotFound
        refused = refuse_unless(name, self.resource.name)
        return refused if refused is not None else dialogs.run(self, action)

    @expose("/actions/<name>/undo", methods=["POST"])
    def undo(self, name: str) -> Any:
        action = self.resource.action_by_name.get(name)
        if action is None or action.undo is None:
            raise NotFound
        refused = refuse_unless(name, self.resource.name)
        return refused if refused is not None else dialogs.undo(self, action)

    @expose("/delete", methods=["GET", "POST"])
    @requires("delete")
    def delete(self) -> Any:
        return dialogs.run(self, dialogs.deletion(self.resource))

    @expose("/restore", methods=["GET", "POST"])
    @requires("restore")
    def restore(self) -> Any:
        return dialogs.run(self, dialogs.restoration(self.resource))
