"""Putting records into use and out of use, as actions of their resource."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.services import plain
from app.services.resource import Action


def _idle(actor: Actor, record: Any) -> Any:
    return _l("It is in use already.") if record.active else None


def _used(actor: Actor, record: Any) -> Any:
    return None if record.active else _l("It is out of use already.")


def switches(
    model: type[Any], title: plain.Titled, hindrance: plain.Hindrance = lambda row: None
) -> tuple[Action, Action]:
    """The two actions; `hindrance` says why a record has to stay in use."""
    return (
        Action(
            "activate",
            _l("Put into use"),
            partial(plain.set_active, model, active=True, title=title),
            _idle,
            icon="play",
        ),
        Action(
            "deactivate",
            _l("Take out of use"),
            partial(plain.set_active, model, active=False, title=title, hindrance=hindrance),
            _used,
            icon="ban",
            help=_l("It stays where it is used, and is not offered any more."),
        ),
    )
