"""Who is told about applications and assistants. Nobody is told of what they did themselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.models.assistants import RegistrationRequest
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.services.mail import letters
from app.services.notifications import Notice, notify
from app.services.people import ADMIN_IDS

ENTITY = "registrations"


def _admins(actor: Actor) -> list[int]:
    return sorted(set(db.session.scalars(ADMIN_IDS)) - {actor.id})


def tell_submitted(registration_id: UUID, name: str, actor: Actor) -> None:
    """Tell the admins, who decide."""
    title = _l("%(name)s wants to be a help desk assistant", name=name)
    body = _l("Approve or reject the application.")
    link = f"/registrations/{registration_id}"
    notices = [Notice(each, registration_id, title, body, link) for each in _admins(actor)]
    notify(NotificationType.REGISTRATION_SUBMITTED, ENTITY, notices)


def tell_approved(request: RegistrationRequest, actor: Actor) -> None:
    """Tell the new assistant, and the other admins."""
    assert request.user_id is not None
    title = _l("Welcome: you are a help desk assistant now")
    body = _l("Sign in as %(username)s with the password that you chose.", username=request.username)
    welcome = Notice(request.user_id, request.id, title, body, "/me/assistant")
    notify(NotificationType.REGISTRATION_APPROVED, ENTITY, [welcome])
    _tell_processed(request, _l("%(name)s was approved as an assistant", name=_name(request)), "", actor)


def tell_rejected(request: RegistrationRequest, actor: Actor) -> None:
    """Write to the applicant, who has no account, and tell the other admins."""
    letters.post("registration_rejected", request.email, {"id": str(request.id)}, locale=request.locale)
    title = _l("%(name)s was rejected as an assistant", name=_name(request))
    _tell_processed(request, title, request.rejection_reason, actor)


def _tell_processed(request: RegistrationRequest, title: Any, body: Any, actor: Actor) -> None:
    link = f"/registrations/{request.id}"
    notices = [Notice(each, request.id, title, body, link) for each in _admins(actor)]
    notify(NotificationType.REGISTRATION_PROCESSED, ENTITY, notices)


def _name(request: RegistrationRequest) -> str:
    return f"{request.first_name} {request.last_name}"
