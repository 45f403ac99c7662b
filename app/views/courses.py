"""Courses, the calendar and the classroom slots: what admins set up, and everybody in the office reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.policies.actor import Actor
from app.services import school, weekdays
from app.services.admissions import places
from app.services.courses import CLOSURES, COURSES, DAYS, INSTRUMENTS, PLANS, SLOTS, TIMES, catalogue, opening
from app.services.listing import Query
from app.views import render
from app.views.admissions.slots import bar
from app.views.base import RecordView
from app.views.page import Cell, Column, Empty, Fact, Group, Link, ListPage, Panel, RecordPage, Row, Table
from app.views.security import current_actor


class _InUse(RecordView):
    """New records are in use."""

    def defaults(self) -> dict[str, Any]:
        return {"active": True}


class InstrumentView(_InUse):
    resource = INSTRUMENTS
    list_columns = ("name", "active")
    show_groups = (("", ("name", "active")),)
    form_groups = (("", ("name", "active")),)
    description = _l("What can be learnt to play.")


class CourseView(_InUse):
    resource = COURSES
    list_columns = ("name", "code", "instrument", "difficulty", "active")
    show_groups = (("", ("code", "name", "instrument", "difficulty", "active", "description")),)
    form_groups = (
        (_l("Course"), ("code", "name", "instrument_id", "difficulty", "active")),
        (_l("Who teaches it"), ("teacher_ids",)),
        (_l("What it is about"), ("description",)),
    )
    description = _l("What can be learnt, and who teaches it.")

    def defaults(self) -> dict[str, Any]:
        return {"active": True, "difficulty": "beginner"}

    def form(self, record: Any, values: Any) -> Any:
        if record is not None and "teacher_ids" not in values:
            values = {**values, "teacher_ids": [key for key, _name in catalogue.teachers_of(record.id)]}
        return super().form(record, values)

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.badge = Cell(_("In use"), "badge", tone="success") if record.active else Cell(_("Out of use"), "badge")
        count = catalogue.running_admissions(record.id)
        if actor.may("list", "Admissions"):
            page.groups[0].facts.append(
                Fact(
                    _("Running admissions"),
                    Cell(render.number(count), "number", f"/admissions/?f=course:is:{record.id}"),
                )
            )
        new = Link(_("New slot"), f"/classroom-slots/new?course_id={record.id}", "plus")
        page.panels = [
            Panel(_("Weekly classes"), _week(record.id), new=new if actor.may("add", SLOTS.name) else None),
            _teachers(record, actor),
        ]
        return page


def _as_bar(cell: Cell) -> Cell:
    """A text like "5/8" as a bar."""
    taken, capacity = (int(part) for part in cell.text.split("/"))
    made = bar(taken, 0, capacity)
    cell.title, cell.text, cell.kind, cell.tone = cell.text, made.text, "places", made.tone
    return cell


def _teachers(record: Any, actor: Actor) -> Panel:
    link = actor.may("show", "Accounts")
    rows = [
        Row(str(key), f"/accounts/{key}" if link else "", name, [Cell(name, "person")])
        for key, name in catalogue.teachers_of(record.id)
    ]
    empty = Empty(_("Nobody teaches it"), _("Edit the course and choose its teachers."))
    return Panel(_("Teachers"), Table([Column("name", _("Name"))], rows, empty))


def _week(course_id: Any) -> Table:
    rows = [
        Row(
            str(slot.id),
            f"/classroom-slots/{slot.id}",
            slot.title,
            [
                Cell(f"{weekdays.name(slot.day)} {slot.start_time:%H:%M}", "link", f"/classroom-slots/{slot.id}"),
                Cell(slot.teacher, "person"),
                Cell(slot.room or ""),
                _as_bar(Cell(f"{slot.enrolled + slot.offered}/{slot.capacity}")),
            ],
        )
        for slot in places.of_course(course_id)
    ]
    heads = [
        Column("time", _("Time")),
        Column("teacher", _("Teacher")),
        Column("room", _("Room")),
        Column("taken", _("Places taken")),
    ]
    return Table(heads, rows, Empty(_("Not taught yet"), _("Add a classroom slot: a teacher and a time of the week.")))


class CoursePlanView(_InUse):
    resource = PLANS
    list_columns = ("name", "duration_months", "classes_per_week", "total_classes", "price", "active")
    show_groups = (("", ("name", "duration_months", "classes_per_week", "total_classes", "price", "active")),)
    form_groups = (("", ("name", "duration_months", "classes_per_week", "price", "active")),)
    form_helps = {"duration_months": _l("Months of four weeks: classes in all = months times 4 times classes a week.")}
    description = _l("How many classes are bought at once, and what they cost.")

    def defaults(self) -> dict[str, Any]:
        return {"active": True, "classes_per_week": 2}


class OperatingDayView(RecordView):
    resource = DAYS
    list_columns = ("weekday", "open")
    show_groups = (("", ("weekday", "open")),)
    form_groups = (("", ("open",)),)
    form_helps = {"open": _l("New admissions plan no classes on a closed day. Classes that are planned stay.")}
    description = _l("On which days of the week there are classes.")

    def facts(self, record: Any) -> list[Group]:
        groups = super().facts(record)
        count = opening.slots_on(record.day)
        groups[0].facts.append(Fact(_("Classroom slots in use"), Cell(render.number(count), "number")))
        return groups

    def told_when_saved(self, saved: Any, *, new: bool) -> str:
        """Closing a day is never refused, but said what it means."""
        count = 0 if saved.open else opening.slots_on(saved.day)
        if not count:
            return ""
        return ngettext(
            "%(num)s classroom slot in use lies on this day. New admissions cannot choose it; what is planned stays.",
            "%(num)s classroom slots in use lie on this day. New admissions cannot choose them; what is planned stays.",
            count,
        )


class ClosureView(RecordView):
    resource = CLOSURES
    list_columns = ("starts_on", "ends_on", "reason")
    show_groups = (("", ("starts_on", "ends_on", "reason")),)
    form_groups = (("", ("starts_on", "ends_on", "reason")),)
    description = _l("Days on which no classes are planned.")

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        """What is to come, the next first; and all."""
        yesterday = school.today() - timedelta(days=1)
        upcoming = f"/closures/?f=ends_on%3Aafter%3A{yesterday}&sort=starts_on"
        filtered = any(item.attribute.name == "ends_on" for item in query.filters)
        return [
            Link(_("Upcoming"), upcoming, "calendar-clock", active=filtered),
            Link(_("All"), "/closures/", "list", active=not filtered),
        ]


class TimeSlotView(_InUse):
    resource = TIMES
    list_columns = ("weekday", "start_time", "end_time", "duration_minutes", "active")
    show_groups = (("", ("weekday", "start_time", "end_time", "duration_minutes", "active")),)
    form_groups = (("", ("day", "start_time", "end_time", "active")),)
    description = _l("The times of the week at which there can be classes.")


class ClassroomSlotView(_InUse):
    resource = SLOTS
    from_address = ("course_id",)
    kept = ("course_id",)
    list_columns = ("course", "weekday", "time_slot", "teacher", "room", "places", "active")
    show_groups = (
        ("", ("course", "weekday", "time_slot", "teacher", "room", "enrolled", "offered", "capacity", "active")),
    )
    form_groups = (("", ("course_id", "teacher_id", "time_slot_id", "room", "capacity", "active")),)
    form_helps = {
        "teacher_id": _l("One who teaches the course. Changing it gives the classes to come to another teacher."),
        "capacity": _l("How many students can be in it at once."),
    }
    description = _l("Who teaches which course when, and how many places there are.")

    def defaults(self) -> dict[str, Any]:
        return {"active": True, "capacity": 8}

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.title = f"{record.course.name}, {page.title}"
        return page

    def list_record(self) -> ListPage:
        """The list, with bars for the places taken."""
        page: ListPage = super().list_record()
        for row in page.table.rows:
            for column, cell in zip(page.table.columns, row.cells, strict=True):
                if column.name == "places":
                    _as_bar(cell)
        return page

    def fact(self, record: Any, name: str) -> Cell:
        if name == "weekday":
            return Cell(weekdays.name(record.time_slot.day))
        if name == "time_slot":
            return Cell(f"{record.time_slot.start_time:%H:%M} \u2013 {record.time_slot.end_time:%H:%M}")
        return super().fact(record, name)
