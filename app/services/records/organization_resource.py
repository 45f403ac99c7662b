"""What organizations and terms are to people."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from flask_babel import lazy_gettext as _l
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from app.models.organizations import Organization, OrganizationType, Term, TermType
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import inputs, plain
from app.services.records import organizations
from app.services.records.grades import CEDS
from app.services.resource import Attribute, Kind, Lookup, Option, Resource, options_of, register, register_lookup

LABELS = {
    "name": _l("Name"),
    "type": _l("Kind"),
    "identifier": _l("Identifier"),
    "school_id": _l("Number at Ed-Fi"),
    "parent": _l("Belongs to"),
    "parent_id": _l("Belongs to"),
    "grades": _l("Grades"),
    "active": _l("In use"),
    "sourced_id": _l("OneRoster id"),
    "title": _l("Title"),
    "start_date": _l("First day"),
    "end_date": _l("Ends before"),
    "school_year": _l("School year"),
    "created_at": _l("Entered"),
}
TYPES = options_of(
    OrganizationType,
    {
        "department": _l("Department"),
        "school": _l("School"),
        "district": _l("District"),
        "local": _l("Local authority"),
        "state": _l("State"),
        "national": _l("National"),
    },
    {"school": "info"},
)
TERM_TYPES = options_of(
    TermType,
    {
        "gradingPeriod": _l("Grading period"),
        "semester": _l("Semester"),
        "schoolYear": _l("School year"),
        "term": _l("Term"),
    },
    {"schoolYear": "info"},
)
GRADES = tuple(Option(code, value) for value, code in CEDS.items())

OrganizationInput = inputs.of(
    Organization,
    "name",
    "type",
    "identifier",
    "parent_id",
    "active",
    name="OrganizationInput",
    school_id=(
        Annotated[Annotated[int, Field(ge=1, le=999_999_999_999)] | None, inputs.BeforeValidator(inputs.blank_is_none)],
        None,
    ),
    grades=(list[Literal[tuple(CEDS.values())]], []),  # type: ignore[misc]
)
TermInput = inputs.of(Term, "title", "type", "start_date", "end_date", "parent_id", "school_year", name="TermInput")

_parent, _whole = aliased(Organization), aliased(Term)


def listed(column: Any) -> Any:
    """A list of texts in JSON, as one text."""
    each = func.jsonb_array_elements_text(column).table_valued("value")
    return (
        select(func.coalesce(func.string_agg(each.c.value, ", "), ""))
        .select_from(each)
        .correlate(column.table)
        .scalar_subquery()
    )


def _of(model: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(model, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


ORGANIZATIONS = register(
    Resource(
        name="Organizations",
        slug="organizations",
        model=Organization,
        singular=_l("Organization"),
        plural=_l("Organizations"),
        title=organizations.title,
        attributes=(
            _of(Organization, "name", sortable=True),
            _of(Organization, "type", Kind.CHOICE, options=TYPES),
            _of(Organization, "identifier"),
            _of(Organization, "school_id", Kind.NUMBER, called=True),
            Attribute(
                "parent",
                LABELS["parent"],
                Kind.RELATION,
                _parent.name,
                key=Organization.parent_id,
                join=(_parent, _parent.id == Organization.parent_id),
                lookup="organizations",
                nullable=True,
            ),
            Attribute("grades", LABELS["grades"], Kind.TEXT, listed(Organization.grades), filterable=False),
            _of(Organization, "active", Kind.BOOL),
            _of(Organization, "sourced_id"),
            _of(Organization, "created_at", Kind.DATETIME),
        ),
        search=func.search_fold(Organization.name + " " + Organization.identifier),
        search_help=_l("Name or identifier"),
        default_sort="name",
        input=OrganizationInput,
        labels=LABELS,
        relations={"parent_id": "organizations"},
        options={"type": TYPES, "grades": GRADES},
        create=organizations.create_organization,
        update=organizations.update_organization,
        delete=organizations.delete_organizations,
        restore=partial(plain.restore, Organization, title=organizations.title),
        load=(joinedload(Organization.parent),),
        icon="school",
        title_columns=(Organization.name,),
        export_columns=("name", "type", "identifier", "school_id", "parent", "grades", "active", "sourced_id"),
        small=True,
    )
)
TERMS = register(
    Resource(
        name="Terms",
        slug="terms",
        model=Term,
        singular=_l("Term"),
        plural=_l("Terms"),
        title=organizations.term_title,
        attributes=(
            _of(Term, "title"),
            _of(Term, "type", Kind.CHOICE, options=TERM_TYPES),
            _of(Term, "start_date", Kind.DATE, sortable=True),
            _of(Term, "end_date", Kind.DATE),
            _of(Term, "school_year", Kind.NUMBER, called=True),
            Attribute(
                "parent",
                _l("Part of"),
                Kind.RELATION,
                _whole.title,
                key=Term.parent_id,
                join=(_whole, _whole.id == Term.parent_id),
                lookup="terms",
                nullable=True,
            ),
            _of(Term, "sourced_id"),
        ),
        search=func.search_fold(Term.title),
        search_help=_l("Title"),
        default_sort="-start_date",
        input=TermInput,
        labels=LABELS | {"parent_id": _l("Part of"), "parent": _l("Part of")},
        relations={"parent_id": "terms"},
        options={"type": TERM_TYPES},
        create=organizations.create_term,
        update=organizations.update_term,
        delete=organizations.delete_terms,
        restore=partial(plain.restore, Term, title=organizations.term_title),
        load=(joinedload(Term.parent),),
        icon="calendar-days",
        title_columns=(Term.title,),
        export_columns=("title", "type", "start_date", "end_date", "school_year", "parent", "sourced_id"),
        small=True,
    )
)


def _organizations(actor: Actor) -> Any:
    statement = select(Organization.id, Organization.name, Organization.identifier)
    return statement.where(visible(Organization, actor)).order_by(Organization.name, Organization.id)


def _schools(actor: Actor) -> Any:
    return _organizations(actor).where(Organization.type == OrganizationType.SCHOOL)


_SEARCHED = func.concat_ws(" ", Organization.name, Organization.identifier)
register_lookup(
    Lookup("organizations", ("lookup", "Organizations"), _organizations, _SEARCHED, Organization.id, "organizations")
)
register_lookup(
    Lookup(
        "schools",
        ("lookup", "Organizations"),
        _schools,
        _SEARCHED,
        Organization.id,
        "organizations",
        offered=Organization.active,
    )
)
register_lookup(
    Lookup(
        "terms",
        ("lookup", "Terms"),
        lambda actor: (
            select(Term.id, Term.title, func.to_char(Term.start_date, "YYYY-MM-DD"))
            .where(visible(Term, actor))
            .order_by(Term.start_date.desc(), Term.id)
        ),
        Term.title,
        Term.id,
        "terms",
    )
)
