"""The documents of an enrollment: sent in by the family, verified or rejected by the office (spec B). A newer one of the
same type replaces the one before, which stays on record.

Locks: the enrollment, then its documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.enrollments import (
    DocumentStatus,
    DocumentType,
    Enrollment,
    EnrollmentDocument,
    EnrollmentEventType,
)
from app.policies.actor import Actor
from app.policies.enrollments import may_run_enrollments
from app.policies.scopes import visible
from app.services import files, plain, rate_limits
from app.services.enrollments import events, notices, progress, steps
from app.services.enrollments.steps import DOCUMENTS
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.files import Upload
from app.services.keysets import among
from app.services.resource import Result
from app.services.transaction import clock, is_rehearsed, lock, lock_many, transactional

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_UPLOADS: Final = 60  # into one enrollment, in a period
PERIOD: Final = timedelta(hours=1)
ENDINGS: Final = {
    "application/pdf": ("pdf",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
}
ACCEPTED: Final = files.accepted(ENDINGS)

# Held in common by those who put a file there, from before it is written until the row is; alone by who clears away.
LOCK: Final = 0x454E5244  # "ENRD"
_KEEPING = text("SELECT pg_advisory_xact_lock_shared(:key)")
_CLEARING = text("SELECT pg_advisory_xact_lock(:key)")
# What was replaced before anybody looked at it has decided nothing.
_KNOWN = text("""
    SELECT DISTINCT sha256 FROM enrollment_documents WHERE replaced_at IS NULL OR reviewed_at IS NOT NULL
""")


def title(document: Any) -> str:
    """What a document is called: its file."""
    return str(document.file_name)


@transactional
def upload(enrollment_id: UUID, document_type: str, file: Upload | None, *, actor: Actor) -> EnrollmentDocument:
    """Take a document in; the one of this type before is replaced by it. The same file again is the one that is there.

    Raises NotFound, NotAllowed, WrongState for one that is verified, TooMany, and Invalid at the document's type: what a
    file is is told by its content.
    """
    enrollment = steps.lock_to_fill(enrollment_id, DOCUMENTS, actor)
    _check_type(document_type)
    checked = files.check(file, ENDINGS, MOST_BYTES, document_type)
    assert file is not None
    before = progress.documents_of(enrollment.id).get(document_type)
    if before is not None and before.status is DocumentStatus.VERIFIED:
        raise WrongState(_("This document is verified already."))
    if before is not None and before.sha256 == checked.sha256 and before.status is DocumentStatus.SUBMITTED:
        return before
    sentence = _l("Too many files in a short time. Please try again in an hour.")
    rate_limits.check("enrollment-document", str(enrollment.id), most=MOST_UPLOADS, period=PERIOD, sentence=sentence)
    _keep(file, document_type)
    _replace(before)
    made = EnrollmentDocument(
        enrollment_id=enrollment.id,
        document_type=document_type,
        file_name=checked.file_name,
        content_type=checked.file_type,
        size=checked.size,
        sha256=checked.sha256,
    )
    db.session.add(made)
    db.session.flush()
    events.note(enrollment, EnrollmentEventType.DOCUMENT_SUBMITTED, type=document_type)
    db.session.refresh(made)
    return made


@transactional
def take_back(document_id: UUID, *, actor: Actor) -> None:
    """Take a document back that nobody has verified. Raises NotFound, NotAllowed, WrongState."""
    found = get(document_id, actor)
    enrollment = steps.lock_to_fill(found.enrollment_id, DOCUMENTS, actor)
    found = lock(EnrollmentDocument, document_id)
    if found.replaced_at is not None:
        return
    if found.status is DocumentStatus.VERIFIED:
        raise WrongState(_("This document is verified already."))
    _replace(found)
    if enrollment.current_step > DOCUMENTS and any(
        each.code == found.document_type for each in progress.missing(enrollment.id)
    ):
        steps.reopen_documents(enrollment)
    events.note(enrollment, EnrollmentEventType.DOCUMENT_REMOVED, type=found.document_type)


def get(document_id: UUID, actor: Actor) -> EnrollmentDocument:
    """One document, if the actor may see it. Raises NotFound."""
    statement = select(EnrollmentDocument).where(
        EnrollmentDocument.id == document_id, visible(EnrollmentDocument, actor)
    )
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound
    return found


def why_not_review(actor: Actor, document: Any) -> Any:
    """For the buttons; asked again of every locked document."""
    return may_run_enrollments(actor, document) or _over(document)


def _over(document: Any) -> Any:
    return _l("Another file has replaced it.") if document.replaced_at is not None else None


@transactional
def verify(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Accept documents, one or many, each with its own outcome. One verified before is left as it is; its enrollment is
    completed if nothing is left to do.
    """

    def change(found: EnrollmentDocument, enrollment: Enrollment) -> bool:
        if found.status is DocumentStatus.VERIFIED:
            return steps.settle(enrollment, actor)
        _review(found, DocumentStatus.VERIFIED, None, actor)
        events.note(enrollment, EnrollmentEventType.DOCUMENT_VERIFIED, type=found.document_type)
        steps.settle(enrollment, actor)
        return True

    return _each(ids, change, actor)


