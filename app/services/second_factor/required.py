"""Which roles need a second factor. Who has such a role and no second factor sets one up at the next login, which is at
once: the logins that a password alone has opened are ended.
"""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, text

from app.extensions import db
from app.models.access import Role
from app.models.credentials import RequiredSecondFactor
from app.policies.actor import Actor
from app.policies.roles import Role as RoleName
from app.services import sessions
from app.services.accounts import access
from app.services.errors import NotAllowed
from app.services.transaction import transactional

_BY_ROLES = text(f"SELECT {sessions.NEEDS_FACTOR}")


def by_roles_of(user_id: int) -> bool:
    """Whether a role of the account, its own or a group's, needs a second factor."""
    return bool(db.session.scalar(_BY_ROLES, {"id": user_id}))


def role_names() -> list[str]:
    """All roles that people hold."""
    return list(db.session.scalars(select(Role.name).where(Role.name != RoleName.PUBLIC.value).order_by(Role.name)))


def required_roles() -> list[str]:
    """The roles that need one."""
    needed = select(Role.name).join(RequiredSecondFactor, RequiredSecondFactor.role_id == Role.id)
    return list(db.session.scalars(needed.order_by(Role.name)))


@transactional
def require(roles: Collection[str], *, actor: Actor) -> list[str]:
    """Demand a second factor of exactly these roles; ends the logins of who has none, but the actor's. Returns the roles.

    Raises NotAllowed, Invalid for an unknown role."""
    if not actor.has(RoleName.SUPER_ADMIN):
        raise NotAllowed(_l("Only a Super Admin may decide who needs a second factor."))
    # One after the other: of two who change it at once, the second finds what the first left.
    db.session.execute(text("LOCK TABLE required_second_factors IN SHARE ROW EXCLUSIVE MODE"))
    wanted = {role.id for role in access.roles_named(set(roles) - {RoleName.PUBLIC.value})}
    has = set(db.session.scalars(select(RequiredSecondFactor.role_id)))
    db.session.execute(delete(RequiredSecondFactor).where(RequiredSecondFactor.role_id.in_(has - wanted)))
    db.session.add_all(RequiredSecondFactor(role_id=each) for each in sorted(wanted - has))
    db.session.flush()
    sessions.end_without_factor(but=actor.session_id)
    return required_roles()
