"""Undoing what was done in one go: each lead goes back to what it was, unless it has been changed again since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, ColumnElement, Text, func, literal, select, update

from app.extensions import db
from app.models.admissions import Admission, AdmissionStatus
from app.models.leads import FollowUpStatus, Lead, LeadAuditEvent, LeadEvent, LeadStage
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_edit_lead
from app.services import people
from app.services.errors import NotFound
from app.services.keysets import among
from app.services.leads import notices, stages
from app.services.leads.batch import act
from app.services.leads.events import BECAUSE, UNDOES, record, stands
from app.services.resource import Result, Rule
from app.services.transaction import transactional

Events = Mapping[UUID, LeadAuditEvent]
AsLeft = Callable[[Any], bool]

UNDOABLE = {LeadEvent.STAGE_CHANGED, LeadEvent.OWNER_CHANGED, LeadEvent.UPDATED, LeadEvent.FOLLOW_UP_CHANGED}

_READ: dict[str, Any] = {
    "stage_id": UUID,
    "owner_id": int,
    "assigned_teacher_id": int,
    "follow_up_date": date.fromisoformat,
    "follow_up_status": FollowUpStatus,
}


@transactional
def undo(batch_id: UUID, *, actor: Actor) -> Result:
    """Undo one's own bulk change of stage, owner, teacher or follow-up. A lead whose earlier stage is
    not in use any more, whose earlier owner or teacher cannot be chosen any more, that was admitted meanwhile, or that somebody
    else has worked with since it was handed to them, is refused by itself. What people were told and have not read is
    taken back with it. Raises NotFound when there is no such batch of
    this actor.
    """
    statement = select(LeadAuditEvent).where(LeadAuditEvent.batch_id == batch_id, LeadAuditEvent.actor_id == actor.id)
    found = db.session.scalars(statement).all()
    kinds = {event.type for event in found}
    if len(kinds) != 1 or not kinds <= UNDOABLE or any(BECAUSE in (event.after or {}) for event in found):
        raise NotFound
    kind, events = kinds.pop(), {event.lead_id: event for event in found}
    as_left = _as_left(kind, events)
    rule = _rule(kind, events, as_left, actor)

    def change(rows: list[Any], new_batch: UUID) -> set[UUID]:
        """Rows with the same past go back in one statement."""
        groups: dict[tuple[tuple[str, Any], ...], list[UUID]] = {}
        for row in rows:
            event = events[row.id]
            if as_left(row):
                groups.setdefault(tuple(sorted((event.before or {}).items())), []).append(row.id)
        for past, ids in groups.items():
            values = {name: _value(name, value) for name, value in past}
            db.session.execute(
                update(Lead).where(among(Lead.id, ids)).values(**values).execution_options(synchronize_session=False)
            )
        undone = {key for ids in groups.values() for key in ids}
        why = {BECAUSE: "undo", UNDOES: batch_id}
        told = [(key, events[key].after, {**(events[key].before or {}), **why}) for key in undone]
        record(kind, told, batch_id=new_batch)
        _unsay([row for row in rows if row.id in undone], events)
        return undone

    return act(list(events), actor, rule, change)


def _unsay(rows: list[Any], events: Events) -> None:
    """Nobody finds a lead among the news that is not theirs after all."""
    named = [(events[row.id].after or {}).get(name) for row in rows for name in ("owner_id", "assigned_teacher_id")]
    people = {person for person in (*named, *(row.owner_id for row in rows)) if person is not None}
    notices.unsay([row.id for row in rows], next(iter(events.values())).at, people)


def _rule(kind: LeadEvent, events: Events, as_left: AsLeft, actor: Actor) -> Rule:
    """Who may take back which lead."""
    if kind is LeadEvent.OWNER_CHANGED:
        return _back_to_people("owner_id", people.OWNERS, events, as_left, _unless_worked_with(events, actor))
    if kind is LeadEvent.UPDATED:
        return _back_to_people("assigned_teacher_id", (Role.TEACHER,), events, as_left, may_edit_lead)
    return _back_to_stages(events, as_left) if kind is LeadEvent.STAGE_CHANGED else may_edit_lead


def _unless_worked_with(events: Events, actor: Actor) -> Rule:
    """Handing a lead on takes away the right to edit it: undoing one's own doing needs only the right to have done it, until
    somebody else has begun.
    """

    @cache
    def begun() -> set[UUID]:
        """Asked when the leads are locked."""
        nobody = func.coalesce(LeadAuditEvent.after[BECAUSE].astext, "") == "stage_deleted"
        return _touched_later(events, (LeadAuditEvent.actor_id != actor.id) & ~nobody)

    def rule(actor: Actor, row: Any) -> Any:
        if may_edit_lead(actor, row) is None or row.id not in begun():
            return None
        return _l("Somebody has worked with it since: ask its owner or an admin.")

    return rule


def _back_to_people(name: str, roles: tuple[Role, ...], events: Events, as_left: AsLeft, may: Rule) -> Rule:
    """Leads go back to people who could be chosen now, or to nobody."""
    there = {None, *db.session.scalars(people.active(*roles))}

    def rule(actor: Actor, row: Any) -> Any:
        reason, before = may(actor, row), events[row.id].before or {}
        if reason is not None or not as_left(row) or before.get(name) in there:
            return reason
        return _l("The person it was with before cannot be chosen any more: choose somebody else.")

    return rule


def _back_to_stages(events: Events, as_left: AsLeft) -> Rule:
    """Leads go back to stages that are in use; one that was admitted meanwhile stays in the final stage."""
    earlier = {key: _value("stage_id", (event.before or {}).get("stage_id")) for key, event in events.items()}
    active = stages.active_of(set(earlier.values()))

    @cache
    def admitted() -> set[UUID]:
        """Asked when the leads are locked, as whoever admits locks the lead first."""
        running = Admission.deleted_at.is_(None) & (Admission.status != AdmissionStatus.CANCELLED)
        statement = select(Admission.lead_id).join(Lead, Lead.id == Admission.lead_id).join(LeadStage)
        found = db.session.scalars(statement.where(running, LeadStage.is_onboarded, among(Lead.id, list(events))))
        return {key for key in found if key is not None}

    def rule(actor: Actor, row: Any) -> Any:
        reason = may_edit_lead(actor, row)
        if reason is not None or not as_left(row):
            return reason
        if earlier[row.id] not in active:
            return _l("The stage it was in before is not in use any more: choose another one.")
        return _l("It has been admitted since, and stays in the final stage.") if row.id in admitted() else None

    return rule


def _as_left(kind: LeadEvent, events: Events) -> AsLeft:
    """Whether nobody has changed since what the events tell of, not even to something else and back."""
    names = sorted({name for event in events.values() for name in event.after or {}})

    @cache
    def changed() -> set[UUID]:
        """Asked when the leads are locked."""
        same = (LeadAuditEvent.type == kind) & LeadAuditEvent.after.has_any(literal(names, ARRAY(Text)))
        return _touched_later(events, same & stands())

    def is_left(row: Any) -> bool:
        told = events[row.id].after or {}
        return (
            all(getattr(row, name) == _value(name, value) for name, value in told.items()) and row.id not in changed()
        )

    return is_left


def _touched_later(events: Events, how: ColumnElement[bool]) -> set[UUID]:
    """Which of the leads have such an event after these. By the key, which is made when the event is: a transaction may
    wait for long.
    """
    later = LeadAuditEvent.id > max(event.id for event in events.values())
    statement = select(LeadAuditEvent.lead_id).where(among(LeadAuditEvent.lead_id, list(events)), later, how)
    return set(db.session.scalars(statement))


def _value(name: str, value: Any) -> Any:
    return None if value is None else _READ[name](value)
