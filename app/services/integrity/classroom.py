"""Places and classes: classroom slots and their counters, rooms, enrollments, planned classes."""

# ruff: noqa: S608 - statements put together from parts of this package

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.policies.actor import Actor
from app.services.admissions import waitlist
from app.services.integrity.invariants import Invariant, sql

AREA: Final = _l("Classroom")
SHOW_SLOT: Final = ("show", "Classroom slots")
SHOW_CLASS: Final = ("show", "Attendance")

_COUNTED = """
    CROSS JOIN LATERAL (SELECT count(*)::integer AS active FROM classroom_enrollments e
                        WHERE e.classroom_slot_id = s.id AND e.status = 'active') e
    CROSS JOIN LATERAL (SELECT count(*)::integer AS held FROM waitlist_entries w
                        WHERE w.classroom_slot_id = s.id AND w.status = 'offered') w
"""
_SLOT = "s.id::text AS key, c.name || coalesce(', ' || s.room, '') AS title, '/classroom-slots/' || s.id AS link"
_COUNTERS = f"""
    SELECT {_SLOT}, s.enrolled || '+' || s.offered || ' / ' || e.active || '+' || w.held AS detail
    FROM classroom_slots s JOIN courses c ON c.id = s.course_id {_COUNTED}
    WHERE s.enrolled <> e.active OR s.offered <> w.held
"""
# Counted when the slots are locked. One that is over-full keeps its wrong numbers: the database refuses the right ones.
_LOCK_SLOTS = f"""
    SELECT s.id FROM classroom_slots s {_COUNTED} WHERE s.enrolled <> e.active OR s.offered <> w.held
    ORDER BY s.id FOR NO KEY UPDATE OF s
"""
_COUNT_AGAIN = f"""
    UPDATE classroom_slots t SET enrolled = n.active, offered = n.held
    FROM (SELECT s.id, e.active, w.held FROM classroom_slots s {_COUNTED}) n
    WHERE n.id = t.id AND (t.enrolled <> n.active OR t.offered <> n.held) AND n.active + n.held <= t.capacity
"""
_OVERFULL = f"""
    SELECT {_SLOT}, e.active + w.held || ' / ' || s.capacity AS detail
    FROM classroom_slots s JOIN courses c ON c.id = s.course_id {_COUNTED} WHERE e.active + w.held > s.capacity
"""
# Without it classes have no teacher, and are left out of timetables and reports.
_UNTAUGHT = """
    NOT EXISTS (SELECT FROM classroom_slot_teachers t
                WHERE t.classroom_slot_id = s.id AND t.until IS NULL AND t.teacher_id = s.teacher_id)
"""
_TEACHERS = f"""
    SELECT {_SLOT}, s.teacher_id::text AS detail
    FROM classroom_slots s JOIN courses c ON c.id = s.course_id WHERE {_UNTAUGHT}
"""
_LOCK_UNTAUGHT = f"SELECT s.id FROM classroom_slots s WHERE {_UNTAUGHT} ORDER BY s.id FOR NO KEY UPDATE"
_END_OTHERS = f"""
    UPDATE classroom_slot_teachers e SET until = greatest(now(), e.since)
    FROM classroom_slots s WHERE s.id = e.classroom_slot_id AND e.until IS NULL AND {_UNTAUGHT}
"""
_TEACH_ON = f"""
    INSERT INTO classroom_slot_teachers (classroom_slot_id, teacher_id, since)
    SELECT s.id, s.teacher_id, (SELECT max(e.until) FROM classroom_slot_teachers e WHERE e.classroom_slot_id = s.id)
    FROM classroom_slots s WHERE {_UNTAUGHT}
"""

# Who is planned has a place on that day, or visits: a constraint counts the places of the week only.
_DAY_OVERFULL = """
    SELECT s.id || ' ' || d.class_date AS key, c.name || coalesce(', ' || s.room, '') AS title,
           '/classroom-slots/' || s.id AS link, d.class_date || ': ' || d.planned || ' / ' || s.capacity AS detail
    FROM (
        SELECT t.classroom_slot_id, t.class_date, count(*) AS planned FROM attendance t
        WHERE t.deleted_at IS NULL AND t.starts_at > now() GROUP BY t.classroom_slot_id, t.class_date
    ) d JOIN classroom_slots s ON s.id = d.classroom_slot_id JOIN courses c ON c.id = s.course_id
    WHERE d.planned > s.capacity
"""


