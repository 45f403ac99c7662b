"""Answering requests for access: one at a time or many, each with its own outcome.

Locks: the requests in key order, then what making an account locks. Of two who approve the same request, the second
finds it approved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.access import Group, User
from app.models.credentials import LinkPurpose
from app.models.requests import AccessRequest, AccessRequestStatus
from app.policies import accounts as account_rules
from app.policies.actor import Actor
from app.policies.rules import may_decide_access
from app.policies.scopes import visible
from app.services import accounts, password_links
from app.services.access_requests import records
from app.services.accounts.inputs import plain_username
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal, WrongState, in_words
from app.services.mail import letters
from app.services.resource import Outcome, Result
from app.services.transaction import is_rehearsed, lock_many, moment, savepoint, transactional

MOST_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Done:
    """What is said about a request that was changed; `once` when it is nowhere to be read again."""

    message: str = ""
    once: bool = False


# Changes one locked request; None when there was nothing to do. Raises a Refusal.
Change = Callable[[AccessRequest], Done | None]


@dataclass(frozen=True)
class Grant:
    """What the account of a request gets; what is empty is as the request says."""

    role: str
    username: str
    group_id: int | None


@transactional
def approve(
    ids: Sequence[UUID],
    *,
    actor: Actor,
    role: Any = None,
    username: str | None = None,
    group_id: int | None = None,
    review_note: str | None = None,
) -> Result:
    """Make an account for each request, with the role that was asked for or `role`, and in a group; have a link to set
    the password sent to its owner, and tell it to who approves one (spec A). One approved already is left as it is.

    A username or address that was taken meanwhile refuses, and leaves the request pending.
    """
    grant = Grant(str(role or ""), username or "", group_id)
    if len(ids) > 1 and username:
        raise Invalid(fields={"username": [_("Only for one request at a time.")]})

    def change(found: AccessRequest) -> Done | None:
        if found.status is AccessRequestStatus.APPROVED:
            return None
        _check_pending(found)
        user = _account(found, grant, actor)
        _decide(found, AccessRequestStatus.APPROVED, review_note, actor, user.id)
        letters.post("access_approved", found.email, {"id": str(found.id)}, locale=found.locale)
        if len(ids) == 1:
            return _told(user.id)
        return Done(_("The link to set a password goes to %(email)s.", email=found.email))

    return _each(ids, actor, change)


@transactional
def reject(ids: Sequence[UUID], *, actor: Actor, review_note: str) -> Result:
    """Say no, and why; the reason goes to who asked. One rejected already is left as it is."""

    def change(found: AccessRequest) -> Done | None:
        if found.status is AccessRequestStatus.REJECTED:
            return None
        _check_pending(found)
        _decide(found, AccessRequestStatus.REJECTED, review_note, actor)
        letters.post("access_rejected", found.email, {"id": str(found.id)}, locale=found.locale)
        return Done()

    return _each(ids, actor, change)


@transactional
def new_link(ids: Sequence[UUID], *, actor: Actor, send_mail: bool = False) -> Result:
    """Make another link to set the password of an approved request's account, told this once; with `send_mail` another
    one goes to its owner. Refused per request, or Invalid at `send_mail`, when the account has no address.
    """

    def change(found: AccessRequest) -> Done | None:
        if found.user_id is None:
            raise WrongState(_("It is not approved."))
        user = db.session.get_one(User, found.user_id)
        reason = account_rules.may_change_other(actor, user) if user.active else _("The account is inactive.")
        if reason is not None:
            raise NotAllowed(reason)
        if send_mail:
            if not accounts.has_email(user.email):
                reason = _("The account has no e-mail address.")
                raise Invalid(reason, fields={"send_mail": [reason]})
            payload = {"id": str(found.id), "new_link": True}
            letters.post("access_approved", user.email, payload, locale=found.locale)
        return _told(user.id)

    return _each(ids, actor, change)


def _each(ids: Sequence[UUID], actor: Actor, change: Change) -> Result:
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(_("At most %(most)s requests at once.", most=MOST_AT_ONCE))
    found = {each.id: each for each in lock_many(AccessRequest, wanted, visible(AccessRequest, actor))}
    outcomes = [_outcome(key, found.get(key), actor, change) for key in wanted]
    if len(wanted) > 1:
        outcomes = [replace(each, refusal=in_words(each.refusal)) if each.refusal else each for each in outcomes]
    if len(wanted) == 1 and (refusal := outcomes[0].refusal) is not None and refusal.fields:
        raise refusal  # the form of one request shows it at the field
    return Result(outcomes)


def _outcome(key: UUID, found: AccessRequest | None, actor: Actor, change: Change) -> Outcome:
    if found is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name = records.title(found)
    reason = may_decide_access(actor, found)
    if reason is not None:
        return Outcome(str(key), name, NotAllowed(reason))
    try:
        with savepoint():  # somebody else may take the name at this moment
            done = change(found)
    except Refusal as refused:
        return Outcome(str(key), name, refused)
    said = done or Done()
    return Outcome(str(key), name, unchanged=done is None, message=said.message, once=said.once)


def _check_pending(found: AccessRequest) -> None:
    if found.status is AccessRequestStatus.APPROVED:
        raise WrongState(_("It was approved already: switch the account off instead."))
    if found.status is AccessRequestStatus.REJECTED:
        raise WrongState(_("It was rejected already. They may ask again."))


def _account(found: AccessRequest, grant: Grant, actor: Actor) -> User:
    username = grant.username or plain_username(found.email)
    if not username:
        reason = _("The e-mail address gives no username: choose one, in an approval of this request alone.")
        raise Invalid(fields={"username": [reason]})
    return accounts.create_account(
        username=username,
        email=found.email,
        first_name=found.first_name,
        last_name=found.last_name,
        roles=[grant.role or found.requested_role],
        groups=[_group_name(grant.group_id)] if grant.group_id else [],
        actor=actor,
    )


def _group_name(group_id: int) -> str:
    name = db.session.scalar(select(Group.name).where(Group.id == group_id))
    if name is None:
        raise Invalid(fields={"group_id": [_("Choose one from the list.")]})
    return str(name)


def _decide(
    found: AccessRequest, status: AccessRequestStatus, note: str | None, actor: Actor, user_id: int | None = None
) -> None:
    now = moment()  # first: the columns are written in one go, as their checks demand
    found.status, found.review_note, found.user_id = status, note, user_id
    found.reviewed_by, found.reviewed_at = actor.id, now
    db.session.flush()
    records.tell_decided(found, actor)


def _told(user_id: int) -> Done:
    """The link for who approves. A preview makes none: it would be worth nothing."""
    if is_rehearsed():
        return Done()
    link = password_links.address(password_links.issue(user_id, LinkPurpose.SET))
    return Done(_("Link to set a password, shown only now: %(link)s", link=link), once=True)
