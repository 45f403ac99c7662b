"""What a seat notice says: what is true when it is sent."""

from __future__ import annotations

from typing import Any, Final

from babel.dates import format_date, format_time
from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.services.mail.letters import Words
from app.services.notifications.texts import SOURCE

_FACTS: Final = text("""
    SELECT st.first_name, st.last_name, st.test_number, st.user_id, s.code, s.name AS session, s.session_date,
           s.start_time, s.end_time, s.status, v.name AS venue, concat_ws(', ', v.address, v.city) AS place,
           r.number AS room_number, r.name AS room, a.seat_number
    FROM students st JOIN test_sessions s ON s.id = CAST(:session_id AS uuid) JOIN venues v ON v.id = s.venue_id
    LEFT JOIN room_allocations a ON a.session_id = s.id AND a.student_id = st.id LEFT JOIN rooms r ON r.id = a.room_id
    WHERE st.id = CAST(:student_id AS uuid) AND st.deleted_at IS NULL
""")


def seat(letter: Any) -> Words | None:
    """Where a student sits, or that they have no seat any more; nothing for who is gone."""
    found = db.session.execute(_FACTS, letter.payload).one_or_none()
    if found is None:
        return None
    name = f"{found.first_name} {found.last_name}"
    what = _("Your test: %(session)s (%(code)s)", session=found.session, code=found.code)
    if found.status == "cancelled":
        return Words(name, what, (_("The session %(code)s does not take place.", code=found.code), _when(found)))
    if found.seat_number is None:
        gone = _("You have no seat in session %(code)s any more.", code=found.code)
        return Words(name, what, (gone, _when(found), _("If this surprises you, please ask the school.")))
    own = (_("All of it, on your page:"), f"{current_app.config['PUBLIC_URL']}/me/seats") if found.user_id else ()
    return Words(
        name,
        what,
        (
            _when(found),
            _("Where: %(place)s", place=", ".join(filter(None, (found.venue, found.place)))),
            _("Room: %(number)s %(name)s", number=found.room_number, name=found.room),
            _("Your seat: %(seat)s", seat=found.seat_number),
            _("Your test number: %(number)s", number=found.test_number),
            _("Please bring your identity document, and be there in good time."),
            *own,
        ),
    )


def _when(found: Any) -> str:
    locale = get_locale() or SOURCE
    start, end = (format_time(each, "HH:mm", locale=locale) for each in (found.start_time, found.end_time))
    return _(
        "When: %(day)s, %(start)s to %(end)s", day=format_date(found.session_date, "full", locale), start=start, end=end
    )
