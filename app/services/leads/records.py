"""Writing one lead: entering it, with its possible duplicates, and changing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.leads import FollowUpStatus, Lead, LeadEvent, LeadSource, LeadStage
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_edit_lead
from app.policies.scopes import visible
from app.services import lookups, phones, school
from app.services.contact import NO_ADDRESS, is_address
from app.services.errors import Invalid, NotAllowed, explain
from app.services.keysets import among
from app.services.leads import contacts, notices
from app.services.leads.actions import check_follow_up
from app.services.leads.events import record
from app.services.leads.stages import active_stage, first_stage
from app.services.transaction import lock, transactional

explain(
    {
        "ck_leads_age": ("age", _l("Must be from 0 to 120.")),
        "ck_leads_expected_budget": ("expected_budget", _l("Must be zero or more.")),
        "ck_leads_name_not_blank": ("first_name", _l("This field is required.")),
    }
)


class PossibleDuplicates(Invalid):
    """Live leads with the same phone or e-mail exist, or took over one that had it; saving again with `accept_duplicates`
    saves all the same.
    """

    code = "possible_duplicates"

    def __init__(self, leads: Sequence[Any]) -> None:
        super().__init__(_("This may be someone you already know."))
        self.leads = leads

    def details(self) -> dict[str, Any]:
        return {
            "duplicates": [
                {"id": str(each.id), "name": each.name, "phone": each.phone, "email": each.email} for each in self.leads
            ]
        }


def duplicates_of(
    actor: Actor, phone: str | None, email: str | None, *, but: UUID | None = None, limit: int = 5
) -> Sequence[Any]:
    """Visible live leads with this phone (E.164) or e-mail (any case), or into which one with it was merged: id, name, phone,
    email.
    """
    same = contacts.having(phone, email, but=but)
    if not same:
        return []
    statement = select(Lead.id, (Lead.first_name + " " + Lead.last_name).label("name"), Lead.phone, Lead.email)
    statement = statement.where(visible(Lead, actor), among(Lead.id, list(same)))
    return list(db.session.execute(statement.order_by(Lead.created_at).limit(limit)).all())


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> Lead:
    """Enter a lead. Its stage defaults to the first active one, its owner to the member of staff who enters it.

    Raises Invalid at the field, PossibleDuplicates unless `accept_duplicates` is given.
    """
    data = dict(values)
    accepted = data.pop("accept_duplicates", False)
    if "owner_id" not in data and actor.has(Role.STAFF):
        data["owner_id"] = actor.id
    problems = _normalise(data)
    if data.get("follow_up_date") is None:
        problems.setdefault("follow_up_date", [_("This field is required.")])
    if problems:
        raise Invalid(fields=problems)
    data["stage_id"] = active_stage(data["stage_id"]).id if data.get("stage_id") else first_stage().id
    _check_people(data, actor)
    if not accepted and (found := duplicates_of(actor, data["phone"], data.get("email"))):
        raise PossibleDuplicates(found)
    lead = Lead(**data)
    db.session.add(lead)
    db.session.flush()
    record(LeadEvent.CREATED, [(lead.id, None, {"source": lead.source or LeadSource.OTHER})])
    if lead.owner_id is not None:
        notices.tell(NotificationType.LEAD_ASSIGNED, [lead], actor, [lead.owner_id], _l("assigned to you"))
    notices.tell_teacher_of_walk_in(lead, actor)
    return lead


@transactional
def update(lead_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Lead:
    """Change the given fields of a lead, if nobody changed it since `version`. Raises NotFound, NotAllowed, Conflict,
    Invalid at the field, or PossibleDuplicates for another's phone or e-mail unless `accept_duplicates` is given.
    """
    lead = lock(Lead, lead_id, visible(Lead, actor), version=version)
    reason = may_edit_lead(actor, lead)
    if reason is not None:
        raise NotAllowed(reason)
    data = {name: value for name, value in values.items() if name != "accept_duplicates"}
    problems = _normalise(data, lead)
    if problems:
        raise Invalid(fields=problems)
    _check_people({name: value for name, value in data.items() if value != getattr(lead, name)}, actor)
    if "stage_id" in data and data["stage_id"] != lead.stage_id:
        active_stage(data["stage_id"])
    before = {name: getattr(lead, name) for name, value in data.items() if getattr(lead, name) != value}
    new = [data[name] if name in before else None for name in ("phone", "email")]
    if any(new) and not values.get("accept_duplicates") and (found := duplicates_of(actor, *new, but=lead.id)):
        raise PossibleDuplicates(found)
    if before:
        _write(lead, {name: data[name] for name in before}, before, actor)
    return lead


def _write(lead: Lead, changes: dict[str, Any], before: dict[str, Any], actor: Actor) -> None:
    """Write the changes, each kind as its own event, as the single actions do."""
    for name, value in changes.items():
        setattr(lead, name, value)
    db.session.flush()
    special = {
        LeadEvent.STAGE_CHANGED: {"stage_id"},
        LeadEvent.OWNER_CHANGED: {"owner_id"},
        LeadEvent.FOLLOW_UP_CHANGED: {"follow_up_date", "follow_up_status"},
    }
    others = set(changes) - set().union(*special.values())
    for kind, names in [*special.items(), (LeadEvent.UPDATED, others)]:
        concerned = {name for name in names if name in changes}
        if concerned:
            record(
                kind,
                [(lead.id, {name: before[name] for name in concerned}, {name: changes[name] for name in concerned})],
            )
    if "owner_id" in changes and lead.owner_id is not None:
        notices.tell(NotificationType.LEAD_ASSIGNED, [lead], actor, [lead.owner_id], _l("assigned to you"))
    if not {"assigned_teacher_id", "source"}.isdisjoint(changes):
        notices.tell_teacher_of_walk_in(lead, actor)
    if "stage_id" in changes:
        stage = db.session.scalar(select(LeadStage.name).where(LeadStage.id == lead.stage_id))
        notices.tell_owners(NotificationType.LEAD_STAGE_CHANGED, [lead], actor, _l("now in %(stage)s", stage=stage))
    if "follow_up_status" in changes:
        done = lead.follow_up_status == FollowUpStatus.DONE
        notices.tell_admins(
            NotificationType.LEAD_FOLLOWUP_STATUS_CHANGED,
            [lead],
            actor,
            _l("follow-up done") if done else _l("follow-up open again"),
        )


def _normalise(data: dict[str, Any], lead: Lead | None = None) -> dict[str, list[Any]]:
    """Put the values into the form in which they are stored; returns what is wrong, by field."""
    problems: dict[str, list[Any]] = {}
    if "phone" in data:
        raw = data["phone"]
        try:
            data["phone"] = phones.normalise(raw, school.phone_region())
            data["phone_raw"] = raw
        except ValueError as error:
            problems["phone"] = [str(error)]
        if lead is not None and data["phone"] == lead.phone:
            data.pop("phone_raw", None)
    email = data.get("email")
    if email:
        data["email"] = email = email.strip()
        if not is_address(email):
            problems["email"] = [NO_ADDRESS]
    day = data.get("follow_up_date")
    if day is not None and (lead is None or day != lead.follow_up_date):
        try:
            check_follow_up(day)
        except Invalid as refused:
            problems |= refused.fields
    return problems


def _check_people(data: Mapping[str, Any], actor: Actor) -> None:
    for field, lookup in (("owner_id", "staff"), ("assigned_teacher_id", "teachers")):
        if data.get(field) is not None:
            lookups.check(lookup, actor, data[field], field)
