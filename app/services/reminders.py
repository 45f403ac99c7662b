"""What people are reminded of every day: classes that run out, and classes that nobody marked. Each job is one statement
over all rows, and each thing is told once, on whatever day: the event that was written then says so.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.notifications import NotificationType
from app.services import school, sessions
from app.services.notifications import tell_set, texts
from app.services.people import ADMIN_IDS
from app.services.transaction import act_as, transactional

FEW: Final = 4  # so many classes left are told
MARKED_WITHIN: Final = timedelta(hours=24)  # after the end of a class
LOCK: Final = 0x52454D  # "REM": of two runs at once, the second sees what the first one told

# Students have no page of an admission: they are led to their classes.
_REMAINING = """
    SELECT person.id AS recipient_id, '' AS body,
           left(format(CASE b.remaining WHEN 1 THEN :english_one ELSE :english END, b.remaining, st.name, c.name), 200) AS title,
           'warning' AS severity, 'admissions' AS entity_type, a.id::text AS entity_id,
           CASE WHEN person.id = ANY (CAST(:admins AS integer[])) THEN '/admissions/' || a.id ELSE '/attendance/' END AS link,
           jsonb_build_object('title', jsonb_build_object(
               'message', CASE WHEN b.remaining > 0
                   THEN jsonb_build_array(CAST(:message AS text), CAST(:plural AS text), b.remaining)
                   ELSE jsonb_build_array(CAST(:message AS text)) END,
               'values', jsonb_build_object('student', st.name, 'course', c.name))) AS payload,
           CAST(NULL AS timestamptz) AS expires_at
    FROM admissions a JOIN admission_balances b ON b.admission_id = a.id JOIN courses c ON c.id = a.course_id
    JOIN LATERAL (SELECT first_name || ' ' || last_name AS name, user_id FROM students WHERE id = a.student_id) st ON true
    CROSS JOIN LATERAL (
        SELECT u.id FROM ab_user u WHERE u.id = st.user_id AND u.active UNION SELECT unnest(CAST(:admins AS integer[]))
    ) person
    WHERE a.status = 'active' AND a.deleted_at IS NULL AND b.remaining BETWEEN :least AND :most
      AND NOT EXISTS (SELECT FROM notification_events e WHERE e.entity_id = a.id::text AND e.type = :type)
"""
_MISSING = """
    SELECT person.id AS recipient_id, left(format('Attendance missing: %s, %s', c.name, class.class_date), 200) AS title,
           '' AS body, 'warning' AS severity, 'classes' AS entity_type,
           class.classroom_slot_id || ':' || class.class_date AS entity_id,
           '/classroom/' || class.classroom_slot_id || '/' || class.class_date AS link,
           jsonb_build_object('title', jsonb_build_object('message', jsonb_build_array(CAST(:message AS text)), 'values',
               jsonb_build_object('course', c.name, 'day', jsonb_build_object('day', class.class_date)))) AS payload,
           CAST(NULL AS timestamptz) AS expires_at
    FROM (
        SELECT classroom_slot_id, class_date, min(starts_at) AS starts_at FROM attendance
        WHERE status = 'scheduled' AND deleted_at IS NULL AND class_date <= :day AND ends_at <= :ended
        GROUP BY classroom_slot_id, class_date
    ) class
    JOIN classroom_slots s ON s.id = class.classroom_slot_id JOIN courses c ON c.id = s.course_id
    JOIN classroom_slot_teachers t ON t.classroom_slot_id = s.id AND (t.since IS NULL OR t.since <= class.starts_at)
      AND (t.until IS NULL OR t.until > class.starts_at)
    CROSS JOIN LATERAL (
        SELECT u.id FROM ab_user u WHERE u.id = t.teacher_id AND u.active UNION SELECT unnest(CAST(:admins AS integer[]))
    ) person
    WHERE NOT EXISTS (SELECT FROM notification_events e WHERE e.type = :type
                      AND e.entity_id = class.classroom_slot_id || ':' || class.class_date)
"""
LEFT = lazy_ngettext("%(num)s class left: %(student)s, %(course)s", "%(num)s classes left: %(student)s, %(course)s", 1)
NONE_LEFT = _l("No classes left: %(student)s, %(course)s")
MISSING = _l("Attendance missing: %(course)s, %(day)s")


@transactional
def classes_remaining(day: date) -> int:
    """Tell students and admins of active admissions with four classes left or fewer, and of those with none. Returns
    the notices made.
    """
    admins = _begin()
    few = _remaining(1, FEW, LEFT, "%1$s class left: %2$s, %3$s", "%1$s classes left: %2$s, %3$s")
    none = _remaining(-(2**31), 0, NONE_LEFT, "", "No classes left: %2$s, %3$s")
    kinds = ((NotificationType.CLASSES_REMAINING_4, few), (NotificationType.CLASSES_COMPLETED, none))
    return sum(tell_set(kind, _REMAINING, day, facts | {"admins": admins}, events=True) for kind, facts in kinds)


@transactional
def attendance_missing(day: date) -> int:
    """Tell teachers and admins of classes that ended a day ago and are not marked: by the end of that day, and never of
    later ones than by now. Returns the notices made.
    """
    admins = _begin()
    now = datetime.now(UTC) if day >= school.today() else school.midnight(day + timedelta(days=1))
    facts = {"admins": admins, "ended": now - MARKED_WITHIN, "message": texts.message(MISSING)}
    return tell_set(NotificationType.ATTENDANCE_MISSING, _MISSING, day, facts, events=True)


def _remaining(least: int, most: int, told: Any, english_one: str, english: str) -> dict[str, Any]:
    """What `_REMAINING` is told: of whom, and in which words."""
    texts_of = {"message": texts.message(told), "plural": texts.plural(told)}
    return {"least": least, "most": most, "english_one": english_one, "english": english} | texts_of


def _begin() -> list[Any]:
    act_as(sessions.system())
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    return list(db.session.scalars(ADMIN_IDS))
