"""REST of enrollment: what families send in, for them and for the office; files; imports of invitations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import inspect, select

from app.api import bodies, schemas
from app.api.base import RecordApi
from app.api.imports import ImportApi
from app.api.represent import mapping
from app.api.routes import MULTIPART, PREFIX, Api, route
from app.extensions import db
from app.models.enrollments import Enrollment, EnrollmentDocument, StepStatus
from app.policies.scopes import visible
from app.services.enrollments import DOCUMENTS, ENROLLMENTS, documents, events, progress, steps
from app.services.enrollments.schemas import STEP_INPUTS
from app.services.errors import NotFound
from app.services.files import Upload
from app.web import current_actor, send_kept

DRAFTED = (1, 2, 3, 4, 6)
FILE = {"type": "string", "contentMediaType": "application/octet-stream", "description": "PDF or photo, at most 10 MB."}
ONLY_FILE = {"type": "object", "required": ["file"], "properties": {"file": FILE}}
NUMBER = {"type": "integer"}
OBJECT = {"type": "object"}
MAYBE_TEXT = schemas.null_or(schemas.TEXT)
STEP = schemas.an_object(
    step=NUMBER,
    status={"type": "string", "enum": [each.value for each in StepStatus]},
    data=OBJECT,
    completed_at=schemas.null_or(schemas.MOMENT),
)
PROGRESS = schemas.an_object(percent=NUMBER, step=NUMBER, waits_for=schemas.TEXT, reason=schemas.TEXT)
DOCUMENT = schemas.an_object(
    id=schemas.UUID_,
    document_type=schemas.TEXT,
    file_name=schemas.TEXT,
    content_type=schemas.TEXT,
    size=schemas.COUNT,
    sha256=schemas.TEXT,
    status=schemas.TEXT,
    reason=MAYBE_TEXT,
    created_at=schemas.MOMENT,
)
_OF_FILES = ("id", "file_name", "sha256")  # for the family, and for whom documents are shown
SUMMARY = {**DOCUMENT, "required": [name for name in DOCUMENT["required"] if name not in _OF_FILES]}
EVENT = schemas.an_object(at=schemas.MOMENT, type=schemas.TEXT, details=OBJECT, who=schemas.TEXT)
MORE = {
    "steps": {"type": "array", "items": STEP},
    "documents": {"type": "array", "items": DOCUMENT},
    "progress": PROGRESS,
}
OWN = (
    "id",
    "enrollment_code",
    "status",
    "current_step",
    "student_first_name",
    "student_last_name",
    "deposit_paid",
    "deposit_amount",
    "enrolled_at",
    "created_at",
    "updated_at",
)
_COLUMNS = inspect(Enrollment).columns
MINE = schemas.an_object(
    **{name: schemas.of_column(_COLUMNS[name]) for name in OWN},
    **MORE,
)


def _state(found: Enrollment) -> dict[str, Any]:
    """Steps, documents and progress of an enrollment."""
    known = progress.steps_of(found.id)
    state, actor = progress.of(found, known), current_actor()
    names = ("step", "status", "data", "completed_at")
    hidden = () if found.guardian_id == actor.id or actor.may("show", DOCUMENTS.name) else _OF_FILES
    return {
        "steps": [mapping({name: getattr(each, name) for name in names}) for each in known.values()],
        "documents": [_document(each, hidden) for each in progress.documents_of(found.id).values()],
        "progress": {"percent": state.percent, "step": state.step}
        | {"waits_for": state.waits_for.value, "reason": str(state.reason)},
    }


def _document(found: EnrollmentDocument, hidden: Collection[str] = ()) -> dict[str, Any]:
    return mapping({name: getattr(found, name) for name in DOCUMENT["properties"] if name not in hidden})


def _find(key: UUID, *rules: Any) -> Enrollment:
    """An enrollment that the actor may see. Raises NotFound."""
    statement = select(Enrollment).where(Enrollment.id == key, visible(Enrollment, current_actor()), *rules)
    found = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def _file(found: EnrollmentDocument) -> Any:
    """The content of a document. Raises NotFound."""
    return send_kept(documents.place(found), found.file_name, found.content_type, found.sha256, private=True)


def _sent() -> Upload | None:
    sent = request.files.get("file")
    return Upload(sent.filename, sent.read()) if sent is not None and sent.filename else None


def _sending(step: int, answer: Any) -> Callable[..., Any]:
    """The route that completes a step, or hands it in."""

    @route(
        "PUT",
        f"/<uuid:key>/steps/{step}",
        f"Complete or correct step {step}",
        needs="edit",
        body=STEP_INPUTS[step],
        answer=answer,
        others=(404, 409),
    )
    def send(self: Any, key: UUID) -> Any:
        """The same again changes nothing."""
        raw, found = bodies.read_object(), self.find(key)
        bodies.typed(STEP_INPUTS[step], raw)
        return self.whole(steps.submit(found.id, step, raw, actor=current_actor()))

    return send


def _drafting(step: int, answer: Any) -> Callable[..., Any]:
    """The route that keeps what was typed so far."""

    @route(
        "PATCH",
        f"/<uuid:key>/steps/{step}",
        f"Keep a draft of step {step}",
        needs="edit",
        body=OBJECT,
        answer=answer,
        others=(404, 409),
    )
    def draft(self: Any, key: UUID) -> Any:
        """Right or not, but of the step's fields, and a list where the field is one. What is not given is forgotten; a
        completed step stays as it is.
        """
        raw, found = bodies.read_object(), self.find(key)
        steps.save_draft(found.id, step, raw, actor=current_actor())
        return self.whole(found)

    return draft


class Steps(Api):
    """The routes of the six steps, for whoever may fill them in."""

    def find(self, key: UUID) -> Enrollment:
        return _find(key)

    def whole(self, found: Enrollment) -> Any:
        raise NotImplementedError

    @route(
        "POST",
        "/<uuid:key>/documents/<code>",
        "Send a document in",
        needs="edit",
        body=ONLY_FILE,
        content=MULTIPART,
        status=201,
        answer=DOCUMENT,
        others=(404, 409, 429),
    )
    def upload(self, key: UUID, code: str) -> Any:
        """Another one of the type that nobody has verified is replaced."""
        found = self.find(key)
        made = documents.upload(found.id, code, _sent(), actor=current_actor())
        return _document(made), 201, {}


class EnrollmentApi(RecordApi, Steps):
    resource = ENROLLMENTS
    more = ("invitation_id", "student_id")
    send_1, send_2, send_3, send_4, send_5, send_6 = (_sending(step, schemas.record) for step in STEP_INPUTS)
    draft_1, draft_2, draft_3, draft_4, draft_6 = (_drafting(step, schemas.record) for step in DRAFTED)
    detail_schemas = {
        **MORE,
        "documents": {"type": "array", "items": SUMMARY},
        "events": {"type": "array", "items": EVENT},
    }

    def details(self, key: Any) -> dict[str, Any]:
        found = _find(key)
        log = [
            mapping({"at": each.event.at, "type": each.event.type, "details": each.event.details, "who": each.who})
            for each in events.of_invitation(found.invitation_id)
        ]
        return super().details(key) | _state(found) | {"events": log}

    def whole(self, found: Enrollment) -> Any:
        return self.answer(self.item(found.id))


class MyEnrollmentApi(Steps):
    """The enrollments of one's own children."""

    route_base = f"{PREFIX}/me/enrollments"
    class_permission_name = "My enrollments"
    send_1, send_2, send_3, send_4, send_5, send_6 = (_sending(step, MINE) for step in STEP_INPUTS)
    draft_1, draft_2, draft_3, draft_4, draft_6 = (_drafting(step, MINE) for step in DRAFTED)

    @route("GET", "", "One's own enrollments", needs="show", answer=schemas.items(MINE))
    def index(self) -> Any:
        mine = Enrollment.guardian_id == current_actor().id
        statement = select(Enrollment).where(visible(Enrollment, current_actor()), mine)
        found = db.session.scalars(statement.order_by(Enrollment.created_at.desc(), Enrollment.id)).all()
        return {"items": [self.whole(each) for each in found]}

    @route("GET", "/<uuid:key>", "One of them", needs="show", answer=MINE, others=(404,))
    def show(self, key: UUID) -> Any:
        return self.whole(self.find(key))

    def find(self, key: UUID) -> Enrollment:
        return _find(key, Enrollment.guardian_id == current_actor().id)

    def whole(self, found: Enrollment) -> Any:
        fresh = self.find(found.id)
        return mapping({name: getattr(fresh, name) for name in OWN}) | _state(fresh)

    @route(
        "GET",
        "/documents/<uuid:key>/file",
        "The file of a document",
        needs="show",
        answer={"type": "string", "contentMediaType": "application/octet-stream"},
        answer_type="application/octet-stream",
        others=(404,),
    )
    def file(self, key: UUID) -> Any:
        return _file(documents.get(key, current_actor()))

    @route("DELETE", "/documents/<uuid:key>", "Take a document back", needs="edit", status=204, others=(404, 409))
    def remove(self, key: UUID) -> None:
        documents.take_back(key, actor=current_actor())


class EnrollmentDocumentApi(RecordApi):
    resource = DOCUMENTS

    @route(
        "GET",
        "/<pk>/file",
        "The file of a document",
        needs="show",
        answer={"type": "string", "contentMediaType": "application/octet-stream"},
        answer_type="application/octet-stream",
        others=(404,),
    )
    def file(self, pk: str) -> Any:
        return _file(documents.get(self.key(pk), current_actor()))


class InvitationImportApi(ImportApi):
    """Invitations. Each family gets a letter once the import is confirmed."""

    route_base = f"{PREFIX}/enrollment-invitation-imports"
    class_permission_name = "Enrollment invitation imports"
    resource = "enrollment-invitations"
