"""Who is told about admissions and places. Nobody is told of what they did themselves; but that a place is held for
somebody is to be known to all who can tell them, also to who freed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.notifications import NotificationType, Severity
from app.policies.actor import NOBODY, Actor
from app.services.admissions.people import Person
from app.services.admissions.refusals import PlacesRefused
from app.services.notifications import Notice, notify
from app.services.people import ADMIN_IDS, OWNER_IDS
from app.services.transaction import transactional

if TYPE_CHECKING:
    from app.services.admissions.admit import Admitted


def office(actor: Actor, *others: int | None, student: int | None = None) -> list[int]:
    """The admins, of the others those who work with leads still, and the account of the student; but not who acts."""
    others_still = set(db.session.scalars(OWNER_IDS)) & set(others)
    told = {*db.session.scalars(ADMIN_IDS), *others_still, student}
    return sorted(each for each in told if each is not None and each != actor.id)


def tell_created(admitted: Admitted, person: Person, actor: Actor) -> None:
    """Tell the owner of the lead, the admins, and the student who has an account."""
    title = _l("%(student)s was admitted to %(course)s", student=person.name, course=admitted.course)
    body = lazy_ngettext(
        "%(num)s class from %(day)s.", "%(num)s classes from %(day)s.", admitted.final_classes, day=admitted.starts_on
    )
    people = office(actor, person.owner_id, student=person.user_id)
    links = {person.user_id: "/me/student"}  # the office's page has notes that are not for students
    link = f"/admissions/{admitted.id}"
    notify(
        NotificationType.ADMISSION_CREATED,
        "admissions",
        [Notice(each, admitted.id, title, body, links.get(each, link)) for each in people],
        payload={"number": admitted.number, "student_id": admitted.student_id},
    )


_WHO = text("""
    SELECT first_name || ' ' || last_name AS name, owner_id, 'leads' AS kind FROM leads WHERE id = :lead_id
    UNION ALL SELECT first_name || ' ' || last_name, NULL, 'students' FROM students WHERE id = :student_id
""")


@transactional
def tell_blocked(values: Mapping[str, Any], refused: PlacesRefused, *, actor: Actor) -> None:
    """Record that an admission was blocked by full slots, and tell the owner of the lead and the admins. This is all
    that such an attempt leaves behind.
    """
    lead_id, student_id = values.get("lead_id"), values.get("student_id")
    who = db.session.execute(_WHO, {"lead_id": lead_id, "student_id": student_id}).first()
    name = who.name if who else f"{values.get('first_name')} {values.get('last_name')}"
    kind, key = (who.kind, lead_id or student_id) if who else ("courses", values["course_id"])
    entity = str(key) if who else f"{key}:{_stranger(name, values)}"
    title = _l("%(name)s could not be admitted: no free place", name=name)
    body = " ".join(problem.message for problem in refused.full)
    people = office(actor, who.owner_id if who else None) or office(NOBODY, actor.id)  # the event needs a notice
    notify(
        NotificationType.ADMISSION_BLOCKED_CAPACITY,
        kind,
        [Notice(each, entity, title, body, f"/{kind}/{key}") for each in people],
        severity=Severity.WARNING,
        payload={
            "slots": [problem.place.slot_id for problem in refused.full],
            "course_id": values["course_id"],
            "name": name,
        },
    )


def _stranger(name: str, values: Mapping[str, Any]) -> str:
    """Tells people of whom there is no record from each other: each is told of once a day."""
    said = f"{name}/{values.get('phone')}".casefold()
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def tell_offered(entries: Iterable[tuple[Any, str]]) -> None:
    """Tell that places are held for people of the waitlist: each entry with what its slot is called."""
    found = []
    for row, slot in entries:
        title = _l("A place for %(name)s: %(slot)s", name=row.name, slot=slot)
        body = _l("It is held until %(until)s.", until=row.expires_at)
        for each in office(NOBODY, row.owner_id, row.created_by_id, student=row.user_id):
            link = "/me/student" if each == row.user_id else f"/waitlist/{row.id}"
            found.append(Notice(each, row.id, title, body, link))
    notify(NotificationType.WAITLIST_OFFERED, "waitlist", found)


def tell_expired(entries: Iterable[tuple[Any, str]], actor: Actor) -> None:
    """Tell that nobody took the places in time."""
    found = []
    for row, slot in entries:
        title = _l("The offer to %(name)s has expired: %(slot)s", name=row.name, slot=slot)
        people = office(actor, row.owner_id, row.created_by_id)
        found += [Notice(each, row.id, title, "", f"/waitlist/{row.id}") for each in people]
    notify(NotificationType.WAITLIST_EXPIRED, "waitlist", found)
