"""REST of students: what they have beyond other resources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.api import schemas
from app.api.base import RecordApi
from app.api.represent import mapping
from app.api.routes import route
from app.extensions import db
from app.models.students import Student
from app.policies.roles import Role
from app.services import own_seats
from app.services.errors import NotFound
from app.services.records import giving_out
from app.services.students import STUDENTS, overview, records
from app.web import current_actor

_ROWS = {"type": "array", "items": {"type": "object"}}
OVERVIEW = schemas.an_object(
    admissions=_ROWS,
    upcoming=_ROWS,
    past=_ROWS,
    marks={"type": "object", "additionalProperties": schemas.COUNT},
    tests=_ROWS,
    requests=_ROWS,
    waitlist=_ROWS,
    leads=_ROWS,
)
PRIVATE = ("identity_type", "identity_number", "needs_accessible_room", "accommodation_needs")
_PRIVATE = select(Student.user_id, Student.notes, *(getattr(Student, name) for name in PRIVATE))
PERSONAL = schemas.an_object(made_at=schemas.TEXT, tables={"type": "object"})
REQUEST = ("id", "attendance_id", "from_date", "requested_slot_id", "requested_date", "reason", "status")


class StudentApi(RecordApi):
    resource = STUDENTS
    detail_schemas = {
        "notes": {**schemas.null_or(schemas.TEXT), "description": "For the office; null for others."},
        "needs_accessible_room": schemas.null_or({"type": "boolean"}),
        **{
            name: {**schemas.null_or(schemas.TEXT), "description": "For the offices and oneself; null for others."}
            for name in ("identity_type", "identity_number", "accommodation_needs")
        },
    }

    def details(self, key: Any) -> dict[str, Any]:
        actor = current_actor()
        row = db.session.execute(_PRIVATE.where(Student.id == key)).one()
        office = actor.has(Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF)
        private = {name: getattr(row, name) if overview.may_see_identity(row, actor) else None for name in PRIVATE}
        return super().details(key) | mapping(private) | {"notes": row.notes if office else None}

    @route("GET", "/me", "Read one's own record", needs="show", answer=schemas.record, others=(404,))
    def mine(self) -> Any:
        """The student whose account the caller's is."""
        key = records.of_account(current_actor().id)
        if key is None:
            raise NotFound
        return self.answer(self.item(key))

    @route("GET", "/me/seats", "Read one's own tests and seats", needs="show", answer=schemas.items({"type": "object"}))
    def seats(self) -> Any:
        """Those to come first."""
        return {"items": _rows(own_seats.seats_of(current_actor()))}

    @route(
        "GET",
        "/<pk>/personal-data",
        "Everything that is known of one person",
        needs="personal_data",
        answer=PERSONAL,
        others=(404,),
    )
    def personal_data(self, pk: str) -> Any:
        """By table, for them to have. The page of the student gives the same with the documents, as a zip."""
        found: dict[str, Any] = giving_out.collect(self.key(pk), current_actor())
        return json.loads(json.dumps(found, default=str))

    @route("GET", "/<pk>/overview", "Everything about a student", needs="show", answer=OVERVIEW, others=(404,))
    def overview(self, pk: str) -> Any:
        """What the page of a student shows. Each part holds what the caller may see of it."""
        key, actor = self.key(pk), current_actor()
        self.item(key)
        return {
            "admissions": _rows(overview.admissions(key, actor)),
            "upcoming": _rows(overview.classes(key, actor, upcoming=True)),
            "past": _rows(overview.classes(key, actor, upcoming=False)),
            "marks": overview.marks(key, actor),
            "tests": _rows(own_seats.tests_of(key, actor)),
            "requests": [
                mapping({name: getattr(each, name) for name in REQUEST}) for each in overview.requests(key, actor)
            ],
            "waitlist": _rows(overview.waiting(key, actor)),
            "leads": _rows(overview.leads(key, actor)),
        }


def _rows(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [mapping(row._mapping) for row in found]
