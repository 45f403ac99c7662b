"""The link of an invitation. Its token is made from the invitation and SECRET_KEY, and only its digest is kept: a letter
makes it anew when it is sent, and no table holds it. Another moment of expiry means another token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import EnrollmentInvitation, InvitationStatus
from app.policies.actor import Actor
from app.policies.enrollments import is_office
from app.services import rate_limits, sessions
from app.services.errors import Refusal

LIFETIME: Final = timedelta(days=21)
MOST_TRIES: Final = 30  # of one network, with links that do not work
PERIOD: Final = timedelta(hours=1)
WORKING: Final = (InvitationStatus.SENT, InvitationStatus.OPENED)


class InvitationOver(Refusal):
    """The same for a link that never was, is too old, was replaced, or was revoked."""

    status = 404
    code = "invitation_over"

    def __init__(self) -> None:
        super().__init__(_l("This invitation does not work any more. Ask the coach who invited you for a new one."))


def token_of(invitation: EnrollmentInvitation) -> str:
    moment = invitation.expires_at.astimezone(UTC).isoformat()
    facts = f"enrollment-invitation:{invitation.id}:{moment}".encode()
    key = str(current_app.config["SECRET_KEY"]).encode()
    return base64.urlsafe_b64encode(hmac.new(key, facts, hashlib.sha256).digest()).decode().rstrip("=")


def renew(invitation: EnrollmentInvitation) -> None:
    """Give the invitation, which has its key, another link; the one before is over."""
    invitation.expires_at = datetime.now(UTC) + LIFETIME
    invitation.token_hash = sessions.hash_token(token_of(invitation))


def address(invitation: EnrollmentInvitation) -> str:
    return f"{current_app.config['PUBLIC_URL']}/enroll/{token_of(invitation)}"


def may_be_shown(actor: Actor) -> bool:
    """Whether the actor is told the link. Who opens it has shown that the address is theirs, so a coach, who names the
    address, is told only where no mail is sent.
    """
    return is_office(actor) or not current_app.config["SMTP_URL"]


def find(token: str, *, ip_address: str, load: Any = ()) -> EnrollmentInvitation:
    """The invitation of a link that works, or that was accepted. Raises InvitationOver, and TooMany for who tries links
    one after another.
    """
    hashed = sessions.hash_token(token.encode("utf-8", "replace").decode())
    statement = select(EnrollmentInvitation).where(EnrollmentInvitation.token_hash == hashed).options(*load)
    found = db.session.scalars(statement).one_or_none()
    if found is None or not is_open(found):
        rate_limits.check("invitation", rate_limits.network(ip_address), most=MOST_TRIES, period=PERIOD)
        raise InvitationOver
    return found


def is_open(invitation: EnrollmentInvitation) -> bool:
    """Whether its link leads anywhere: to the beginning while it lasts, to the login when it was accepted."""
    if invitation.status is InvitationStatus.ACCEPTED:
        return True
    return invitation.status in WORKING and invitation.expires_at > datetime.now(UTC)
