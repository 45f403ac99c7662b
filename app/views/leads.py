"""Screens of leads: list, record with timeline, board, follow-up worklist, stages, tags."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, stream_with_context
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.leads import FollowUpStatus, LeadStage
from app.policies.actor import Actor
from app.services import inputs, listing, lookups, people, school
from app.services.errors import Invalid, Refusal
from app.services.leads import LEADS, STAGES, TAGS, board, exporting, labels, merging, timeline
from app.services.leads.records import PossibleDuplicates, duplicates_of
from app.services.listing import Query
from app.views import lists, render
from app.views.base import RecordView
from app.views.page import (
    BoardColumn,
    BoardPage,
    Card,
    Cell,
    Change,
    Empty,
    Event,
    FieldGroup,
    Form,
    FormPage,
    Link,
    Panel,
    RecordPage,
    Row,
    Section,
    Table,
    WorklistPage,
)
from app.views.page import Column as Head
from app.views.page import Field as FormField
from app.views.security import current_actor, requires

ICONS = {
    "created": "plus", "stage_changed": "arrow-right-left", "owner_changed": "user-check", "note_added": "sticky-note", "bulk_imported": "upload",
    "contact_attempted": "phone-call", "follow_up_changed": "calendar-clock", "tags_changed": "tag", "merged": "merge", "deleted": "trash-2",
    "restored": "undo-2", "updated": "pencil",
}
WORKLIST_COLUMNS = ("name", "phone", "stage", "owner", "follow_up_date", "contact_attempts")
WORKLIST_SIZE = 25


def tabs(here: str, actor: Actor) -> list[Link]:
    """List, board and worklist: three ways to see the same leads."""
    known = [("list", _("List"), "/leads/", "list"), ("board", _("Board"), "/leads/board", "columns-3"),
             ("worklist", _("Follow-ups"), "/leads/worklist", "calendar-clock")]
    return [Link(label, url, icon, active=name == here) for name, label, url, icon in known if actor.may(name, LEADS.name)]


class LeadView(RecordView):
    resource = LEADS
    list_columns = ("name", "phone", "email", "stage", "owner", "follow_up_date", "follow_up_status", "source", "created_at")
    show_groups = (
        (_l("Contact"), ("phone", "email", "guardian_name", "area", "community", "address")),
        (_l("Progress"), ("stage", "owner", "assigned_teacher", "follow_up_date", "follow_up_status", "contact_attempts", "last_contacted_on",
                          "next_follow_up_at")),
        (_l("Interest"), ("interest", "source", "age", "expected_budget", "walk_in_date", "demo_date", "demo_conducted")),
    )
    form_groups = (
        (_l("Contact"), ("first_name", "last_name", "phone", "email", "guardian_name", "age")),
        (_l("Interest"), ("interest", "source", "expected_budget", "walk_in_date", "demo_date", "demo_conducted")),
        (_l("Progress"), ("stage_id", "owner_id", "assigned_teacher_id", "follow_up_date", "follow_up_status", "next_follow_up_at")),
        (_l("Where they live"), ("area", "community", "address")),
    )
    form_helps = {
        "phone": _l("As you would dial it; it is kept in international form."),
        "follow_up_date": _l("Today or later: when someone should be in touch again."),
        "assigned_teacher_id": _l("Sees this lead, for a trial lesson."),
    }
    description = _l("People who asked about lessons, until they are admitted.")

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        return tabs("list", actor)

    def tools(self, actor: Actor, query: Query) -> list[Link]:
        made = super().tools(actor, query)
        if actor.may("add", "Lead imports"):
            made.insert(0, Link(_("Import"), "/lead-imports/new", "upload"))
        return made

    def defaults(self) -> dict[str, Any]:
        actor = current_actor()
        return {"follow_up_date": school.today() + timedelta(days=1), "source": "phone", "follow_up_status": "open",
                "owner_id": actor.id if lookups.label("staff", actor, actor.id) else None, "stage_id": _first_stage_id()}

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.badge = Cell(record.stage.name, "badge", tone="success" if record.stage.is_onboarded else "info")
        page.subtitle = " · ".join(filter(None, (record.interest, ", ".join(tag.name for tag in record.tags))))
        if record.merged_into_id:
            page.deleted = _("Merged into another lead on %(day)s.", day=render.moment(record.deleted_at))
            page.actions = [Link(_("Undo the merge"), f"/leads/{record.id}/unmerge", "undo-2", method="post", primary=True),
                            Link(_("Open the lead that stayed"), f"/leads/{record.merged_into_id}", "arrow-right")]
        staff = actor.may("add_note", LEADS.name)
        if staff:
            page.timeline = self.events(record)
            page.panels = self.duplicates(record)
        if staff and LEADS.edit_rule(actor, record) is None and not record.deleted_at:
            body = FormField("body", _("Note"), "textarea", placeholder=_("What was said or agreed?"), required=True, wide=True)
            page.note = Form(f"/leads/actions/add_note?id={record.id}", [FieldGroup("", [body])], _("Add note"))
        return page

    def events(self, record: Any) -> list[Event]:
        raw = request.args.get("before", "")
        before = _moment(raw)
        names = _Names()
        return [_event(row, names) for row in timeline.timeline(record.id, before=before)]

    def duplicates(self, record: Any) -> list[Panel]:
        """Others with the same phone or e-mail, so that they can be merged."""
        found = duplicates_of(current_actor(), record.phone, record.email, but=record.id)
        if not found:
            return []
        heads = [Head("name", _("Name")), Head("phone", _("Phone")), Head("email", _("E-mail"))]
        rows = [Row(str(each.id), f"/leads/{each.id}", each.name, [Cell(each.name, "link", f"/leads/{each.id}"), Cell(each.phone, "phone", f"tel:{each.phone}"),
                                                                   Cell(each.email or "")]) for each in found]
        return [Panel(_("Same phone or e-mail"), Table(heads, rows, Empty("")))]

    def form_page(self, record: Any, values: Any, refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        if isinstance(refusal, PossibleDuplicates):
            page.form.warnings = [Cell(f"{each.name}, {each.phone}" + (f", {each.email}" if each.email else ""), "link", f"/leads/{each.id}")
                                  for each in refusal.leads]
            page.form.groups.append(FieldGroup("", [FormField("accept_duplicates", _("This is someone else: save all the same"), "checkbox", wide=True)]))
        return page

    def save(self, record: Any, raw: Any) -> Any:
        return super().save(record, {**raw, "accept_duplicates": bool(request.form.get("accept_duplicates"))})

    @expose("/<pk>/unmerge", methods=["POST"])
    @requires("merge")
    def unmerge(self, pk: str) -> Any:
        merging.undo_merge([self.key(pk)], actor=current_actor())
        flash(_("The merge is undone."), "success")
        return redirect(f"/leads/{pk}")

    @expose("/export.csv")
    @requires("export")
    def export(self) -> Any:
        """Exactly the rows of the list, as CSV."""
        blocks = exporting.export(current_actor(), self.query())
        name = f"leads-{school.today().isoformat()}.csv"
        return Response(stream_with_context(blocks), mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})

    @expose("/board")
    @requires("board")
    def board(self) -> Any:
        actor, query = current_actor(), self.query()
        columns = [_board_column(column, actor, query) for column in board.columns(actor, query)]
        page = self.list_frame(actor, query)
        return render_template("board.html", page=BoardPage(_("Leads by stage"), _("Drag a card, or pick it up with the space bar and move it with the arrow keys."),
                                                            columns, "/leads/board/move", page))

    def list_frame(self, actor: Actor, query: Query) -> Any:
        """Search, filters and tabs over the board, without the rows of a list."""
        return lists.list_head(LEADS, actor, query, "/leads/board", new=self.new_link(actor), tabs=tabs("board", actor))

    @expose("/board/move", methods=["POST"])
    @requires("change_stage")
    def move(self) -> Any:
        """A card was put into another column."""
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise Invalid(_("Send the card and its column as JSON."))
        action = LEADS.action_by_name["change_stage"]
        assert action.input is not None
        result = action.run([self.key(str(body.get("id", "")))], actor=current_actor(), **inputs.parse(action.input, {"stage_id": body.get("to")}))
        outcome = result.outcomes[0]
        if outcome.refusal is not None:
            raise outcome.refusal
        undo = {"url": f"/leads/actions/change_stage/undo?batch={result.batch_id}", "label": _("Undo"), "data": {}}
        return jsonify(message=_("%(name)s was moved.", name=outcome.title), undo=None if outcome.unchanged else undo)

    @expose("/worklist")
    @requires("worklist")
    def worklist(self) -> Any:
        actor = current_actor()
        mine = request.args.get("whose", "mine" if not actor.is_admin else "all")
        sections = [worklist_section(actor, name, mine) for name in ("overdue", "today", "next")]
        whose = [Link(_("Mine"), "/leads/worklist?whose=mine", "user", active=mine == "mine"), Link(_("Everyone's"), "/leads/worklist?whose=all", "users", active=mine != "mine")]
        return render_template("worklist.html", page=WorklistPage(
            _("Follow-ups"), _("Who should hear from us, in the order of the days."), sections, tabs("worklist", actor), whose,
            self.bulk_links(actor, Query()),
        ))


def worklist_query(name: str, whose: str, actor: Actor) -> Query:
    """The open follow-ups that are overdue, due today, or due in the next seven days."""
    day = school.today()
    span = {"overdue": f"before:{day}", "today": f"is:{day}", "next": f"between:{day + timedelta(days=1)}..{day + timedelta(days=7)}"}[name]
    filters = [f"follow_up_status:is:{FollowUpStatus.OPEN}", f"follow_up_date:{span}"]
    if whose == "mine":
        filters.append(f"owner:is:{actor.id}")
    return listing.read_query(LEADS, {"f": filters, "sort": ["follow_up_date"]})


def worklist_section(actor: Actor, name: str, whose: str) -> Section:
    """A part of the worklist, with the address of the whole of it."""
    titles = {"overdue": _("Overdue"), "today": _("Today"), "next": _("Next 7 days")}
    empties = {"overdue": _("Nothing is overdue."), "today": _("Nothing left for today."), "next": _("Nothing in the coming week.")}
    query = worklist_query(name, whose, actor)
    page = listing.fetch(LEADS, actor, query, WORKLIST_COLUMNS)
    heads = lists.columns(LEADS, WORKLIST_COLUMNS, query, "/leads/")
    for head in heads:
        head.sort_url = ""
    rows = [lists.row(LEADS, WORKLIST_COLUMNS, found, f"/leads/{found.id}") for found in page.rows]
    return Section(titles[name], render.total(page.total, listing.COUNT_LIMIT), Table(heads, rows, Empty(empties[name])),
                   {"overdue": "danger", "today": "warning"}.get(name, ""), "" if page.last else lists.address("/leads/", query.parameters()))


def _board_column(column: board.Column, actor: Actor, query: Query) -> BoardColumn:
    others = [str(each) for each in column.moves]
    cards = [_card(row, others, actor) for row in column.rows]
    more = listing.read_query(LEADS, {"f": [*map(str, query.filters), f"stage:is:{column.id}"], "q": [query.search]})
    return BoardColumn(str(column.id), column.title, render.total(column.total, listing.COUNT_LIMIT), cards,
                       lists.address("/leads/", more.parameters()) if column.total > len(cards) else "", "success" if column.is_onboarded else "")


def _card(row: Any, columns: list[str], actor: Actor) -> Card:
    reason = LEADS.edit_rule(actor, row) if actor.may("change_stage", LEADS.name) else _("You may not move leads.")
    lines = [Cell(row.phone, "text"), Cell(row.owner or _("Nobody's"), "text" if row.owner else "muted"),
             Cell(render.day(row.follow_up_date), "date", tone="danger" if row.overdue else "", title=row.follow_up_date.isoformat())]
    return Card(str(row.id), f"/leads/{row.id}", f"{row.first_name} {row.last_name}", lines, moves=columns if reason is None else [], reason=str(reason or ""))


class _Names:
    """What the ids in audit events are called, read once per page."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], str] = {}

    def of(self, name: str, value: Any) -> str:
        if value in (None, ""):
            return ""
        if name == "stage_id":
            return self._stages().get(str(value), _("a stage that is gone"))
        if name in {"owner_id", "assigned_teacher_id"}:
            return self._accounts(value)
        for option in LEADS.options.get(name, ()):
            if option.value == value:
                return str(option.label)
        if name in {"follow_up_date", "walk_in_date", "demo_date", "last_contacted_on"}:
            day = _day(str(value))
            return render.day(day) if day else str(value)
        return render.plain(value)

    def _stages(self) -> dict[str, str]:
        if ("stages", "") not in self.known:
            self.known["stages", ""] = "read"
            self.known |= {("stage", str(key)): name for key, name in db.session.execute(select(LeadStage.id, LeadStage.name))}
        return {key: name for (kind, key), name in self.known.items() if kind == "stage"}

    def _accounts(self, key: Any) -> str:
        if ("account", str(key)) not in self.known:
            self.known["account", str(key)] = people.name_of(key) or _("an account that is gone")
        return self.known["account", str(key)]


