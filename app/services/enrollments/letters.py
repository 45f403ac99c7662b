"""What is written to a family that is invited."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from app.extensions import db
from app.models.enrollments import EnrollmentInvitation
from app.models.organizations import Organization
from app.services import people, sessions
from app.services.enrollments import links
from app.services.mail.letters import Words


def invitation(letter: Any) -> Words | None:
    """With the link that works now; None when the invitation is over, or goes to another address meanwhile."""
    found = db.session.get(EnrollmentInvitation, UUID(letter.payload["id"]))
    if found is None or found.status not in links.WORKING or not links.is_open(found):
        return None
    if found.guardian_email.lower() != letter.email.lower():
        return None
    if sessions.hash_token(links.token_of(found)) != found.token_hash:  # SECRET_KEY is another one since
        links.renew(found)
    school = db.session.get_one(Organization, found.school_id)
    names = {
        "coach": people.name_of(found.coach_id),
        "student": f"{found.student_first_name} {found.student_last_name}",
        "school": school.name,
    }
    days = max(1, links.LIFETIME.days)
    paragraphs = [_("%(coach)s invites you to enroll %(student)s at %(school)s.", **names)]
    paragraphs += [found.message] if found.message else []
    paragraphs += [
        _("Begin here, and come back whenever you like. What you enter is kept:"),
        links.address(found),
        ngettext("The link works for %(num)s day.", "The link works for %(num)s days.", days),
    ]
    return Words(found.guardian_name or "", _("Your invitation to %(school)s", school=school.name), tuple(paragraphs))
