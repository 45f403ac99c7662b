"""What a request for access is to people: attributes, inputs, actions."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import func
from sqlalchemy.orm import aliased, joinedload

from app.models.access import User
from app.models.requests import AccessRequest, AccessRequestStatus
from app.policies.accounts import MANAGED
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_decide_access
from app.services.access_requests import deciding, records
from app.services.accounts.inputs import EmailAddress, Username, plain_username
from app.services.inputs import Input, blank_is_none, storable
from app.services.resource import Action, Attribute, Kind, Option, Resource, options_of, register

# What may be asked for in public; who approves may give another role.
OFFERED: Final = tuple(role.value for role in Role if role in MANAGED)
GRANTED: Final = tuple(role.value for role in Role if role is not Role.PUBLIC)

LABELS = {
    "name": _l("Name"),
    "email": _l("E-mail"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "requested_role": _l("Role asked for"),
    "reason": _l("Reason"),
    "status": _l("Status"),
    "reviewed_by": _l("Decided by"),
    "reviewed_at": _l("Decided at"),
    "review_note": _l("Note"),
    "user_id": _l("Account"),
    "created_at": _l("Asked at"),
    "role": _l("Role"),
    "username": _l("Username"),
    "group_id": _l("Group"),
    "send_mail": _l("Also send one by e-mail"),
}
STATUSES = {"pending": _l("Waits"), "approved": _l("Approved"), "rejected": _l("Rejected")}
TONES = {"pending": "warning", "approved": "success", "rejected": "neutral"}

Name = Annotated[str, Field(min_length=1, max_length=64), BeforeValidator(storable)]
Note = Annotated[str, Field(min_length=1, max_length=500), BeforeValidator(storable)]
Blank = BeforeValidator(blank_is_none)


class AccessRequestInput(Input):
    """Who asks, and for what."""

    first_name: Name
    last_name: Name
    email: EmailAddress
    requested_role: Literal[OFFERED]  # type: ignore[valid-type]
    reason: Annotated[str | None, Field(max_length=1000), Blank, BeforeValidator(storable)] = None


class ApproveAccess(Input):
    """What the account gets. Without a role: the one that was asked for. Without a username: the e-mail address."""

    role: Annotated[Literal[GRANTED] | None, Blank] = None  # type: ignore[valid-type]
    group_id: Annotated[int | None, Field(ge=1, le=2**31 - 1), Blank] = None
    username: Annotated[Username | None, Blank] = None
    review_note: Annotated[str | None, Field(max_length=500), Blank, BeforeValidator(storable)] = None


class RejectAccess(Input):
    review_note: Note


class AccessLink(Input):
    send_mail: bool = False


def _waits(actor: Actor, found: Any) -> Any:
    """Whether it can be decided now."""
    decided = None if found.status is AccessRequestStatus.PENDING else _l("It is decided already.")
    return may_decide_access(actor, found) or decided


def _has_account(actor: Actor, found: Any) -> Any:
    without = None if found.status is AccessRequestStatus.APPROVED else _l("It is not approved.")
    return may_decide_access(actor, found) or without


_reviewer, _account = aliased(User), aliased(User)


def _text(name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(AccessRequest, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


ACCESS_REQUESTS = register(
    Resource(
        name="Access requests",
        slug="access-requests",
        model=AccessRequest,
        singular=_l("Request for access"),
        plural=_l("Requests for access"),
        title=records.title,
        attributes=(
            Attribute(
                "name",
                LABELS["name"],
                Kind.TEXT,
                AccessRequest.first_name + " " + AccessRequest.last_name,
                filterable=False,
            ),
            _text("first_name"),
            _text("last_name"),
            _text("email", Kind.EMAIL),
            _text("requested_role"),
            _text("reason"),
            _text("status", Kind.CHOICE, options=options_of(AccessRequestStatus, STATUSES, TONES)),
            Attribute(
                "reviewer",
                LABELS["reviewed_by"],
                Kind.RELATION,
                _reviewer.username,
                key=AccessRequest.reviewed_by,
                join=(_reviewer, _reviewer.id == AccessRequest.reviewed_by),
                lookup="accounts",
                nullable=True,
            ),
            _text("reviewed_at", Kind.DATETIME),
            _text("review_note"),
            Attribute(
                "account",
                LABELS["user_id"],
                Kind.RELATION,
                _account.username,
                key=AccessRequest.user_id,
                join=(_account, _account.id == AccessRequest.user_id),
                lookup="accounts",
                nullable=True,
            ),
            _text("created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(AccessRequest.first_name + " " + AccessRequest.last_name + " " + AccessRequest.email),
        search_help=_l("Name or e-mail"),
        labels=LABELS,
        relations={"group_id": "groups", "reviewed_by": "accounts", "user_id": "accounts"},
        options={
            "role": tuple(Option(role, role) for role in GRANTED),
            "status": options_of(AccessRequestStatus, STATUSES, TONES),
        },
        actions=(
            Action(
                "approve",
                _l("Approve"),
                deciding.approve,
                _waits,
                ApproveAccess,
                icon="user-check",
                help=_l(
                    "Makes an account, and sends its owner a link to set the password. Without a role they get the one"
                    " that they asked for."
                ),
                defaults=lambda found: {"role": found.requested_role, "username": plain_username(found.email)},
            ),
            Action(
                "reject",
                _l("Reject"),
                deciding.reject,
                _waits,
                RejectAccess,
                icon="ban",
                danger=True,
                help=_l("The note is sent to who asked."),
            ),
            Action(
                "new_link",
                _l("New link"),
                deciding.new_link,
                _has_account,
                AccessLink,
                icon="link",
                bulk=False,
                help=_l("Another link to set the password, for who lost the first. It works once, for seven days."),
            ),
        ),
        load=(joinedload(AccessRequest.reviewer), joinedload(AccessRequest.account)),
        icon="user-plus",
        title_columns=(AccessRequest.first_name, AccessRequest.last_name),
        told=("email", "requested_role", "status"),
        small=True,
    )
)
