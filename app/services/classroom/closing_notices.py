"""Who is told about a closure, and about the classes that it takes away: one notice per person and closure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import text

from app.extensions import db
from app.models.courses import Closure
from app.models.notifications import NotificationType, Severity
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services.notifications import Notice, notify

MOST_DAYS = 12  # that a notice lists

_ACCOUNTS = text("SELECT id, user_id FROM students WHERE id = ANY(:ids) AND user_id IS NOT NULL")
_HAVING = text("""
    SELECT u.id FROM ab_user u WHERE u.active AND u.id IN (
        SELECT ur.user_id FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE r.name = ANY(:roles)
        UNION SELECT ug.user_id FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) JOIN ab_role r ON r.id = gr.role_id
        WHERE r.name = ANY(:roles))
""")


def tell(closure: Closure, affected: Mapping[UUID, Any], batch_id: UUID, actor: Actor) -> None:
    """Tell students and teachers which classes were moved, and which taken off the plan, this time: a closure that became
    longer is applied again.
    """
    students = {each.student_id for each in affected.values()}
    accounts = dict(map(tuple, db.session.execute(_ACCOUNTS, {"ids": list(students)}))) if students else {}
    moved: dict[int, list[str]] = {}
    cancelled: dict[int, list[str]] = {}
    for one in affected.values():
        own = accounts.get(one.student_id)
        for row, day, _slot in one.moved:
            for who in {own, row.teacher_id} - {None, actor.id}:
                moved.setdefault(who, []).append(f"{row.class_date.isoformat()} → {day.isoformat()}")
        for row in one.cancelled:
            for who in {own, row.teacher_id} - {None, actor.id}:
                cancelled.setdefault(who, []).append(row.class_date.isoformat())
    title = _l("Classes moved: %(reason)s", reason=closure.reason)
    entity = f"{closure.id}:{batch_id.hex[:8]}"
    notify(NotificationType.CLASS_MOVED, "closures", _notices(entity, moved, title))
    title = _l("Classes cancelled: %(reason)s", reason=closure.reason)
    notify(NotificationType.CLASS_CANCELLED, "closures", _notices(entity, cancelled, title), severity=Severity.WARNING)


def _notices(entity: str, days: Mapping[int, list[str]], title: LazyString) -> list[Notice]:
    return [Notice(who, entity, title, _listed(found), "/attendance/") for who, found in sorted(days.items())]


def _listed(days: list[str]) -> LazyString | str:
    shown = sorted(set(days))
    some, more = ", ".join(shown[:MOST_DAYS]), len(shown) - MOST_DAYS
    return _l("%(days)s, and %(count)s more", days=some, count=more) if more > 0 else some


def announce(closure: Closure, actor: Actor) -> None:
    """Tell all teachers and students that the school is closed."""
    people = db.session.scalars(_HAVING, {"roles": [Role.TEACHER.value, Role.STUDENT.value, Role.GUARDIAN.value]})
    title = _l("The school is closed: %(reason)s", reason=closure.reason)
    first, last = closure.starts_on, closure.ends_on
    body = _l("On %(day)s.", day=first) if first == last else _l("From %(first)s to %(last)s.", first=first, last=last)
    told = [Notice(each, closure.id, title, body, "/") for each in people if each != actor.id]
    notify(NotificationType.CLOSURE_ANNOUNCEMENT, "closures", told)
