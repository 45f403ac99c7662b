"""The front page of exam officers: the tests that come next, and who has no seat as yet."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import ngettext

from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import today
from app.services.test_sessions import SESSIONS, ahead
from app.views import render
from app.views.page import Cell, Chart, Column, Empty, Figure, FrontPage, Link, Row, Section, Table

URL: Final = "/test-sessions/"


def add(page: FrontPage, actor: Actor, counts: dict[str, int]) -> None:
    """Put on the page what waits for an exam officer; nothing for others. An admin has the list."""
    if not actor.has(Role.EXAM_OFFICER):
        return
    found = ahead.sessions()
    to_come = render.address(URL, ahead.to_come().parameters())
    page.figures += _figures(found, counts, to_come)
    page.sections.append(_next(found, counts["tests_to_come"], to_come))
    if any(each.registered for each in found):
        page.charts.append(_seats(found))
    if actor.may("add", SESSIONS.name):
        page.actions.append(Link(_("New test session"), f"{URL}new", "plus", primary=True))
    if actor.may("add", "Test registration imports"):
        page.actions.append(Link(_("Import registrations"), "/test-registration-imports/new", "upload"))


def _figures(found: Any, counts: dict[str, int], to_come: str) -> list[Figure]:
    waiting, past = counts["seatless"], counts["tests_to_complete"]
    made = [
        Figure(
            _("Registered, without a seat"),
            render.total(waiting, today.COUNT_LIMIT),
            to_come,
            "warning" if waiting else "success",
        ),
        Figure(
            _("Past, not completed"),
            render.total(past, today.COUNT_LIMIT),
            render.address(URL, ahead.to_complete().parameters()),
            "warning" if past else "success",
        ),
    ]
    if found:
        first = found[0]
        made.insert(0, Figure(_("Next test"), render.day(first.session_date), f"{URL}{first.id}", note=first.code))
    return made


def _next(found: Any, total: int, url: str) -> Section:
    columns = [
        Column("code", _("Code")),
        Column("when", _("When")),
        Column("seats", _("Seats")),
    ]
    empty = Empty(_("No tests to come"), _("Sessions of today and of the days to come will stand here."))
    table = Table(columns, [_row(each) for each in found], empty)
    return Section(
        _("Next tests"), render.total(total, today.COUNT_LIMIT) if found else "", table, more_url=url if found else ""
    )


def _row(each: Any) -> Row:
    url, when = f"{URL}{each.id}", f"{render.day(each.session_date)}, {each.start_time:%H:%M}"
    cells = [Cell(each.code, "link", url), Cell(when), _state(each)]
    return Row(str(each.id), url, f"{each.code}, {when}", cells, note=each.venue)


def _state(each: Any) -> Cell:
    """What the session lacks: seats in its rooms, or that students are given one."""
    lacking, waiting = each.registered - each.seats, each.registered - each.seated
    if lacking > 0:
        text = ngettext("%(num)s seat too few", "%(num)s seats too few", lacking)
        return Cell(text, "badge", tone="danger")
    if waiting:
        text = ngettext("%(num)s without a seat", "%(num)s without a seat", waiting)
        return Cell(text, "badge", tone="warning")
    return Cell(_("Everybody has a seat"), "badge", tone="success") if each.registered else Cell()


def _seats(found: Any) -> Chart:
    urls = [f"{URL}{each.id}" for each in found]
    seated, waiting = _("With a seat"), _("Without a seat")
    return Chart(
        _("Seats by session"),
        "bar",
        [each.code for each in found],
        [
            (seated, [float(each.seated) for each in found]),
            (waiting, [float(each.registered - each.seated) for each in found]),
        ],
        [urls, urls],
    )
