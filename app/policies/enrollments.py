"""Who may do what to an invitation, an enrollment or its documents. Each rule returns None, or the reason why not."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.policies.roles import Role

Reason = Any  # a lazy translated text

OFFICE: Final = (Role.SUPER_ADMIN, Role.ADMIN, Role.ADMISSIONS)


def is_office(actor: Actor) -> bool:
    """Whether the actor works in the enrollment office, or is the system."""
    return actor.id is None or actor.has(*OFFICE)


def may_run_enrollments(actor: Actor, record: Any) -> Reason | None:
    """The enrollment office looks after documents and payments."""
    return None if is_office(actor) else _l("Only the enrollment office may do this.")


def may_decide_enrollment(actor: Actor, record: Any) -> Reason | None:
    """Coaches lead the families that they invited; the enrollment office all."""
    if is_office(actor) or (actor.has(Role.COACH) and record.coach_id == actor.id):
        return None
    return _l("Only the coach who invited the family, or the enrollment office, may do this.")


def may_fill_steps(actor: Actor, enrollment: Any) -> Reason | None:
    """Guardians do the steps of their own children; the enrollment office may do them in their place."""
    if is_office(actor) or enrollment.guardian_id == actor.id:
        return None
    return _l("Only the family or the enrollment office may fill this in.")
