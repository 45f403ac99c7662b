"""A student's own seats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import own_seats, school
from app.views import render
from app.views.page import Cell, Column, Empty, Panel, Row, Table
from app.views.security import current_actor, requires


@dataclass(slots=True)
class SeatCard:
    """A test to come, and where one sits; `seat` is empty as long as none is given."""

    title: str
    code: str
    when: str
    iso: str
    place: str
    room: str
    seat: str
    test_number: str
    note: str = ""


@dataclass(slots=True)
class OwnSeatsPage:
    title: str
    cards: list[SeatCard]
    past: Table | None
    empty: Empty
    calendar_url: str = "/settings/calendar"


class OwnSeatsView(BaseView):
    route_base = "/me"
    class_permission_name = "My page"
    default_view = "seats"

    @expose("/seats")
    @requires("show")
    def seats(self) -> Any:
        rows, today = own_seats.seats_of(current_actor()), school.today()
        page = OwnSeatsPage(
            _("My tests"),
            [_card(row) for row in rows if row.session_date >= today],
            None,
            Empty(_("No tests to come"), _("When you are registered for a test, your seat will stand here.")),
        )
        past = [row for row in rows if row.session_date < today]
        if past:
            page.past = tests_table(past)
        return render_template("own_seats.html", page=page)


def _card(row: Any) -> SeatCard:
    note = "" if row.seat_number else _("Your seat is not known yet.")
    if row.session_status == "cancelled":
        note = _("This session does not take place.")
    return SeatCard(
        row.name,
        row.code,
        _when(row),
        row.session_date.isoformat(),
        ", ".join(filter(None, (row.venue, row.place))),
        f"{row.room_number} {row.room}" if row.seat_number else "",
        row.seat_number or "",
        row.test_number,
        note,
    )


def _when(row: Any) -> str:
    span = f"{row.start_time:%H:%M}\N{EN DASH}{row.end_time:%H:%M}"
    return f"{render.weekday(row.session_date)}, {render.day(row.session_date)}, {span}"


def tests_table(rows: Any) -> Table:
    """Tests of a student with their seats."""
    heads = [
        Column("test", _("Test")),
        Column("when", _("When")),
        Column("venue", _("Venue")),
        Column("room", _("Room")),
        Column("seat", _("Seat")),
        Column("status", _("Registration")),
    ]
    made = [
        Row(
            str(row.id),
            "",
            row.code,
            [
                Cell(f"{row.name} ({row.code})"),
                Cell(_when(row), title=row.session_date.isoformat()),
                Cell(row.venue),
                Cell(f"{row.room_number} {row.room}" if row.seat_number else ""),
                Cell(row.seat_number or ""),
                _status(row),
            ],
        )
        for row in rows
    ]
    return Table(heads, made, Empty(_("Not registered for a test yet")))


def _status(row: Any) -> Cell:
    if row.status == "cancelled":
        return Cell(_("Cancelled"), "badge")
    if row.session_status == "cancelled":
        return Cell(_("Session cancelled"), "badge", tone="danger")
    return Cell(_("Confirmed"), "badge", tone="success")


def panel(student_id: Any, actor: Actor) -> list[Panel]:
    """The tests of a student, for their page."""
    if not actor.may("list", "Test registrations"):
        return []
    return [Panel(_("Tests"), tests_table(own_seats.tests_of(student_id, actor)))]