@transactional
def reject(ids: Sequence[UUID], *, actor: Actor, reason: str) -> Result:
    """Refuse documents and say why; the family is told, and sends another. Refused for one of a student who is enrolled."""

    def change(found: EnrollmentDocument, enrollment: Enrollment) -> bool:
        if found.status is DocumentStatus.REJECTED and found.reason == reason:
            return False
        if enrollment.status not in progress.OPEN:
            raise WrongState(_("This enrollment is closed."))
        _review(found, DocumentStatus.REJECTED, reason, actor)
        kind = db.session.scalars(select(DocumentType).where(DocumentType.code == found.document_type)).one()
        if kind.required and kind.active:
            steps.reopen_documents(enrollment)
        events.note(enrollment, EnrollmentEventType.DOCUMENT_REJECTED, type=found.document_type, reason=reason)
        notices.document_rejected(enrollment, found.id, kind.name, reason, actor)
        return True

    return _each(ids, change, actor)


Change = Callable[[EnrollmentDocument, Enrollment], bool]


def _each(ids: Sequence[UUID], change: Change, actor: Actor) -> Result:
    wanted = list(dict.fromkeys(ids))
    keys = select(EnrollmentDocument.enrollment_id).where(among(EnrollmentDocument.id, wanted))
    seen = db.session.scalars(keys.where(visible(EnrollmentDocument, actor)).distinct()).all()
    enrollments = {each.id: each for each in lock_many(Enrollment, seen)}

    def ruled(found: EnrollmentDocument) -> bool:
        if (reason := may_run_enrollments(actor, found)) is not None:
            raise NotAllowed(reason)
        if (reason := _over(found)) is not None:
            raise WrongState(reason)
        return change(found, enrollments[found.enrollment_id])

    return plain.each(EnrollmentDocument, wanted, title, ruled, actor=actor)


def _review(found: EnrollmentDocument, status: DocumentStatus, reason: str | None, actor: Actor) -> None:
    now = clock()
    found.status, found.reason = status, reason
    found.reviewed_by, found.reviewed_at = actor.id, now
    db.session.flush()


def _replace(before: EnrollmentDocument | None) -> None:
    if before is not None:
        before.replaced_at = clock()
        db.session.flush()


def _check_type(code: str) -> None:
    """Raises NotFound for a type that is not asked for."""
    if code not in {each.code for each in progress.types_wanted()}:
        raise NotFound


def _keep(file: Upload, field: str) -> None:
    """Raises Invalid when the disk does not take it."""
    db.session.execute(_KEEPING, {"key": LOCK})
    if is_rehearsed():
        return
    try:
        store(file.content)
    except OSError as error:
        sentence = _("The file could not be stored. Please tell your administrator.")
        raise Invalid(fields={field: [sentence]}) from error


def store(content: bytes) -> str:
    """Keep a content; returns its digest. Raises OSError."""
    sha256 = hashlib.sha256(content).hexdigest()
    files.keep(content, sha256, _root())
    return sha256


def place(document: EnrollmentDocument) -> Path:
    """Where the content of a document is."""
    return files.place(document.sha256, _root())


def _root() -> Path:
    return files.uploads() / "documents"


def places() -> list[Path]:
    """Where the contents of all documents are that are kept."""
    return [files.place(sha256, _root()) for sha256 in db.session.scalars(_KNOWN)]


@transactional
def clean_up() -> int:
    """Delete the files that no document refers to, or only one that was replaced before it was reviewed; returns how many."""
    db.session.execute(_CLEARING, {"key": LOCK})
    known = set(db.session.scalars(_KNOWN))
    gone = [path for path in files.kept(_root()) if path.name not in known]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
