"""The page of one week."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from app.models.roster import Roster, RosterStatus
from app.policies.actor import Actor
from app.services import school
from app.services.roster import ASSIGNMENTS, DEMANDS, ROSTERS, SHIFTS, overview
from app.services.roster.explaining import hours
from app.services.roster.labels import STATUS_TONES, STATUSES
from app.services.roster.overview import CourseNeed, Hours, Overview, Person, ShiftOfWeek
from app.views import render
from app.views.admissions.slots import bar
from app.views.page import Cell, Column, Empty, Link, RecordPage, Row, Table
from app.views.page.admissions import Bar
from app.views.page.roster import Fact, NeedLine, PersonChip, RosterDay, RosterWeekPage, ShiftCard


def page(record: RecordPage, roster: Roster, actor: Actor) -> RosterWeekPage:
    """The week as it is, and what may be done with it."""
    found = overview.read(roster)
    status, solving = roster.status.value, roster.status is RosterStatus.SOLVING
    record.title = _("Week of %(day)s", day=render.day(roster.starts_on))
    record.badge = Cell(str(STATUSES[status]), "badge", tone=STATUS_TONES[status])
    record.actions = [link for link in record.actions if link.enabled]
    for link in record.actions:
        link.primary = link.url.partition("?")[0].endswith(f"/{_next(roster, found)}")
    return RosterWeekPage(
        record,
        [_day(roster, day, found, actor) for day in range(7)],
        _facts(roster, found),
        _hours(found),
        solving,
        roster.progress,
        f"/rosters/{roster.id}/status",
        _notes(roster, found),
        _tools(roster, actor),
    )


def _next(roster: Roster, found: Overview) -> str:
    """The action that one wants next."""
    if found.missing and roster.solved_at is None:
        return "solve"
    return "publish" if roster.published_at is None or found.untold else "none"


def _tools(roster: Roster, actor: Actor) -> list[Link]:
    made = []
    if actor.may("export", ASSIGNMENTS.name):
        made.append(Link(_("Export"), f"/shift-assignments/export.csv?f=roster:is:{roster.id}", "download"))
    if actor.may("add", ROSTERS.name):
        made.append(Link(_("New roster"), "/rosters/new", "calendar-plus"))
    return made


def _notes(roster: Roster, found: Overview) -> list[tuple[str, str]]:
    """What one should know before all else."""
    made = [("warning", roster.message)] if roster.message else []
    if found.untold:
        made.append(
            (
                "warning",
                ngettext(
                    "%(num)s assistant was told otherwise. Publish again to tell them.",
                    "%(num)s assistants were told otherwise. Publish again to tell them.",
                    found.untold,
                ),
            )
        )
    return made


def _facts(roster: Roster, found: Overview) -> list[Fact]:
    covered = found.required - found.missing
    made = [
        Fact(
            _("Places covered"),
            _("%(taken)s of %(capacity)s", taken=covered, capacity=found.required),
            "danger" if found.missing else "success",
        ),
        Fact(_("Below their minimum of hours"), render.number(found.below), "warning" if found.below else ""),
    ]
    if roster.objective is not None and roster.bound is not None and roster.gap is not None:
        proved = roster.objective == roster.bound
        gap = max(roster.gap, Decimal("0.01"))
        made.append(
            Fact(
                _("Quality"),
                _("Proved to be the best") if proved else _("At most %(gap)s%% from the best", gap=render.number(gap)),
                "success" if proved else "warning",
            )
        )
    return made


def _day(roster: Roster, day: int, found: Overview, actor: Actor) -> RosterDay:
    date = roster.starts_on + timedelta(days=day)
    new = Link(_("Shift"), f"/roster-shifts/new?roster_id={roster.id}&day={day}", "plus")
    return RosterDay(
        f"{render.weekday(date)}, {render.day(date)}",
        date.isoformat(),
        [_shift(shift, actor) for shift in found.shifts if shift.day == day],
        date == school.today(),
        new if actor.may("add", SHIFTS.name) else None,
    )


def _shift(shift: ShiftOfWeek, actor: Actor) -> ShiftCard:
    time = f"{shift.start:%H:%M}\N{EN DASH}{shift.end:%H:%M}"
    edit = Link(_("Edit %(title)s", title=time), f"/roster-shifts/{shift.id}", "pencil")
    new = Link(_("Course"), f"/shift-demands/new?shift_id={shift.id}", "plus")
    return ShiftCard(
        time,
        shift.place,
        [_need(shift.id, need, actor) for need in shift.needs],
        edit if actor.may("edit", SHIFTS.name) else None,
        new if actor.may("add", DEMANDS.name) else None,
    )


def _need(shift_id: UUID, need: CourseNeed, actor: Actor) -> NeedLine:
    assign = Link(_("Assign"), f"/shift-assignments/for/{shift_id}/{need.course_id}", "user-plus", dialog=True)
    return NeedLine(
        need.course,
        _("weight %(weight)s", weight=need.weight) if need.weight != 1 else "",
        _bar(need),
        [_chip(person, actor) for person in need.people],
        ngettext("%(num)s is missing", "%(num)s are missing", need.missing) if need.missing else "",
        need.reason,
        assign if need.missing and actor.may("add", ASSIGNMENTS.name) else None,
        Link(_("Edit %(title)s", title=need.course), f"/shift-demands/{need.demand_id}", "pencil")
        if actor.may("edit", DEMANDS.name)
        else None,
    )


def _bar(need: CourseNeed) -> Bar:
    """Full is good here."""
    return replace(bar(len(need.people), 0, need.required), tone="danger" if need.missing else "success")


def _chip(person: Person, actor: Actor) -> PersonChip:
    url = "/shift-assignments/actions/{0}?id={1}"
    name, label = ("unpin", _("Unpin")) if person.pinned else ("pin", _("Pin"))
    made = []
    if actor.may(name, ASSIGNMENTS.name):
        made.append(Link(label, url.format(name, person.assignment_id), "pin", dialog=True))
    if actor.may("unassign", ASSIGNMENTS.name):
        made.append(Link(_("Take off"), url.format("unassign", person.assignment_id), "x", dialog=True))
    return PersonChip(person.name, person.pinned, person.broken, made)


def _hours(found: Overview) -> Table:
    heads = [
        Column("name", _("Assistant")),
        Column("hours", _("Hours"), align="end"),
        Column("minimum", _("At least"), align="end"),
        Column("maximum", _("At most"), align="end"),
        Column("state", ""),
    ]
    rows = [Row(str(each.id), "", each.name, _hours_of(each)) for each in found.hours]
    return Table(heads, rows, Empty(_("There is no assistant yet"), _("Approve one who applied.")))


def _hours_of(each: Hours) -> list[Cell]:
    state = Cell()
    if each.minutes > each.maximum:
        state = Cell(_("Too many"), "badge", tone="danger")
    elif each.minutes < each.minimum:
        state = Cell(_("Too few"), "badge", tone="warning")
    return [
        Cell(each.name, "person"),
        Cell(hours(each.minutes), "number"),
        Cell(hours(each.minimum), "number"),
        Cell(hours(each.maximum), "number"),
        state,
    ]
