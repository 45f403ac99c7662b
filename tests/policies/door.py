"""Who asks for access, links and second factors, for the matrix of roles, and what their forms are sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import text

from app.extensions import db
from app.models.credentials import LinkPurpose, SecondFactor
from app.models.requests import AccessRequest
from app.services import accounts, password_links
from app.services.transaction import transactional


class Door:
    """A request that waits, a link of the Super Admin's, and a student with a second factor."""

    def __init__(self) -> None:
        with db.engine.engine.begin() as connection:  # counted outside the transaction of the test
            connection.execute(text("DELETE FROM rate_limits"))
        student, owner = accounts.find("student"), accounts.find("super_admin")
        assert student is not None and owner is not None
        asked = {"email": "asks@school.example", "requested_role": "Staff"}
        self.request = AccessRequest(first_name="Ada", last_name="Byron", **asked)
        factor = SecondFactor(user_id=student.id, seed="0" * 40, confirmed_at=text("now()"))
        db.session.add_all([self.request, factor])
        db.session.commit()
        self.token = transactional(password_links.issue)(owner.id, LinkPurpose.SET)
        self.keys = dict.fromkeys(("AccessRequestView", "AccessRequestApi"), self.request.id)

    def arguments(self, endpoint: str) -> dict[str, Any]:
        """What the addresses of these routes are filled with, and not by `pk`."""
        token = {"token": self.token} if endpoint == "PasswordLinkView.choose" else {}
        return {"session_id": uuid4()} | token

    def form(self, endpoint: str) -> dict[str, Any]:
        view = endpoint.partition(".")[0].removesuffix("View").removesuffix("Api")
        forms: dict[str, dict[str, Any]] = {
            "AccessRequest": {"review_note": "No", "role": "Teacher", "group_id": ""},
            "AccessRequestForm": {"requested_role": "Teacher", "reason": "New here"},
        }
        return forms.get(view, {})