def _event(row: Any, names: _Names) -> Event:
    keys = sorted({*(row.before or {}), *(row.after or {})}) if row.kind not in {"merged", "restored", "created", "bulk_imported"} else []
    changes = [Change(str(LEADS.labels.get(name, name.replace("_", " ").capitalize())), names.of(name, (row.before or {}).get(name)),
                      names.of(name, (row.after or {}).get(name))) for name in keys]
    return Event(render.moment(row.at), row.at.isoformat(), row.who or _("Registrar"), str(labels.EVENTS[row.kind]), ICONS.get(row.kind, "dot"),
                 row.body or "", changes)


def _moment(raw: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _day(raw: str) -> Any:
    try:
        return datetime.fromisoformat(raw).date()
    except ValueError:
        return None


def _first_stage_id() -> Any:
    return db.session.scalar(select(LeadStage.id).where(LeadStage.active).order_by(LeadStage.position, LeadStage.id).limit(1))


class LeadStageView(RecordView):
    resource = STAGES
    list_columns = ("name", "position", "is_onboarded", "active")
    show_groups = (("", ("name", "position", "is_onboarded", "active")),)
    form_groups = (("", ("name", "position", "is_onboarded", "active")),)
    form_helps = {"is_onboarded": _l("Only one stage can be the final one."), "active": _l("At least one stage stays active.")}
    description = _l("The steps from the first question to the admission.")

    def defaults(self) -> dict[str, Any]:
        return {"active": True}


class TagView(RecordView):
    resource = TAGS
    list_columns = ("name", "created_at")
    show_groups = (("", ("name", "created_at")),)
    form_groups = (("", ("name",)),)
    description = _l("Words to find leads again.")

