"""The classes of a student or a teacher between two days, read from the planned attendance under the actor's row rule. Of
their children guardians see the timetable, and nothing else that hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models.access import User
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot, Course, SlotTeacher
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.relations import guarded_by
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services.errors import NotFound
from app.services.people import full_name

# By other names than the row rules use, so that neither is taken for the other.
_slot, _taught, _student = aliased(ClassroomSlot), aliased(SlotTeacher), aliased(Student)

MOST: Final = 5000  # classes in one timetable


@dataclass(frozen=True)
class ClassEntry:
    """One class on one day. `key` names it for good; `revision` and `changed_at` grow with every change of it. A
    cancelled one was planned and is no more. `students` is filled for teachers only, `student` for guardians, whose
    children may have classes at the same time; a `shift` at the help desk has no teacher; nor has what is no class at
    all, and says what it is in `about`.
    """

    key: str
    slot_id: UUID
    day: date
    starts_at: datetime
    ends_at: datetime
    course: str
    teacher: str
    room: str
    status: str
    revision: int
    changed_at: datetime
    moved: bool = False
    cancelled: bool = False
    students: tuple[str, ...] = ()
    shift: bool = False
    about: str = ""
    student: str = ""


def _rows(actor: Actor, first: date, last: date, cancelled: bool, *criteria: Any) -> Any:
    """Attendance with what a timetable says of it."""
    rule = visible(Attendance, actor)
    if cancelled:
        rule = rule | visible(Attendance, actor, deleted=True)
    child = guarded_by(actor, Attendance.student_id)
    rule = rule | (child if cancelled else child & Attendance.deleted_at.is_(None))
    return (
        select(
            Attendance.id,
            Attendance.classroom_slot_id.label("slot_id"),
            Attendance.class_date.label("day"),
            Attendance.starts_at,
            Attendance.ends_at,
            Course.name.label("course"),
            full_name(User).label("teacher"),
            _slot.room,
            Attendance.status,
            Attendance.revision,
            Attendance.updated_at.label("changed_at"),
            Attendance.original_date.is_not(None).label("moved"),
            Attendance.deleted_at.is_not(None).label("cancelled"),
        )
        .join(_slot, _slot.id == Attendance.classroom_slot_id)
        .join(Course, Course.id == _slot.course_id)
        .join(Attendance.taught.of_type(_taught))
        .join(User, User.id == _taught.teacher_id)
        .where(rule, Attendance.class_date.between(first, last), *criteria)
    )


def of_student(student_id: UUID, first: date, last: date, *, actor: Actor, cancelled: bool = False) -> list[ClassEntry]:
    """A student's classes in the order of time. Raises NotFound when the actor may not see the student."""
    student_name(student_id, actor=actor)
    statement = _rows(actor, first, last, cancelled, Attendance.student_id == student_id)
    rows = db.session.execute(statement.order_by(Attendance.starts_at, Attendance.id).limit(MOST))
    return [
        ClassEntry(
            f"attendance-{row.id}", row.slot_id, row.day, row.starts_at, row.ends_at, row.course, row.teacher,
            row.room or "", row.status.value, row.revision + row.cancelled, row.changed_at, row.moved, row.cancelled,
        )
        for row in rows
    ]  # fmt: skip


def of_teacher(teacher_id: int, first: date, last: date, *, actor: Actor, cancelled: bool = False) -> list[ClassEntry]:
    """A teacher's classes with their students, in the order of time. Of `cancelled` ones everybody was taken off."""
    mine = _taught.teacher_id == teacher_id
    one = _rows(actor, first, last, cancelled, mine).add_columns(full_name(_student).label("student"))
    one = one.join(_student, _student.id == Attendance.student_id).subquery()
    live = one.c.cancelled.is_(False)
    statement = (
        select(
            one.c.slot_id,
            one.c.day,
            one.c.course,
            one.c.teacher,
            one.c.room,
            func.min(one.c.starts_at).label("starts_at"),
            func.min(one.c.ends_at).label("ends_at"),
            func.max(one.c.changed_at).label("changed_at"),
            func.bool_or(live).label("held"),
            func.bool_or(live & (one.c.status == "scheduled")).label("open"),
            func.array_agg(aggregate_order_by(one.c.student, one.c.student)).filter(live).label("students"),
        )
        .group_by(one.c.slot_id, one.c.day, one.c.course, one.c.teacher, one.c.room)
        .order_by("starts_at", one.c.slot_id)
        .limit(MOST)
    )
    return [_class(row) for row in db.session.execute(statement)]


def _class(row: Any) -> ClassEntry:
    return ClassEntry(
        f"class-{row.slot_id}-{row.day}", row.slot_id, row.day, row.starts_at, row.ends_at, row.course, row.teacher,
        row.room or "", "scheduled" if row.open else "marked", int(row.changed_at.timestamp()) // 60, row.changed_at,
        cancelled=not row.held, students=tuple(row.students or ()),
    )  # fmt: skip


def of_actor(first: date, last: date, *, actor: Actor, cancelled: bool = False) -> list[ClassEntry]:
    """One's own classes, as a student and as a teacher, and those of one's children, in the order of time."""
    entries: list[ClassEntry] = []
    mine = Student.user_id == actor.id
    if actor.has(Role.STUDENT):
        for student_id in db.session.scalars(select(Student.id).where(mine, visible(Student, actor))):
            entries += of_student(student_id, first, last, actor=actor, cancelled=cancelled)
    if actor.has(Role.GUARDIAN):
        children = select(Student.id, full_name(Student).label("name")).where(_child(actor), mine.is_not(True))
        for child in db.session.execute(children):
            taken = of_student(child.id, first, last, actor=actor, cancelled=cancelled)
            entries += [replace(each, student=child.name) for each in taken]
    if actor.has(Role.TEACHER) and actor.id is not None:
        entries += of_teacher(actor.id, first, last, actor=actor, cancelled=cancelled)
    return sorted(entries, key=lambda entry: (entry.starts_at, entry.key))


def teacher_name(teacher_id: int) -> str:
    """Whose timetable this is. Raises NotFound for an account that teaches and taught nothing."""
    teaches = select(SlotTeacher.id).where(SlotTeacher.teacher_id == User.id).exists()
    name = db.session.scalar(select(full_name(User)).where(User.id == teacher_id, teaches))
    if name is None:
        raise NotFound
    return name


def student_name(student_id: UUID, *, actor: Actor) -> str:
    """Whose timetable this is. Raises NotFound when the actor may not see the student."""
    seen = visible(Student, actor) | _child(actor)
    name = db.session.scalar(select(full_name(Student)).where(Student.id == student_id, seen))
    if name is None:
        raise NotFound
    return name


def _child(actor: Actor) -> ColumnElement[bool]:
    return guarded_by(actor, Student.id) & Student.deleted_at.is_(None)
