"""What a lead, a stage and a tag are to people: attributes, inputs and actions."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, literal, select
from sqlalchemy.orm import joinedload

from app.models.access import User
from app.models.imports import Import
from app.models.leads import FollowUpStatus, Lead, LeadStage, Tag
from app.policies.actor import Actor
from app.policies.rules import may_edit_lead, may_own_lead
from app.policies.scopes import visible
from app.services import inputs, people  # noqa: F401  (people: the lookups of accounts)
from app.services.leads import actions, contacts, labels, merging, records, stages, tags, undo, unmerging
from app.services.leads.attributes import ATTRIBUTES, CONTACTS, FOLLOW_UP, PARTS, SOURCES
from app.services.leads.schemas import (
    AddNote,
    AssignOwner,
    AssignTeacher,
    ChangeStage,
    DeleteStage,
    LeadInput,
    LogContact,
    MergeInto,
    MoveFollowUp,
    TagLeads,
)
from app.services.resource import (
    Action,
    Attribute,
    Kind,
    Lookup,
    Resource,
    register,
    register_lookup,
)


def _to_follow_up(actor: Actor, lead: Any) -> Any:
    done = lead.follow_up_status is FollowUpStatus.DONE
    return may_edit_lead(actor, lead) or (_l("It is done already.") if done else None)


ACTIONS = (
    Action(
        "change_stage",
        _l("Change stage"),
        actions.change_stage,
        may_edit_lead,
        ChangeStage,
        icon="arrow-right-left",
        undo=undo.undo,
        help=_l("Moves the leads to another stage and tells their owners."),
    ),
    Action(
        "log_contact",
        _l("Log contact"),
        actions.log_contact,
        may_edit_lead,
        LogContact,
        icon="phone-call",
        help=_l("Counts the attempt, and sets the next follow-up when you give one."),
    ),
    Action(
        "assign_owner",
        _l("Assign owner"),
        actions.assign_owner,
        may_own_lead,
        AssignOwner,
        icon="user-check",
        undo=undo.undo,
        help=_l("The new owner is told. Leave it empty to take the leads away from their owner."),
    ),
    Action(
        "assign_teacher",
        _l("Assign teacher"),
        actions.assign_teacher,
        may_edit_lead,
        AssignTeacher,
        icon="graduation-cap",
        undo=undo.undo,
        help=_l("The teacher will see the lead; the teacher of a walk-in is told."),
    ),
    Action(
        "move_follow_up",
        _l("Move follow-up"),
        actions.move_follow_up,
        may_edit_lead,
        MoveFollowUp,
        icon="calendar-clock",
        undo=undo.undo,
        defaults=lambda lead: {"follow_up_date": lead.follow_up_date},
    ),
    Action(
        "finish_follow_up", _l("Follow-up done"), actions.finish_follow_up, _to_follow_up, icon="check", undo=undo.undo
    ),
    Action("add_note", _l("Add note"), actions.add_note, may_edit_lead, AddNote, icon="sticky-note"),
    Action("tag", _l("Tag"), actions.tag, may_edit_lead, TagLeads, icon="tag"),
    Action(
        "merge",
        _l("Merge into another"),
        merging.merge,
        may_edit_lead,
        MergeInto,
        icon="merge",
        bulk=False,
        previewed=True,
        undo=unmerging.undo,
        help=_l(
            "Notes, contact attempts, tags, admissions and places in waitlists move to the other lead, its empty fields are filled, the"
            " earlier open follow-up stays, and this lead leaves the lists. It can be undone."
        ),
    ),
)

LEADS = register(
    Resource(
        name="Leads",
        slug="leads",
        model=Lead,
        singular=_l("Lead"),
        plural=_l("Leads"),
        title=lambda lead: f"{lead.first_name} {lead.last_name}",
        attributes=ATTRIBUTES,
        search=Lead.search_text,
        search_help=_l("Name, phone or e-mail"),
        search_besides=contacts.named_by,
        input=LeadInput,
        labels=labels.LEAD | labels.INPUTS,
        relations={
            "stage_id": "lead-stages",
            "owner_id": "staff",
            "assigned_teacher_id": "teachers",
            "tag_id": "tags",
            "into_id": "leads",
        },
        options={
            "source": SOURCES,
            "follow_up_status": FOLLOW_UP,
            **CONTACTS,
        },
        parts=PARTS,
        create=records.create,
        update=records.update,
        delete=actions.delete,
        restore=actions.restore,
        edit_rule=may_edit_lead,
        actions=ACTIONS,
        load=(
            joinedload(Lead.stage),
            joinedload(Lead.owner).load_only(User.first_name, User.last_name),
            joinedload(Lead.assigned_teacher).load_only(User.first_name, User.last_name),
            joinedload(Lead.tags),
        ),
        icon="users",
        title_columns=(Lead.first_name, Lead.last_name),
        told=("phone", "stage", "owner", "follow_up_date"),
        export_columns=(
            "first_name",
            "last_name",
            "phone",
            "email",
            "stage",
            "owner",
            "assigned_teacher",
            "follow_up_date",
            "follow_up_status",
            "tags",
            "source",
            "interest",
            "guardian_name",
            "age",
            "expected_budget",
            "area",
            "community",
            "contact_attempts",
            "last_contacted_on",
            "walk_in_date",
            "demo_date",
            "demo_conducted",
            "created_at",
        ),
    )
)


def _stage_choices(actor: Actor) -> Any:
    return select(LeadStage.id, LeadStage.name, literal("")).order_by(LeadStage.position, LeadStage.id)


register_lookup(
    Lookup(
        "lead-stages",
        ("lookup", "Lead stages"),
        _stage_choices,
        LeadStage.name,
        LeadStage.id,
        "lead-stages",
        offered=LeadStage.active,
        few=True,
    )
)
register_lookup(
    Lookup(
        "lead-imports",
        ("list", "Lead imports"),
        lambda actor: (
            select(Import.id, Import.file_name, literal(""))
            .where(Import.resource == "leads", visible(Import, actor))
            .order_by(Import.created_at.desc(), Import.id)
        ),
        Import.file_name,
        Import.id,
    )
)
register_lookup(
    Lookup(
        "tags",
        ("lookup", "Tags"),
        lambda actor: select(Tag.id, Tag.name, literal("")).order_by(Tag.name),
        Tag.name,
        Tag.id,
        "tags",
    )
)
register_lookup(
    Lookup(
        "leads",
        ("lookup", "Leads"),
        lambda actor: (
            select(Lead.id, Lead.first_name + " " + Lead.last_name, Lead.phone)
            .where(visible(Lead, actor))
            .order_by(Lead.created_at.desc(), Lead.id.desc())
        ),
        Lead.search_text,
        Lead.id,
        "leads",
        folded=True,
    )
)

STAGES = register(
    Resource(
        name="Lead stages",
        slug="lead-stages",
        model=LeadStage,
        singular=_l("Stage"),
        plural=_l("Stages"),
        title=lambda stage: stage.name,
        attributes=(
            Attribute("name", _l("Name"), Kind.TEXT, LeadStage.name, sortable=True),
            Attribute("position", _l("Order"), Kind.NUMBER, LeadStage.position, sortable=True),
            Attribute("is_onboarded", _l("Final stage"), Kind.BOOL, LeadStage.is_onboarded),
            Attribute("active", _l("Active"), Kind.BOOL, LeadStage.active),
        ),
        search=func.search_fold(LeadStage.name),
        default_sort="position",
        input=inputs.of(LeadStage, "name", "position", "is_onboarded", "active"),
        labels=labels.STAGE,
        relations={"fallback_id": "lead-stages"},
        create=stages.create,
        update=stages.update,
        delete=stages.delete,
        delete_input=DeleteStage,
        icon="columns-3",
        title_columns=(LeadStage.name,),
        small=True,
    )
)

TAGS = register(
    Resource(
        name="Tags",
        slug="tags",
        model=Tag,
        singular=_l("Tag"),
        plural=_l("Tags"),
        title=lambda tag: tag.name,
        attributes=(
            Attribute("name", _l("Name"), Kind.TEXT, Tag.name, sortable=True),
            Attribute("created_at", _l("Entered"), Kind.DATETIME, Tag.created_at, sortable=True),
        ),
        search=func.search_fold(Tag.name),
        default_sort="name",
        input=inputs.of(Tag, "name"),
        labels={"name": _l("Name"), "created_at": _l("Entered")},
        create=tags.create,
        update=tags.update,
        delete=tags.delete,
        icon="tag",
        title_columns=(Tag.name,),
        small=True,
    )
)
