"""Merging two leads that are one person, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.leads import FollowUpStatus, Lead, LeadAuditEvent, LeadEvent
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.policies.rules import may_edit_lead
from app.policies.scopes import visible
from app.services.errors import Invalid, NotAllowed, NotFound, Text, WrongState
from app.services.leads import notices
from app.services.leads.events import record
from app.services.leads.stages import active_of
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
_CONTACTED = "last_contacted_on"
MOVED = ("lead_notes", "lead_contact_attempts", "admissions")


def _move(table: str, gone: Lead, kept: Lead) -> list[str]:
    """Give the rows of a table to the one that stays, and tell which."""
    statement = text(f"UPDATE {table} SET lead_id = :kept WHERE lead_id = :gone RETURNING id")  # noqa: S608 - the names are ours
    return [str(key) for key in db.session.scalars(statement, {"kept": kept.id, "gone": gone.id})]


def _move_back(table: str, moved: dict[str, Any], gone: Lead, kept: Lead) -> None:
    """Give the rows of a table that moved, and are still with the one that stayed, back."""
    back = f"UPDATE {table} SET lead_id = :gone WHERE lead_id = :kept AND id = ANY(CAST(:ids AS uuid[]))"  # noqa: S608 - the names are ours
    db.session.execute(text(back), {"gone": gone.id, "kept": kept.id, "ids": moved.get(table, [])})


_OF_SOMEBODY = "SELECT true FROM admissions WHERE deleted_at IS NULL AND status <> 'cancelled'"
_RUNNING = text(f"{_OF_SOMEBODY} AND id = ANY(CAST(:ids AS uuid[])) LIMIT 1")
_ADMITTED = text(f"{_OF_SOMEBODY} AND lead_id = :id LIMIT 1")
_FOLLOW_UP: dict[str, Any] = {"follow_up_date": date.fromisoformat, "follow_up_status": FollowUpStatus}
_READ: dict[str, Any] = {"stage_id": UUID, "follow_up_status": FollowUpStatus}


def _onboard_no_more(kept: Lead, onboarded: dict[str, list[str]]) -> None:
    """Give a lead the stage and the open follow-up back that it had before it took over an admission, where nobody has
    changed them since; the stage only if it is still in use.
    """
    from app.services.admissions import people  # which knows leads

    before = {name: _READ[name](was) for name, (was, then) in onboarded.items() if str(getattr(kept, name)) == then}
    if "stage_id" in before and not active_of([before["stage_id"]]):
        del before["stage_id"]
    people.change_lead(kept, before)


def _taken_over(gone: Lead, kept: Lead) -> dict[str, Any]:
    """What the lead that stays gets from the one that goes: what it lacks, with the day of a demo whether that took place,
    and the later contact.
    """
    taken = {
        name: getattr(gone, name) for name in FILLED if getattr(kept, name) is None and getattr(gone, name) is not None
    }
    if "demo_date" in taken and gone.demo_conducted != kept.demo_conducted:
        taken["demo_conducted"] = gone.demo_conducted
    if gone.last_contacted_on and kept.last_contacted_on and gone.last_contacted_on > kept.last_contacted_on:
        taken[_CONTACTED] = gone.last_contacted_on
    return taken


def _give_back(moved: dict[str, Any], gone: Lead, kept: Lead) -> None:
    """Undo that, where nobody has changed it since."""
    before: dict[str, Any] = dict.fromkeys(moved["filled"]) | moved.get("before", {})
    if before.get(_CONTACTED):
        before[_CONTACTED] = date.fromisoformat(before[_CONTACTED])
    _change(kept, {name: was for name, was in before.items() if getattr(kept, name) == getattr(gone, name)})


def _change(kept: Lead, values: dict[str, Any]) -> None:
    """Set the values, and tell of the people among them as whoever assigns them does."""
    for kind, name in ((LeadEvent.OWNER_CHANGED, "owner_id"), (LeadEvent.UPDATED, "assigned_teacher_id")):
        if name in values:
            record(kind, [(kept.id, {name: getattr(kept, name)}, {name: values[name]})])
    for name, value in values.items():
        setattr(kept, name, value)


def _take_follow_up(gone: Lead, kept: Lead) -> dict[str, list[str]]:
    """Give the lead that stays the open follow-up of the one that goes, if it has none or a later one; who is admitted
    needs none. Returns what changed: what was and what is.
    """
    earlier = kept.follow_up_status is not FollowUpStatus.OPEN or gone.follow_up_date < kept.follow_up_date
    if gone.follow_up_status is not FollowUpStatus.OPEN or not earlier or db.session.scalar(_ADMITTED, {"id": kept.id}):
        return {}
    taken = {name: [str(getattr(kept, name)), str(getattr(gone, name))] for name in _FOLLOW_UP}
    kept.follow_up_status, kept.follow_up_date = gone.follow_up_status, gone.follow_up_date
    return taken


def _return_follow_up(kept: Lead, taken: dict[str, list[str]]) -> None:
    """Undo that, unless somebody has changed the follow-up since."""
    if all(str(getattr(kept, name)) == then for name, (_was, then) in taken.items()):
        for name, (was, _then) in taken.items():
            setattr(kept, name, _FOLLOW_UP[name](was))


@transactional
def merge(ids: Sequence[UUID], *, actor: Actor, into_id: UUID) -> Result:
    """Merge a lead into another: notes, contact attempts, tags and places in waitlists move, empty fields are filled, the
    earlier open follow-up stays, and the merged lead leaves the lists. Where both wait for the same slot, one goes on: who has
    an offer, or else who stays. Who takes over an admission that is not cancelled is onboarded (03-admissions).

    Raises NotFound, NotAllowed (both must be the actor's to edit), Invalid when the two are one, or more than one lead
    is to go.
    """
    from app.services.admissions import people, waitlist  # which know leads

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
    taken = _taken_over(gone, kept)
    before = {name: getattr(kept, name) for name in taken if getattr(kept, name) is not None}
    moved: dict[str, Any] = {"from": str(gone.id), "filled": sorted(taken), "contact_attempts": gone.contact_attempts}
    moved["before"] = {name: was.isoformat() if isinstance(was, date) else was for name, was in before.items()}
    moved |= {table: _move(table, gone, kept) for table in MOVED}
    waitlist.lock_slots_of([gone.id, kept.id])
    moved["withdrawn"] = waitlist.merge(gone.id, kept.id)
    moved["waitlist_entries"] = _move("waitlist_entries", gone, kept)
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
    _change(kept, taken)
    if taken.get("owner_id") is not None:
        notices.tell(NotificationType.LEAD_ASSIGNED, [kept], actor, [taken["owner_id"]], _l("assigned to you"))
    moved["follow_up"] = _take_follow_up(gone, kept)
    earlier = people.onboard_lead(kept) if db.session.scalar(_RUNNING, {"ids": moved["admissions"]}) else {}
    moved["onboarded"] = {name: [str(was), str(getattr(kept, name))] for name, was in earlier.items()}
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


def successor_of(lead_id: UUID, *, actor: Actor) -> UUID | None:
    """The live lead into which this one was merged, through others or not, if the actor may see it."""
    final = db.session.scalar(_FINAL, {"id": lead_id})
    return db.session.scalar(select(Lead.id).where(Lead.id == final, visible(Lead, actor)))


_FINAL = text("""
    WITH RECURSIVE chain (id, merged_into_id) AS (
        SELECT id, merged_into_id FROM leads WHERE id = :id AND merged_into_id IS NOT NULL
        UNION SELECT l.id, l.merged_into_id FROM chain JOIN leads l ON l.id = chain.merged_into_id
    )
    SELECT id FROM chain WHERE merged_into_id IS NULL
""")


def hindrance(kept: Lead) -> Text | None:
    """Why a merge into this lead cannot be taken back now, or None: what was moved on would stay behind."""
    if kept.deleted_at is None:
        return None
    return _l("%(name)s was itself merged or deleted since: undo or restore that first.", name=kept.name)


# Each merge knows what the one that stays had before it: of several, the last is taken back first.
_LATER = text("""
    SELECT l.first_name || ' ' || l.last_name FROM lead_audit_events e JOIN leads l ON l.id = (e.after ->> 'from')::uuid
    WHERE e.lead_id = :kept AND e.type = 'merged' AND e.id > :id AND l.merged_into_id = :kept ORDER BY e.id DESC LIMIT 1
""")


def _refuse_unless_last(kept: Lead, event: LeadAuditEvent) -> None:
    later = db.session.scalar(_LATER, {"kept": kept.id, "id": event.id})
    if later is not None:
        raise WrongState(_("%(name)s was merged into the same lead later: undo that merge first.", name=later))


@transactional
def undo_merge(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take a merge back: what moved returns, both wait again where both did, filled fields that nobody changed since are
    emptied, and the merged lead is live again.

    Raises NotFound, NotAllowed, WrongState when the lead was not merged, another was merged into the same one later, or the
    one that stayed is not live itself.
    """
    from app.services.admissions import waitlist  # which knows leads

    gone = lock(Lead, ids[0], visible(Lead, actor, deleted=True))
    if gone.merged_into_id is None:
        raise WrongState(_("This lead was not merged."))
    kept = lock(Lead, gone.merged_into_id, visible(Lead, actor) | visible(Lead, actor, deleted=True))
    stopped = hindrance(kept)
    if stopped is not None:
        raise WrongState(stopped)
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
        .order_by(LeadAuditEvent.id.desc())
        .limit(1)
    ).one()
    _refuse_unless_last(kept, event)
    moved = event.after or {}
    for table in MOVED:
        _move_back(table, moved, gone, kept)
    waitlist.lock_slots_of([gone.id, kept.id])
    _move_back("waitlist_entries", moved, gone, kept)
    db.session.execute(text("DELETE FROM lead_tags WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": moved["lead_tags"]})
    _give_back(moved, gone, kept)
    _return_follow_up(kept, moved.get("follow_up", {}))
    if db.session.scalar(_ADMITTED, {"id": kept.id}) is None:
        _onboard_no_more(kept, moved.get("onboarded", {}))
    kept.contact_attempts = max(0, kept.contact_attempts - moved["contact_attempts"])
    gone.merged_into_id = gone.deleted_at = gone.deleted_by_id = None
    db.session.flush()
    waitlist.wait_again(moved.get("withdrawn", []))
    record(LeadEvent.RESTORED, [(gone.id, None, {"from": str(kept.id)}), (kept.id, None, {"unmerged": str(gone.id)})])
    return Result([Outcome(str(gone.id), gone.name)])
