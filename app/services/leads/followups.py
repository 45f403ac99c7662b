"""The daily notice of follow-ups that are due."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.models.notifications import NotificationType
from app.services import sessions
from app.services.notifications import texts
from app.services.notifications.telling import event, tell_set
from app.services.people import ADMIN_IDS, OWNER_IDS
from app.services.transaction import act_as, transactional

# The owner, while they work with leads, and every admin of each open lead that is due today or overdue, once a day. The
# payload is what `texts.stored` makes of lazy texts.
_DUE = """
    SELECT recipient.id AS recipient_id, left(l.first_name || ' ' || l.last_name || ': ' ||
               CASE WHEN l.follow_up_date < :day THEN 'follow-up overdue since ' || to_char(l.follow_up_date, 'YYYY-MM-DD')
                    ELSE 'follow-up due today' END, 200) AS title,
           coalesce(l.phone, '') AS body, CASE WHEN l.follow_up_date < :day THEN 'warning' ELSE 'info' END AS severity,
           'leads' AS entity_type, l.id::text AS entity_id, '/leads/' || l.id AS link,
           jsonb_build_object('title', jsonb_build_object(
               'message', jsonb_build_array(CASE WHEN l.follow_up_date < :day THEN :overdue ELSE :today END),
               'values', jsonb_build_object('name', l.first_name || ' ' || l.last_name,
                                            'day', jsonb_build_object('day', l.follow_up_date)))) AS payload,
           CAST(NULL AS timestamptz) AS expires_at
    FROM leads l
    CROSS JOIN LATERAL (
        SELECT l.owner_id AS id WHERE l.owner_id = ANY(CAST(:owners AS integer[]))
        UNION SELECT unnest(CAST(:admins AS integer[]))
    ) recipient
    WHERE l.deleted_at IS NULL AND l.follow_up_status = 'open' AND l.follow_up_date <= :day
"""
OVERDUE = _l("%(name)s: follow-up overdue since %(day)s")
TODAY = _l("%(name)s: follow-up due today")


@transactional
def notify_due(day: date) -> int:
    """Tell owners and admins of the open leads whose follow-up is due on or before `day` (school-local). Returns the
    notices made; repeating it for the same day makes none.
    """
    act_as(sessions.system())
    messages = {name: texts.message(text) for name, text in (("overdue", OVERDUE), ("today", TODAY))}
    kind = NotificationType.LEAD_FOLLOWUP_DUE
    people = {"owners": list(db.session.scalars(OWNER_IDS)), "admins": list(db.session.scalars(ADMIN_IDS))}
    made = tell_set(kind, _DUE, day, {**people, **messages})
    if made:
        # What happened is that the day came: one event for all, not a million. Which leads, their notices say.
        event(kind, "days", [day.isoformat()], {"notices": made})
    return made
