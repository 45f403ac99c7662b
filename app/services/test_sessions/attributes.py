"""Attributes of registrations and seats: what they take from sessions, students and rooms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.models.imports import Import
from app.models.students import Student
from app.models.test_sessions import RoomAllocation, TestRegistration, TestSession
from app.models.venues import Room
from app.services import people
from app.services.resource import Attribute, Kind
from app.services.test_sessions.labels import LABELS, REGISTRATION_STATUSES

_student, _session, _room, _import = aliased(Student), aliased(TestSession), aliased(Room), aliased(Import)


def plain(model: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(model, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


def _of_student(model: Any) -> tuple[Attribute, Attribute]:
    join = (_student, _student.id == model.student_id)
    name, label = people.full_name(_student), LABELS["student_id"]
    return (
        Attribute(
            "student", label, Kind.RELATION, name, key=model.student_id, join=join, lookup="students", person=True
        ),
        Attribute("test_number", LABELS["test_number"], Kind.TEXT, _student.test_number, join=join, filterable=False),
    )


def _of_session(model: Any) -> Attribute:
    join = (_session, _session.id == model.session_id)
    return Attribute(
        "session",
        LABELS["session_id"],
        Kind.RELATION,
        _session.code,
        key=model.session_id,
        join=join,
        lookup="test-sessions",
    )


REGISTRATION_ATTRIBUTES = (
    *_of_student(TestRegistration),
    _of_session(TestRegistration),
    plain(TestRegistration, "status", Kind.CHOICE, options=REGISTRATION_STATUSES),
    plain(TestRegistration, "notes"),
    plain(TestRegistration, "cancelled_at", Kind.DATETIME),
    Attribute(
        "import",
        LABELS["import_id"],
        Kind.RELATION,
        _import.file_name,
        key=TestRegistration.import_id,
        join=(_import, _import.id == TestRegistration.import_id),
        lookup="test-registration-imports",
        nullable=True,
    ),
    plain(TestRegistration, "created_at", Kind.DATETIME, sortable=True),
)
ALLOCATION_ATTRIBUTES = (
    *_of_student(RoomAllocation),
    _of_session(RoomAllocation),
    Attribute(
        "room",
        LABELS["room_id"],
        Kind.RELATION,
        _room.number,
        key=RoomAllocation.room_id,
        join=(_room, _room.id == RoomAllocation.room_id),
        lookup="rooms",
    ),
    plain(RoomAllocation, "seat_number"),
    plain(RoomAllocation, "allocation_date", Kind.DATETIME),
    plain(RoomAllocation, "notes"),
    plain(RoomAllocation, "created_at", Kind.DATETIME, sortable=True),
)


def student_name(model: Any) -> Any:
    """For the title of a row of a list."""
    statement = select(people.full_name(Student)).where(Student.id == model.student_id).correlate(model)
    return statement.scalar_subquery().label("student_name")


def session_code(model: Any) -> Any:
    statement = select(TestSession.code).where(TestSession.id == model.session_id).correlate(model)
    return statement.scalar_subquery().label("session_code")
