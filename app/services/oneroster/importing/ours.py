"""What was entered here is changed here. A bundle may repeat it, as a complete file has to hold all that its rows refer to."""

from __future__ import annotations

from flask_babel import gettext as _

from app.models.imports import IssueKind
from app.services.import_run import Issues
from app.services.oneroster.importing import people, writing
from app.services.oneroster.importing.archive import Bundle, fault
from app.services.oneroster.importing.references import rows_of
from app.services.oneroster.importing.targets import TARGETS


def check(bundle: Bundle, issues: Issues) -> None:
    """Add a fault for each row that would change or delete a record of our own. It wants the incoming rows."""
    queries = {target.file: writing.changed_own(target) for target in TARGETS} | {
        "demographics.csv": people.changed_own()
    }
    for file, query in queries.items():
        if file in bundle.modes:
            _tell(file, query, issues)


def _tell(file: str, query: str, issues: Issues) -> None:
    rule = _("The record with this sourcedId was entered here, and differs from the row.")
    fix = _("Change it here, repeat it unchanged, or use another sourcedId.")
    for line, sourced_id in rows_of(f"{query} ORDER BY 1"):
        if issues.full:
            return
        issues.add(IssueKind.INVALID, fault(file, rule, fix, sourced_id, line, "sourcedId"))
