"""What is written to applicants who have no account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _

from app.extensions import db
from app.models.assistants import RegistrationRequest, RegistrationStatus
from app.services import accounts
from app.services.accounts import directory
from app.services.assistants.deciding import title
from app.services.mail.letters import Words


def rejected(letter: Any) -> Words | None:
    """With the reason."""
    found = db.session.get(RegistrationRequest, UUID(letter.payload["id"]))
    if found is None or found.status is not RegistrationStatus.REJECTED:
        return None
    reason = _("The reason: %(reason)s", reason=found.rejection_reason)
    answer = _("The office has decided: you do not become a help desk assistant.")
    return Words(title(found), _("Your application as an assistant"), (answer, reason))


def known(letter: Any) -> Words:
    """To the owner of an address with which somebody applied though it is known: the only one who is told."""
    what = _("Somebody, probably you, applied as a help desk assistant with this e-mail address.")
    owner = accounts.find(letter.email)
    if owner is None:
        why = _("An application with this address waits for an answer already, so this one was not taken.")
        rest: tuple[str, ...] = (why,)
    else:
        why = _("There is an account with this address already, so the application was not taken.")
        office = _("Students who have an account are made assistants by the office: ask there.")
        rest = (why, office, _("Log in here:"), f"{current_app.config['PUBLIC_URL']}/login/")
    name = directory.title(owner) if owner is not None else ""
    return Words(name, _("Your application as an assistant"), (what, *rest))
