"""What the pages of imports show: the upload form, one import in each of its states, the imports so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.imports import Import, ImportStatus
from app.policies.actor import Actor
from app.services import import_reports
from app.views import render
from app.views.imports.kinds import Errors, Kind, reading_fields
from app.views.page import (
    Cell,
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

# status -> (what the page is in, label, tone)
STATES: dict[ImportStatus, tuple[str, Any, str]] = {
    ImportStatus.QUEUED: ("queued", _l("Waiting for the check"), "neutral"),
    ImportStatus.CHECKING: ("running", _l("Being checked"), "info"),
    ImportStatus.CHECKED: ("checked", _l("Checked"), "info"),
    ImportStatus.CONFIRMED: ("running", _l("Waiting to be imported"), "neutral"),
    ImportStatus.IMPORTING: ("running", _l("Being imported"), "info"),
    ImportStatus.DONE: ("done", _l("Imported"), "success"),
    ImportStatus.FAILED: ("failed", _l("Failed"), "danger"),
    ImportStatus.UNDOING: ("undoing", _l("Being taken back"), "info"),
    ImportStatus.UNDONE: ("undone", _l("Taken back"), "warning"),
}
BUSY = frozenset({"queued", "running", "undoing"})
KINDS = {
    "file": _l("File"),
    "invalid": _l("Invalid"),
    "duplicate": _l("Duplicate"),
    "alike": _l("Imported all the same"),
    "kept": _l("Kept"),
}


def new_page(kind: Kind, errors: Errors, actor: Actor) -> ImportPage:
    """The upload form, with what each column holds."""
    file = Field(
        "file",
        _("CSV file"),
        "file",
        required=True,
        accept=".csv,text/csv",
        errors=[str(each) for each in errors.get("file", [])],
        help=str(kind.limits),
        wide=True,
    )
    groups = [FieldGroup("", [file, *kind.fields(errors, actor), *reading_fields(kind, errors)])]
    return ImportPage(
        str(kind.new),
        "new",
        Cell(),
        upload=Form(
            f"{kind.base}/new",
            groups,
            _("Check the file"),
            cancel_url=f"/{kind.resource.slug}/",
            multipart=True,
        ),
        template_url=f"{kind.base}/template.csv",
        columns_help=[(each.name, str(each.help), each.required) for each in import_reports.COLUMNS[kind.name]],
        list_url=f"{kind.base}/",
        list_title=str(kind.many),
    )


def percent(job: Import) -> int | None:
    """How far the present step is; None while an import is taken back, which a few statements do as a whole."""
    if job.status is ImportStatus.UNDOING:
        return None
    return min(100, round(100 * job.done_rows / job.total_rows)) if job.total_rows else 0


def page_of(kind: Kind, job: Import, offset: int, actor: Actor) -> ImportPage:
    state, url = STATES[job.status][0], f"{kind.base}/{job.id}"
    page = begun(job, kind.base, kind.one, kind.many)
    if job.checked_at is not None:
        page.counts = [
            Count(_("rows"), render.number(job.total_rows)),
            Count(_("new") if state == "checked" else _("imported"), render.number(job.new_rows), "success"),
            Count(_("invalid"), render.number(job.invalid_rows), "danger" if job.invalid_rows else ""),
            Count(_("duplicates"), render.number(job.duplicate_rows), "warning" if job.duplicate_rows else ""),
            Count(_("unchanged"), render.number(job.unchanged_rows)),
        ]
    if state in BUSY:
        return page
    add_issues(page, job, url, offset, actor, lambda issues: _issues(kind, issues))
    page.rows_url = f"{url}/rows-to-mend.csv" if import_reports.kinds_to_mend(job) else ""
    page.sample = _sample(kind, job.sample)
    page.actions = _actions(kind, job, actor, url)
    if job.status is ImportStatus.DONE and job.undone_by_id is not None:
        page.tone = "warning"  # it was to be taken back, and the message says why it stays
    elif job.status is ImportStatus.DONE:
        left = render.number(job.total_rows - job.new_rows)
        done = _("Imported: %(rows)s. Not imported: %(left)s.", rows=render.number(job.new_rows), left=left)
        page.message = f"{done} {page.message}"
    return page


def begun(job: Import, base: str, one: Any, many: Any) -> ImportPage:
    """The page of an import, as far as its state says: what it is doing, or did."""
    state, label, tone = STATES[job.status]
    return ImportPage(
        str(one),
        state,
        Cell(str(label), "badge", tone=tone),
        file_name=job.file_name,
        message=str(label) if state in BUSY else job.message,
        percent=percent(job),
        status_url=f"{base}/{job.id}/status",
        list_url=f"{base}/",
        list_title=str(many),
    )


def add_issues(
    page: ImportPage, job: Import, url: str, offset: int, actor: Actor, table: Callable[[Any], Table]
) -> None:
    """One page of what is wrong, as this `table` shows it, and the report of it all."""
    issues, total = import_reports.issues(job.id, actor, offset=offset, limit=ISSUES_PER_PAGE)
    if not total:
        return
    page.issues, page.report_url = table(issues), f"{url}/report.csv"
    page.issues_paging = Paging(
        render.number(total),
        len(issues),
        previous_url=f"{url}?from={max(0, offset - ISSUES_PER_PAGE)}#issues" if offset else "",
        next_url=f"{url}?from={offset + ISSUES_PER_PAGE}#issues" if offset + ISSUES_PER_PAGE < total else "",
    )


def _actions(kind: Kind, job: Import, actor: Actor, url: str) -> list[Link]:
    made = []
    if job.status is ImportStatus.CHECKED and job.new_rows and actor.may("confirm", kind.permission):
        made.append(
            Link(
                kind.confirm(job.new_rows),
                f"{url}/confirm",
                "check",
                primary=True,
                method="post",
            )
        )
    if job.status is ImportStatus.DONE:
        made.append(kind.made(job))
        if actor.may("undo", kind.permission):
            made.append(Link(_("Take it back"), f"{url}/undo", "undo-2", danger=True, method="post"))
    if job.status in {ImportStatus.FAILED, ImportStatus.CHECKED, ImportStatus.UNDONE}:
        made.append(Link(_("Choose another file"), f"{kind.base}/new", "upload"))
    return made


def _issues(kind: Kind, issues: Any) -> Table:
    heads = [
        Column("line", _("Line"), align="end"),
        Column("column", _("Column")),
        Column("value", _("Value")),
        Column("kind", _("Kind")),
        Column("rule", _("What is wrong")),
        Column("fix", _("How to mend it")),
    ]
    tones = {"invalid": "danger", "duplicate": "warning", "file": "danger", "alike": "info", "kept": "info"}

    def url(issue: Any) -> str:
        return f"/{kind.resource.slug}/{issue.record_id}" if issue.record_id and kind.records_are_linked else ""

    rows = [
        Row(
            str(each.id),
            url(each),
            _("Line %(line)s", line=each.line),
            [
                Cell(render.number(each.line), "number"),
                Cell(each.column),
                _as_written(each.column, each.value),
                Cell(str(KINDS[each.kind]), "badge", tone=tones[each.kind]),
                Cell(each.rule, "link" if url(each) else "text", url(each)),
                Cell(each.fix),
            ],
        )
        for each in issues
    ]
    return Table(heads, rows, Empty(_("Nothing is wrong")))


def _as_written(column: str, value: str) -> Cell:
    """A value of the file; a phone number keeps its plus in front whatever the direction of the page."""
    return Cell(value[:80], "number" if column == "phone" else "text", title=value if len(value) > 80 else "")


def _sample(kind: Kind, rows: Any) -> Table | None:
    """The first rows as they would be written; columns that are empty in all of them are left out."""
    names = [column.name for column in import_reports.COLUMNS[kind.name] if any(row.get(column.name) for row in rows)]
    attributes = {each.name: each.label for each in kind.resource.attributes}
    labels = {**kind.resource.labels, **attributes, "notes": _("Note")}
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


def history(kind: Kind, actor: Actor) -> Table:
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
    for job in import_reports.history(kind.name, actor):
        _state, label, tone = STATES[job.status]
        url = f"{kind.base}/{job.id}"
        imported = job.new_rows if job.status in {ImportStatus.DONE, ImportStatus.UNDOING, ImportStatus.UNDONE} else 0
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
            str(kind.empty),
            [Link(str(kind.new), f"{kind.base}/new", "upload", primary=True)],
        ),
    )
