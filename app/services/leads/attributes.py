"""What lists of leads show, filter and sort by."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import aliased

from app.models.access import User
from app.models.admissions import Admission
from app.models.imports import Import
from app.models.leads import ContactChannel, ContactOutcome, FollowUpStatus, Lead, LeadSource, LeadStage, Tag, lead_tags
from app.services import inputs, people  # noqa: F401  (people: the lookups of accounts)
from app.services.leads import labels
from app.services.resource import Attribute, Kind, Part, options_of

SOURCES = options_of(LeadSource, labels.SOURCES)
CONTACTS = {
    "channel": options_of(ContactChannel, labels.CHANNELS),
    "outcome": options_of(ContactOutcome, labels.OUTCOMES),
}
FOLLOW_UP = options_of(FollowUpStatus, labels.FOLLOW_UP, {"open": "info", "done": "success"})

_owner, _teacher, _stage, _import = aliased(User), aliased(User), aliased(LeadStage), aliased(Import)

_names = (
    select(func.string_agg(Tag.name, ", ").aggregate_order_by(func.lower(Tag.name)))
    .join(lead_tags, lead_tags.c.tag_id == Tag.id)
    .where(lead_tags.c.lead_id == Lead.id)
    .correlate(Lead)
    .scalar_subquery()
)
# Asked first whether there are any, which is one hash for all rows of an export: most leads have none.
_tag_names = case((exists().where(lead_tags.c.lead_id == Lead.id).correlate(Lead), _names))


def _lead(name: str, kind: Kind, **more: Any) -> Attribute:
    column = getattr(Lead, name)
    return Attribute(
        name,
        labels.LEAD[name],
        kind,
        column,
        nullable=column.nullable if hasattr(column, "nullable") else False,
        **more,
    )


# Whether a lead has ever been admitted, also where the admission was cancelled since.
ADMITTED = exists().where(Admission.lead_id == Lead.id, Admission.deleted_at.is_(None)).correlate(Lead)

ATTRIBUTES = (
    Attribute("name", _l("Name"), Kind.TEXT, Lead.first_name + " " + Lead.last_name, filterable=False),
    _lead("first_name", Kind.TEXT),
    _lead("last_name", Kind.TEXT, sortable=True),
    _lead("phone", Kind.PHONE),
    _lead("email", Kind.EMAIL),
    Attribute(
        "stage",
        _l("Stage"),
        Kind.RELATION,
        _stage.name,
        key=Lead.stage_id,
        join=(_stage, _stage.id == Lead.stage_id),
        lookup="lead-stages",
        badge=True,
    ),
    Attribute(
        "owner",
        _l("Owner"),
        Kind.RELATION,
        people.full_name(_owner),
        key=Lead.owner_id,
        join=(_owner, _owner.id == Lead.owner_id),
        lookup="staff",
        nullable=True,
        person=True,
    ),
    Attribute(
        "assigned_teacher",
        _l("Teacher"),
        Kind.RELATION,
        people.full_name(_teacher),
        key=Lead.assigned_teacher_id,
        join=(_teacher, _teacher.id == Lead.assigned_teacher_id),
        lookup="teachers",
        nullable=True,
        person=True,
    ),
    _lead("follow_up_date", Kind.DATE, sortable=True),
    _lead("follow_up_status", Kind.CHOICE, options=FOLLOW_UP),
    Attribute(
        "tags",
        _l("Tags"),
        Kind.RELATION,
        _tag_names,
        links=(lead_tags.c.lead_id, lead_tags.c.tag_id),
        lookup="tags",
        nullable=True,
    ),
    _lead("source", Kind.CHOICE, options=SOURCES),
    _lead("interest", Kind.TEXT),
    _lead("area", Kind.TEXT),
    _lead("community", Kind.TEXT),
    _lead("address", Kind.TEXT, filterable=False),
    _lead("guardian_name", Kind.TEXT),
    _lead("age", Kind.NUMBER),
    _lead("expected_budget", Kind.NUMBER, money=True),
    _lead("contact_attempts", Kind.NUMBER),
    _lead("last_contacted_on", Kind.DATE),
    _lead("next_follow_up_at", Kind.DATETIME),
    _lead("walk_in_date", Kind.DATE),
    _lead("demo_date", Kind.DATE),
    _lead("demo_conducted", Kind.BOOL),
    Attribute("admitted", _l("Admitted"), Kind.BOOL, ADMITTED),
    Attribute(
        "import",
        _l("Import"),
        Kind.RELATION,
        _import.file_name,
        key=Lead.import_id,
        join=(_import, _import.id == Lead.import_id),
        lookup="lead-imports",
        nullable=True,
    ),
    _lead("created_at", Kind.DATETIME, sortable=True),
)
PARTS = (
    Part(
        "lead_contact_attempts",
        "lead_id",
        _l("Contact attempt"),
        {"at": _l("When")} | {name: labels.INPUTS[name] for name in ("channel", "outcome", "note")},
        CONTACTS,
    ),
    Part("lead_notes", "lead_id", labels.INPUTS["body"], {"body": labels.INPUTS["body"]}),
    Part("lead_tags", "lead_id", labels.INPUTS["tag_id"], {"tag_id": labels.INPUTS["tag_id"]}),
)
