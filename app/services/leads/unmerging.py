"""Taking the merge of two leads back. What was changed since stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.leads import FollowUpStatus, Lead, LeadAuditEvent, LeadEvent
from app.policies.actor import Actor
from app.policies.rules import may_edit_lead
from app.policies.scopes import visible
from app.services import school
from app.services.errors import NotAllowed, NotFound, Text, WrongState
from app.services.leads.events import BECAUSE, record, stands
from app.services.leads.merging import ADMITTED, MOVED, change
from app.services.leads.stages import active_of
from app.services.resource import Outcome, Result
from app.services.transaction import lock, transactional

OF_ITS_END = {BECAUSE: "unmerge"}
_READ: dict[str, Any] = {
    "stage_id": UUID,
    "follow_up_status": FollowUpStatus,
    "follow_up_date": date.fromisoformat,
    "last_contacted_on": date.fromisoformat,
    "demo_conducted": bool,
}


def _move_back(table: str, moved: dict[str, Any], gone: Lead, kept: Lead) -> None:
    """Give the rows of a table that moved, and are still with the one that stayed, back."""
    back = f"UPDATE {table} SET lead_id = :gone WHERE lead_id = :kept AND id = ANY(CAST(:ids AS uuid[]))"  # noqa: S608 - the names are ours
    db.session.execute(text(back), {"gone": gone.id, "kept": kept.id, "ids": moved.get(table, [])})


def _changed_since(merged: LeadAuditEvent) -> set[str]:
    """The fields of the lead that stayed that people have changed since, also to something else and back. By the key of the
    events, which is made when they are: a transaction may wait for long.
    """
    names = func.jsonb_object_keys(LeadAuditEvent.after).label("name")
    later = select(names).where(LeadAuditEvent.lead_id == merged.lead_id, LeadAuditEvent.id > merged.id, stands())
    return set(db.session.scalars(later.distinct()))


def _filled(merged: LeadAuditEvent, gone: Lead, kept: Lead, changed: set[str]) -> dict[str, Any]:
    """What the lead that stayed had before, of what the merge gave to it and is so still."""
    moved = merged.after or {}
    before = dict.fromkeys(moved["filled"]) | moved.get("before", {})
    values = {
        name: was if was is None else _READ[name](was)
        for name, was in before.items()
        if name not in changed and getattr(kept, name) == getattr(gone, name)
    }
    if "demo_date" in before and "demo_date" not in values:
        values.pop("demo_conducted", None)  # it tells of another day now
    if "last_contacted_on" in values:
        own = [values["last_contacted_on"], _contacted_since(merged)]
        values["last_contacted_on"] = max(filter(None, own), default=None)
    return values


def _contacted_since(merged: LeadAuditEvent) -> date | None:
    """The day of the last contact with the lead that stayed since the merge."""
    tried = LeadAuditEvent.type == LeadEvent.CONTACT_ATTEMPTED
    statement = select(func.max(LeadAuditEvent.at)).where(
        LeadAuditEvent.lead_id == merged.lead_id, LeadAuditEvent.id > merged.id, tried
    )
    at = db.session.scalar(statement)
    return at.astimezone(school.zone()).date() if at else None


def _as_it_was(facts: dict[str, list[str]], kept: Lead) -> dict[str, Any]:
    """What is still as the merge left it, as it was before."""
    return {name: _READ[name](was) for name, (was, then) in facts.items() if str(getattr(kept, name)) == then}


def _onboard_no_more(kept: Lead, before: dict[str, Any]) -> None:
    """Give a lead the stage and the open follow-up back that it had before it took over an admission; the stage only if it is
    still in use.
    """
    from app.services.admissions import people  # which knows leads

    if "stage_id" in before and not active_of([before["stage_id"]]):
        del before["stage_id"]
    people.change_lead(kept, before, OF_ITS_END)


@transactional
def undo(batch_id: UUID, *, actor: Actor) -> Result:
    """Take one's own merge back, named by its batch. Raises NotFound when there is no such batch of this actor, and what
    `undo_merge` raises.
    """
    merged = select(LeadAuditEvent.lead_id).where(
        LeadAuditEvent.batch_id == batch_id,
        LeadAuditEvent.actor_id == actor.id,
        LeadAuditEvent.type == LeadEvent.MERGED,
        LeadAuditEvent.after.has_key("into"),
    )
    gone_id = db.session.scalar(merged)
    if gone_id is None:
        raise NotFound
    return undo_merge([gone_id], actor=actor)


# Each merge knows what the one that stays had before it: of several, the last is taken back first.
_LATER = text("""
    SELECT l.first_name || ' ' || l.last_name FROM lead_audit_events e JOIN leads l ON l.id = (e.after ->> 'from')::uuid
    WHERE e.lead_id = :kept AND e.type = 'merged' AND l.merged_into_id = :kept AND e.id > (
        SELECT m.id FROM lead_audit_events m WHERE m.lead_id = :kept AND m.type = 'merged' AND m.after ->> 'from' = :gone
        ORDER BY m.id DESC LIMIT 1
    ) ORDER BY e.id DESC LIMIT 1
