"""The front page: for each role, what to do today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import render_template
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import listing, notifications, today
from app.services.leads import LEADS, figures
from app.services.leads.worklist import query as worklist_query
from app.views import front, lists, render
from app.views.enrollments import front as enrollments_front
from app.views.inbox import item
from app.views.leads.worklist import worklist_section
from app.views.page import Cell, Chart, Column, Empty, Figure, FrontPage, Link, Row, Section, Table
from app.views.roster import own as shifts_front
from app.views.security import current_actor, requires
from app.views.test_sessions import front as tests_front


class HomeView(BaseView):
    route_base = ""
    class_permission_name = "Home"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        actor = current_actor()
        page = FrontPage(_("Today"), _("Hello, %(name)s", name=actor.first_name or actor.name), [], [], [])
        whose = "all" if actor.is_admin else "mine"
        counts = today.waiting(actor, whose)
        if actor.may("worklist", LEADS.name):
            _leads_today(page, actor, whose, counts)
        page.figures += front.figures(counts, actor)
        page.sections += front.sections(actor)
        enrollments_front.add(page, actor, counts)
        tests_front.add(page, actor, counts)
        shifts_front.add(page, actor)
        if actor.may("list", LEADS.name) and not actor.may("worklist", LEADS.name):
            page.sections.append(_my_leads(actor))
        page.sections.append(_news(actor))
        return render_template("front.html", page=page)


def _leads_today(page: FrontPage, actor: Actor, whose: str, counts: dict[str, int]) -> None:
    """Follow-ups first, then how the leads stand."""
    for name, tone in (("overdue", "danger"), ("today", "warning")):
        section = worklist_section(actor, name, whose, shown=8)
        section.total = render.total(counts[name], today.COUNT_LIMIT)
        url = render.address("/leads/", worklist_query(name, whose, actor).parameters())
        page.figures.append(Figure(section.title, section.total, url, tone if counts[name] else "success"))
        section.more_url = url if counts[name] > len(section.table.rows) else ""
        page.sections.append(section)
    stages, weeks = figures.by_stage(actor), figures.entered_by_week(actor)
    page.figures += [
        Figure(_("New this week"), render.number(weeks[-1][1]), f"/leads/?f=created_at:between:{weeks[-1][0]}.."),
        Figure(
            _("Last week"),
            render.number(weeks[-2][1]),
            f"/leads/?f=created_at:between:{weeks[-2][0]}..{weeks[-1][0] - timedelta(days=1)}",
        ),
    ]
    page.charts = [
        Chart(
            _("Leads by stage"),
            "bar",
            [stage.name for stage in stages],
            [(_("Leads"), [float(stage.total) for stage in stages])],
            [[f"/leads/?f=stage:is:{stage.id}" for stage in stages]],
            _("Numbers over %(limit)s are estimates.", limit=render.number(figures.STAGE_COUNT_LIMIT))
            if any(stage.estimated for stage in stages)
            else "",
        ),
        Chart(
            _("New leads by week"),
            "line",
            [render.day(monday) for monday, _count in weeks],
            [(_("New leads"), [float(count) for _monday, count in weeks])],
        ),
    ]
    if actor.may("add", LEADS.name):
        page.actions = [Link(_("New lead"), "/leads/new", "plus", primary=True)]
    if actor.may("add", "Lead imports"):
        page.actions.append(Link(_("Import leads"), "/lead-imports/new", "upload"))


def _my_leads(actor: Actor) -> Section:
    """A teacher's trial lessons to come."""
    names = ("name", "phone", "stage", "demo_date")
    query = listing.Query()
    page = listing.fetch(LEADS, actor, query, names)
    heads = [Column(head.name, head.label) for head in lists.columns(LEADS, names, query, "/leads/")]
    rows = [lists.row(LEADS, names, found, f"/leads/{found.id}") for found in page.rows[:8]]
    empty = Empty(_("No leads are assigned to you"), _("Leads whose trial lesson you give will stand here."))
    return Section(
        _("Leads assigned to you"), render.total(page.total, page.limit), Table(heads, rows, empty), more_url="/leads/"
    )


def _news(actor: Actor) -> Section:
    """The newest unread notices."""
    items = [item(row) for row in notifications.newest(actor, unread_only=True, limit=8)]
    rows = [
        Row(
            each.id,
            each.url,
            each.title,
            [Cell(each.title, "link", each.url), Cell(each.when, "datetime", title=each.when_iso)],
        )
        for each in items
    ]
    total = str(actor.unread) if actor.unread < 100 else "99+"
    return Section(
        _("Unread notices"),
        total,
        Table([Column("title", _("Notice")), Column("when", _("When"))], rows, Empty(_("You are up to date"))),
        more_url="/inbox/?show=unread" if rows else "",
    )
