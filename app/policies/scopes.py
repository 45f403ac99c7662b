"""Which rows of a model an actor may see. One function per model; a model without one is seen by whoever has the
permission.

Every list, page, choice, export, action and API call reads through `visible`, so a row outside it answers like one that
does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, false, or_, true

from app.models.access import User
from app.models.imports import Import
from app.models.leads import Lead, LeadAuditEvent, LeadContactAttempt, LeadNote
from app.models.notifications import Notification
from app.models.screens import SavedFilter
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.policies.roles import Role

Scope = Callable[[Actor], ColumnElement[bool]]


def leads(actor: Actor) -> ColumnElement[bool]:
    """Staff and admins see all leads; a teacher those assigned to them."""
    if actor.id is None or actor.has(Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF):
        return true()
    if actor.has(Role.TEACHER):
        return Lead.assigned_teacher_id == actor.id
    return false()


def staff_only(actor: Actor) -> ColumnElement[bool]:
    """What staff wrote about a lead is theirs: a teacher sees the lead, not the notes."""
    return true() if actor.id is None or actor.has(Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF) else false()


def own_notifications(actor: Actor) -> ColumnElement[bool]:
    return Notification.recipient_id == actor.id


def own_or_shared_filters(actor: Actor) -> ColumnElement[bool]:
    return or_(SavedFilter.owner_id == actor.id, SavedFilter.shared)


def own_imports(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.is_admin or actor.id is None else Import.created_by_id == actor.id


def accounts(actor: Actor) -> ColumnElement[bool]:
    """The system's own account is nobody's to see."""
    return User.username != SYSTEM


SCOPES: dict[type[Any], Scope] = {
    Lead: leads,
    LeadNote: staff_only,
    LeadContactAttempt: staff_only,
    LeadAuditEvent: staff_only,
    Notification: own_notifications,
    SavedFilter: own_or_shared_filters,
    Import: own_imports,
    User: accounts,
}


def visible(model: type[Any], actor: Actor, *, deleted: bool = False) -> ColumnElement[bool]:
    """The rule for `actor`; soft-deleted rows are outside it unless `deleted` asks for them alone."""
    scope = SCOPES.get(model)
    rule = scope(actor) if scope else true()
    if hasattr(model, "deleted_at"):
        rule &= model.deleted_at.is_not(None) if deleted else model.deleted_at.is_(None)
    return rule
