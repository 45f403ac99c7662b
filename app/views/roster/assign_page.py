"""The choice of somebody for a place."""

from __future__ import annotations

from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.services.errors import Refusal
from app.services.roster import ROSTERS, assigning
from app.services.roster.assigning import Candidate
from app.services.roster.explaining import hours
from app.views.page.roster import AssignPage, CandidateLine


def page(shift_id: UUID, course_id: UUID, refusal: Refusal) -> AssignPage:
    """Raises NotFound."""
    place, found = assigning.place(shift_id, course_id), assigning.candidates(shift_id, course_id)
    back = f"/rosters/{place.roster_id}"
    errors = [str(each) for texts in refusal.fields.values() for each in texts] or [str(refusal)]
    title = _("Assign: %(course)s", course=place.course)
    return AssignPage(
        title,
        _("%(when)s. Whoever has the fewest hours comes first.", when=place.when),
        f"/shift-assignments/for/{shift_id}/{course_id}",
        back,
        [("/rosters/", str(ROSTERS.plural)), (back, place.week), ("", title)],
        [_line(each, _hours(each)) for each in found if not each.reason],
        [_line(each, each.reason) for each in found if each.reason],
        bool(request.form.get("pinned")) if request.method == "POST" else True,
        errors if str(refusal) else [],
    )


def _line(each: Candidate, detail: str) -> CandidateLine:
    return CandidateLine(str(each.id), each.name, detail, request.form.get("assistant_id") == str(each.id))


def _hours(each: Candidate) -> str:
    return _("%(hours)s of %(most)s hours", hours=hours(each.minutes), most=hours(each.maximum))
