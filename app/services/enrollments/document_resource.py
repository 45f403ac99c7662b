"""What documents and the types of documents are to people."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from app.extensions import db
from app.models.enrollments import DocumentStatus, DocumentType, Enrollment, EnrollmentDocument
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import plain
from app.services.enrollments import attributes, documents
from app.services.enrollments.labels import DOCUMENT_STATUS, ENROLLMENT_STATUS, LABELS
from app.services.enrollments.schemas import DocumentTypeInput, GivenReason
from app.services.errors import explain
from app.services.resource import Action, Attribute, Kind, Lookup, Resource, register, register_lookup


def _verifiable(actor: Actor, document: Any) -> Any:
    done = document.status is DocumentStatus.VERIFIED
    return documents.why_not_review(actor, document) or (_l("It is verified already.") if done else None)


explain(
    {
        "uq_document_types_code": ("code", _l("Another type has this code.")),
        "ck_document_types_name_not_blank": ("name", _l("This field is required.")),
        "fk_enrollment_documents_document_type_document_types": (
            "code",
            _l("Families have sent such documents: its code stays. Switch it off instead."),
        ),
    }
)


def _of(name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    return attributes.plain(EnrollmentDocument, name, kind, **more)


def _type_of(name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    return attributes.plain(DocumentType, name, kind, **more)


def _name(row: Any) -> str:
    return str(row.name)


def _in_use(row: Any) -> Any:
    used = select(EnrollmentDocument.id).where(EnrollmentDocument.document_type == row.code).limit(1)
    taken = db.session.scalar(used) is not None
    return _l("Families have sent such documents. Switch it off instead.") if taken else None


_enrollment, _type = aliased(Enrollment), aliased(DocumentType)
_OF_ENROLLMENT = (_enrollment, _enrollment.id == EnrollmentDocument.enrollment_id)

DOCUMENTS = register(
    Resource(
        name="Enrollment documents",
        slug="enrollment-documents",
        model=EnrollmentDocument,
        singular=_l("Document"),
        plural=_l("Documents"),
        title=documents.title,
        attributes=(
            _of("file_name"),
            Attribute(
                "document_type",
                LABELS["document_type"],
                Kind.RELATION,
                _type.name,
                key=EnrollmentDocument.document_type,
                join=(_type, _type.code == EnrollmentDocument.document_type),
                lookup="document-types",
            ),
            _of("status", Kind.CHOICE, options=DOCUMENT_STATUS),
            Attribute(
                "enrollment",
                LABELS["enrollment"],
                Kind.RELATION,
                _enrollment.student_first_name + " " + _enrollment.student_last_name,
                key=EnrollmentDocument.enrollment_id,
                join=_OF_ENROLLMENT,
                lookup="enrollments",
                person=True,
            ),
            Attribute(
                "enrollment_status",
                LABELS["enrollment_status"],
                Kind.CHOICE,
                _enrollment.status,
                join=_OF_ENROLLMENT,
                through=(EnrollmentDocument.enrollment_id, _enrollment.id),
                options=ENROLLMENT_STATUS,
            ),
            _of("content_type"),
            _of("size", Kind.NUMBER),
            _of("sha256"),
            _of("reason"),
            _of("reviewed_at", Kind.DATETIME),
            _of("replaced_at", Kind.DATETIME),
            _of("created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(EnrollmentDocument.file_name),
        search_help=_l("File name"),
        labels=LABELS,
        relations={"document_type": "document-types", "enrollment_id": "enrollments"},
        options={"status": DOCUMENT_STATUS},
        actions=(
            Action("verify", _l("Verify"), documents.verify, _verifiable, icon="check"),
            Action(
                "reject",
                _l("Reject"),
                documents.reject,
                documents.why_not_review,
                GivenReason,
                icon="circle-x",
                danger=True,
                help=_l("The family is told why, and sends another one."),
            ),
        ),
        load=(joinedload(EnrollmentDocument.enrollment),),
        icon="file-text",
        title_columns=(EnrollmentDocument.file_name,),
        export_columns=("enrollment", "document_type", "file_name", "status", "reason", "reviewed_at", "created_at"),
    )
)

DOCUMENT_TYPES = register(
    Resource(
        name="Document types",
        slug="document-types",
        model=DocumentType,
        singular=_l("Type of document"),
        plural=_l("Types of documents"),
        title=_name,
        attributes=(
            _type_of("name"),
            _type_of("code"),
            _type_of("description"),
            _type_of("required", Kind.BOOL),
            _type_of("position", Kind.NUMBER, sortable=True),
            _type_of("active", Kind.BOOL),
            _type_of("created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(DocumentType.name + " " + DocumentType.code),
        search_help=_l("Name or code"),
        default_sort="position",
        input=DocumentTypeInput,
        labels=LABELS,
        create=partial(plain.create, DocumentType),
        update=partial(plain.update, DocumentType),
        delete=partial(plain.delete, DocumentType, title=_name, hindrance=_in_use),
        icon="file-text",
        title_columns=(DocumentType.name,),
        small=True,
    )
)

register_lookup(
    Lookup(
        "document-types",
        ("lookup", "Document types"),
        lambda actor: (
            select(DocumentType.code, DocumentType.name, DocumentType.description)
            .where(visible(DocumentType, actor))
            .order_by(DocumentType.position, DocumentType.name)
        ),
        DocumentType.name,
        DocumentType.code,
        "document-types",
    )
)
