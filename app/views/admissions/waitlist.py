"""The waitlist of full slots."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.admissions import WaitlistStatus
from app.services.admissions import ENTRIES, places
from app.services.admissions.attributes import WAITLIST
from app.views import render
from app.views.base import RecordView
from app.views.page import Link, RecordPage
from app.views.security import current_actor


class WaitlistView(RecordView):
    resource = ENTRIES
    list_columns = ("position", "slot", "lead", "student", "status", "expires_at", "created_at")
    show_groups = (("", ("lead", "student", "status", "expires_at", "notes", "created_at")),)
    form_groups = (("", ("classroom_slot_id", "lead_id", "student_id", "notes")),)
    form_helps = {
        "classroom_slot_id": _l("A full one: where a place is free, admit instead."),
        "lead_id": _l("Or choose a student below."),
    }
    description = _l(
        "Who waits for a place. The first who came is offered the next free one, and has two days to take it."
    )

    from_address = ("lead_id", "student_id", "classroom_slot_id")
    kept = ("classroom_slot_id",)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        who = record.lead or record.student
        page.title = who.name
        page.badge = render.badge(WAITLIST, record.status)
        slot = places.by_id([record.classroom_slot_id])[0]
        page.subtitle = f"{slot.course}, {slot.title}"
        if record.status is WaitlistStatus.OFFERED and current_actor().may("add", "Admissions"):
            chosen = f"lead_id={record.lead_id}" if record.lead_id else f"student_id={record.student_id}"
            url = f"/admissions/new?{chosen}&course_id={slot.course_id}"
            page.actions.insert(0, Link(_("Admit"), url, "graduation-cap", primary=True))
        return page
