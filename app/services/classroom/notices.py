"""Who is told about classes and requests. Nobody is told of what they did themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from flask_babel.speaklater import LazyString
from sqlalchemy import text

from app.extensions import db
from app.models.notifications import NotificationType, Severity
from app.policies.actor import Actor
from app.services.notifications import Notice, notify, texts
from app.services.people import ADMIN_IDS

FEW = 4  # so many classes left are told (spec: classes_remaining_4)

_ADMISSIONS = text("""
    SELECT a.id, a.number, s.first_name || ' ' || s.last_name AS student, c.name AS course, s.user_id
    FROM admissions a JOIN students s ON s.id = a.student_id JOIN courses c ON c.id = a.course_id
    WHERE a.id = ANY(:ids) AND a.status IN ('pending', 'active', 'paused') AND a.deleted_at IS NULL ORDER BY a.id
""")  # of one that is over there is nothing to renew


def tell_remaining(changes: Sequence[tuple[UUID, int, int]]) -> None:
    """Tell the student and the admins when the classes that remain (admission, before, after) come down to four, and to
    none. The unique index on notices makes repetition harmless.
    """
    few = [key for key, before, after in changes if before > FEW >= after > 0]
    none = [key for key, before, after in changes if before > 0 >= after]
    if not few and not none:
        return
    admins = list(db.session.scalars(ADMIN_IDS))
    left = {key: after for key, _before, after in changes}
    for kind, keys in ((NotificationType.CLASSES_REMAINING_4, few), (NotificationType.CLASSES_COMPLETED, none)):
        rows = db.session.execute(_ADMISSIONS, {"ids": keys}).all() if keys else []
        found = [each for row in rows for each in _about_remaining(row, left[row.id], admins)]
        severity = Severity.INFO if kind is NotificationType.CLASSES_REMAINING_4 else Severity.WARNING
        notify(kind, "admissions", found, severity=severity)


def _about_remaining(row: Any, left: int, admins: Sequence[int]) -> list[Notice]:
    if left > 0:
        title = lazy_ngettext(
            "%(num)s class left: %(student)s, %(course)s",
            "%(num)s classes left: %(student)s, %(course)s",
            left,
            student=row.student,
            course=row.course,
        )
        body = _l("Renew the admission in time to keep the places.")
    else:
        title = _l("No classes left: %(student)s, %(course)s", student=row.student, course=row.course)
        body = _l("Complete or renew the admission.")
    found = [Notice(each, row.id, title, body, f"/admissions/{row.id}") for each in admins]
    if row.user_id is not None:
        own = (
            lazy_ngettext("%(num)s class left: %(course)s", "%(num)s classes left: %(course)s", left, course=row.course)
            if left > 0
            else _l("No classes left: %(course)s", course=row.course)
        )
        found.append(Notice(row.user_id, row.id, own, "", "/attendance/"))
    return found


_CLASSES = text("""
    SELECT a.id, a.revision, a.class_date, to_char(t.start_time, 'HH24:MI') AS start, c.name AS course,
           st.first_name || ' ' || st.last_name AS student, st.user_id, s.teacher_id
    FROM attendance a JOIN classroom_slots s ON s.id = a.classroom_slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    JOIN courses c ON c.id = s.course_id JOIN students st ON st.id = a.student_id WHERE a.id = ANY(:ids) ORDER BY a.id
