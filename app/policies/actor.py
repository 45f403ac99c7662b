"""The one who acts: a signed-in person, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.policies.roles import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """Read once per request. `permissions` are pairs of Flask-AppBuilder's permission and view name, as ("can_list",
    "Leads").
    """

    id: int | None
    username: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    time_zone: str | None = None
    locale: str | None = None
    theme: str = "system"
    time_format: str = "24h"
    unread: int = 0
    session_id: str = ""
    remember_last_page: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username

    @property
    def is_admin(self) -> bool:
        return bool(self.roles & {Role.SUPER_ADMIN, Role.ADMIN})

    def has(self, *roles: Role) -> bool:
        return bool(self.roles.intersection(roles))

    def may(self, permission: str, resource: str) -> bool:
        return (f"can_{permission}", resource) in self.permissions


NOBODY = Actor(id=None, username="", roles=frozenset({Role.PUBLIC}))
