"""Merging two leads that are one person. `unmerging` takes it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.leads import FollowUpStatus, Lead, LeadEvent
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_edit_lead
from app.policies.scopes import visible
from app.services import people as accounts
from app.services import phones
from app.services.errors import Invalid, NotAllowed, NotFound
from app.services.leads import labels, notices
from app.services.leads.events import BECAUSE, record
from app.services.resource import Outcome, Result
from app.services.transaction import lock_many, transactional

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
_COUNTED = {
    "lead_notes": _l("Notes"),
    "lead_contact_attempts": labels.LEAD["contact_attempts"],
    "lead_tags": _l("Tags"),
    "admissions": _l("Admissions"),
    "waitlist_entries": _l("Places in waitlists"),
}
FOLLOW_UP = ("follow_up_date", "follow_up_status")
OF_MERGE = {BECAUSE: "merge"}
_PEOPLE = {"owner_id": accounts.OWNERS, "assigned_teacher_id": (Role.TEACHER,)}


def _move(table: str, gone: Lead, kept: Lead) -> list[str]:
    """Give the rows of a table to the one that stays, and tell which."""
    statement = text(f"UPDATE {table} SET lead_id = :kept WHERE lead_id = :gone RETURNING id")  # noqa: S608 - the names are ours
    return [str(key) for key in db.session.scalars(statement, {"kept": kept.id, "gone": gone.id})]


_OF_SOMEBODY = "SELECT true FROM admissions WHERE deleted_at IS NULL AND status <> 'cancelled'"
_RUNNING = text(f"{_OF_SOMEBODY} AND id = ANY(CAST(:ids AS uuid[])) LIMIT 1")
ADMITTED = text(f"{_OF_SOMEBODY} AND lead_id = :id LIMIT 1")


def _taken_over(gone: Lead, kept: Lead) -> dict[str, Any]:
    """What the lead that stays gets from the one that goes: what it lacks, with the day of a demo whether that took place,
    and the later contact. People only who could be chosen now.
    """
    taken = {
        name: getattr(gone, name) for name in FILLED if getattr(kept, name) is None and getattr(gone, name) is not None
    }
    for name, roles in _PEOPLE.items():
        if name in taken and taken[name] not in set(db.session.scalars(accounts.active(*roles))):
            del taken[name]
    if "demo_date" in taken and gone.demo_conducted:
        taken["demo_conducted"] = True
    elif kept.demo_conducted:  # on a day that nobody knows: it is not that of another one
        taken.pop("demo_date", None)
    if gone.last_contacted_on and kept.last_contacted_on and gone.last_contacted_on > kept.last_contacted_on:
        taken["last_contacted_on"] = gone.last_contacted_on
    return taken


def change(kept: Lead, values: dict[str, Any], why: Mapping[str, str]) -> None:
    """Set values because of a merge or of its end, and tell of the people and the follow-up among them as whoever changes
    these does.
    """
    for kind, names in (
        (LeadEvent.OWNER_CHANGED, ("owner_id",)),
        (LeadEvent.UPDATED, ("assigned_teacher_id",)),
        (LeadEvent.FOLLOW_UP_CHANGED, FOLLOW_UP),
    ):
        told = [name for name in names if name in values and values[name] != getattr(kept, name)]
        if told:
            before = {name: getattr(kept, name) for name in told}
            record(kind, [(kept.id, before, {**{name: values[name] for name in told}, **why})])
    for name, value in values.items():
        setattr(kept, name, value)


def _earlier_follow_up(gone: Lead, kept: Lead) -> dict[str, Any]:
    """The open follow-up of the lead that goes, if the one that stays has none or a later one; who is admitted needs none."""
    earlier = kept.follow_up_status is not FollowUpStatus.OPEN or gone.follow_up_date < kept.follow_up_date
    if gone.follow_up_status is not FollowUpStatus.OPEN or not earlier or db.session.scalar(ADMITTED, {"id": kept.id}):
        return {}
    return {name: getattr(gone, name) for name in FOLLOW_UP}


def _tell_the_given(kept: Lead, taken: dict[str, Any], actor: Actor) -> None:
    if "owner_id" in taken:
        notices.tell(NotificationType.LEAD_ASSIGNED, [kept], actor, [taken["owner_id"]], _l("assigned to you"))
    if "assigned_teacher_id" in taken:
        notices.tell_teacher_of_walk_in(kept, actor)


@transactional
def merge(ids: Sequence[UUID], *, actor: Actor, into_id: UUID) -> Result:
    """Merge a lead into another: notes, contact attempts, tags and places in waitlists move, empty fields are filled, the
    earlier open follow-up and the later contact stay, and the merged lead leaves the lists. Where both wait for the same slot,
    one goes on: who has an offer, or else who stays. Who takes over an admission that is not cancelled is onboarded
    (03-admissions).

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
    change(kept, taken, OF_MERGE)
    _tell_the_given(kept, taken, actor)
    follow_up = _earlier_follow_up(gone, kept)
    moved["follow_up"] = {name: [str(getattr(kept, name)), str(value)] for name, value in follow_up.items()}
    change(kept, follow_up, OF_MERGE)
    admitted = db.session.scalar(_RUNNING, {"ids": moved["admissions"]})
    earlier = people.onboard_lead(kept, OF_MERGE) if admitted else {}
    moved["onboarded"] = {name: [str(was), str(getattr(kept, name))] for name, was in earlier.items()}
    kept.contact_attempts += gone.contact_attempts
    now = db.session.scalar(
        text("SELECT now()")
    )  # before the next line: reading writes what is pending, and only all three are valid
    gone.merged_into_id, gone.deleted_at, gone.deleted_by_id = kept.id, now, actor.id
    db.session.flush()
    batch_id = uuid4()
    record(LeadEvent.MERGED, [(kept.id, None, moved), (gone.id, None, {"into": str(kept.id)})], batch_id=batch_id)
    return Result([Outcome(str(gone.id), gone.name, message=_in_words(kept, moved), into=str(kept.id))], batch_id)


def _in_words(kept: Lead, moved: Mapping[str, Any]) -> str:
    """What a merge does, for who is to confirm it."""
    named = labels.LEAD | labels.INPUTS
    goes_on = {name: [key for key in moved[name] if key not in moved["withdrawn"]] for name in _COUNTED}
    counts = [f"{label} {len(goes_on[name])}" for name, label in _COUNTED.items() if goes_on[name]]
    filled = [str(named[name]) for name in moved["filled"] if name not in moved["before"]]
    replaced = [str(named[name]) for name in moved["before"]]
    sentences = [_("merged into %(name)s, %(phone)s", name=kept.name, phone=phones.grouped(kept.phone))]
    if counts:
        sentences.append(_("Moved there: %(what)s", what=", ".join(counts)))
    if moved["withdrawn"]:
        sentences.append(_("Where both wait for the same class, one goes on"))
    if filled:
        sentences.append(_("Filled there: %(what)s", what=", ".join(filled)))
    if replaced:
        sentences.append(_("Replaced there: %(what)s", what=", ".join(replaced)))
    if moved["onboarded"]:
        sentences.append(_("Who stays is onboarded, and has no open follow-up any more"))
    elif moved["follow_up"]:
        was_open = moved["follow_up"]["follow_up_status"][0] == FollowUpStatus.OPEN
        sentences.append(_("Its follow-up stays, as it is earlier") if was_open else _("Its follow-up goes on there"))
    return ". ".join(sentences)


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
