"""REST of leads: what they have beyond other resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request, stream_with_context
from flask_babel import gettext as _
from sqlalchemy import select

from app.api import actions, bodies, lists, schemas
from app.api.base import RecordApi, raise_refusal
from app.api.once import PARAMETER as ONCE
from app.api.once import once
from app.api.represent import mapping, plain
from app.api.routes import Parameter, route
from app.extensions import db
from app.models.leads import Tag, lead_tags
from app.policies.scopes import visible
from app.services import listing, school
from app.services.errors import Invalid, NotFound
from app.services.leads import LEADS, board, entries, exporting, figures, merging, timeline, worklist
from app.services.leads.records import duplicates_of
from app.services.resource import Result
from app.web import current_actor

PAGE = 50
NAMED = schemas.an_object(id=schemas.UUID_, name=schemas.TEXT)
WRITTEN = {
    "id": schemas.UUID_,
    "created_by_id": schemas.null_or({"type": "integer"}),
    "who": schemas.null_or(schemas.TEXT),
}
NOTE = schemas.an_object(body=schemas.TEXT, created_at=schemas.MOMENT, **WRITTEN)
ATTEMPT = schemas.an_object(channel=schemas.TEXT, outcome=schemas.TEXT, note=schemas.TEXT, at=schemas.MOMENT, **WRITTEN)
ENTRY = schemas.an_object(
    kind=schemas.TEXT,
    at=schemas.MOMENT,
    before={"type": ["object", "null"]},
    after={"type": ["object", "null"]},
    body=schemas.null_or(schemas.TEXT),
    who=schemas.null_or(schemas.TEXT),
)
DUPLICATE = schemas.an_object(
    id=schemas.UUID_, name=schemas.TEXT, phone=schemas.TEXT, email=schemas.null_or(schemas.TEXT)
)
CARD = {"type": "object", "properties": {"id": schemas.UUID_}, "required": ["id"]}
COLUMN = schemas.an_object(
    id=schemas.UUID_,
    title=schemas.TEXT,
    is_onboarded=schemas.BOOL,
    total=schemas.COUNT,
    total_is_exact=schemas.BOOL,
    cards={"type": "array", "items": CARD},
    moves={"type": "array", "items": schemas.UUID_},
)
FIGURES = schemas.an_object(
    by_stage={"type": "array", "items": schemas.an_object(id=schemas.UUID_, name=schemas.TEXT, total=schemas.COUNT)},
    by_week={
        "type": "array",
        "items": schemas.an_object(monday={"type": "string", "format": "date"}, total=schemas.COUNT),
    },
)
BEFORE_ID = Parameter("before", "A position, from `next`.", schemas.UUID_)
BEFORE_MOMENT = Parameter("before", "A position, from `next`.", schemas.MOMENT)
WORKLIST_PARAMETERS = (
    Parameter(
        "section", "Which part.", {"type": "string", "enum": list(worklist.SECTIONS), "default": worklist.SECTIONS[0]}
    ),
    Parameter(
        "whose", "Whose leads; for admins everybody's unless given.", {"type": "string", "enum": ["mine", "all"]}
    ),
)
FILTERING = tuple(lists.PARAMETERS[name] for name in lists.CONDITIONS)


class LeadApi(RecordApi):
    resource = LEADS
    more = ("address", "merged_into_id")
    detail_schemas = {"tags": {"type": "array", "items": NAMED}}

    def details(self, key: Any) -> dict[str, Any]:
        return super().details(key) | {"tags": _tags(key)}

    def lead(self, pk: str) -> UUID:
        """The key of a lead that the actor may see. Raises NotFound."""
        key, actor = self.key(pk), current_actor()
        rule = visible(self.resource.model, actor)
        if actor.may("restore", self.resource.name):
            rule = rule | visible(self.resource.model, actor, deleted=True)
        if db.session.scalar(select(self.resource.model.id).where(self.resource.model.id == key, rule)) is None:
            raise NotFound
        return UUID(str(key))

    # several leads

    @route(
        "GET",
        "/export.csv",
        "Export a list as CSV",
        needs="export",
        parameters=FILTERING,
        answer=schemas.TEXT,
        answer_type="text/csv",
    )
    def export(self) -> Any:
        """Every row of the list, in no particular order."""
        blocks = exporting.export(current_actor(), lists.read(self.resource, current_actor(), lists.CONDITIONS))
        name = f"leads-{school.today().isoformat()}.csv"
        return Response(
            stream_with_context(blocks),
            mimetype="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @route("GET", "/board", "Leads by stage", needs="board", parameters=FILTERING, answer=schemas.items(COLUMN))
    def board(self) -> Any:
        """The newest leads of every active stage. A card is moved with the action `change_stage`."""
        query = lists.read(self.resource, current_actor(), lists.CONDITIONS)
        return {"items": [_column(column) for column in board.columns(current_actor(), query)]}

    @route(
        "GET", "/worklist", "Follow-ups by day", needs="worklist", parameters=WORKLIST_PARAMETERS, answer=schemas.page
    )
    def worklist(self) -> Any:
        actor = current_actor()
        section = _one_of("section", worklist.SECTIONS, worklist.SECTIONS[0])
        whose = _one_of("whose", ("mine", "all"), "all" if actor.is_admin else "mine")
        query, columns = worklist.query(section, whose, actor), tuple(self.resource.by_name)
        return lists.answer(self.resource, query, listing.fetch(self.resource, actor, query, columns), columns)

    @route("GET", "/figures", "Numbers of the front page", needs="worklist", answer=FIGURES)
    def figures(self) -> Any:
        actor = current_actor()
        return {
            "by_stage": [mapping(each._mapping) for each in figures.by_stage(actor)],
            "by_week": [{"monday": plain(monday), "total": total} for monday, total in figures.entered_by_week(actor)],
        }

    # one lead; what staff wrote is for those who may write it

    @route(
        "GET",
        "/<pk>/timeline",
        "Everything that happened to a lead, newest first",
        needs="add_note",
        parameters=(BEFORE_MOMENT,),
        answer=schemas.items(ENTRY, next=schemas.ADDRESS),
        others=(404,),
    )
    def timeline(self, pk: str) -> Any:
        lead_id = self.lead(pk)
        return self.entries(lead_id, "timeline", timeline.timeline(lead_id, before=_moment("before"), limit=PAGE), "at")

    @route(
        "GET",
        "/<pk>/notes",
        "Notes on a lead, newest first",
        needs="add_note",
        parameters=(BEFORE_ID,),
        answer=schemas.items(NOTE, next=schemas.ADDRESS),
        others=(404,),
    )
    def notes(self, pk: str) -> Any:
        lead_id = self.lead(pk)
        return self.entries(
            lead_id, "notes", entries.notes(lead_id, current_actor(), before=_uuid("before"), limit=PAGE), "id"
        )

    @route(
        "POST",
        "/<pk>/notes",
        "Write a note on a lead",
        needs="add_note",
        body=LEADS.action_by_name["add_note"].input,
        status=201,
        answer=NOTE,
        parameters=(ONCE,),
        others=(404,),
    )
    def write_note(self, pk: str) -> Any:
        return self.written(pk, "add_note", "notes", entries.notes)

    @route(
        "GET",
        "/<pk>/contact-attempts",
        "Tries to reach a lead, newest first",
        needs="log_contact",
        parameters=(BEFORE_ID,),
        answer=schemas.items(ATTEMPT, next=schemas.ADDRESS),
        others=(404,),
    )
    def contact_attempts(self, pk: str) -> Any:
        lead_id = self.lead(pk)
        found = entries.contact_attempts(lead_id, current_actor(), before=_uuid("before"), limit=PAGE)
        return self.entries(lead_id, "contact-attempts", found, "id")

    @route(
        "POST",
        "/<pk>/contact-attempts",
        "Log a try to reach a lead",
        needs="log_contact",
        body=LEADS.action_by_name["log_contact"].input,
        status=201,
        answer=ATTEMPT,
        parameters=(ONCE,),
        others=(404,),
    )
    def log_contact(self, pk: str) -> Any:
        return self.written(pk, "log_contact", "contact-attempts", entries.contact_attempts)

    @route(
        "GET",
        "/<pk>/duplicates",
        "Leads with the same phone or e-mail",
        needs="add_note",
        answer=schemas.items(DUPLICATE),
        others=(404,),
    )
    def duplicates(self, pk: str) -> Any:
        lead = self.item(self.lead(pk), deleted=True)
        found = duplicates_of(current_actor(), lead["phone"], lead["email"], but=UUID(lead["id"]))
        return {"items": [mapping(each._mapping) for each in found]}

    @route("GET", "/<pk>/tags", "Tags of a lead", needs="show", answer=schemas.items(NAMED), others=(404,))
    def tags(self, pk: str) -> Any:
        return {"items": _tags(self.lead(pk))}

    @route("PUT", "/<pk>/tags/<uuid:tag_id>", "Put a tag on a lead", needs="tag", status=204, others=(404,))
    def put_tag(self, pk: str, tag_id: UUID) -> Any:
        self.act(pk, "tag", tag_id=tag_id)

    @route("DELETE", "/<pk>/tags/<uuid:tag_id>", "Take a tag off a lead", needs="tag", status=204, others=(404,))
    def take_tag(self, pk: str, tag_id: UUID) -> Any:
        self.act(pk, "tag", tag_id=tag_id, remove=True)

    @route("POST", "/<pk>/unmerge", "Undo a merge", needs="merge", answer=schemas.record, others=(404, 409))
    def unmerge(self, pk: str) -> Any:
        key = self.key(pk)
        raise_refusal(merging.undo_merge([key], actor=current_actor()).outcomes)
        return self.answer(self.item(key))

    def act(self, pk: str, name: str, **values: Any) -> Result:
        """Do one of the actions to one lead. Raises its refusal."""
        result = actions.run(self.resource.action_by_name[name], [self.key(pk)], values, dry_run=False)
        raise_refusal(result.outcomes)
        return result

    def written(self, pk: str, name: str, part: str, read: Any) -> Any:
        """Write an entry by an action, and answer with it: the newest, in the same transaction that locks the lead."""
        schema = self.resource.action_by_name[name].input
        assert schema is not None
        values, key = bodies.read(schema), self.key(pk)

        def work() -> Any:
            self.act(pk, name, **values)
            [entry] = read(key, current_actor(), limit=1)
            return mapping(entry._mapping), 201, {"Location": f"{self.route_base}/{key}/{part}"}

        return once(work)

    def entries(self, lead_id: UUID, part: str, rows: Any, position: str) -> Any:
        """A page of entries with the address of the older ones."""
        found = [mapping(each._mapping) for each in rows]
        last = str(found[-1][position]).replace("+", "%2B") if len(found) == PAGE else ""
        older = f"{self.route_base}/{lead_id}/{part}?before={last}" if last else None
        return {"items": found, "next": older}, 200, lists.link_header({"next": older})


def _tags(lead_id: Any) -> list[dict[str, Any]]:
    statement = (
        select(Tag.id, Tag.name).join(lead_tags, lead_tags.c.tag_id == Tag.id).where(lead_tags.c.lead_id == lead_id)
    )
    return [mapping(each._mapping) for each in db.session.execute(statement.order_by(Tag.name))]


def _column(column: board.Column) -> dict[str, Any]:
    return {
        "id": str(column.id),
        "title": column.title,
        "is_onboarded": column.is_onboarded,
        "total": min(column.total, listing.COUNT_LIMIT),
        "total_is_exact": column.total <= listing.COUNT_LIMIT,
        "cards": [mapping(row._mapping) for row in column.rows],
        "moves": [str(each) for each in column.moves],
    }


def _one_of(name: str, choices: tuple[str, ...], default: str) -> str:
    """A parameter that is a choice. Raises Invalid."""
    value = request.args.get(name, default)
    if value not in choices:
        raise Invalid(fields={name: [_("Choose one from the list.")]})
    return value


def _uuid(name: str) -> UUID | None:
    """A position that is a key. Raises Invalid."""
    try:
        return UUID(request.args[name]) if request.args.get(name) else None
    except ValueError:
        raise Invalid(fields={name: [_("This position is not valid.")]}) from None


def _moment(name: str) -> datetime | None:
    """A position that is a moment. Raises Invalid."""
    raw = request.args.get(name, "")
    try:
        moment = datetime.fromisoformat(raw) if raw else None
    except ValueError:
        moment = None
    if raw and (moment is None or moment.tzinfo is None):
        raise Invalid(fields={name: [_("This position is not valid.")]})
    return moment