def _twice_at_once(same: str, detail: str) -> str:
    return f"""
        SELECT {_SLOT}, {detail} AS detail FROM classroom_slots s JOIN courses c ON c.id = s.course_id
        WHERE s.active AND s.deleted_at IS NULL AND EXISTS (
            SELECT FROM classroom_slots o WHERE o.id <> s.id AND o.active AND o.deleted_at IS NULL
            AND {same} AND o.week_minutes && s.week_minutes)
    """


# What a place is worth when its admission is over, or pauses.
_WRONG_PLACE = """
    (a.deleted_at IS NOT NULL OR a.status IN ('completed', 'cancelled')) AND e.status <> 'ended'
    OR a.deleted_at IS NULL AND a.status = 'paused' AND e.status = 'active'
"""
_PLACES_OF_THE_GONE = f"""
    SELECT e.id::text AS key, 'Admission ' || a.number AS title, '/admissions/' || a.id AS link, a.status || ': ' || e.status AS detail
    FROM classroom_enrollments e JOIN admissions a ON a.id = e.admission_id WHERE {_WRONG_PLACE}
"""
_LOCK_ADMISSIONS = text(f"""
    SELECT a.id FROM admissions a
    WHERE EXISTS (SELECT FROM classroom_enrollments e WHERE e.admission_id = a.id AND ({_WRONG_PLACE}))
    ORDER BY a.id FOR NO KEY UPDATE
""")
_LOCK_THEIR_SLOTS = text(f"""
    SELECT s.id FROM classroom_slots s WHERE s.id IN (
        SELECT e.classroom_slot_id FROM classroom_enrollments e JOIN admissions a ON a.id = e.admission_id WHERE {_WRONG_PLACE})
    ORDER BY s.id FOR NO KEY UPDATE
""")
_END_PLACES = text(f"""
    UPDATE classroom_enrollments t
    SET status = CASE WHEN a.deleted_at IS NULL AND a.status = 'paused' THEN 'paused' ELSE 'ended' END
    FROM classroom_enrollments e JOIN admissions a ON a.id = e.admission_id
    WHERE e.id = t.id AND ({_WRONG_PLACE}) AND e.classroom_slot_id = ANY(:slots)
""")


def free_places(actor: Actor) -> None:
    """End the places of admissions that are over, and offer them to whoever waits."""
    db.session.execute(_LOCK_ADMISSIONS)
    slots = list(db.session.scalars(_LOCK_THEIR_SLOTS))
    db.session.execute(_END_PLACES, {"slots": slots})
    waitlist.offer_places(slots)


_TO_COME = "t.deleted_at IS NULL AND t.status = 'scheduled' AND t.starts_at > now()"
_WITHOUT_ADMISSION = f"""
    {_TO_COME} AND (a.deleted_at IS NOT NULL OR a.status IN ('paused', 'cancelled'))
"""
_CLASS = (
    "t.id::text AS key, 'Admission ' || a.number AS title, '/attendance/' || t.id AS link, t.class_date::text AS detail"
)
_CLASSES_OF_THE_GONE = f"""
    SELECT {_CLASS} FROM attendance t JOIN admissions a ON a.id = t.admission_id WHERE {_WITHOUT_ADMISSION}
"""
_TAKE_OFF = f"""
    UPDATE attendance SET deleted_at = now(), revision = revision + 1 WHERE id IN (
        SELECT t.id FROM attendance t JOIN admissions a ON a.id = t.admission_id WHERE {_WITHOUT_ADMISSION}
        ORDER BY t.id FOR NO KEY UPDATE OF t)
"""
_IN_TWO_PLACES = """
    SELECT t.id::text AS key, 'Student ' || st.student_usi AS title, '/attendance/' || t.id AS link, t.class_date::text AS detail
    FROM attendance t JOIN students st ON st.id = t.student_id
    WHERE t.deleted_at IS NULL AND t.starts_at > now() AND EXISTS (
        SELECT FROM attendance o WHERE o.student_id = t.student_id AND o.class_date = t.class_date AND o.id <> t.id
        AND o.deleted_at IS NULL AND o.starts_at < t.ends_at AND o.ends_at > t.starts_at)
"""
_ON_CLOSED_DAYS = f"""
    SELECT {_CLASS} FROM attendance t JOIN admissions a ON a.id = t.admission_id
    WHERE {_TO_COME} AND (
        EXISTS (SELECT FROM closures c WHERE t.class_date BETWEEN c.starts_on AND c.ends_on)
        OR NOT EXISTS (SELECT FROM operating_days d WHERE d.open AND d.day = extract(isodow FROM t.class_date) - 1))
"""