""")


def tell_moved(attendance_ids: Sequence[UUID], actor: Actor) -> None:
    """Tell the student and the teacher where a class is now. Each move of a day is told, by its revision."""
    title, body = _l("Class moved: %(student)s, %(course)s"), _l("It is now on %(when)s.")
    _tell_classes(NotificationType.CLASS_MOVED, attendance_ids, title, body, actor)


def tell_booked(attendance_id: UUID, actor: Actor) -> None:
    """Tell the student and the teacher of a make-up class."""
    title, body = _l("Make-up class: %(student)s, %(course)s"), _l("It is on %(when)s.")
    _tell_classes(NotificationType.CLASS_MOVED, [attendance_id], title, body, actor)


def tell_cancelled(attendance_ids: Sequence[UUID], actor: Actor) -> None:
    """Tell the student and the teacher which make-up classes are not held."""
    title, body = _l("Class cancelled: %(student)s, %(course)s"), _l("It was to be on %(when)s.")
    _tell_classes(NotificationType.CLASS_CANCELLED, attendance_ids, title, body, actor)


def _tell_classes(
    kind: NotificationType, attendance_ids: Sequence[UUID], title: LazyString, body: LazyString, actor: Actor
) -> None:
    """The same about each class, which is told by its revision."""
    found = []
    for row in db.session.execute(_CLASSES, {"ids": list(attendance_ids)}) if attendance_ids else ():
        named = _l(texts.message(title), student=row.student, course=row.course)
        when = _l(texts.message(body), when=_moment(row.class_date, row.start))
        found += [
            Notice(each, f"{row.id}:{row.revision}", named, when, _link(kind, row))
            for each in people(actor, row.user_id, row.teacher_id)
        ]
    notify(kind, "attendance", found)


def _link(kind: NotificationType, row: Any) -> str:
    """Where a class is to be found: one that is cancelled has no page any more."""
    if kind is NotificationType.CLASS_CANCELLED:
        return f"/timetable/?day={row.class_date.isoformat()}"
    return f"/attendance/{row.id}"


_REQUESTS = text("""
    SELECT r.id, r.status, r.from_date, r.requested_date, to_char(ft.start_time, 'HH24:MI') AS from_start,
           to_char(rt.start_time, 'HH24:MI') AS requested_start, c.name AS course, r.reason, r.decision_note,
           st.first_name || ' ' || st.last_name AS student, st.user_id, f.teacher_id
    FROM reschedule_requests r JOIN classroom_slots f ON f.id = r.from_slot_id JOIN time_slot_templates ft ON ft.id = f.time_slot_id
    JOIN classroom_slots w ON w.id = r.requested_slot_id JOIN time_slot_templates rt ON rt.id = w.time_slot_id
    JOIN courses c ON c.id = f.course_id JOIN students st ON st.id = r.student_id
    WHERE r.id = ANY(:ids) ORDER BY r.id
""")


def tell_requested(request_id: UUID, actor: Actor) -> None:
    """Tell the admins and the teacher that somebody asks to move a class."""
    row = db.session.execute(_REQUESTS, {"ids": [request_id]}).one()
    title = _l("%(student)s asks to move a class: %(course)s", student=row.student, course=row.course)
    told = people(actor, row.teacher_id, *db.session.scalars(ADMIN_IDS))
    notify(
        NotificationType.RESCHEDULE_REQUESTED,
        "reschedule_requests",
        [Notice(each, row.id, title, _from_to(row), f"/reschedule-requests/{row.id}") for each in told],
    )


def tell_decided(request_ids: Sequence[UUID], actor: Actor) -> None:
    """Tell the student and the teacher what was decided."""
    found = []
    for row in db.session.execute(_REQUESTS, {"ids": list(request_ids)}) if request_ids else ():
        approved = row.status == "approved"
        title = (
            _l("Approved: %(student)s's class is moved", student=row.student)
            if approved
            else _l("Not approved: %(student)s's class stays", student=row.student)
        )
        way = _from_to(row)
        body = _l("%(way)s %(note)s", way=way, note=row.decision_note) if row.decision_note else way
        found += [
            Notice(each, row.id, title, body, f"/reschedule-requests/{row.id}")
            for each in people(actor, row.user_id, row.teacher_id)
        ]
    notify(NotificationType.RESCHEDULE_RESULT, "reschedule_requests", found)


def _from_to(row: Any) -> LazyString:
    before, after = _moment(row.from_date, row.from_start), _moment(row.requested_date, row.requested_start)
    return _l("From %(before)s to %(after)s.", before=before, after=after)


def _moment(day: date, start: str) -> LazyString:
    """Put into words in the language of the reader."""
    return _l("%(day)s at %(time)s", day=day, time=start)


def people(actor: Actor, *ids: int | None) -> list[int]:
    """These people, each once, without who acts."""
    return sorted({each for each in ids if each is not None} - {actor.id})
