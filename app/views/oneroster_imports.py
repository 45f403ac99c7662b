"""Importing bundles of OneRoster: upload, check with every fault at once, preview by file, confirm, progress, result."""

from __future__ import annotations

from flask import request
from flask_babel import lazy_gettext as _l

from app.models.imports import Import
from app.policies.actor import Actor
from app.services.oneroster.importing import confirming
from app.services.oneroster.importing.run import RESOURCE
from app.views import oneroster_import_pages as pages
from app.views.imports.kinds import Errors
from app.views.imports.screens import ImportScreens
from app.views.page import ImportPage, Table


class OneRosterImportView(ImportScreens):
    route_base = pages.BASE
    class_permission_name = pages.PERMISSION
    resource = RESOURCE
    many = _l("Imports of bundles")
    new_title = _l("Import a bundle")
    no_file = _l("Choose a zip file.")
    report_name = "oneroster-report"

    def history_table(self, actor: Actor) -> Table:
        return pages.history(actor)

    def new_page(self, errors: Errors, actor: Actor) -> ImportPage:
        return pages.new_page(errors)

    def page_of(self, job: Import, offset: int, actor: Actor) -> ImportPage:
        return pages.page_of(job, offset, actor)

    def carry_out(self, job: Import, actor: Actor) -> None:
        """`?remove=yes`, on a button of its own, says that as much may vanish as the preview says."""
        confirming.confirm(job.id, actor=actor, remove=request.args.get("remove") == "yes")
