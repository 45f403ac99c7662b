"""One lead: timeline, notes, contact attempts, tags, merges. What staff wrote is for those who may write it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.api import actions, bodies, lists, schemas
from app.api.base import RecordApi, raise_refusal
from app.api.once import PARAMETER as ONCE
from app.api.once import once
from app.api.positions import read_key, read_moment
from app.api.represent import mapping
from app.api.routes import Parameter, route
from app.extensions import db
from app.models.leads import Tag, lead_tags
from app.policies.scopes import visible
from app.services.errors import NotFound
from app.services.leads import LEADS, entries, timeline, unmerging
from app.services.leads.records import duplicates_of
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
BEFORE_ID = Parameter("before", "A position, from `next`.", schemas.UUID_)
BEFORE_MOMENT = Parameter("before", "A position, from `next`.", schemas.MOMENT)


class LeadEntries(RecordApi):
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
        found, more = timeline.page(lead_id, before=read_moment("before"))
        return self.entries(lead_id, "timeline", found, "at", more)

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
        found = entries.notes(lead_id, current_actor(), before=read_key("before"), limit=PAGE + 1)
        return self.entries(lead_id, "notes", found[:PAGE], "id", len(found) > PAGE)

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
        return self.written(pk, "add_note", "notes", entries.add_note)

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
        found = entries.contact_attempts(lead_id, current_actor(), before=read_key("before"), limit=PAGE + 1)
        return self.entries(lead_id, "contact-attempts", found[:PAGE], "id", len(found) > PAGE)

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
        return self.written(pk, "log_contact", "contact-attempts", entries.log_contact)

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
        raise_refusal(unmerging.undo_merge([key], actor=current_actor()).outcomes)
        return self.answer(self.item(key))

    def act(self, pk: str, name: str, **values: Any) -> None:
        """Do one of the actions to one lead. Raises its refusal."""
        result = actions.run(self.resource.action_by_name[name], [self.key(pk)], values, dry_run=False)
        raise_refusal(result.outcomes)

    def written(self, pk: str, name: str, part: str, write: Any) -> Any:
        """Write an entry, as the action does, and answer with it."""
        schema = self.resource.action_by_name[name].input
        assert schema is not None
        values, key = bodies.read(schema), self.key(pk)
        address = {"Location": f"{self.route_base}/{key}/{part}"}
        return once(lambda: (mapping(write(key, actor=current_actor(), **values)._mapping), 201, address))

    def entries(self, lead_id: UUID, part: str, rows: Any, position: str, more: bool) -> Any:
        """A page of entries with the address of the older ones, if there are more."""
        found = [mapping(each._mapping) for each in rows]
        last = str(found[-1][position]).replace("+", "%2B") if more else ""
        older = f"{self.route_base}/{lead_id}/{part}?before={last}" if last else None
        return {"items": found, "next": older}, 200, lists.link_header({"next": older})


def _tags(lead_id: Any) -> list[dict[str, Any]]:
    statement = (
        select(Tag.id, Tag.name).join(lead_tags, lead_tags.c.tag_id == Tag.id).where(lead_tags.c.lead_id == lead_id)
    )
    return [mapping(each._mapping) for each in db.session.execute(statement.order_by(Tag.name))]
