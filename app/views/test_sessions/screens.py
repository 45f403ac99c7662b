"""Screens of years, test sessions, registrations and seats."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import render_template
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.services import school
from app.services.listing import Query
from app.services.test_sessions import ALLOCATIONS, REGISTRATIONS, SESSIONS, YEARS
from app.services.test_sessions.labels import REGISTRATION_STATUSES, SESSION_STATUSES
from app.services.test_sessions.years import Rules, rules_of
from app.views import render
from app.views.allocation_plans import session_page
from app.views.base import RecordView
from app.views.page import Cell, Fact, Link, RecordPage
from app.views.security import current_actor, requires


class TestYearView(RecordView):
    __test__ = False
    resource = YEARS
    list_columns = ("year", "opens_on", "most_tests", "most_bookings", "closing_days")
    show_groups = (("", ("year", "opens_on", "most_tests", "most_bookings", "closing_days")),)
    form_groups = (("", ("year", "opens_on", "most_tests", "most_bookings", "closing_days")),)
    form_helps = {
        "opens_on": _l("From this day on students can be registered for tests of the year."),
        "most_tests": _l("So many tests a student may be registered for in the year."),
        "most_bookings": _l("So many sessions to come a student may be booked for at once."),
        "closing_days": _l(
            "So many days before a session its registrations stay as they are. A session may name a day."
        ),
    }
    description = _l(
        "The rules of registration, year by year. A year that is not listed is open and has the usual ones."
    )

    def defaults(self) -> dict[str, Any]:
        year, usual = school.today().year, Rules()
        names = ("most_tests", "most_bookings", "closing_days")
        return {"year": year, "opens_on": date(year, 1, 1)} | {name: getattr(usual, name) for name in names}


class TestSessionView(RecordView):
    __test__ = False
    resource = SESSIONS
    from_address = ("venue_id", "session_date")
    kept = ("venue_id",)
    list_columns = ("code", "name", "venue", "session_date", "start_time", "status")
    show_groups = (
        ("", ("venue", "session_date", "start_time", "end_time", "registration_closes_on", "special", "online")),
    )
    form_groups = (
        (_l("Session"), ("code", "name", "venue_id", "status")),
        (_l("When"), ("session_date", "start_time", "end_time", "registration_closes_on")),
        (_l("More"), ("special", "online", "notes")),
    )
    form_helps = {
        "code": _l("As JHB-2026-06-15-AM; each once."),
        "registration_closes_on": _l("The last day on which registrations change. Empty: as the year says."),
        "status": _l("Registrations and seats change only while a session is open."),
    }
    description = _l("Tests, each on one day at one venue.")

    def defaults(self) -> dict[str, Any]:
        return {"status": "open"}

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        record = self.load(pk)
        page = session_page.page(self.record_page(record), record, current_actor())
        return render_template("test_session.html", page=page)

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        """What is to come, the next first; and all."""
        yesterday = school.today() - timedelta(days=1)
        upcoming = f"/test-sessions/?f=session_date%3Aafter%3A{yesterday}&sort=session_date"
        filtered = any(item.attribute.name == "session_date" for item in query.filters)
        return [
            Link(_("To come"), upcoming, "calendar-clock", active=filtered),
            Link(_("All"), "/test-sessions/", "list", active=not filtered),
        ]

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(SESSION_STATUSES, record.status)
        page.subtitle = record.venue.name
        closes_on = rules_of(record.session_date.year).closes_on(record)
        page.groups[0].facts.append(Fact(_("Registrations change until"), Cell(render.day(closes_on))))
        return page


class TestRegistrationView(RecordView):
    __test__ = False
    resource = REGISTRATIONS
    from_address = ("session_id", "student_id")
    kept = ("session_id",)
    list_columns = ("student", "test_number", "session", "status", "created_at")
    show_groups = (("", ("student", "session", "status", "cancelled_at", "notes", "created_at")),)
    form_groups = (("", ("session_id", "student_id", "notes")),)
    form_helps = {"notes": _l("The student can read them.")}
    description = _l("Who is registered for which test.")

    def tools(self, actor: Actor, query: Query) -> list[Link]:
        may_import = actor.may("add", "Test registration imports")
        upload = [Link(_("Import"), "/test-registration-imports/new", "upload")] if may_import else []
        return [*upload, *super().tools(actor, query)]

    def related_title(self, related: Any) -> str:
        return SESSIONS.title(related) if hasattr(related, "code") else super().related_title(related)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(REGISTRATION_STATUSES, record.status)
        return page


class RoomAllocationView(RecordView):
    resource = ALLOCATIONS
    from_address = ("session_id", "student_id", "room_id")
    kept = ("session_id", "room_id")
    list_columns = ("student", "test_number", "session", "room", "seat_number", "allocation_date")
    show_groups = (("", ("student", "session", "room", "seat_number", "allocation_date", "notes")),)
    form_groups = (("", ("session_id", "student_id", "room_id", "seat_number", "notes")),)
    form_helps = {
        "seat_number": _l("Empty: the first that is free."),
        "notes": _l("The student can read them."),
    }
    description = _l("Who sits where in which test.")

    def related_title(self, related: Any) -> str:
        if hasattr(related, "number"):
            return f"{related.number}, {related.name}"
        return SESSIONS.title(related) if hasattr(related, "code") else super().related_title(related)
