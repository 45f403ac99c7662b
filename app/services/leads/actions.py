"""What staff do with leads, singly and in bulk: owner, teacher, stage, notes, contact attempts, follow-ups, tags,
deletion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.extensions import db
from app.models.leads import (
    ContactChannel,
    ContactOutcome,
    FollowUpStatus,
    Lead,
    LeadContactAttempt,
    LeadEvent,
    LeadNote,
    LeadSource,
    Tag,
    lead_tags,
)
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.policies.rules import may_edit_lead, may_own_lead
from app.services import lookups, school
from app.services.errors import Invalid
from app.services.keysets import among
from app.services.leads import notices
from app.services.leads.batch import act, keys
from app.services.leads.events import record
from app.services.leads.stages import active_stage
from app.services.resource import Result
from app.services.transaction import transactional

Ids = Sequence[UUID]


def _set(rows: Sequence[Any], **values: Any) -> None:
    db.session.execute(
        update(Lead).where(among(Lead.id, keys(rows))).values(**values).execution_options(synchronize_session=False)
    )


@transactional
def change_stage(ids: Ids, *, actor: Actor, stage_id: UUID) -> Result:
    """Move leads to an active stage; the owner is told. Raises Invalid when the stage is not active."""
    stage = active_stage(stage_id)

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        moved = [row for row in rows if row.stage_id != stage.id]
        if moved:
            _set(moved, stage_id=stage.id)
            record(
                LeadEvent.STAGE_CHANGED,
                [(row.id, {"stage_id": row.stage_id}, {"stage_id": stage.id}) for row in moved],
                batch_id=batch_id,
            )
            notices.tell_owners(
                NotificationType.LEAD_STAGE_CHANGED, moved, actor, _l("now in %(stage)s", stage=stage.name)
            )
        return set(keys(moved))

    return act(ids, actor, may_edit_lead, change)


@transactional
def assign_owner(ids: Ids, *, actor: Actor, owner_id: int | None = None) -> Result:
    """Give leads to a member of staff, or to nobody; the new owner is told. Staff may take a lead that nobody owns, for
    themselves.
    """
    lookups.check("staff", actor, owner_id, "owner_id")

    def rule(actor: Actor, row: Any) -> Any:
        taking = row.owner_id is None and owner_id == actor.id
        return may_own_lead(actor, row) if taking else may_edit_lead(actor, row)

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        given = [row for row in rows if row.owner_id != owner_id]
        if given:
            _set(given, owner_id=owner_id)
            record(
                LeadEvent.OWNER_CHANGED,
                [(row.id, {"owner_id": row.owner_id}, {"owner_id": owner_id}) for row in given],
                batch_id=batch_id,
            )
            if owner_id is not None:
                notices.tell(NotificationType.LEAD_ASSIGNED, given, actor, [owner_id], _l("assigned to you"))
        return set(keys(given))

    return act(ids, actor, rule, change)


@transactional
def assign_teacher(ids: Ids, *, actor: Actor, assigned_teacher_id: int | None = None) -> Result:
    """Name the teacher who will see the lead for a trial; the teacher of a walk-in is told."""
    lookups.check("teachers", actor, assigned_teacher_id, "assigned_teacher_id")

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        given = [row for row in rows if row.assigned_teacher_id != assigned_teacher_id]
        if given:
            _set(given, assigned_teacher_id=assigned_teacher_id)
            record(
                LeadEvent.UPDATED,
                [
                    (
                        row.id,
                        {"assigned_teacher_id": row.assigned_teacher_id},
                        {"assigned_teacher_id": assigned_teacher_id},
                    )
                    for row in given
                ],
                batch_id=batch_id,
            )
            if assigned_teacher_id is not None:
                walk_ins = set(
                    db.session.scalars(
                        select(Lead.id).where(Lead.id.in_(keys(given)), Lead.source == LeadSource.WALK_IN)
                    )
                )
                notices.tell(
                    NotificationType.LEAD_WALKIN_ASSIGNED,
                    [row for row in given if row.id in walk_ins],
                    actor,
                    [assigned_teacher_id],
                    _l("a walk-in for you"),
                )
        return set(keys(given))

    return act(ids, actor, may_edit_lead, change)


@transactional
def add_note(ids: Ids, *, actor: Actor, body: str) -> Result:
    """Write the same note on leads."""

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        db.session.execute(insert(LeadNote), [{"lead_id": row.id, "body": body} for row in rows])
        record(LeadEvent.NOTE_ADDED, [(row.id, None, None) for row in rows], batch_id=batch_id)
        return set(keys(rows))

    return act(ids, actor, may_edit_lead, change)


@transactional
def log_contact(
    ids: Ids,
    *,
    actor: Actor,
    channel: ContactChannel,
    outcome: ContactOutcome,
    note: str | None = None,
    follow_up_date: date | None = None,
) -> Result:
    """Log a try to reach leads, count it, and set the next follow-up when one is given (today or later)."""
    if follow_up_date is not None:
        check_follow_up(follow_up_date)

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        db.session.execute(
            insert(LeadContactAttempt),
            [{"lead_id": row.id, "channel": channel, "outcome": outcome, "note": note or ""} for row in rows],
        )
        _set(rows, contact_attempts=Lead.contact_attempts + 1, last_contacted_on=school.today())
        after = {"channel": channel.value, "outcome": outcome.value}
        record(LeadEvent.CONTACT_ATTEMPTED, [(row.id, None, after) for row in rows], batch_id=batch_id)
        if follow_up_date is not None:
            _change_follow_up(rows, actor, follow_up_date, FollowUpStatus.OPEN, batch_id)
        return set(keys(rows))

    return act(ids, actor, may_edit_lead, change)


def check_follow_up(day: date, field: str = "follow_up_date") -> None:
    """Raises Invalid for a day that has passed in the school's time zone."""
    if day < school.today():
        raise Invalid(fields={field: [_("The follow-up must be today or later.")]})


