"""Where and when a class of a student may be instead: one statement says for a place everything that stands against it.
The check asks it for one place, under locks; the choice of places asks it for all, so it offers what will be accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import Admission, AdmissionStatus
from app.models.classroom import Attendance
from app.services import school
from app.services.classroom.occupancy import has_place, is_out, occupancy
from app.services.errors import Conflict

WEEKS_OFFERED = 8


@dataclass(frozen=True)
class Wish:
    """A class that wants a place: of which admission, and where it is now (nowhere for a make-up class)."""

    admission_id: UUID
    attendance_id: UUID | None = None

    @classmethod
    def of(cls, row: Attendance) -> Wish:
        return cls(row.admission_id, row.id)


@dataclass(frozen=True)
class Place:
    """A class on a day that would be accepted."""

    slot_id: UUID
    day: date
    starts_at: datetime
    ends_at: datetime
    room: str | None
    teacher: str
    free: int


@dataclass(frozen=True)
class Reason:
    """One thing that stands against a place, and the field that it is about."""

    code: str
    message: str
    field: str = "class_date"


class PlaceRefused(Conflict):
    """A class cannot be in that place. `reasons` are all that there are. Nothing was changed."""

    code = "place_refused"

    def __init__(self, reasons: Sequence[Reason]) -> None:
        fields: dict[str, list[Any]] = {}
        for reason in reasons:
            fields.setdefault(reason.field, []).append(reason.message)
        super().__init__(" ".join(reason.message for reason in reasons), fields=fields)
        self.reasons = tuple(reasons)

    def details(self) -> dict[str, Any]:
        return {"reasons": [{"code": each.code, "message": each.message} for each in self.reasons]}


# What a place is for a wish. Who is `counted` there needs no free place, but a visitor may have filled the day since their class
# was taken off it. The row itself (`own`) is where the student is now, which does not stand in its own way.
_JUDGED = f"""
    SELECT w.slot_id, w.class_date, moment.starts_at, moment.ends_at, s.room, s.capacity,
           u.first_name || ' ' || u.last_name AS teacher,
           s.course_id <> wish.course_id AS other_course,
           s.teacher_id <> ALL(wish.teacher_ids) AS other_teacher,
           NOT (s.active AND t.active AND s.deleted_at IS NULL) AS out_of_use,
           extract(isodow FROM w.class_date) - 1 <> t.day AS other_weekday,
           NOT EXISTS (SELECT FROM operating_days d WHERE d.open AND d.day = extract(isodow FROM w.class_date) - 1) AS day_off,
           (SELECT k.reason FROM closures k WHERE w.class_date BETWEEN k.starts_on AND k.ends_on
            ORDER BY k.starts_on LIMIT 1) AS closure,
           moment.starts_at <= now() AS past,
           w.class_date NOT BETWEEN wish.starts_on AND wish.ends_on AS outside,
           (w.slot_id = own.classroom_slot_id AND w.class_date = own.class_date) IS TRUE AS same,
           s.capacity - {occupancy("s", "w.class_date")} AS free,
           {has_place("wish.student_id", "w.slot_id")}
               AND NOT {is_out("wish.student_id", "w.slot_id", "w.class_date")} AS counted,
           (SELECT oc.name || ', ' || to_char(ot.start_time, 'HH24:MI')
            FROM attendance a JOIN classroom_slots os ON os.id = a.classroom_slot_id
            JOIN time_slot_templates ot ON ot.id = os.time_slot_id JOIN courses oc ON oc.id = os.course_id
            WHERE a.student_id = wish.student_id AND a.class_date = w.class_date AND a.deleted_at IS NULL
              AND a.id IS DISTINCT FROM own.id AND a.starts_at < moment.ends_at AND a.ends_at > moment.starts_at
            LIMIT 1) AS clash
    FROM (
        SELECT ad.student_id, ad.course_id, ad.starts_on, ad.ends_on, ARRAY(
            SELECT sl.teacher_id FROM classroom_slots sl WHERE sl.id = (
                SELECT at.classroom_slot_id FROM attendance at WHERE at.id = CAST(:attendance_id AS uuid))
            UNION SELECT sl.teacher_id FROM admission_slots x JOIN classroom_slots sl ON sl.id = x.classroom_slot_id
            WHERE x.admission_id = ad.id AND CAST(:attendance_id AS uuid) IS NULL) AS teacher_ids
        FROM admissions ad WHERE ad.id = :admission_id
    ) wish
    LEFT JOIN attendance own ON own.id = CAST(:attendance_id AS uuid)
    CROSS JOIN {{places}} AS w (slot_id, class_date)
    JOIN classroom_slots s ON s.id = w.slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    JOIN ab_user u ON u.id = s.teacher_id
    CROSS JOIN LATERAL (SELECT (w.class_date + t.start_time) AT TIME ZONE :zone AS starts_at,
                               (w.class_date + t.end_time) AT TIME ZONE :zone AS ends_at) moment
