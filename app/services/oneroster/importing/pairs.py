"""Two cells of one row that are good in themselves and must go together."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask_babel import gettext as _

from app.services.oneroster.importing.cells import CellError

Check = Callable[[str | None, str | None], None]


def _equal_length(first: str | None, second: str | None) -> None:
    if len(json.loads(first or "[]")) != len(json.loads(second or "[]")):
        raise CellError(
            _("There must be as many subject codes as subjects."), _("Give each subject its code, in the same order.")
        )


def _after(first: str | None, second: str | None) -> None:
    if first and second and second <= first:
        raise CellError(_("The end must be after the start."), _("The end date is the day after the last one."))


def _not_before(first: str | None, second: str | None) -> None:
    if first and second and second < first:
        raise CellError(_("The end must not be before the begin."), _("Correct one of the dates."))


def _teachers_only(role: str | None, primary: str | None) -> None:
    if primary == "true" and role != "teacher":
        raise CellError(_("Only a teacher can be the primary one."), _("Write false, or correct the role."))


# file -> (first column, second column, the check). What is wrong is told of the second one.
PAIRS: dict[str, tuple[tuple[str, str, Check], ...]] = {
    "academicSessions.csv": (("startDate", "endDate", _after),),
    "courses.csv": (("subjects", "subjectCodes", _equal_length),),
    "classes.csv": (("subjects", "subjectCodes", _equal_length),),
    "enrollments.csv": (("beginDate", "endDate", _not_before), ("role", "primary", _teachers_only)),
    "roles.csv": (("beginDate", "endDate", _not_before),),
}
