"""What invitations are to people: attributes, input, actions."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.models.enrollments import INVITATION_SEARCHED, EnrollmentInvitation
from app.models.imports import Import
from app.models.organizations import Organization
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import people
from app.services.enrollments import attributes, invitations
from app.services.enrollments.labels import INVITATION_STATUS, LABELS
from app.services.enrollments.schemas import InvitationInput
from app.services.records import descriptors
from app.services.resource import (
    Action,
    Attribute,
    Kind,
    Lookup,
    Option,
    Resource,
    register,
    register_lookup,
)


def _of(name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    return attributes.plain(EnrollmentInvitation, name, kind, **more)


INVITATIONS = register(
    Resource(
        name="Enrollment invitations",
        slug="enrollment-invitations",
        model=EnrollmentInvitation,
        singular=_l("Invitation"),
        plural=_l("Invitations"),
        title=invitations.title,
        attributes=(
            attributes.student(EnrollmentInvitation),
            _of("student_first_name"),
            _of("student_last_name"),
            _of("status", Kind.CHOICE, options=INVITATION_STATUS),
            _of("guardian_name"),
            _of("guardian_email", Kind.EMAIL),
            attributes.coach(EnrollmentInvitation),
            attributes.school(EnrollmentInvitation),
            _of("grade_level"),
            _of("message"),
            _of("expires_at", Kind.DATETIME),
            _of("opened_at", Kind.DATETIME),
            Attribute(
                "import",
                LABELS["import"],
                Kind.RELATION,
                select(Import.file_name)
                .where(Import.id == EnrollmentInvitation.import_id)
                .correlate(EnrollmentInvitation)
                .scalar_subquery(),
                key=EnrollmentInvitation.import_id,
                lookup="enrollment-invitation-imports",
                nullable=True,
            ),
            _of("created_at", Kind.DATETIME, sortable=True),
        ),
        search=INVITATION_SEARCHED,
        search_help=_l("Student or e-mail"),
        input=InvitationInput,
        labels=LABELS,
        relations={"school_id": "enrollment-schools", "coach_id": "coaches"},
        options={
            "status": INVITATION_STATUS,
            "grade_level": tuple(Option(each, each) for each in descriptors.GRADE_LEVELS),
        },
        create=invitations.create,
        update=invitations.update,
        edit_rule=invitations.may_change,
        actions=(
            Action(
                "resend",
                _l("Send again"),
                invitations.resend,
                invitations.may_change,
                icon="send",
                help=_l("With a new link. The one before does not work any more."),
            ),
            Action(
                "revoke",
                _l("Revoke"),
                invitations.revoke,
                invitations.may_change,
                icon="ban",
                danger=True,
                help=_l("The link does not work any more."),
            ),
        ),
        load=(joinedload(EnrollmentInvitation.coach), joinedload(EnrollmentInvitation.school)),
        icon="send",
        title_columns=(EnrollmentInvitation.student_first_name, EnrollmentInvitation.student_last_name),
        told=("guardian_email", "status", "coach"),
        export_columns=(
            "student_first_name",
            "student_last_name",
            "status",
            "guardian_name",
            "guardian_email",
            "coach",
            "school",
            "grade_level",
            "expires_at",
            "opened_at",
            "created_at",
        ),
    )
)

register_lookup(
    Lookup(
        "enrollment-invitations",
        ("lookup", "Enrollment invitations"),
        lambda actor: (
            select(
                EnrollmentInvitation.id,
                EnrollmentInvitation.student_first_name + " " + EnrollmentInvitation.student_last_name,
                EnrollmentInvitation.guardian_name,
            )
            .where(visible(EnrollmentInvitation, actor))
            .order_by(EnrollmentInvitation.created_at.desc(), EnrollmentInvitation.id.desc())
        ),
        INVITATION_SEARCHED,
        EnrollmentInvitation.id,
        "enrollment-invitations",
        folded=True,
    )
)
register_lookup(people.choices("coaches", "Enrollment invitations", Role.COACH))
register_lookup(
    Lookup(
        "enrollment-schools",
        ("lookup", "Enrollment invitations"),
        lambda actor: invitations.schools(),
        Organization.name,
        Organization.id,
    )
)
register_lookup(
    Lookup(
        "enrollment-invitation-imports",
        ("list", "Enrollment invitation imports"),
        lambda actor: (
            select(Import.id, Import.file_name, func.to_char(Import.created_at, "YYYY-MM-DD"))
            .where(Import.resource == "enrollment-invitations", visible(Import, actor))
            .order_by(Import.created_at.desc(), Import.id)
        ),
        Import.file_name,
        Import.id,
    )
)
