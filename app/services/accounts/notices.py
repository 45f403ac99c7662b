"""Who is told when what an account may do changes, or when it is blocked. Nobody is told of what they did themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext

from app.extensions import db
from app.models.access import User
from app.models.notifications import NotificationType
from app.policies.accounts import held_roles
from app.policies.actor import Actor
from app.services.accounts import directory
from app.services.notifications import Notice, notify
from app.services.people import ADMIN_IDS

ENTITY: Final = "accounts"
_NONE: Final = "-"


@contextmanager
def telling_roles(users: Collection[User], actor: Actor) -> Iterator[None]:
    """Tell each of these accounts which roles it holds after the block and did not before, and the reverse; once per
    account, whatever the block changes. Nothing is told when it raises.
    """
    before = {user.id: held_roles(user) for user in users}
    yield
    title = _l("What you may do here has changed")
    notices = []
    for user in users:
        had, has = before[user.id], held_roles(user)
        if had != has and user.id != actor.id:
            body = _l(
                "New roles: %(gained)s. Roles taken away: %(lost)s.", gained=_named(has - had), lost=_named(had - has)
            )
            notices.append(Notice(user.id, _entity(user), title, body, "/settings/profile"))
    notify(NotificationType.ROLE_CHANGED, ENTITY, notices)


def tell_blocked(users: Sequence[User], actor: Actor) -> None:
    """Tell the other admins that these accounts are inactive: one notice, however many were blocked at once."""
    if not users:
        return
    db.session.flush()  # an admin who was blocked is not told
    if len(users) == 1:
        title: Any = _l("The account of %(name)s was blocked", name=directory.title(users[0]))
        link = f"/accounts/{users[0].id}"
    else:  # without names: it could not be found again by whoever erases one of them
        title = lazy_ngettext("%(num)d account was blocked", "%(num)d accounts were blocked", len(users))
        link = "/accounts/?f=active:is:0"
    body = _l("Nobody can log in with it until it is activated.") if len(users) == 1 else ""
    admins = sorted(set(db.session.scalars(ADMIN_IDS)) - {actor.id})
    notify(
        NotificationType.ACCOUNT_BLOCKED,
        ENTITY,
        [Notice(each, _entity(users[0]), title, body, link) for each in admins],
    )


def _named(roles: Collection[str]) -> str:
    return ", ".join(sorted(roles)) or _NONE


def _entity(user: User) -> str:
    """An account at this moment: a second change on the same day is told too."""
    return f"{user.id}:{datetime.now(UTC):%H%M%S%f}"
