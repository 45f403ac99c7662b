"""What is written to people about their second factor."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.extensions import db
from app.models.access import User
from app.services.accounts import directory
from app.services.mail.letters import Words


def reset(letter: Any) -> Words | None:
    """To the owner of an account whose second factor an admin took off."""
    user = db.session.get(User, letter.payload["user_id"])
    if user is None or not user.active:
        return None
    return Words(
        directory.title(user),
        _("Your second factor was switched off"),
        (
            _("A Super Admin switched off the second factor of your account %(username)s.", username=user.username),
            _("You log in with your password alone until you set up a new one, in the settings:"),
            f"{current_app.config['PUBLIC_URL']}/settings/second-factor",
            _("If you did not ask for this, tell the office at once."),
        ),
    )