CLASSROOM: Final = (
    Invariant(
        "slot_overfull",
        AREA,
        _l("No class has more people than places"),
        _l("Classroom slots in which more places are taken and held than there are."),
        _OVERFULL,
        SHOW_SLOT,
        _l("Make more places, or end an enrollment."),
    ),
    Invariant(
        "day_overfull",
        AREA,
        _l("No class has more people on a day than places"),
        _l("Classes to come for which more people are planned than there are places, with those who visit."),
        _DAY_OVERFULL,
        SHOW_SLOT,
        _l("Move somebody to another day, or make more places."),
    ),
    Invariant(
        "slot_counters",
        AREA,
        _l("The counters of a classroom slot are the true counts"),
        _l("Classroom slots whose taken or held places are counted wrongly: as counted / as it is."),
        _COUNTERS,
        SHOW_SLOT,
        _l("They are counted again. An over-full one waits until it has room."),
        sql(_LOCK_SLOTS, _COUNT_AGAIN),
    ),
    Invariant(
        "slot_teacher",
        AREA,
        _l("It is written down who teaches a class"),
        _l("Classroom slots whose teacher is not the one of whom it is written down that they teach it now."),
        _TEACHERS,
        SHOW_SLOT,
        _l("It is written down from now on; where nothing was, from the beginning."),
        sql(_LOCK_UNTAUGHT, _END_OTHERS, _TEACH_ON),
    ),
    Invariant(
        "room_doubled",
        AREA,
        _l("A room has one class at a time"),
        _l("Classroom slots in a room in which another one is at the same time."),
        _twice_at_once("lower(o.room) = lower(s.room)", "s.room"),
        SHOW_SLOT,
        _l("Give one of them another room or time."),
    ),
    Invariant(
        "teacher_doubled",
        AREA,
        _l("A teacher has one class at a time"),
        _l("Classroom slots of a teacher who has another one at the same time."),
        _twice_at_once("o.teacher_id = s.teacher_id", "s.teacher_id::text"),
        SHOW_SLOT,
        _l("Give one of them another teacher or time."),
    ),
    Invariant(
        "place_of_the_gone",
        AREA,
        _l("Only who learns here has a place"),
        _l("Places of admissions that are cancelled, completed, deleted or paused."),
        _PLACES_OF_THE_GONE,
        ("show", "Admissions"),
        _l("They end, or pause, and are offered to whoever waits."),
        free_places,
    ),
    Invariant(
        "class_of_the_gone",
        AREA,
        _l("Only who learns here has classes to come"),
        _l("Classes to come of admissions that are cancelled, paused or deleted."),
        _CLASSES_OF_THE_GONE,
        SHOW_CLASS,
        _l("They are taken off the plan."),
        sql(_TAKE_OFF),
    ),
    Invariant(
        "student_in_two_places",
        AREA,
        _l("A student is in one class at a time"),
        _l("Classes to come at the same time as another one of the same student."),
        _IN_TWO_PLACES,
        SHOW_CLASS,
        _l("Move one of them."),
    ),
    Invariant(
        "class_on_closed_day",
        AREA,
        _l("No class is planned on a day on which the school is closed"),
        _l("Classes to come during a closure, or on a day of the week that is closed."),
        _ON_CLOSED_DAYS,
        SHOW_CLASS,
        _l("Apply the closure, or move them."),
        warning=True,
    ),
)
