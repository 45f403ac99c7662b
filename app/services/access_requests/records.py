"""Asking for an account. Whoever asks learns nothing about who has one, or has asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.models.notifications import NotificationType
from app.models.requests import AccessRequest, AccessRequestStatus
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import people, rate_limits
from app.services.notifications import Notice, notify
from app.services.transaction import transactional

PERIOD: Final = timedelta(hours=1)
MOST_PER_EMAIL: Final = 5
MOST_PER_ADDRESS: Final = 20

# Asked again while the first waits, the first counts: the same statement either way.
_SUBMIT = text("""
    WITH made AS (
        INSERT INTO access_requests (email, first_name, last_name, requested_role, reason, locale)
        VALUES (:email, :first_name, :last_name, :requested_role, :reason, :locale)
        ON CONFLICT (lower(email)) WHERE status = 'pending' DO NOTHING
        RETURNING id, email, first_name, last_name, requested_role
    )
    SELECT id, email, first_name, last_name, requested_role FROM made
    UNION ALL SELECT id, email, first_name, last_name, requested_role FROM access_requests
    WHERE lower(email) = lower(:email) AND status = 'pending' LIMIT 1
""")


def title(request: Any) -> str:
    """What a request is called: who asks."""
    return f"{request.first_name} {request.last_name}"


@transactional
def submit(values: Mapping[str, Any], *, actor: Actor, ip_address: str, locale: str | None) -> None:
    """Ask for an account (spec A). Says nothing about whether the address has one, or has asked already. Raises
    TooMany.
    """
    email = values["email"]
    rate_limits.check("access-address", rate_limits.network(ip_address), most=MOST_PER_ADDRESS, period=PERIOD)
    rate_limits.check("access-email", email.lower(), most=MOST_PER_EMAIL, period=PERIOD)
    names = ("email", "first_name", "last_name", "requested_role")
    facts = {name: values[name] for name in names} | {"reason": values.get("reason"), "locale": locale}
    waiting = db.session.execute(_SUBMIT, facts).one_or_none()
    if waiting is not None:  # none only while another one with this address is being written, which tells of it itself
        tell(
            NotificationType.ACCESS_REQUEST_SUBMITTED,
            waiting.id,
            _l("%(name)s asks for access", name=title(waiting)),
            _l("%(email)s, as %(role)s.", email=waiting.email, role=waiting.requested_role),
        )


def tell(kind: NotificationType, key: UUID, sentence: Any, body: Any = "", *, but: int | None = None) -> None:
    """Tell the Super Admins, except the one who did it."""
    admins = [each for each in db.session.scalars(people.active(Role.SUPER_ADMIN)) if each != but]
    link = f"/access-requests/{key}"
    notify(kind, AccessRequest.__tablename__, [Notice(each, key, sentence, body, link) for each in admins])


def tell_decided(found: AccessRequest, actor: Actor) -> None:
    """Tell the other Super Admins what became of a request."""
    granted = found.status is AccessRequestStatus.APPROVED
    facts = {"name": title(found), "actor": actor.name}
    tell(
        NotificationType.ACCESS_REQUEST_APPROVED if granted else NotificationType.ACCESS_REQUEST_REJECTED,
        found.id,
        _l("%(actor)s gave access to %(name)s", **facts)
        if granted
        else _l("%(actor)s refused %(name)s access", **facts),
        found.review_note or "",
        but=actor.id,
    )
