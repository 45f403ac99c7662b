"""What weeks, shifts, demand, assignments and published shifts are to people."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.models.assistants import HelpDeskAssistant
from app.models.courses import Course
from app.models.roster import PublishedShift, Roster, RosterShift, RosterStatus, ShiftAssignment, ShiftDemand
from app.models.students import Student
from app.policies.rules import may_plan_roster
from app.services import people, weekdays
from app.services.resource import (
    Action,
    Attribute,
    Kind,
    Resource,
    options_of,
    register,
)
from app.services.roster import assigning, publishing, rosters, rules, shifts, solving
from app.services.roster.attributes import (
    SHIFT,
    SHIFT_OF_ASSIGNMENT,
    assistant_of,
    course_of,
    created_at,
    shift_of,
    week_of,
)
from app.services.roster.labels import LABELS, STATUS_TONES, STATUSES, roster_title, time_title
from app.services.roster.schemas import AssignmentInput, DemandInput, RosterInput, ShiftInput
from app.services.weekdays import WEEKDAYS


def _assistant_name(model: Any) -> Any:
    return (
        select(people.full_name(Student))
        .join(HelpDeskAssistant, HelpDeskAssistant.student_id == Student.id)
        .where(HelpDeskAssistant.id == model.assistant_id)
        .correlate(model)
        .scalar_subquery()
        .label("assistant_name")
    )


ROSTERS = register(
    Resource(
        name="Rosters",
        slug="rosters",
        model=Roster,
        singular=_l("Roster"),
        plural=_l("Rosters"),
        title=roster_title,
        attributes=(
            Attribute("starts_on", LABELS["starts_on"], Kind.DATE, Roster.starts_on, sortable=True),
            Attribute(
                "status",
                LABELS["status"],
                Kind.CHOICE,
                Roster.status,
                options=options_of(RosterStatus, STATUSES, STATUS_TONES),
            ),
            Attribute("objective", LABELS["objective"], Kind.NUMBER, Roster.objective, nullable=True),
            Attribute("bound", LABELS["bound"], Kind.NUMBER, Roster.bound, nullable=True),
            Attribute("gap", LABELS["gap"], Kind.NUMBER, Roster.gap, nullable=True),
            Attribute("progress", _l("Progress"), Kind.NUMBER, Roster.progress),
            Attribute("message", LABELS["message"], Kind.TEXT, Roster.message, filterable=False),
            Attribute("solved_at", LABELS["solved_at"], Kind.DATETIME, Roster.solved_at, nullable=True),
            Attribute("published_at", LABELS["published_at"], Kind.DATETIME, Roster.published_at, nullable=True),
        ),
        default_sort="-starts_on",
        input=RosterInput,
        labels=LABELS,
        relations={"copy_from_id": "rosters"},
        create=rosters.create,
        delete=rosters.delete,
        edit_rule=may_plan_roster,
        actions=(
            Action(
                "solve",
                _l("Fill"),
                solving.solve,
                rules.may_solve,
                icon="sparkles",
                help=_l("Finds the best week for all assistants. Whoever is pinned stays."),
            ),
            Action(
                "cancel_solve",
                _l("Call off"),
                solving.cancel_solve,
                rules.may_cancel,
                icon="x",
                help=_l("Nothing is changed."),
            ),
            Action(
                "publish",
                _l("Publish"),
                publishing.publish,
                rules.may_publish,
                icon="megaphone",
                help=_l("Assistants see their shifts. Those for whom something is new are told."),
            ),
            Action(
                "unpublish",
                _l("Take back"),
                publishing.unpublish,
                rules.may_unpublish,
                icon="undo-2",
                danger=True,
                help=_l(
                    "Assistants see their shifts no more. When it is published again, those are told whose shifts changed."
                ),
            ),
        ),
        icon="calendar-check",
        title_columns=(Roster.starts_on,),
        small=True,
    )
)

SHIFTS = register(
    Resource(
        name="Roster shifts",
        slug="roster-shifts",
        model=RosterShift,
        singular=_l("Shift"),
        plural=_l("Shifts"),
        title=time_title,
        attributes=(
            week_of(RosterShift),
            Attribute("weekday", LABELS["day"], Kind.CHOICE, weekdays.as_choice(RosterShift.day), options=WEEKDAYS),
            Attribute("start_time", LABELS["start_time"], Kind.TIME, RosterShift.start_time, filterable=False),
            Attribute("end_time", LABELS["end_time"], Kind.TIME, RosterShift.end_time, filterable=False),
            Attribute("place", LABELS["place"], Kind.TEXT, RosterShift.place, nullable=True),
            created_at(RosterShift),
        ),
        search=func.search_fold(func.coalesce(RosterShift.place, "")),
        search_help=_l("Place"),
        input=ShiftInput,
        labels=LABELS,
        relations={"roster_id": "rosters"},
        options={"day": WEEKDAYS},
        create=shifts.create_shift,
        update=shifts.update_shift,
        delete=shifts.delete_shifts,
        edit_rule=may_plan_roster,
        load=(joinedload(RosterShift.roster),),
        icon="clock",
        title_columns=(RosterShift.week_minutes,),
        small=True,
    )
)

DEMANDS = register(
    Resource(
        name="Shift demands",
        slug="shift-demands",
        model=ShiftDemand,
        singular=_l("Demand"),
        plural=_l("Demand"),
        title=shifts.demand_title,
        attributes=(
            shift_of(ShiftDemand),
            course_of(ShiftDemand),
            Attribute("tutors_required", LABELS["tutors_required"], Kind.NUMBER, ShiftDemand.tutors_required),
            Attribute("weight", LABELS["weight"], Kind.NUMBER, ShiftDemand.weight),
            created_at(ShiftDemand),
        ),
        input=DemandInput,
        labels=LABELS,
        relations={"shift_id": "roster-shifts", "course_id": "courses"},
        create=shifts.create_demand,
        update=shifts.update_demand,
        delete=shifts.delete_demands,
        edit_rule=may_plan_roster,
        load=(joinedload(ShiftDemand.shift), joinedload(ShiftDemand.course)),
        icon="book-open",
        title_columns=(
            select(RosterShift.week_minutes)
            .where(RosterShift.id == ShiftDemand.shift_id)
            .correlate(ShiftDemand)
            .scalar_subquery()
            .label("week_minutes"),
            select(Course.name)
            .where(Course.id == ShiftDemand.course_id)
            .correlate(ShiftDemand)
            .scalar_subquery()
            .label("name"),
        ),
    )
)

ASSIGNMENTS = register(
    Resource(
        name="Shift assignments",
        slug="shift-assignments",
        model=ShiftAssignment,
        singular=_l("Assignment"),
        plural=_l("Assignments"),
        title=assigning.title,
        attributes=(
            week_of(ShiftAssignment),
            Attribute(
                "weekday",
                LABELS["day"],
                Kind.CHOICE,
                weekdays.as_choice(SHIFT.day),
                join=SHIFT_OF_ASSIGNMENT,
                options=WEEKDAYS,
            ),
            shift_of(ShiftAssignment),
            Attribute(
                "place",
                LABELS["place"],
                Kind.TEXT,
                SHIFT.place,
                join=SHIFT_OF_ASSIGNMENT,
                nullable=True,
            ),
            course_of(ShiftAssignment),
            assistant_of(ShiftAssignment),
            Attribute("pinned", LABELS["pinned"], Kind.BOOL, ShiftAssignment.pinned),
            created_at(ShiftAssignment),
        ),
        input=AssignmentInput,
        labels=LABELS,
        relations={"shift_id": "roster-shifts", "course_id": "courses", "assistant_id": "roster-assistants"},
        create=assigning.assign,
        edit_rule=may_plan_roster,
        actions=(
            Action("unassign", _l("Take off"), assigning.unassign, may_plan_roster, icon="x"),
            Action(
                "pin", _l("Pin"), assigning.pin, may_plan_roster, icon="pin", help=_l("The solver leaves them there.")
            ),
            Action(
                "unpin",
                _l("Unpin"),
                assigning.unpin,
                may_plan_roster,
                icon="undo-2",
                help=_l("The solver may move them."),
            ),
        ),
        load=(joinedload(ShiftAssignment.shift), joinedload(ShiftAssignment.course)),
        icon="user-check",
        title_columns=(
            ShiftAssignment.week_minutes,
            _assistant_name(ShiftAssignment),
        ),
        export_columns=("roster", "weekday", "shift", "place", "course", "assistant", "pinned"),
    )
)

PUBLISHED = register(
    Resource(
        name="Published shifts",
        slug="published-shifts",
        model=PublishedShift,
        singular=_l("Published shift"),
        plural=_l("Published shifts"),
        title=publishing.title,
        attributes=(
            Attribute("starts_at", LABELS["starts_at"], Kind.DATETIME, PublishedShift.starts_at, sortable=True),
            Attribute("ends_at", LABELS["ends_at"], Kind.DATETIME, PublishedShift.ends_at),
            course_of(PublishedShift),
            Attribute("place", LABELS["place"], Kind.TEXT, PublishedShift.place, nullable=True),
            assistant_of(PublishedShift),
            Attribute(
                "cancelled_at", LABELS["cancelled_at"], Kind.DATETIME, PublishedShift.cancelled_at, nullable=True
            ),
        ),
        default_sort="-starts_at",
        labels=LABELS,
        relations={
            "roster_id": "rosters",
            "shift_id": "roster-shifts",
            "course_id": "courses",
            "assistant_id": "roster-assistants",
        },
        load=(joinedload(PublishedShift.course),),
        icon="calendar-check",
        title_columns=(PublishedShift.starts_at, _assistant_name(PublishedShift)),
        export_columns=("starts_at", "ends_at", "course", "place", "assistant", "cancelled_at"),
    )
)
