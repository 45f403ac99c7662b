"""The front page of coaches and of the enrollment office: what waits for them, and where the families stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import listing, today
from app.services.enrollments import INVITATIONS, waiting
from app.services.enrollments.labels import STEPS
from app.services.resource import Resource
from app.views import lists, render
from app.views.page import Chart, Empty, Figure, FrontPage, Link, Section, Table

MOST: Final = 8
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "talks": ("student", "guardian", "created_at"),
    "decisions": ("student", "guardian", "created_at"),
    "invitations": ("student", "status", "expires_at"),
    "documents": ("document_type", "enrollment", "created_at"),
    "deposits": ("student", "coach", "created_at"),
    "records": ("student", "coach", "records_due_since"),
}


def add(page: FrontPage, actor: Actor, counts: dict[str, int]) -> None:
    """Put on the page what waits for the actor; nothing for who is no coach and not in the office."""
    found = waiting.lists(actor)
    if not found:
        return
    titles = _titles()
    sections = []
    for name, (resource, query) in found.items():
        url = render.address(f"/{resource.slug}/", query.parameters())
        total = render.total(counts[name], today.COUNT_LIMIT)
        page.figures.append(Figure(titles[name], total, url, "warning" if counts[name] else "success"))
        if counts[name]:
            table = _table(resource, query, COLUMNS[name], actor)
            sections.append(
                Section(titles[name], total, table, "warning", url if counts[name] > len(table.rows) else "")
            )
    page.sections += sections or [_nothing()]
    page.charts.append(_by_step(actor))
    if actor.may("add", INVITATIONS.name):
        page.actions.append(Link(_("Invite a family"), "/enrollment-invitations/new", "send", primary=True))


def _titles() -> dict[str, Any]:
    return {
        "talks": _("Families to talk to"),
        "decisions": _("To decide"),
        "invitations": _("Invitations without an answer"),
        "documents": _("Documents to check"),
        "deposits": _("Deposits to come"),
        "records": _("Records missing"),
    }


def _table(resource: Resource, query: listing.Query, names: tuple[str, ...], actor: Actor) -> Table:
    first = replace(query, size=MOST)
    rows = listing.fetch(resource, actor, first, names, count=False).rows
    heads = [replace(head, sort_url="", direction="") for head in lists.columns(resource, names, first, "")]
    return Table(heads, [lists.row(resource, names, each, f"/{resource.slug}/{each.id}") for each in rows], Empty(""))


def _nothing() -> Section:
    empty = Empty(_("Nothing waits for you"), _("Families who wait for an answer of yours will stand here."))
    return Section(_("To do"), "0", Table([], [], empty))


def _by_step(actor: Actor) -> Chart:
    totals = waiting.by_step(actor)
    urls = [
        render.address("/enrollments/", [("f", waiting.IS_OPEN), ("f", f"current_step:is:{step}")]) for step in STEPS
    ]
    labels = [f"{step} {title}" for step, title in STEPS.items()]
    return Chart(
        _("Enrollments by step"), "bar", labels, [(_("Enrollments"), [float(total) for total in totals])], [urls]
    )