""")


def hindrance(gone_id: UUID, kept: Lead) -> Text | None:
    """Why the merge of a lead into this one cannot be taken back now, or None: what was moved on would stay behind."""
    if kept.deleted_at is not None:
        return _l("%(name)s was itself merged or deleted since: undo or restore that first.", name=kept.name)
    later = db.session.scalar(_LATER, {"kept": kept.id, "gone": str(gone_id)})
    if later is None:
        return None
    return _l("%(name)s was merged into the same lead later: undo that merge first.", name=later)


@transactional
def undo_merge(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take a merge back: what moved returns, both wait again where both did, fields that the merge filled and nobody changed
    since are emptied, and the merged lead is live again.

    Raises NotFound, NotAllowed, WrongState when the lead was not merged, another was merged into the same one later, or the
    one that stayed is not live itself.
    """
    from app.services.admissions import waitlist  # which knows leads

    gone = lock(Lead, ids[0], visible(Lead, actor, deleted=True))
    if gone.merged_into_id is None:
        raise WrongState(_("This lead was not merged."))
    kept = lock(Lead, gone.merged_into_id, visible(Lead, actor) | visible(Lead, actor, deleted=True))
    stopped = hindrance(gone.id, kept)
    if stopped is not None:
        raise WrongState(stopped)
    reason = may_edit_lead(actor, kept)
    if reason is not None:
        raise NotAllowed(reason)
    merged = db.session.scalars(
        select(LeadAuditEvent)
        .where(
            LeadAuditEvent.lead_id == kept.id,
            LeadAuditEvent.type == LeadEvent.MERGED,
            LeadAuditEvent.after["from"].astext == str(gone.id),
        )
        .order_by(LeadAuditEvent.id.desc())
        .limit(1)
    ).one()
    moved, changed = merged.after or {}, _changed_since(merged)
    for table in MOVED:
        _move_back(table, moved, gone, kept)
    waitlist.lock_slots_of([gone.id, kept.id])
    _move_back("waitlist_entries", moved, gone, kept)
    db.session.execute(text("DELETE FROM lead_tags WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": moved["lead_tags"]})
    given, follow_up = _filled(merged, gone, kept, changed), moved.get("follow_up", {})
    back = _as_it_was(follow_up, kept)
    if len(back) == len(follow_up) and changed.isdisjoint(back):  # the day and its state belong together
        given |= back
    change(kept, given, OF_ITS_END)
    if db.session.scalar(ADMITTED, {"id": kept.id}) is None:
        before = _as_it_was(moved.get("onboarded", {}), kept)
        _onboard_no_more(kept, {name: value for name, value in before.items() if name not in changed})
    kept.contact_attempts = max(0, kept.contact_attempts - moved["contact_attempts"])
    gone.merged_into_id = gone.deleted_at = gone.deleted_by_id = None
    db.session.flush()
    waitlist.wait_again(moved.get("withdrawn", []))
    record(LeadEvent.RESTORED, [(gone.id, None, {"from": str(kept.id)}), (kept.id, None, {"unmerged": str(gone.id)})])
    return Result([Outcome(str(gone.id), gone.name)])
