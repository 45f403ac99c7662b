"""Putting records into use and out of use, as actions of their resource, and what keeps courses and times in use."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import text

from app.extensions import db
from app.policies.actor import Actor
from app.services import plain
from app.services.resource import Action


def _idle(actor: Actor, record: Any) -> Any:
    return _l("It is in use already.") if record.active else None


def _used(actor: Actor, record: Any) -> Any:
    return None if record.active else _l("It is out of use already.")


# All are locked, so that nobody takes a place or is offered one meanwhile, and only then looked at.
_PLACES = """
    SELECT enrolled + offered FROM classroom_slots WHERE {column} = :id AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE
"""


def taken(column: str) -> plain.Hindrance:
    """Says in how many classroom slots of a record, whose key they have in this column, places are taken or offered."""

    def reason(record: Any) -> Any:
        places = db.session.scalars(text(_PLACES.format(column=column)), {"id": record.id})
        count = sum(each > 0 for each in places)
        told = _("Students have places in %(count)s of its classroom slots, or are offered one.", count=count)
        return told if count else None

    return reason


_PLANNED = """
    SELECT count(*) FROM attendance a JOIN classroom_slots s ON s.id = a.classroom_slot_id
    WHERE s.{column} = :id AND a.deleted_at IS NULL AND a.status = 'scheduled' AND a.starts_at > now()
"""


def planned(column: str) -> plain.Hindrance:
    """Says how many classes to come are planned in the classroom slots of a record, also of those who only visit."""

    def reason(record: Any) -> Any:
        count = db.session.scalar(text(_PLANNED.format(column=column)), {"id": record.id})
        return (
            ngettext(
                "%(num)s class to come is planned in it: move it first.",
                "%(num)s classes to come are planned in it: move them first.",
                count,
            )
            if count
            else None
        )

    return reason


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
