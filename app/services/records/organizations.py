"""Schools and what they belong to, and the terms of the year: one tree each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.organizations import Organization, Term
from app.policies.actor import Actor
from app.services import lookups, plain
from app.services.errors import Invalid, explain
from app.services.resource import Result
from app.services.transaction import transactional

explain(
    {
        "uq_organizations_identifier": ("identifier", _l("Another organization has this identifier.")),
        "uq_organizations_school_id": ("school_id", _l("Another organization has this number.")),
        "ck_organizations_school_id": ("school_id", _l("Must be between 1 and 999999999999.")),
        "ck_organizations_name_not_blank": ("name", _l("This field is required.")),
        "ck_organizations_not_its_own_parent": ("parent_id", _l("It cannot belong to itself.")),
        "ck_terms_title_not_blank": ("title", _l("This field is required.")),
        "ck_terms_ends_after_start": ("end_date", _l("Must be after the first day.")),
        "ck_terms_not_its_own_parent": ("parent_id", _l("It cannot belong to itself.")),
        "ck_terms_school_year": ("school_year", _l("Must be a year between 1900 and 2199.")),
    }
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tree:' || :table, 0))")
_ABOVE = """
    WITH RECURSIVE above AS (
        SELECT id, parent_id FROM {table} WHERE id = :parent_id
        UNION SELECT t.id, t.parent_id FROM {table} t JOIN above ON t.id = above.parent_id
    )
    SELECT EXISTS (SELECT FROM above WHERE id = :id)
"""


def _check_parent(model: Any, lookup: str, key: UUID | None, values: Mapping[str, Any], actor: Actor) -> None:
    """The parent is one that may be chosen, and not below the record itself. Two who change the tree at once come one
    after the other, for together they could close a circle. Raises Invalid at the field.
    """
    parent_id = values.get("parent_id")
    if parent_id is None:
        return
    table = model.__tablename__
    db.session.execute(_LOCK, {"table": table})
    lookups.check(lookup, actor, parent_id, "parent_id")
    if key is not None and db.session.scalar(text(_ABOVE.format(table=table)), {"parent_id": parent_id, "id": key}):
        raise Invalid(fields={"parent_id": [_("It would belong to itself.")]})


@transactional
def create_organization(values: Mapping[str, Any], *, actor: Actor) -> Organization:
    """Add a school, or what it belongs to. Raises Invalid and Conflict at the field."""
    _check_parent(Organization, "organizations", None, values, actor)
    made: Organization = plain.create(Organization, values, actor=actor)
    return made


@transactional
def update_organization(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> Organization:
    """Change an organization, if nobody changed it since `version`. Raises NotFound, Conflict, Invalid."""
    _check_parent(Organization, "organizations", key, values, actor)
    return plain.update(Organization, key, values, actor=actor, version=version)


@transactional
def create_term(values: Mapping[str, Any], *, actor: Actor) -> Term:
    """Add a term. Raises Invalid at the field."""
    db.session.execute(_LOCK, {"table": "terms"})
    _check_parent(Term, "terms", None, values, actor)
    made: Term = plain.create(Term, values, actor=actor)
    _check_within(made)
    return made


@transactional
def update_term(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Term:
    """Change a term, if nobody changed it since `version`. Raises NotFound, Conflict, Invalid."""
    db.session.execute(_LOCK, {"table": "terms"})  # a part may be added to it at the same time
    _check_parent(Term, "terms", key, values, actor)
    changed = plain.update(Term, key, values, actor=actor, version=version)
    _check_within(changed)
    return changed


_OUTSIDE = text("""
    SELECT CASE WHEN p.id IS NOT NULL THEN 'parent' ELSE 'child' END
    FROM terms t
    LEFT JOIN terms p ON p.id = t.parent_id AND (p.start_date > t.start_date OR p.end_date < t.end_date)
    WHERE t.id = :id AND (p.id IS NOT NULL OR EXISTS (
        SELECT FROM terms c WHERE c.parent_id = t.id AND c.deleted_at IS NULL
          AND (c.start_date < t.start_date OR c.end_date > t.end_date)))
""")


def _check_within(term: Term) -> None:
    """A term lies within the one that it is a part of."""
    outside = db.session.scalar(_OUTSIDE, {"id": term.id})
    if outside == "parent":
        raise Invalid(fields={"start_date": [_("It must lie within the term that it is a part of.")]})
    if outside == "child":
        raise Invalid(fields={"start_date": [_("A part of it would lie outside.")]})


def title(organization: Any) -> str:
    return str(organization.name)


def term_title(term: Any) -> str:
    return str(term.title)


_USED = text("""
    SELECT 'associations' AS what, count(*) FROM student_school_associations
    WHERE school_id = :id AND exit_date IS NULL HAVING count(*) > 0
    UNION ALL SELECT 'enrollments', count(*) FROM enrollments
    WHERE school_id = :id AND deleted_at IS NULL AND status IN ('in_progress', 'registered') HAVING count(*) > 0
    UNION ALL SELECT 'invitations', count(*) FROM enrollment_invitations
    WHERE school_id = :id AND status IN ('sent', 'opened') HAVING count(*) > 0
    UNION ALL SELECT 'parts', count(*) FROM organizations
    WHERE parent_id = :id AND deleted_at IS NULL HAVING count(*) > 0
""")
_WHAT = {
    "associations": _l("students who are there"),
    "enrollments": _l("enrollments that are not over"),
    "invitations": _l("invitations that are out"),
    "parts": _l("organizations that belong to it"),
}


def _in_use(organization: Any) -> Any:
    rows = db.session.execute(_USED, {"id": organization.id}).all()
    if not rows:
        return None
    return _("It still has: %(what)s.", what=", ".join(f"{_WHAT[what]} ({count})" for what, count in rows))


@transactional
def delete_organizations(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete organizations softly; one that students, enrollments, invitations or other organizations need stays."""
    db.session.execute(_LOCK, {"table": "organizations"})
    return plain.delete(Organization, ids, actor=actor, title=title, hindrance=_in_use)


_PARTS = text("SELECT count(*) FROM terms WHERE parent_id = :id AND deleted_at IS NULL")


def _has_parts(term: Any) -> Any:
    count = db.session.scalar(_PARTS, {"id": term.id})
    return ngettext("It still has %(num)s part.", "It still has %(num)s parts.", count) if count else None


@transactional
def delete_terms(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete terms softly; one that has parts stays."""
    db.session.execute(_LOCK, {"table": "terms"})
    return plain.delete(Term, ids, actor=actor, title=term_title, hindrance=_has_parts)
