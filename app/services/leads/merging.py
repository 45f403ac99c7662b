"""Merging two leads that are one person, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.leads import Lead, LeadAuditEvent, LeadEvent
from app.policies.actor import Actor
from app.policies.rules import may_edit_lead
from app.policies.scopes import visible
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.leads.events import record
from app.services.resource import Outcome, Result
from app.services.transaction import lock, lock_many, transactional

FILLED = (
    "email",
    "interest",
    "area",
    "community",
    "address",
    "guardian_name",
    "age",
    "expected_budget",
    "last_contacted_on",
    "walk_in_date",
    "demo_date",
    "owner_id",
    "assigned_teacher_id",
    "next_follow_up_at",
)
"""What an empty field of the lead that stays takes over from the one that goes."""
MOVED = ("lead_notes", "lead_contact_attempts", "admissions")

_WITHDRAW = text("""
    UPDATE waitlist_entries w SET status = 'withdrawn', expires_at = NULL
    WHERE w.lead_id = :gone AND w.status = 'waiting' AND EXISTS (
        SELECT FROM waitlist_entries k WHERE k.lead_id = :kept AND k.classroom_slot_id = w.classroom_slot_id
          AND k.status IN ('waiting', 'offered'))
    RETURNING id
""")
_MOVE_WAITING = text("""
    UPDATE waitlist_entries w SET lead_id = :kept
    WHERE w.lead_id = :gone AND NOT (w.status IN ('waiting', 'offered') AND EXISTS (
        SELECT FROM waitlist_entries k WHERE k.lead_id = :kept AND k.classroom_slot_id = w.classroom_slot_id
          AND k.status IN ('waiting', 'offered')))
    RETURNING id
""")


def _move_waiting(gone: Lead, kept: Lead) -> dict[str, list[str]]:
    """The places in waitlists move too; where both wait for the same slot, the one that stays keeps its own."""
    facts = {"gone": gone.id, "kept": kept.id}
    withdrawn = [str(key) for key in db.session.scalars(_WITHDRAW, facts)]
    moved = [str(key) for key in db.session.scalars(_MOVE_WAITING, facts)]
    return {"waitlist_entries": moved, "withdrawn": withdrawn}


_SLOTS_OF = text("SELECT DISTINCT classroom_slot_id FROM waitlist_entries WHERE id = ANY(CAST(:ids AS uuid[]))")
_WAIT_AGAIN = text("""
    UPDATE waitlist_entries SET status = 'waiting' WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'withdrawn'
""")


def _wait_again(withdrawn: Sequence[str]) -> None:
    """What the merge took off the waitlist is on it again, and is offered the place that may be free by now."""
    from app.services.admissions import places, waitlist  # which knows leads

    slots = list(db.session.scalars(_SLOTS_OF, {"ids": withdrawn}))
    places.lock(slots)
    db.session.execute(_WAIT_AGAIN, {"ids": withdrawn})
    waitlist.offer_places(slots)


@transactional
def merge(ids: Sequence[UUID], *, actor: Actor, into_id: UUID) -> Result:
    """Merge a lead into another: notes, contact attempts and tags move, empty fields are filled, and the merged lead
    leaves the lists.

    Raises NotFound, NotAllowed (both must be the actor's to edit), Invalid when the two are one, or more than one lead
    is to go.
    """
    if len(ids) != 1 or ids[0] == into_id:
        raise Invalid(fields={"into_id": [_("Choose another lead to merge into.")]})
    leads = {lead.id: lead for lead in lock_many(Lead, [ids[0], into_id], visible(Lead, actor))}
    if len(leads) != 2:
        raise NotFound
    gone, kept = leads[ids[0]], leads[into_id]
    for lead in (gone, kept):
        reason = may_edit_lead(actor, lead)
        if reason is not None:
            raise NotAllowed(reason)
    filled = {
        name: getattr(gone, name) for name in FILLED if getattr(kept, name) is None and getattr(gone, name) is not None
    }
    moved: dict[str, Any] = {"from": str(gone.id), "filled": sorted(filled), "contact_attempts": gone.contact_attempts}
    moved |= {
        table: [
            str(key)
            for key in db.session.scalars(
                text(f"UPDATE {table} SET lead_id = :kept WHERE lead_id = :gone RETURNING id"),  # noqa: S608 - the names are ours
                {"kept": kept.id, "gone": gone.id},
            )
        ]
        for table in MOVED
    }
    moved |= _move_waiting(gone, kept)
    moved["lead_tags"] = [
        str(key)
        for key in db.session.scalars(
            text("""
        INSERT INTO lead_tags (lead_id, tag_id) SELECT :kept, tag_id FROM lead_tags WHERE lead_id = :gone
        ON CONFLICT DO NOTHING RETURNING id
    """),
            {"kept": kept.id, "gone": gone.id},
        )
    ]
    for name, value in filled.items():
        setattr(kept, name, value)
    kept.contact_attempts += gone.contact_attempts
    now = db.session.scalar(
        text("SELECT now()")
    )  # before the next line: reading writes what is pending, and only all three are valid
    gone.merged_into_id, gone.deleted_at, gone.deleted_by_id = kept.id, now, actor.id
    db.session.flush()
    batch_id = uuid4()
    record(LeadEvent.MERGED, [(kept.id, None, moved), (gone.id, None, {"into": str(kept.id)})], batch_id=batch_id)
    told = _("merged into %(name)s", name=kept.name)
    return Result([Outcome(str(gone.id), gone.name, message=told, into=str(kept.id))], batch_id)


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


@transactional
def undo_merge(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take a merge back: what moved returns, both wait again where both did, filled fields that nobody changed since are
    emptied, and the merged lead is live again.

    Raises NotFound, NotAllowed, WrongState when the lead was not merged.
    """
    gone = lock(Lead, ids[0], visible(Lead, actor, deleted=True))
    if gone.merged_into_id is None:
        raise WrongState(_("This lead was not merged."))
    kept = lock(Lead, gone.merged_into_id, visible(Lead, actor))
    reason = may_edit_lead(actor, kept)
    if reason is not None:
        raise NotAllowed(reason)
    event = db.session.scalars(
        select(LeadAuditEvent)
        .where(
            LeadAuditEvent.lead_id == kept.id,
            LeadAuditEvent.type == LeadEvent.MERGED,
            LeadAuditEvent.after["from"].astext == str(gone.id),
        )
        .order_by(LeadAuditEvent.at.desc())
        .limit(1)
    ).one()
    moved = event.after or {}
    for table in (*MOVED, "waitlist_entries"):
        back = f"UPDATE {table} SET lead_id = :gone WHERE lead_id = :kept AND id = ANY(CAST(:ids AS uuid[]))"  # noqa: S608 - the names are ours
        db.session.execute(text(back), {"gone": gone.id, "kept": kept.id, "ids": moved.get(table, [])})
    db.session.execute(text("DELETE FROM lead_tags WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": moved["lead_tags"]})
    for name in moved["filled"]:
        if getattr(kept, name) == getattr(gone, name):
            setattr(kept, name, None)
    kept.contact_attempts = max(0, kept.contact_attempts - moved["contact_attempts"])
    gone.merged_into_id = gone.deleted_at = gone.deleted_by_id = None
    db.session.flush()
    _wait_again(moved.get("withdrawn", []))
    record(LeadEvent.RESTORED, [(gone.id, None, {"from": str(kept.id)}), (kept.id, None, {"unmerged": str(gone.id)})])
    return Result([Outcome(str(gone.id), gone.name)])
