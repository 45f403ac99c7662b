"""The worklist: who should hear from us, by day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import listing
from app.services.leads import LEADS
from app.services.leads.worklist import SECTIONS
from app.services.leads.worklist import query as worklist_query
from app.views import lists, render
from app.views.base import bulk_links
from app.views.leads.tabs import tabs
from app.views.page import (
    Empty,
    Link,
    Section,
    Table,
    WorklistPage,
)
from app.views.security import current_actor, requires

WORKLIST_COLUMNS = ("name", "phone", "stage", "owner", "follow_up_date", "contact_attempts")
FRONT_COLUMNS = ("name", "phone", "stage", "follow_up_date")


class LeadWorklistView(BaseView):
    route_base = "/leads/worklist"
    class_permission_name = LEADS.name
    default_view = "worklist"

    @expose("/")
    @requires("worklist")
    def worklist(self) -> Any:
        actor = current_actor()
        mine = request.args.get("whose", "mine" if not actor.is_admin else "all")
        sections = [worklist_section(actor, name, mine) for name in SECTIONS]
        whose = [
            Link(_("Mine"), "/leads/worklist/?whose=mine", "user", active=mine == "mine"),
            Link(_("Everyone's"), "/leads/worklist/?whose=all", "users", active=mine != "mine"),
        ]
        return render_template(
            "worklist.html",
            page=WorklistPage(
                _("Follow-ups"),
                _("Who should hear from us, in the order of the days."),
                sections,
                tabs("worklist", actor, listing.Query()),
                bulk=bulk_links(LEADS, actor),
                whose=whose,
            ),
        )


def worklist_section(actor: Actor, name: str, whose: str, shown: int = 0) -> Section:
    """A part of the worklist, with the address of the whole of it. `shown`: on the front page, the first rows alone."""
    titles = {"overdue": _("Overdue"), "today": _("Today"), "next": _("Next 7 days")}
    empties = {
        "overdue": _("Nothing is overdue."),
        "today": _("Nothing left for today."),
        "next": _("Nothing in the coming week."),
    }
    query = worklist_query(name, whose, actor)
    if shown:
        query = replace(query, size=shown)
    names = FRONT_COLUMNS if shown else WORKLIST_COLUMNS
    page = listing.fetch(LEADS, actor, query, names, count=not shown)
    heads = lists.columns(LEADS, names, query, "/leads/")
    for head in heads:
        head.sort_url = ""
    rows = [lists.row(LEADS, names, found, f"/leads/{found.id}") for found in page.rows]
    return Section(
        titles[name],
        render.total(page.total, page.limit),
        Table(heads, rows, Empty(empties[name])),
        {"overdue": "danger", "today": "warning"}.get(name, ""),
        "" if page.last else render.address("/leads/", query.parameters()),
    )
