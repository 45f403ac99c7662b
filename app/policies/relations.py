"""Who is what to whom, as the rules of rows ask it of a row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, false, func, select, text

from app.models.courses import ClassroomSlot, SlotTeacher, had_slot
from app.models.student_records import Guardian, StudentGuardian
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role


def is_there(model: type[Any], *rules: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a row of the model meets the rules. The model is read anew, also where the statement around has it: left
    to itself SQLAlchemy takes the one outside, and nothing is left to read from.
    """
    return exists().where(*rules).correlate_except(model)


def taught_by(actor: Actor, slot_id: Any) -> ColumnElement[bool]:
    """Whether the actor teaches the classroom slot with this key."""
    return is_there(ClassroomSlot, ClassroomSlot.id == slot_id, ClassroomSlot.teacher_id == actor.id)


def had(actor: Actor, slot_id: Any, moment: Any) -> ColumnElement[bool]:
    """Whether the actor has the classroom slot with this key, or had it at that moment or after it: who hands a slot over
    keeps what was in it until then. The slots first, by themselves: with the moment in the same condition, PostgreSQL
    expects few rows and reads all to find them.
    """
    mine = SlotTeacher.teacher_id == actor.id
    last = select(func.max(func.coalesce(SlotTeacher.until, text("'infinity'")))).where(
        mine, SlotTeacher.classroom_slot_id == slot_id
    )
    slots = select(SlotTeacher.classroom_slot_id).where(mine)
    return slot_id.in_(slots) & (moment < last.correlate_except(SlotTeacher).scalar_subquery())


def held(actor: Actor, slot_id: Any, moment: Any) -> ColumnElement[bool]:
    """Whether the classroom slot with this key was the actor's at that moment: whose class it was, or will be."""
    return is_there(SlotTeacher, SlotTeacher.teacher_id == actor.id, had_slot(SlotTeacher, slot_id, moment))


def learnt_by(actor: Actor, student_id: Any) -> ColumnElement[bool]:
    """Whether the student with this key is the actor."""
    return is_there(Student, Student.id == student_id, Student.user_id == actor.id)


def guarded_by(actor: Actor, student_id: Any) -> ColumnElement[bool]:
    """Whether the actor is a guardian of the student with this key, for as long as they are linked to each other."""
    if not actor.has(Role.GUARDIAN):
        return false()
    me = (Guardian.user_id == actor.id) & Guardian.deleted_at.is_(None)
    mine = is_there(Guardian, Guardian.id == StudentGuardian.guardian_id, me)
    return is_there(StudentGuardian, StudentGuardian.student_id == student_id, mine)