"""  # noqa: S608 - from here
_ONE = text(_JUDGED.format(places="(VALUES (CAST(:slot_id AS uuid), CAST(:day AS date)))"))
_OFFERED = text(f"""
    SELECT * FROM ({
    _JUDGED.format(
        places='''LATERAL (
        SELECT c.id, g.day FROM (
            SELECT greatest(CAST(:first AS date), wish.starts_on) + n AS day
            FROM generate_series(0, least(CAST(:last AS date), wish.ends_on) - greatest(CAST(:first AS date), wish.starts_on)) n
        ) g
        JOIN time_slot_templates ct ON ct.day = extract(isodow FROM g.day) - 1 AND ct.active
        JOIN classroom_slots c ON c.time_slot_id = ct.id AND c.course_id = wish.course_id AND c.active
             AND c.deleted_at IS NULL AND c.teacher_id = ANY(wish.teacher_ids))'''
    )
}) judged
    WHERE NOT (other_course OR other_teacher OR out_of_use OR other_weekday OR day_off OR past OR outside OR same)
      AND closure IS NULL AND clash IS NULL AND free >= CASE WHEN counted THEN 0 ELSE 1 END
    ORDER BY starts_at, slot_id
""")  # noqa: S608 - from here


def offered(wish: Wish) -> list[Place]:
    """Every place of the coming weeks that would be accepted, in the order of time."""
    today = school.today()
    facts = {"first": today, "last": today + timedelta(weeks=WEEKS_OFFERED)}
    rows = db.session.execute(_OFFERED, _facts(wish) | facts)
    return [
        Place(row.slot_id, row.class_date, row.starts_at, row.ends_at, row.room, row.teacher, max(row.free, 1))
        for row in rows
    ]


def _facts(wish: Wish) -> dict[str, Any]:
    return {"admission_id": wish.admission_id, "attendance_id": wish.attendance_id, "zone": str(school.zone())}


def check(wish: Wish, slot_id: UUID, day: date) -> Any:
    """The place, judged. Raises PlaceRefused with every reason. Admission, slot and student must be locked."""
    row = db.session.execute(_ONE, _facts(wish) | {"slot_id": slot_id, "day": day}).one_or_none()
    found = _reasons(row) if row is not None else [Reason("unknown", _("Choose a class from the list."), SLOT)]
    if found:
        raise PlaceRefused(found)
    return row


SLOT = "classroom_slot_id"


def _reasons(row: Any) -> list[Reason]:
    """Everything that stands against a place, the most general first."""
    found = [
        (row.same, Reason("same", _("The class is there already."))),
        (row.other_course, Reason("other_course", _("It is a class of another course."), SLOT)),
        (row.other_teacher, Reason("other_teacher", _("It is a class of another teacher."), SLOT)),
        (row.out_of_use, Reason("out_of_use", _("This class is not in use any more."), SLOT)),
        (row.other_weekday, Reason("other_weekday", _("The class is not held on this day of the week."))),
        (row.day_off, Reason("day_off", _("The school is closed on this day of the week."))),
        (row.closure, Reason("closure", _("The school is closed on this day: %(reason)s.", reason=row.closure))),
        (row.past, Reason("past", _("It must be in the future."))),
        (row.outside, Reason("outside", _("The day is not within the admission."))),
        (row.free < (0 if row.counted else 1), Reason("full", _("There is no free place on this day."))),
        (row.clash, Reason("clash", _("The student has %(other)s at this time.", other=row.clash))),
    ]
    return [reason for applies, reason in found if applies]


def standing(admission: Admission) -> list[Reason]:
    """Why no class of an admission can be planned now."""
    if admission.deleted_at is not None or admission.status not in (AdmissionStatus.ACTIVE, AdmissionStatus.PENDING):
        return [Reason("not_active", _("The admission is not active."), "")]
    return []
