"""What is written to those who asked for access."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _

from app.extensions import db
from app.models.access import User
from app.models.credentials import LinkPurpose
from app.models.requests import AccessRequest, AccessRequestStatus
from app.services import password_links
from app.services.access_requests.records import title
from app.services.mail.letters import Words


def approved(letter: Any) -> Words | None:
    """With a link to set the password; where there is one already, with the address of the login, unless it is a new
    link that was asked for.
    """
    found = db.session.get(AccessRequest, UUID(letter.payload["id"]))
    user = db.session.get(User, found.user_id) if found is not None and found.user_id is not None else None
    if found is None or user is None or not user.active:
        return None
    if user.email.lower() != letter.email.lower():  # corrected meanwhile: the link is not for whoever reads the old one
        return None
    greeting = _("You have access now. Your username is %(username)s.", username=user.username)
    if user.password and not letter.payload.get("new_link"):
        rest: tuple[str, ...] = (_("Log in here:"), f"{current_app.config['PUBLIC_URL']}/login/")
    else:
        link = password_links.address(password_links.issue(user.id, LinkPurpose.SET))
        rest = (_("Choose a password here:"), link, password_links.lasting(LinkPurpose.SET))
    return Words(title(found), _("You have access"), (greeting, *rest))


def rejected(letter: Any) -> Words | None:
    """With the reason."""
    found = db.session.get(AccessRequest, UUID(letter.payload["id"]))
    if found is None or found.status is not AccessRequestStatus.REJECTED:
        return None
    reason = _("The reason: %(reason)s", reason=found.review_note)
    return Words(title(found), _("Your request for access"), (_("You were not given access."), reason))
