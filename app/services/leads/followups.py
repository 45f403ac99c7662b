"""The daily notice of follow-ups that are due."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text

from app.extensions import db
from app.services import sessions
from app.services.people import ADMIN_IDS
from app.services.transaction import act_as, transactional

# One statement over all leads: the owner and every admin of each open lead that is due today or overdue, once a day.
_NOTIFY_DUE = text("""
    INSERT INTO notifications (recipient_id, type, title, body, severity, entity_type, entity_id, link, dedup_day)
    SELECT recipient.id, 'lead_followup_due', left(l.first_name || ' ' || l.last_name || ': ' ||
               CASE WHEN l.follow_up_date < :day THEN 'follow-up overdue since ' || to_char(l.follow_up_date, 'YYYY-MM-DD')
                    ELSE 'follow-up due today' END, 200),
           l.phone, CASE WHEN l.follow_up_date < :day THEN 'warning' ELSE 'info' END, 'leads', l.id::text, '/leads/' || l.id, :day
    FROM leads l
    CROSS JOIN LATERAL (
        SELECT l.owner_id AS id FROM ab_user o WHERE o.id = l.owner_id AND o.active
        UNION SELECT unnest(CAST(:admins AS integer[]))
    ) recipient
    WHERE l.deleted_at IS NULL AND l.follow_up_status = 'open' AND l.follow_up_date <= :day
    ON CONFLICT (recipient_id, type, entity_id, dedup_day) DO NOTHING
""")


@transactional
def notify_due(day: date) -> int:
    """Tell owners and admins of the open leads whose follow-up is due on or before `day` (school-local). Returns the
    notices made; repeating it for the same day makes none.
    """
    act_as(sessions.system())
    admins = list(db.session.scalars(ADMIN_IDS))
    return int(db.session.execute(_NOTIFY_DUE, {"day": day, "admins": admins}).rowcount)  # type: ignore[attr-defined]
