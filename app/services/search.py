"""The search over all records."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import String, cast, literal, union_all

from app.extensions import db
from app.policies.actor import Actor
from app.services import listing
from app.services.listing import Query
from app.services.resource import RESOURCES, Resource

# What is looked through, in the order in which it is shown, and the attributes that tell a record from others of its name.
SEARCHED: Final[dict[str, tuple[str, ...]]] = {
    "leads": ("phone", "email"),
    "students": ("phone", "email"),
    "guardians": ("phone", "email"),
    "accounts": ("username", "email"),
    "enrollments": ("enrollment_code", "status"),
    "enrollment-invitations": ("guardian_name", "guardian_email"),
    "admissions": ("student", "course", "status"),
    "test-registrations": ("session", "status"),
    "roomallocation": ("session", "room"),
    "reschedule-requests": ("student", "course", "status"),
    "access-requests": ("email", "status"),
    "registrations": ("email", "status"),
    "assistants": ("active",),
    "oneroster-users": ("username", "role"),
    "courses": ("code", "instrument"),
    "classroom-slots": ("teacher", "room"),
    "test-sessions": ("venue", "session_date"),
    "venues": ("city", "status"),
    "rooms": ("venue", "status"),
    "organizations": ("type", "identifier"),
    "terms": ("type", "school_year"),
    "announcements": ("category", "status"),
    "content-pages": ("slug", "status"),
    "downloadable-resources": ("file_name", "status"),
    "instruments": ("active",),
    "course-plans": ("price", "active"),
    "closures": ("starts_on", "ends_on"),
    "lead-stages": ("active",),
    "tags": (),
    "groups": ("description",),
    "document-types": ("code", "active"),
    "roster-shifts": ("roster", "weekday"),
    "edfi-servers": ("base_url", "active"),
    "descriptor-mappings": ("uri",),
    "oauth-clients": ("client_id", "active"),
}
# Logs and files, which their own lists look through: no index serves the words in them.
LEFT_OUT: Final = frozenset({"deliveries", "edfi-push-items", "enrollment-documents", "job-runs", "oneroster-exports"})
MOST_KINDS: Final = 10  # of which records are read, so that a search has few statements


def resources(actor: Actor) -> list[Resource]:
    """The resources that are looked through for the actor: those that they may list."""
    return [RESOURCES[slug] for slug in SEARCHED if actor.may("list", RESOURCES[slug].name)]


def find(words: str, size: int, actor: Actor) -> tuple[list[tuple[Resource, listing.Page]], list[Resource]]:
    """The newest records that hold every word, by kind and as their lists show them, without counting the others; and the
    kinds beyond MOST_KINDS that have some too. A row has the attributes in SEARCHED.
    """
    found = list(_keys(Query(search=words, size=size + 1), actor).items())
    pages = [
        (
            RESOURCES[slug],
            listing.fetch(RESOURCES[slug], actor, Query(size=size, ids=keys), SEARCHED[slug], count=False),
        )
        for slug, keys in found[:MOST_KINDS]
    ]
    return pages, [RESOURCES[slug] for slug, _keys_of in found[MOST_KINDS:]]


def _keys(query: Query, actor: Actor) -> dict[str, tuple[Any, ...]]:
    """Keys of the first records of each kind that has some, read at once."""
    branches = [
        listing.first(each, actor, query, literal(each.slug).label("slug"), cast(each.model.id, String).label("key"))
        for each in resources(actor)
    ]
    found: dict[str, tuple[Any, ...]] = {}
    if branches:
        for slug, key in db.session.execute(union_all(*branches)):
            found[slug] = (*found.get(slug, ()), key)
    return {slug: found[slug] for slug in SEARCHED if slug in found}
