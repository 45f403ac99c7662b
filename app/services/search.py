"""The search over all records."""

from __future__ import annotations

from typing import Final

from app.policies.actor import Actor
from app.services import listing
from app.services.resource import RESOURCES, Resource

SEARCHED: Final = ("leads", "students")  # resources that are looked through
COLUMNS: Final = ("name", "phone", "email")


def resources(actor: Actor) -> list[Resource]:
    """The resources that the actor may list."""
    return [RESOURCES[slug] for slug in SEARCHED if actor.may("list", RESOURCES[slug].name)]


def find(resource: Resource, words: str, size: int, actor: Actor) -> listing.Page:
    """The newest records that hold every word, without counting the others."""
    return listing.fetch(resource, actor, listing.Query(search=words, size=size), COLUMNS, count=False)
