"""Groups and imports of accounts for the matrix of roles."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from app.extensions import db
from app.models.access import Group, UserProfile
from app.models.imports import Import
from app.services import accounts

INVARIANT = "profile_missing"


class Portal:
    """A group without members, an import of accounts, and an account without a profile."""

    def __init__(self, owner_id: int) -> None:
        self.group = Group(name="Front desk", label="Front desk", description="Greets whoever comes in.")
        self.imported = Import(resource="accounts", file_name="accounts.csv", sha256="0" * 64, created_by_id=owner_id)
        member = accounts.find("guardian")
        assert member is not None
        self.member = member.id
        db.session.add_all([self.group, self.imported])
        db.session.execute(delete(UserProfile).where(UserProfile.user_id == member.id))
        db.session.commit()
        self.keys = dict.fromkeys(("GroupView", "GroupApi"), self.group.id)

    def arguments(self, endpoint: str) -> dict[str, Any]:
        """What the addresses of these routes are filled with, and not by `pk`."""
        view = endpoint.partition(".")[0]
        mine = {"import_id": self.imported.id} if view in ("AccountImportView", "AccountImportApi") else {}
        return {"invariant": INVARIANT} | mine

    def form(self, endpoint: str) -> dict[str, Any]:
        forms = {"AccountView": {"group_id": str(self.group.id)}, "GroupView": {"user_id": str(self.member)}}
        return forms.get(endpoint.partition(".")[0], {})