def _follow_up(ids: Ids, actor: Actor, day: date | None, status: FollowUpStatus) -> Result:
    return act(ids, actor, may_edit_lead, lambda rows, batch: _change_follow_up(rows, actor, day, status, batch))


def _change_follow_up(
    rows: list[Any], actor: Actor, day: date | None, status: FollowUpStatus, batch_id: UUID
) -> set[UUID]:
    """Set the follow-up where it differs; admins are told of those that are done or open again."""
    changed = [row for row in rows if row.follow_up_status != status or (day is not None and row.follow_up_date != day)]
    if changed:
        _set(changed, follow_up_status=status, **({"follow_up_date": day} if day else {}))
        record(
            LeadEvent.FOLLOW_UP_CHANGED,
            [
                (
                    row.id,
                    {"follow_up_date": row.follow_up_date, "follow_up_status": row.follow_up_status.value},
                    {"follow_up_date": day or row.follow_up_date, "follow_up_status": status.value},
                )
                for row in changed
            ],
            batch_id=batch_id,
        )
        turned = [row for row in changed if row.follow_up_status != status]
        notices.tell_admins(
            NotificationType.LEAD_FOLLOWUP_STATUS_CHANGED,
            turned,
            actor,
            _l("follow-up done") if status is FollowUpStatus.DONE else _l("follow-up open again"),
        )
    return set(keys(changed))


@transactional
def move_follow_up(ids: Ids, *, actor: Actor, follow_up_date: date) -> Result:
    """Set the day of the next follow-up, today or later, and open it. Raises Invalid for a day that has passed."""
    check_follow_up(follow_up_date)
    return _follow_up(ids, actor, follow_up_date, FollowUpStatus.OPEN)


@transactional
def finish_follow_up(ids: Ids, *, actor: Actor) -> Result:
    """Mark the follow-up as done; admins are told."""
    return _follow_up(ids, actor, None, FollowUpStatus.DONE)


@transactional
def tag(ids: Ids, *, actor: Actor, tag_id: UUID, remove: bool = False) -> Result:
    """Put a tag on leads, or take it off. Raises Invalid for an unknown tag."""
    lookups.check("tags", actor, tag_id, "tag_id")
    name = db.session.scalar(select(Tag.name).where(Tag.id == tag_id))

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        if remove:
            statement: Any = sql_delete(lead_tags).where(
                lead_tags.c.tag_id == tag_id, among(lead_tags.c.lead_id, keys(rows))
            )
        else:
            statement = (
                upsert(lead_tags)
                .values([{"lead_id": row.id, "tag_id": tag_id} for row in rows])
                .on_conflict_do_nothing()
            )
        changed = set(db.session.scalars(statement.returning(lead_tags.c.lead_id)))
        before, after = ({"tag": name}, None) if remove else (None, {"tag": name})
        record(LeadEvent.TAGS_CHANGED, [(key, before, after) for key in changed], batch_id=batch_id)
        return changed

    return act(ids, actor, may_edit_lead, change)


@transactional
def delete(ids: Ids, *, actor: Actor) -> Result:
    """Delete leads softly: they leave the lists, and an admin can restore them. A place that was offered to one goes to
    the next who waits, and the outcome tells so.
    """
    from app.services.admissions import waitlist  # which knows leads

    offers: Counter[UUID] = Counter()

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        _set(rows, deleted_at=func.now(), deleted_by_id=actor.id)
        record(LeadEvent.DELETED, [(row.id, None, None) for row in rows], batch_id=batch_id)
        offers.update(waitlist.leave(keys(rows)))
        return set(keys(rows))

    done = act(ids, actor, may_edit_lead, change)
    told = [replace(each, message=waitlist.given_up(offers[UUID(each.id)])) for each in done.outcomes]
    return Result(told, done.batch_id)


@transactional
def restore(ids: Ids, *, actor: Actor) -> Result:
    """Bring deleted leads back, and offer them what is free where they wait; one that was merged into another stays where it
    is until the merge is undone.
    """
    from app.services.admissions import waitlist  # which knows leads

    def rule(actor: Actor, row: Any) -> Any:
        if row.id in merged:
            return _("It was merged into another lead: undo the merge instead.")
        return may_edit_lead(actor, row)

    def change(rows: list[Any], batch_id: UUID) -> set[UUID]:
        _set(rows, deleted_at=None, deleted_by_id=None)
        record(LeadEvent.RESTORED, [(row.id, None, None) for row in rows], batch_id=batch_id)
        waitlist.come_back(keys(rows))
        return set(keys(rows))

    merged = set(db.session.scalars(select(Lead.id).where(among(Lead.id, ids), Lead.merged_into_id.is_not(None))))
    return act(ids, actor, rule, change, deleted=True)
