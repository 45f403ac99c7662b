"""Credits and attendance policies."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.services.classroom import LEDGER, POLICIES
from app.views.base import RecordView


class ClassCreditView(RecordView):
    resource = LEDGER
    list_columns = ("admission", "classes", "reason", "note", "at", "actor")
    show_groups = (("", ("classes", "reason", "note", "at")),)
    form_groups = (("", ("admission_id", "classes", "note")),)
    form_helps = {"classes": _l("A negative number takes classes."), "note": _l("Why: everybody sees it.")}
    description = _l("Classes given back, by excused absences or by an admin. Nothing here is ever changed.")
    excluded_routes = frozenset({"history"})
    from_address = ("admission_id",)


class AttendancePolicyView(RecordView):
    resource = POLICIES
    list_columns = ("status", "consumes", "earns_credit")
    show_groups = (("", ("status", "consumes", "earns_credit")),)
    form_groups = (("", ("consumes", "earns_credit")),)
    form_helps = {
        "consumes": _l("One class less remains of the admission."),
        "earns_credit": _l("The class can be made up: only for marks that use one up."),
    }
    description = _l("What a mark means for the classes that remain. A change counts for all marks, also earlier ones.")
