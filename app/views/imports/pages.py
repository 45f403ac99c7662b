"""What the pages of imports show: the upload form, one import in each of its states, the imports so far."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.imports import Import, ImportStatus
from app.policies.actor import Actor
from app.services import import_reports, lookups
from app.services.leads import LEADS, import_rows
from app.views import render
from app.views.page import (
    Cell,
    Choice,
    Column,
    Count,
    Empty,
    Field,
    FieldGroup,
    Form,
    ImportPage,
    Link,
    Paging,
    Row,
    Table,
)

ISSUES_PER_PAGE = 50
BASE = "/lead-imports"

# status -> (what the page is in, label, tone)
STATES: dict[ImportStatus, tuple[str, Any, str]] = {
    ImportStatus.QUEUED: ("queued", _l("Waiting for the check"), "neutral"),
    ImportStatus.CHECKING: ("running", _l("Being checked"), "info"),
    ImportStatus.CHECKED: ("checked", _l("Checked"), "info"),
    ImportStatus.CONFIRMED: ("running", _l("Waiting to be imported"), "neutral"),
    ImportStatus.IMPORTING: ("running", _l("Being imported"), "info"),
    ImportStatus.DONE: ("done", _l("Imported"), "success"),
    ImportStatus.FAILED: ("failed", _l("Failed"), "danger"),
    ImportStatus.UNDONE: ("undone", _l("Taken back"), "warning"),
}
DUPLICATES = {"skip": _l("Leave them out"), "import": _l("Import them all the same")}
KINDS = {"file": _l("File"), "invalid": _l("Invalid"), "duplicate": _l("Duplicate"), "kept": _l("Kept")}


def new_page(errors: Any, actor: Actor) -> ImportPage:
    """The upload form, with what each column holds."""
    me = actor.id if lookups.label("staff", actor, actor.id) else None
    chosen = request.form.get("duplicates", "skip")
    fields = [
        Field(
            "file",
            _("CSV file"),
            "file",
            required=True,
            accept=".csv,text/csv",
            errors=[str(each) for each in errors.get("file", [])],
            help=_("At most 200,000 rows and 32 MB."),
            wide=True,
        ),
        Field(
            "default_owner_id",
            _("Owner of rows that name none"),
            "relation",
            request.form.get("default_owner_id", str(me or "")),
            text=actor.name if me else "",
            lookup_url="/lookups/staff",
            errors=[str(each) for each in errors.get("default_owner_id", [])],
        ),
        Field(
            "duplicates",
            _("Rows that look like a lead you have"),
            "radio",
            chosen,
            errors=[str(each) for each in errors.get("duplicates", [])],
            choices=[Choice(value, str(label), value == chosen) for value, label in DUPLICATES.items()],
        ),
    ]
    return ImportPage(
        _("Import leads"),
        "new",
        Cell(),
        upload=Form(f"{BASE}/new", [FieldGroup("", fields)], _("Check the file"), cancel_url="/leads/", multipart=True),
        template_url=f"{BASE}/template.csv",
        columns_help=[(each.name, str(each.help), each.required) for each in import_rows.COLUMNS],
        list_url=f"{BASE}/",
        list_title=_("Imports of leads"),
    )


def percent(job: Import) -> int:
    return min(100, round(100 * job.done_rows / job.total_rows)) if job.total_rows else 0


def page_of(job: Import, offset: int, actor: Actor) -> ImportPage:
    state, label, tone = STATES[job.status]
    url = f"{BASE}/{job.id}"
    page = ImportPage(
        _("Import of leads"),
        state,
        Cell(str(label), "badge", tone=tone),
        job.file_name,
        job.message or (str(label) if state in {"queued", "running"} else ""),
        percent(job),
        f"{url}/status",
        list_url=f"{BASE}/",
        list_title=_("Imports of leads"),
    )
    if job.checked_at is not None:
        page.counts = [
            Count(_("rows"), render.number(job.total_rows)),
            Count(_("new") if state == "checked" else _("imported"), render.number(job.new_rows), "success"),
            Count(_("invalid"), render.number(job.invalid_rows), "danger" if job.invalid_rows else ""),
            Count(_("duplicates"), render.number(job.duplicate_rows), "warning" if job.duplicate_rows else ""),
            Count(_("unchanged"), render.number(job.unchanged_rows)),
        ]
    if state in {"queued", "running"}:
        return page
    issues, total = import_reports.issues(job.id, actor, offset=offset, limit=ISSUES_PER_PAGE)
    if total:
        page.issues, page.report_url = _issues(issues), f"{url}/report.csv"
        page.issues_paging = Paging(
            render.number(total),
            len(issues),
            previous_url=f"{url}?from={max(0, offset - ISSUES_PER_PAGE)}#issues" if offset else "",
            next_url=f"{url}?from={offset + ISSUES_PER_PAGE}#issues" if offset + ISSUES_PER_PAGE < total else "",
        )
    page.sample = _sample(job.sample)
    page.actions = _actions(job, actor, url)
    return page


def _actions(job: Import, actor: Actor, url: str) -> list[Link]:
    made = []
    if job.status is ImportStatus.CHECKED and job.new_rows and actor.may("confirm", "Lead imports"):
        made.append(
            Link(
                _("Import %(count)s leads", count=render.number(job.new_rows)),
                f"{url}/confirm",
                "check",
                primary=True,
                method="post",
            )
        )
    if job.status is ImportStatus.DONE:
        made.append(Link(_("See the leads"), f"/leads/?f=import:is:{job.id}", "users", primary=True))
        if actor.may("undo", "Lead imports"):
            made.append(Link(_("Take it back"), f"{url}/undo", "undo-2", danger=True, method="post"))
    if job.status in {ImportStatus.FAILED, ImportStatus.CHECKED, ImportStatus.UNDONE}:
        made.append(Link(_("Choose another file"), f"{BASE}/new", "upload"))
    return made


def _issues(issues: Any) -> Table:
    heads = [
        Column("line", _("Line"), align="end"),
        Column("column", _("Column")),
        Column("value", _("Value")),
        Column("kind", _("Kind")),
        Column("rule", _("What is wrong")),
        Column("fix", _("How to mend it")),
    ]
    tones = {"invalid": "danger", "duplicate": "warning", "file": "danger", "kept": "info"}
    rows = [
        Row(
            str(each.id),
            f"/leads/{each.record_id}" if each.record_id else "",
            _("Line %(line)s", line=each.line),
            [
                Cell(render.number(each.line), "number"),
                Cell(each.column),
                _as_written(each.column, each.value),
                Cell(str(KINDS[each.kind]), "badge", tone=tones[each.kind]),
                Cell(
                    each.rule,
                    "link" if each.record_id else "text",
                    f"/leads/{each.record_id}" if each.record_id else "",
                ),
                Cell(each.fix),
            ],
        )
        for each in issues
    ]
    return Table(heads, rows, Empty(_("Nothing is wrong")))


def _as_written(column: str, value: str) -> Cell:
    """A value of the file; a phone number keeps its plus in front whatever the direction of the page."""
    return Cell(value[:80], "number" if column == "phone" else "text", title=value if len(value) > 80 else "")


def _sample(rows: Any) -> Table | None:
    """The first rows as they would be written; columns that are empty in all of them are left out."""
    names = [column.name for column in import_rows.COLUMNS if any(row.get(column.name) for row in rows)]
    labels = {**LEADS.labels, **{each.name: each.label for each in LEADS.attributes}, "notes": _("Note")}
    heads = [Column(name, str(labels.get(name, name.replace("_", " ").capitalize()))) for name in names]
    return (
        Table(
            heads,
            [
                Row(str(at), "", str(at), [_as_written(name, str(row.get(name) or "")) for name in names])
                for at, row in enumerate(rows)
            ],
            Empty(""),
        )
        if rows
        else None
    )


def history(actor: Actor) -> Table:
    heads = [
        Column("file", _("File")),
        Column("state", _("State")),
        Column("rows", _("Rows"), align="end"),
        Column("new", _("Imported"), align="end"),
        Column("invalid", _("Invalid"), align="end"),
        Column("duplicates", _("Duplicates"), align="end"),
        Column("when", _("When")),
    ]
    rows = []
    for job in import_reports.history("leads", actor):
        _state, label, tone = STATES[job.status]
        url = f"{BASE}/{job.id}"
        imported = job.new_rows if job.status in {ImportStatus.DONE, ImportStatus.UNDONE} else 0
        rows.append(
            Row(
                str(job.id),
                url,
                job.file_name,
                [
                    Cell(job.file_name, "link", url),
                    Cell(str(label), "badge", tone=tone),
                    Cell(render.number(job.total_rows), "number"),
                    Cell(render.number(imported), "number"),
                    Cell(render.number(job.invalid_rows), "number"),
                    Cell(render.number(job.duplicate_rows), "number"),
                    Cell(render.moment(job.created_at), "datetime", title=job.created_at.isoformat()),
                ],
            )
        )
    return Table(
        heads,
        rows,
        Empty(
            _("No imports yet"),
            _("Bring the leads of a fair or of an old list in from a CSV file."),
            [Link(_("Import leads"), f"{BASE}/new", "upload", primary=True)],
        ),
    )
