"""The page of a register."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services.classroom import classes, register
from app.services.classroom.labels import STATUS_TONES, STATUSES
from app.services.classroom.register import Away, Entry, Register
from app.views import render
from app.views.page import Cell, Link
from app.views.page.classroom import MarkButton, MarkLine, Pupil, RegisterPage

# status -> (icon, key)
BUTTONS = {
    "present": ("check", "p"),
    "late": ("clock", "l"),
    "absent": ("x", "a"),
    "excused": ("calendar-x", "e"),
    "scheduled": ("undo-2", "c"),
}


def page(slot_id: UUID, day: date, actor: Actor) -> RegisterPage:
    """Raises NotFound."""
    found = register.read(slot_id, day, actor)
    slot, time = found.slot, found.slot.time_slot
    when = f"{render.weekday(day)}, {render.day(day)}, {time.start_time:%H:%M}\N{EN DASH}{time.end_time:%H:%M}"
    teacher = f"{found.teacher.first_name} {found.teacher.last_name}"
    url = f"/classroom/{slot_id}/"
    may_mark = found.may_mark and actor.may("mark", "Classroom")
    return RegisterPage(
        slot.course.name,
        " · ".join(filter(None, (when, teacher, slot.room))),
        Link(f"{render.weekday(day)}, {render.day(day)}", f"/classroom/?day={day.isoformat()}"),
        [
            Link(_("A week earlier"), f"{url}{each.isoformat()}", "chevron-left")
            if each < day
            else Link(_("A week later"), f"{url}{each.isoformat()}", "chevron-right")
            for each in classes.weeks_around(slot_id, day, actor)
        ],
        f"{url}{day.isoformat()}/mark",
        [_pupil(entry, may_mark, actor) for entry in found.entries],
        [_away(each, actor) for each in found.away],
        may_mark,
        str(found.why_not or ""),
        _summary(found),
        found.unmarked,
    )


def _summary(found: Register) -> str:
    counts = {status: sum(entry.status == status for entry in found.entries) for status in STATUSES}
    return " · ".join(f"{STATUSES[status]}: {count}" for status, count in counts.items() if count)


def _pupil(entry: Entry, may_mark: bool, actor: Actor) -> Pupil:
    first, _blank, last = entry.student.partition(" ")
    return Pupil(
        str(entry.attendance_id),
        entry.student,
        render.initials(first, last),
        f"/attendance/{entry.attendance_id}" if actor.may("show", "Attendance") else "",
        Cell(str(STATUSES[entry.status]), "badge", tone=STATUS_TONES[entry.status]),
        render.number(entry.remaining),
        _note(entry),
        [_button(entry, status) for status in BUTTONS if status != "scheduled" or entry.status != status]
        if may_mark
        else [],
        [
            MarkLine(
                str(STATUSES.get(mark.status, mark.status)),
                mark.who or _("Registrar"),
                render.moment(mark.at),
                mark.at.isoformat(),
            )
            for mark in entry.marks
        ],
    )


def _note(entry: Entry) -> str:
    if entry.moved_from is not None:
        day, start = entry.moved_from
        return _("Moved here from %(day)s", day=f"{render.day(day)}, {start:%H:%M}")
    return _("Make-up class") if entry.makeup else ""


def _button(entry: Entry, status: str) -> MarkButton:
    icon, key = BUTTONS[status]
    label = str(STATUSES[status]) if status != "scheduled" else _("Take the mark back")
    return MarkButton(f"{entry.attendance_id}:{status}", label, icon, key, STATUS_TONES[status], entry.status == status)


def _away(each: Away, actor: Actor) -> tuple[str, str, str]:
    url = f"/attendance/{each.attendance_id}" if actor.may("show", "Attendance") else ""
    return each.student, url, f"{render.day(each.day)}, {each.start:%H:%M}"
