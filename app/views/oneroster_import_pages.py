"""What the pages of bundle imports show: the upload, one import in each of its states with a line for each file, and the
imports so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.models.imports import Import, ImportStatus
from app.policies.actor import Actor
from app.services import import_reports
from app.services.oneroster.importing.confirming import guarded
from app.services.oneroster.importing.run import RESOURCE
from app.views import render
from app.views.imports.pages import BUSY, STATES, add_issues, begun
from app.views.page import Cell, Column, Count, Empty, Field, FieldGroup, Form, ImportPage, Link, Row, Table

BASE = "/oneroster-imports"
PERMISSION = "OneRoster imports"
SHOWN = 80  # characters of a value


def new_page(errors: Mapping[str, list[Any]]) -> ImportPage:
    """The upload form."""
    file = Field(
        "file",
        _("Zip file of the bundle"),
        "file",
        required=True,
        accept=".zip,application/zip",
        errors=[str(each) for each in errors.get("file", [])],
        help=_("OneRoster 1.1 or 1.2, bulk or delta, with its manifest.csv. At most 32 MB, and 1 GB unpacked."),
        wide=True,
    )
    form = Form(f"{BASE}/new", [FieldGroup("", [file])], _("Check the bundle"), cancel_url=f"{BASE}/", multipart=True)
    page = ImportPage(_("Import a bundle"), "new", Cell(), upload=form)
    page.list_url, page.list_title = f"{BASE}/", _("Imports of bundles")
    return page


def page_of(job: Import, offset: int, actor: Actor) -> ImportPage:
    """One import: its state, what it does to which file, and what is wrong."""
    state, url = STATES[job.status][0], f"{BASE}/{job.id}"
    page = begun(job, BASE, _("Import of a bundle"), _("Imports of bundles"))
    if job.checked_at is not None:
        page.counts = _counts(job)
    if state in BUSY:
        return page
    add_issues(page, job, url, offset, actor, _issues)
    if job.sample:
        page.sample = _files(job.sample)
        page.sample_title = _("What changes, by file") if state == "checked" else _("What changed, by file")
    page.actions = _actions(job, actor, url)
    return page


def _counts(job: Import) -> list[Count]:
    sums = {name: sum(line[name] for line in job.sample) for name in ("new", "changed", "vanishing")}
    return [
        Count(_("rows"), render.number(job.total_rows)),
        Count(_("new"), render.number(sums["new"]), "success"),
        Count(_("changed"), render.number(sums["changed"]), "info" if sums["changed"] else ""),
        Count(_("unchanged"), render.number(job.unchanged_rows)),
        Count(_("vanishing"), render.number(sums["vanishing"]), "warning" if sums["vanishing"] else ""),
        Count(_("faults"), render.number(job.invalid_rows), "danger" if job.invalid_rows else ""),
    ]


def _actions(job: Import, actor: Actor, url: str) -> list[Link]:
    made = []
    if job.status is ImportStatus.CHECKED and job.new_rows and actor.may("confirm", PERMISSION):
        vanishing = sum(line["vanishing"] for line in job.sample)
        if guarded(job):
            label = ngettext(
                "Import, though %(num)s record vanishes", "Import, though %(num)s records vanish", vanishing
            )
            made.append(Link(label, f"{url}/confirm?remove=yes", "triangle-alert", danger=True, method="post"))
        else:
            label = ngettext("Import %(num)s change", "Import %(num)s changes", job.new_rows)
            made.append(Link(label, f"{url}/confirm", "check", primary=True, method="post"))
    if job.status in {ImportStatus.FAILED, ImportStatus.CHECKED} and actor.may("add", PERMISSION):
        made.append(Link(_("Choose another file"), f"{BASE}/new", "upload"))
    return made


def _files(lines: list[dict[str, Any]]) -> Table:
    heads = [
        Column("file", _("File")),
        Column("mode", _("Mode")),
        Column("rows", _("Rows"), align="end"),
        Column("new", _("New"), align="end"),
        Column("changed", _("Changed"), align="end"),
        Column("unchanged", _("Unchanged"), align="end"),
        Column("vanishing", _("Vanishing"), align="end"),
        Column("note", _("Note")),
    ]
    return Table(heads, [Row(line["file"], "", line["file"], _cells(line)) for line in lines], Empty(""))


def _cells(line: dict[str, Any]) -> list[Cell]:
    names = ("rows", "new", "changed", "unchanged", "vanishing") if line["kept"] else ("rows",)
    numbers = [Cell(render.number(line[name]), "number") for name in names]
    numbers += [Cell("-") for _each in range(5 - len(numbers))]
    note = Cell()
    if line["guarded"]:
        share = render.number(round(100 * line["vanishing"] / max(line["stored"], 1)))
        note = Cell(_("%(share)s %% of what is stored would vanish", share=share), "badge", tone="danger")
    elif not line["kept"]:
        note = Cell(_("Checked, but not kept here"), "badge", tone="neutral")
    return [Cell(line["file"]), Cell(line["mode"]), *numbers, note]


def _issues(issues: Any) -> Table:
    heads = [
        Column("file", _("File")),
        Column("line", _("Line"), align="end"),
        Column("column", _("Column")),
        Column("value", _("Value")),
        Column("rule", _("What is wrong")),
        Column("fix", _("How to mend it")),
    ]
    rows = [
        Row(
            str(each.id),
            "",
            f"{each.file} {each.line}",
            [
                Cell(each.file),
                Cell(render.number(each.line), "number"),
                Cell(each.column),
                Cell(each.value[:SHOWN], title=each.value if len(each.value) > SHOWN else ""),
                Cell(each.rule),
                Cell(each.fix),
            ],
        )
        for each in issues
    ]
    return Table(heads, rows, Empty(_("Nothing is wrong")))


def history(actor: Actor) -> Table:
    """The imports so far that the actor may see."""
    heads = [
        Column("file", _("File")),
        Column("state", _("State")),
        Column("rows", _("Rows"), align="end"),
        Column("changes", _("Changes"), align="end"),
        Column("faults", _("Faults"), align="end"),
        Column("when", _("When")),
    ]
    rows = [_import_row(job) for job in import_reports.history(RESOURCE, actor)]
    first = [Link(_("Import a bundle"), f"{BASE}/new", "upload", primary=True)] if actor.may("add", PERMISSION) else []
    return Table(
        heads, rows, Empty(_("No imports yet"), _("Bring a roster in from another system, as one zip file."), first)
    )


def _import_row(job: Import) -> Row:
    _state, label, tone = STATES[job.status]
    url = f"{BASE}/{job.id}"
    return Row(
        str(job.id),
        url,
        job.file_name,
        [
            Cell(job.file_name, "link", url),
            Cell(str(label), "badge", tone=tone),
            Cell(render.number(job.total_rows), "number"),
            Cell(render.number(job.new_rows if job.status is ImportStatus.DONE else 0), "number"),
            Cell(render.number(job.invalid_rows), "number"),
            Cell(render.moment(job.created_at), "datetime", title=job.created_at.isoformat()),
        ],
    )
