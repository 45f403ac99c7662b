"""REST of accounts: roles and groups are lists, not texts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.api import schemas
from app.api.base import RecordApi
from app.api.represent import mapping, plain
from app.extensions import db
from app.models.access import User
from app.services.accounts import directory, records
from app.services.accounts.resource import ACCOUNTS

NAMES = {"type": "array", "items": schemas.TEXT}
LISTED = ("roles", "groups")


class AccountApi(RecordApi):
    resource = ACCOUNTS
    row_schemas = dict.fromkeys(LISTED, NAMES)
    detail_schemas = {"updated_at": schemas.null_or(schemas.MOMENT)}

    def dressed(self, answer: Any) -> Any:
        for row in answer[0]["items"]:
            row.update({name: row[name].split(", ") if row[name] else [] for name in LISTED if name in row})
        return answer

    def details(self, key: Any) -> dict[str, Any]:
        user = db.session.scalars(select(User).where(User.id == key).options(*self.resource.load)).one()
        version: datetime | None = records.version_of(user)
        found = directory.details(user)
        return mapping(found) | {"email": found["email"] or None, "updated_at": plain(version)}
