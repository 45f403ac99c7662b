"""Screens of venues, their days and their rooms."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from flask import render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.services import listing, school
from app.services.test_sessions import SESSIONS
from app.services.test_sessions.labels import SESSION_STATUSES
from app.services.venues import AVAILABILITY, ROOMS, VENUES, calendar, labels, rooms
from app.views import render
from app.views.base import RecordView
from app.views.page import Cell, Column, Empty, Fact, Link, Panel, RecordPage, Row, Table
from app.views.page.venues import RoomRecordPage, VenueRecordPage
from app.views.security import current_actor, requires
from app.views.venues import month

ROOMS_SHOWN = 100


def _more(page: RecordPage) -> dict[str, Any]:
    return {each.name: getattr(page, each.name) for each in fields(RecordPage)}


class VenueView(RecordView):
    resource = VENUES
    list_columns = ("code", "name", "venue_type", "city", "accessible", "status")
    show_groups = (
        ("", ("code", "name", "venue_type", "accessible")),
        (_l("Where it is"), ("address", "city", "province", "contact_name", "contact_phone", "contact_email")),
    )
    form_groups = (
        (_l("Venue"), ("code", "name", "venue_type", "accessible", "status")),
        (_l("Where it is"), ("address", "city", "province")),
        (_l("Who to ask there"), ("contact_name", "contact_phone", "contact_email")),
    )
    form_helps = {"accessible": _l("One comes in without steps. Each room says so for itself.")}
    description = _l("Where tests are written.")

    def defaults(self) -> dict[str, Any]:
        return {"status": "active", "venue_type": "national"}

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        record, actor = self.load(pk, deleted=True), current_actor()
        drawn = month.of_venue(record, month.read(request.args.get("month", "")), actor)
        page = VenueRecordPage(**_more(self.record_page(record)), month=drawn)
        return render_template("venue_record.html", page=page)

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.badge = render.badge(labels.VENUE_STATUSES, record.status)
        seats = rooms.capacity_of_venue(record.id)
        page.groups[0].facts.append(Fact(_("Seats in available rooms"), Cell(render.number(seats), "number")))
        page.panels = [_rooms(record, actor), _sessions(record, actor)]
        return page


def _rooms(record: Any, actor: Any) -> Panel:
    filters = {"f": [f"venue:is:{record.id}"], "sort": ["-created_at"], "size": [str(ROOMS_SHOWN)]}
    query = listing.read_query(ROOMS, filters)
    columns = ("number", "name", "capacity", "accessible", "status")
    found = listing.fetch(ROOMS, actor, query, columns)
    known = [ROOMS.by_name[name] for name in columns]
    rows = [
        Row(
            str(row.id),
            f"/rooms/{row.id}",
            ROOMS.title(row),
            [render.cell(each, getattr(row, each.name)) for each in known],
        )
        for row in sorted(found.rows, key=lambda row: (len(row.number), row.number.lower()))
    ]
    table = Table(
        [Column(each.name, str(each.label)) for each in known],
        rows,
        Empty(_("No rooms yet"), _("Tests are written in rooms: add the first one.")),
    )
    new = Link(_("New room"), f"/rooms/new?venue_id={record.id}", "plus")
    may_add = actor.may("add", ROOMS.name) and record.deleted_at is None
    return Panel(_("Rooms"), table, f"/rooms/?f=venue:is:{record.id}", new if may_add else None)


def _sessions(record: Any, actor: Any) -> Panel:
    rows = [
        Row(
            str(each.id),
            f"/test-sessions/{each.id}",
            each.code,
            [
                Cell(each.code, "link", f"/test-sessions/{each.id}"),
                Cell(each.name),
                Cell(render.day(each.session_date), "date", title=each.session_date.isoformat()),
                Cell(f"{each.start_time:%H:%M}\u2013{each.end_time:%H:%M}"),
                render.badge(SESSION_STATUSES, each.status),
            ],
        )
        for each in calendar.sessions(record.id, school.today(), actor)
    ]
    heads = [
        Column("code", _("Code")),
        Column("name", _("Name")),
        Column("day", _("Day")),
        Column("time", _("Time")),
        Column("status", _("Status")),
    ]
    new = Link(_("New session"), f"/test-sessions/new?venue_id={record.id}", "plus")
    may_add = actor.may("add", SESSIONS.name) and record.deleted_at is None
    table = Table(heads, rows, Empty(_("No sessions to come")))
    return Panel(_("Sessions to come"), table, f"/test-sessions/?f=venue:is:{record.id}", new if may_add else None)


class VenueAvailabilityView(RecordView):
    resource = AVAILABILITY
    list_columns = ("venue", "date", "available", "reason")
    show_groups = (("", ("venue", "date", "available", "reason")),)
    form_groups = (("", ("venue_id", "date", "available", "reason")),)
    form_helps = {"available": _l("A day that is not noted is free.")}
    description = _l("The days on which venues can be had, or cannot. All other days are free.")

    from_address = ("venue_id", "date")
    kept = ("venue_id",)

    def url_after_saving(self, saved: Any) -> str:
        """The month of the venue is what one wants to see."""
        return f"{_month_of(saved.venue_id, saved.date)}#month"

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.title = f"{record.venue.name}, {render.day(record.date)}"
        page.list_url, page.list_title = _month_of(record.venue_id, record.date), record.venue.name
        return page


def _month_of(venue_id: Any, day: date) -> str:
    return f"/venues/{venue_id}?month={day:%Y-%m}"


class RoomView(RecordView):
    resource = ROOMS
    from_address = ("venue_id",)
    kept = ("venue_id",)
    list_columns = ("venue", "number", "name", "capacity", "accessible", "status")
    show_groups = (
        ("", ("venue", "number", "name", "room_type", "computers", "accessible")),
        (_l("Seats"), ("capacity", "grid_rows", "grid_columns", "blocked_seats")),
    )
    form_groups = (
        (_l("Room"), ("venue_id", "number", "name", "room_type", "computers", "accessible", "status")),
        (_l("Seats"), ("capacity", "grid_rows", "grid_columns", "blocked_seats")),
    )
    form_helps = {
        "number": _l("As at its door; each of a venue once."),
        "capacity": _l("How many students can sit in it."),
        "grid_rows": _l("With rows, seats are called A1, A2, …; without, they are numbered."),
        "blocked_seats": _l("Places of the grid without a seat, as A3, B4."),
        "status": _l("Only an available room is used in tests."),
    }
    description = _l("The rooms of venues, and their seats.")

    def defaults(self) -> dict[str, Any]:
        return {"status": "available", "room_type": "classroom", "computers": 0}

    def form(self, record: Any, values: Any) -> Any:
        blocked = values.get("blocked_seats")
        return super().form(record, {**values, "blocked_seats": ", ".join(blocked)} if blocked is not None else values)

    def fact(self, record: Any, name: str) -> Cell:
        return Cell(", ".join(record.blocked_seats)) if name == "blocked_seats" else super().fact(record, name)

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        record = self.load(pk, deleted=True)
        count = ngettext("%(num)s seat", "%(num)s seats", record.capacity)
        page = RoomRecordPage(
            **_more(self.record_page(record)),
            seats=rooms.layout(record),
            seats_note=count,
            month=month.of_room(record, month.read(request.args.get("month", "")), current_actor()),
        )
        return render_template("room_record.html", page=page)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(labels.ROOM_STATUSES, record.status)
        page.list_url, page.list_title = f"/venues/{record.venue_id}", record.venue.name
        return page
