"""What waits for the coach of a family and for the enrollment office, as lists; and how many families stand at each step."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from app.extensions import db
from app.models.enrollments import STEPS, DocumentStatus, Enrollment, EnrollmentStatus, InvitationStatus
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import listing
from app.services.enrollments.document_resource import DOCUMENTS
from app.services.enrollments.invitation_resource import INVITATIONS
from app.services.enrollments.progress import OPEN
from app.services.enrollments.resource import ENROLLMENTS
from app.services.enrollments.steps import CONSULTATION, PAYMENT, STUDENT
from app.services.resource import Resource

IS_OPEN: Final = f"status:in:{','.join(OPEN)}"
GOES_ON: Final = f"status:in:{','.join((*OPEN, EnrollmentStatus.ENROLLED))}"  # neither withdrawn nor rejected
UNANSWERED: Final = f"status:in:{InvitationStatus.SENT},{InvitationStatus.OPENED}"
# name -> (whose work it is first of all, resource, filters). A coach leads the family to the decision; the office looks
# after papers, money and records (spec B).
LISTS: Final[dict[str, tuple[Role, Resource, tuple[str, ...]]]] = {
    "talks": (Role.COACH, ENROLLMENTS, (IS_OPEN, f"current_step:is:{CONSULTATION}")),
    "decisions": (
        Role.COACH,
        ENROLLMENTS,
        (IS_OPEN, f"current_step:is:{STUDENT}", "coach_decision:empty:"),
    ),
    "invitations": (Role.COACH, INVITATIONS, (UNANSWERED,)),
    "documents": (
        Role.ADMISSIONS,
        DOCUMENTS,
        (f"status:is:{DocumentStatus.SUBMITTED}", "replaced_at:empty:", f"enrollment_{GOES_ON}"),
    ),
    "deposits": (Role.ADMISSIONS, ENROLLMENTS, (IS_OPEN, f"current_step:is:{PAYMENT}", "deposit_paid:is:0")),
    "records": (Role.ADMISSIONS, ENROLLMENTS, (GOES_ON, "records_due_since:notempty:")),
}


def lists(actor: Actor) -> dict[str, tuple[Resource, listing.Query]]:
    """By name, what a coach or the enrollment office has to do, the longest waiting first. Nobody else has any of it to
    do: an admin has the board.
    """
    return {
        name: (resource, listing.read_query(resource, {"f": filters, "sort": ["created_at"]}))
        for name, (role, resource, filters) in LISTS.items()
        if actor.has(role)
    }


def by_step(actor: Actor) -> list[int]:
    """How many open enrollments stand at each step, from the first to the last."""
    statement = (
        select(Enrollment.current_step, func.count().label("total"))
        .where(visible(Enrollment, actor), Enrollment.status.in_(OPEN))
        .group_by(Enrollment.current_step)
    )
    found = {row.current_step: row.total for row in db.session.execute(statement)}
    return [found.get(step, 0) for step in range(1, STEPS + 1)]
