"""Who is told that the records of a student could not be made: the coach who leads the family, and the office."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.models.enrollments import Enrollment
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services.enrollments.notices import coach
from app.services.notifications import Notice, notify

OFFICE = text("""
    SELECT u.id FROM ab_user u WHERE u.active AND EXISTS (
        SELECT FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE ur.user_id = u.id AND r.name = ANY(:roles)
        UNION ALL SELECT FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) JOIN ab_role r ON r.id = gr.role_id
        WHERE ug.user_id = u.id AND r.name = ANY(:roles))
""")
ROLES = (Role.ADMISSIONS.value, Role.ADMIN.value, Role.SUPER_ADMIN.value)


def tell_failed(enrollment: Enrollment, fields: dict[str, str], actor: Actor) -> None:
    """Once a day for each enrollment, whoever tried."""
    name = f"{enrollment.student_first_name} {enrollment.student_last_name}"
    title = _l("Records of %(name)s could not be made", name=name)
    body: Any = _l("Missing or not valid: %(fields)s.", fields=", ".join(sorted(fields))) if fields else ""
    people = {*coach(enrollment), *db.session.scalars(OFFICE, {"roles": list(ROLES)})} - {actor.id}
    link = f"/enrollments/{enrollment.id}"
    notices = [Notice(each, enrollment.id, title, body, link) for each in sorted(people)]
    notify(NotificationType.RECORD_CREATION_FAILED, "enrollments", notices, payload={"fields": fields})
