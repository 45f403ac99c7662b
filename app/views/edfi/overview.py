"""What leaves for Ed-Fi, what keeps records here, and the latest pushes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, render_template, stream_with_context
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.extensions import db
from app.models.edfi import EdFiPush
from app.policies.actor import Actor
from app.services.edfi import exporting, mappings, reading
from app.services.edfi.labels import OUTCOME, RESOURCE_NAMES, STATUS
from app.services.edfi.resource import MAPPINGS, PUSHES
from app.views import render
from app.views.page import Cell, Column, Empty, Link, Row, Section, Table, WorklistPage
from app.views.security import current_actor, requires

TOTALS: Final = ("created", "updated", "deleted", "unchanged", "invalid", "blocked", "refused", "failed")


class EdFiView(BaseView):
    route_base = "/edfi"
    class_permission_name = "Ed-Fi"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        actor = current_actor()
        text = _(
            "Students, their schools and their guardians as Ed-Fi Data Standard 5 has them: as files, or pushed to a server."
        )
        page = WorklistPage(_("Ed-Fi"), text, [_resources(actor), *_unmapped(actor), *_pushes(actor)])
        page.tools = [Link(_("Check"), "/edfi/problems", "clipboard-check")]
        if actor.may("export", "Ed-Fi"):
            page.tools.append(Link(_("Download"), "/edfi/export.zip", "download"))
        return render_template("worklist.html", page=page)

    @expose("/problems")
    @requires("show")
    def problems(self) -> Any:
        """What keeps records here."""
        tally = exporting.problems(current_actor())
        text = _("What does not fit the standard stays here: neither a file nor a server gets it.")
        if not tally.complete:
            text += " " + _("Only the first problems are shown; mend these, and look again.")
        page = WorklistPage(_("Problems"), text, [_problems(tally)])
        page.tools = [Link(_("Ed-Fi"), "/edfi/", "arrow-left"), Link(_("Look again"), "/edfi/problems", "refresh-cw")]
        return render_template("worklist.html", page=page)

    @expose("/export.zip")
    @requires("export")
    def export(self) -> Any:
        name, blocks = exporting.bundle(exporting.Tally(), actor=current_actor())
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(stream_with_context(blocks), mimetype="application/zip", headers=headers)


def _resources(actor: Actor) -> Section:
    counts = reading.counts(actor)
    rows = [
        Row(
            name, "", name, [Cell(str(RESOURCE_NAMES[name])), Cell(name, "muted"), Cell(render.number(count), "number")]
        )
        for name, count in counts.items()
    ]
    heads = [
        Column("what", _("Records")),
        Column("resource", _("Resource")),
        Column("count", _("Count"), align="end"),
    ]
    return Section(_("What leaves"), "", Table(heads, rows, Empty("")))


def _unmapped(actor: Actor) -> list[Section]:
    found = mappings.unmapped()
    add = actor.may("add", MAPPINGS.name)
    rows = [
        Row(
            str(number),
            "",
            row.value,
            [
                Cell(row.descriptor),
                Cell(row.value),
                Cell(render.number(row.records), "number"),
                Cell(_("Map it"), "link", _new_mapping(row)) if add else Cell(),
            ],
        )
        for number, row in enumerate(found)
    ]
    heads = [
        Column("descriptor", _("Descriptor")),
        Column("value", _("Our value")),
        Column("records", _("Records"), align="end"),
        Column("map", ""),
    ]
    title = _("Values without a mapping, which leave in our own namespace")
    return [Section(title, render.number(len(found)), Table(heads, rows, Empty("")), "warning")] if rows else []


def _new_mapping(row: Any) -> str:
    return "/descriptor-mappings/new?" + urlencode({"descriptor": row.descriptor, "value": row.value})


def _pushes(actor: Actor) -> list[Section]:
    if not actor.may("list", PUSHES.name):
        return []
    found = db.session.scalars(
        select(EdFiPush).options(*PUSHES.load).order_by(EdFiPush.created_at.desc(), EdFiPush.id).limit(5)
    )
    nothing = Empty(_("Nothing was pushed yet"), _("Enter a server, then push."))
    return [Section(_("Latest pushes"), "", push_table(found, nothing), more_url="/edfi-pushes/")]


def push_table(found: Iterable[EdFiPush], nothing: Empty) -> Table:
    """Pushes with what became of their records."""
    heads = [
        Column("when", _("Asked")),
        Column("server", _("Server")),
        Column("status", _("Status")),
        Column("counts", _("Records")),
    ]
    return Table(heads, [_push(each) for each in found], nothing)


def _push(each: EdFiPush) -> Row:
    url, status = f"/edfi-pushes/{each.id}", STATUS[each.status.value]
    cells = [
        Cell(render.moment(each.created_at), "link", url),
        Cell(each.connection.name),
        Cell(str(status.label), "badge", tone=status.tone),
        Cell(", ".join(f"{OUTCOME[name].label}: {render.number(count)}" for name, count in counts_of(each))),
    ]
    return Row(str(each.id), url, each.connection.name, cells)


def counts_of(push: EdFiPush) -> list[tuple[str, int]]:
    """How many records had which outcome; what did not happen is left out."""
    return [(name, push.counts[name]) for name in TOTALS if push.counts.get(name)]


def _problems(tally: exporting.Tally) -> Section:
    rows = [
        Row(
            str(number),
            document.link,
            document.key,
            [
                Cell(document.resource),
                Cell(document.key, "link", document.link),
                Cell(problem.field),
                Cell(str(problem.message)),
            ],
        )
        for number, (document, problem) in enumerate(tally.problems)
    ]
    heads = [
        Column("resource", _("Resource")),
        Column("record", _("Record")),
        Column("field", _("Property")),
        Column("problem", _("Problem")),
    ]
    looked = sum(tally.written.values())
    told = ngettext("%(count)s record fits the standard.", "%(count)s records fit the standard.", looked, count=looked)
    return Section(_("Problems"), render.number(len(rows)), Table(heads, rows, Empty(_("No problems"), told)))
