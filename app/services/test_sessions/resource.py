"""What years, test sessions, registrations and seats are to people."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased, joinedload

from app.models.imports import Import
from app.models.students import Student
from app.models.test_sessions import RoomAllocation, TestRegistration, TestSession, TestSessionStatus, TestYear
from app.models.venues import Venue
from app.policies.actor import Actor
from app.policies.rules import may_run_tests
from app.policies.scopes import visible
from app.services.allocation_plans.resource import SESSION_ACTIONS
from app.services.allocation_plans.schemas import LABELS as PLAN_LABELS
from app.services.allocation_plans.schemas import OPTIONS as PLAN_OPTIONS
from app.services.matching import Through
from app.services.resource import Action, Attribute, Kind, Lookup, Resource, register, register_lookup
from app.services.seat_notices.sending import SEND_SEAT_NOTICES
from app.services.test_sessions import allocating, registrations, sessions, years
from app.services.test_sessions.attributes import (
    ALLOCATION_ATTRIBUTES,
    REGISTRATION_ATTRIBUTES,
    plain,
    session_code,
    student_name,
)
from app.services.test_sessions.labels import (
    LABELS,
    REGISTRATION_STATUSES,
    SESSION_STATUSES,
    allocation_title,
    registration_title,
    session_title,
)
from app.services.test_sessions.schemas import (
    AllocationInput,
    MoveToRoom,
    MoveToSession,
    RegistrationInput,
    SessionInput,
    YearInput,
)

YEARS = register(
    Resource(
        name="Test years",
        slug="test-years",
        model=TestYear,
        singular=_l("Year of tests"),
        plural=_l("Years of tests"),
        title=years.title,
        attributes=(
            plain(TestYear, "year", Kind.NUMBER, called=True, sortable=True),
            plain(TestYear, "opens_on", Kind.DATE),
            plain(TestYear, "most_tests", Kind.NUMBER),
            plain(TestYear, "most_bookings", Kind.NUMBER),
            plain(TestYear, "closing_days", Kind.NUMBER),
        ),
        default_sort="-year",
        input=YearInput,
        labels=LABELS,
        create=years.create,
        update=years.update,
        delete=years.delete,
        edit_rule=may_run_tests,
        icon="calendar",
        title_columns=(TestYear.year,),
        small=True,
    )
)


def _become(name: str, status: TestSessionStatus, label: Any, icon: str, **more: Any) -> Action:
    """An action that gives a session this status."""

    def rule(actor: Actor, session: Any) -> Any:
        return may_run_tests(actor, session) or (_l("It is so already.") if session.status is status else None)

    return Action(name, label, partial(sessions.set_status, status=status), rule, icon=icon, **more)


_venue = aliased(Venue)

SESSIONS = register(
    Resource(
        name="Test sessions",
        slug="test-sessions",
        model=TestSession,
        singular=_l("Test session"),
        plural=_l("Test sessions"),
        title=session_title,
        attributes=(
            plain(TestSession, "code"),
            plain(TestSession, "name"),
            Attribute(
                "venue",
                LABELS["venue_id"],
                Kind.RELATION,
                _venue.name,
                key=TestSession.venue_id,
                join=(_venue, _venue.id == TestSession.venue_id),
                lookup="venues",
            ),
            plain(TestSession, "session_date", Kind.DATE, sortable=True),
            plain(TestSession, "start_time", Kind.TIME, filterable=False),
            plain(TestSession, "end_time", Kind.TIME, filterable=False),
            plain(TestSession, "registration_closes_on", Kind.DATE),
            plain(TestSession, "status", Kind.CHOICE, options=SESSION_STATUSES),
            plain(TestSession, "special", Kind.BOOL),
            plain(TestSession, "online", Kind.BOOL),
            plain(TestSession, "notes", filterable=False),
        ),
        search=func.search_fold(TestSession.code + " " + TestSession.name),
        search_help=_l("Code or name"),
        default_sort="-session_date",
        input=SessionInput,
        labels=LABELS | PLAN_LABELS,
        relations={"venue_id": "venues"},
        options={"status": SESSION_STATUSES, **PLAN_OPTIONS},
        create=sessions.create,
        update=sessions.update,
        delete=sessions.delete,
        edit_rule=may_run_tests,
        actions=(
            *SESSION_ACTIONS,
            SEND_SEAT_NOTICES,
            _become("open", TestSessionStatus.OPEN, _l("Open"), "play", help=_l("Registrations and seats can change.")),
            _become("close", TestSessionStatus.CLOSED, _l("Close"), "lock", help=_l("Registrations and seats stay.")),
            _become("complete", TestSessionStatus.COMPLETED, _l("Complete"), "check", help=_l("It was held.")),
            _become(
                "cancel",
                TestSessionStatus.CANCELLED,
                _l("Cancel"),
                "ban",
                danger=True,
                help=_l("It is not held: its registrations count no more."),
            ),
        ),
        load=(joinedload(TestSession.venue),),
        icon="calendar-check",
        title_columns=(TestSession.code, TestSession.name),
        export_columns=("code", "name", "venue", "session_date", "start_time", "end_time", "status"),
        small=True,
    )
)

REGISTRATIONS = register(
    Resource(
        name="Test registrations",
        slug="test-registrations",
        model=TestRegistration,
        singular=_l("Registration for a test"),
        plural=_l("Registrations for tests"),
        title=registration_title,
        attributes=REGISTRATION_ATTRIBUTES,
        search=Through(TestRegistration.student_id, Student.id, Student.search_text),
        search_help=_l("Student's name, number, phone or e-mail"),
        input=RegistrationInput,
        labels=LABELS,
        relations={"session_id": "test-sessions", "student_id": "students", "import_id": "test-registration-imports"},
        options={"status": REGISTRATION_STATUSES},
        create=registrations.register,
        edit_rule=may_run_tests,
        actions=(
            Action(
                "move",
                _l("Move to another session"),
                registrations.move,
                may_run_tests,
                MoveToSession,
                icon="arrow-right-left",
                help=_l("Before both sessions close. A seat in the old one is given back."),
            ),
            Action(
                "cancel",
                _l("Cancel"),
                registrations.cancel,
                may_run_tests,
                icon="ban",
                danger=True,
                help=_l("Before the session closes. A seat is given back."),
            ),
        ),
        load=(joinedload(TestRegistration.student), joinedload(TestRegistration.session)),
        icon="clipboard-check",
        title_columns=(student_name(TestRegistration), session_code(TestRegistration)),
        told=("test_number", "status"),
        export_columns=("student", "test_number", "session", "status", "created_at"),
    )
)

ALLOCATIONS = register(
    Resource(
        name="Room allocations",
        slug="roomallocation",  # the address that the specification names
        model=RoomAllocation,
        singular=_l("Seat of a student"),
        plural=_l("Seats of students"),
        title=allocation_title,
        attributes=ALLOCATION_ATTRIBUTES,
        search=Through(RoomAllocation.student_id, Student.id, Student.search_text),
        search_help=_l("Student's name, number, phone or e-mail"),
        input=AllocationInput,
        labels=LABELS,
        relations={
            "session_id": "test-sessions",
            "student_id": "students",
            "venue_id": "venues",
            "room_id": "rooms",
        },
        create=allocating.allocate,
        update=allocating.reallocate,
        delete=allocating.deallocate,
        edit_rule=may_run_tests,
        actions=(
            Action(
                "move",
                _l("Move to another seat"),
                allocating.move,
                may_run_tests,
                MoveToRoom,
                icon="arrow-right-left",
                help=_l("The first free seat of the room, unless you name one. Students are told."),
                defaults=lambda row: {"room_id": row.room_id, "seat_number": row.seat_number},
            ),
        ),
        load=(
            joinedload(RoomAllocation.student),
            joinedload(RoomAllocation.session),
            joinedload(RoomAllocation.room),
        ),
        icon="door-open",
        title_columns=(student_name(RoomAllocation), RoomAllocation.seat_number),
        told=("session", "room"),
        export_columns=("session", "room", "seat_number", "student", "test_number", "allocation_date", "notes"),
    )
)


def _sessions(actor: Actor) -> Any:
    when = func.to_char(TestSession.session_date, text("'YYYY-MM-DD'"))
    statement = select(TestSession.id, TestSession.code, when).where(visible(TestSession, actor))
    return statement.order_by(TestSession.session_date.desc(), TestSession.id)


def _imports(actor: Actor) -> Any:
    mine = select(Import.id, Import.file_name, Import.status).where(
        Import.resource == "test-registrations", visible(Import, actor)
    )
    return mine.order_by(Import.created_at.desc(), Import.id)


register_lookup(
    Lookup(
        "test-sessions",
        ("lookup", "Test sessions"),
        _sessions,
        TestSession.code + " " + TestSession.name,
        TestSession.id,
        "test-sessions",
    )
)
register_lookup(
    Lookup(
        "test-registration-imports",
        ("list", "Test registration imports"),
        _imports,
        Import.file_name,
        Import.id,
    )
)
