"""Rules over the whole database: how many rows break each, which, and the repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext

from app.policies.actor import Actor
from app.services import integrity
from app.services.integrity import Broken, Invariant, Repaired, State
from app.services.integrity.checking import MOST_COUNTED, PATIENCE
from app.views import render
from app.views.page import Cell, Column, Empty, Link, Paging, Row, Section, Table, WorklistPage
from app.views.security import current_actor, requires

BASE = "/operations/integrity"
PAGE = 50


@dataclass(slots=True)
class InvariantPage:
    """One rule, the rows that break it, and what a repair would do."""

    title: str
    state: Cell
    explanation: str
    remedy: str
    list_title: str
    rows: Table
    paging: Paging | None = None
    tried: str = ""  # what the dry run found
    actions: list[Link] = field(default_factory=list)
    history: Table | None = None
    list_url: str = f"{BASE}/"


class IntegrityView(BaseView):
    route_base = BASE
    class_permission_name = "Integrity"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        states = integrity.examine(PATIENCE)
        areas: dict[str, list[State]] = {}
        for state in states:
            areas.setdefault(str(state.invariant.area), []).append(state)
        sections = [Section(area, _broken_in(found), _states(found)) for area, found in areas.items()]
        sections.append(Section(_("Latest repairs"), "", _history(integrity.history())))
        text = _("What must hold for every row of the database. Each number leads to the rows that break the rule.")
        return render_template("worklist.html", page=WorklistPage(_("Integrity"), text, sections))

    @expose("/<invariant>")
    @requires("show")
    def show(self, invariant: str) -> Any:
        return render_template("integrity.html", page=_page(integrity.get(invariant), current_actor()))

    @expose("/<invariant>/try", methods=["POST"])
    @requires("repair")
    def rehearsal(self, invariant: str) -> Any:
        """The dry run: what a repair would do."""
        found = integrity.get(invariant)
        [tried] = integrity.try_repair([invariant], actor=current_actor())
        return render_template("integrity.html", page=_page(found, current_actor(), tried))

    @expose("/<invariant>/repair", methods=["POST"])
    @requires("repair")
    def repair(self, invariant: str) -> Any:
        [done] = integrity.repair([invariant], actor=current_actor())
        flash(_did(done), "warning" if done.after else "success")
        return redirect(f"{BASE}/{invariant}")


def _broken_in(states: Sequence[State]) -> str:
    wrong = sum(1 for state in states if state.broken)
    return render.number(wrong) if wrong else ""


def _states(states: Sequence[State]) -> Table:
    heads = [
        Column("rule", _("Rule")),
        Column("broken", _("State")),
        Column("explanation", _("What breaks it")),
        Column("repair", _("Repair")),
    ]
    rows = []
    for state in states:
        each, url = state.invariant, f"{BASE}/{state.invariant.name}"
        cells = [
            Cell(str(each.title), "link", url),
            _badge(each, state.broken),
            Cell(str(each.explanation), "muted"),
            Cell(_("Can be repaired"), "badge", tone="info") if each.repair else Cell(_("By people"), "muted"),
        ]
        rows.append(Row(each.name, url, str(each.title), cells))
    return Table(heads, rows, Empty(""))


def _badge(invariant: Invariant, broken: int | None) -> Cell:
    if broken is None:
        return Cell(_("Takes long to count"), "badge", tone="neutral")
    if not broken:
        return Cell(_("Holds"), "badge", tone="success")
    tone = "warning" if invariant.warning else "danger"
    if broken > MOST_COUNTED:
        return Cell(_("%(count)s rows or more", count=render.number(MOST_COUNTED)), "badge", tone=tone)
    told = ngettext("%(count)s row", "%(count)s rows", broken, count=render.number(broken))
    return Cell(told, "badge", tone=tone)


def _page(invariant: Invariant, actor: Actor, tried: Repaired | None = None) -> InvariantPage:
    found, more = integrity.rows(invariant, actor, after=request.args.get("after", "")[:300], limit=PAGE)
    state = integrity.total(invariant, MOST_COUNTED + 1)
    url = f"{BASE}/{invariant.name}"
    page = InvariantPage(
        str(invariant.title),
        _badge(invariant, state),
        str(invariant.explanation),
        str(invariant.remedy),
        _("Integrity"),
        _rows(found),
        history=_history(integrity.history(invariant.name)),
    )
    if request.args.get("after") or more:
        page.paging = Paging(
            render.number(min(state, MOST_COUNTED)) + ("+" if state > MOST_COUNTED else ""),
            len(found),
            first_url=url if request.args.get("after") else "",
            next_url=f"{url}?after={quote(found[-1].key)}" if more else "",
        )
    if invariant.repair is not None and state and actor.may("repair", "Integrity"):
        page.actions.append(Link(_("Dry run"), f"{url}/try", "play", method="post", primary=tried is None))
        if tried is not None:
            page.actions.append(Link(_("Repair"), f"{url}/repair", "check", method="post", primary=True))
    if tried is not None:
        page.tried = _would(tried)
    return page


def _rows(found: Sequence[Broken]) -> Table:
    heads = [Column("title", _("Record")), Column("detail", _("Detail")), Column("key", _("Key"))]
    rows = [
        Row(
            each.key,
            each.link,
            each.title or each.key,
            [
                Cell(each.title or each.key, "link" if each.link else "text", each.link),
                Cell(each.detail),
                Cell(each.key, "muted"),
            ],
        )
        for each in found
    ]
    return Table(heads, rows, Empty(_("The rule holds"), _("No row breaks it.")))


def _history(repairs: Sequence[Any]) -> Table:
    heads = [
        Column("at", _("When")),
        Column("rule", _("Rule")),
        Column("who", _("Who")),
        Column("before", _("Before"), align="end"),
        Column("after", _("After"), align="end"),
    ]
    rows = [
        Row(
            str(number),
            f"{BASE}/{each.invariant}",
            each.invariant,
            [
                Cell(render.moment(each.at), "datetime", title=each.at.isoformat(timespec="seconds")),
                Cell(_title(each.invariant), "link", f"{BASE}/{each.invariant}"),
                Cell((each.who or "").strip() or _("Registrar")),
                Cell(render.number(each.rows_before), "number"),
                Cell(render.number(each.rows_after), "number"),
            ],
        )
        for number, each in enumerate(repairs)
    ]
    return Table(heads, rows, Empty(_("Nothing was repaired yet")))


def _title(name: str) -> str:
    """An invariant of an older version is told by its name."""
    known = integrity.INVARIANTS.get(name)
    return str(known.title) if known else name


def _would(tried: Repaired) -> str:
    facts = {"before": render.number(tried.before), "after": render.number(tried.after)}
    return _("A repair would leave %(after)s of %(before)s. Nothing is changed yet.", **facts)


def _did(done: Repaired) -> str:
    facts = {"before": render.number(done.before), "after": render.number(done.after)}
    return _("Repaired: %(before)s before, %(after)s after.", **facts)
