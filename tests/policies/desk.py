"""Applications and assistants for the matrix of roles, and what their forms are sent."""

from __future__ import annotations

from typing import Any

from app.services import accounts
from tests.factories.assistants import PASSWORD, assistant, registration
from tests.factories.courses import course


class Desk:
    """An application that waits, an assistant, and two who have an account: with the one role, and with every right."""

    def __init__(self) -> None:
        self.course, self.asked, self.assistant = course(), registration(), assistant()
        for username in ("assistant", "super_admin"):
            owner = accounts.find(username)
            assert owner is not None
            assistant(owner.id)
        self.keys = dict.fromkeys(("RegistrationView", "RegistrationApi"), self.asked.id)
        self.keys |= dict.fromkeys(("AssistantView", "AssistantApi"), self.assistant.id)

    def form(self, endpoint: str) -> dict[str, Any]:
        week = {"course_ids": [str(self.course.id)], "slot": ["0-07:00"]}
        period = {"day_of_week": 0, "start_time": "07:00", "end_time": "07:30"}
        hours = {"rate": "15", "hours_minimum": "1", "hours_maximum": "9"}
        forms: dict[str, dict[str, Any]] = {
            "Register": week
            | {"username": "changed", "email": "changed@home.example", "password": PASSWORD}
            | {"password_again": PASSWORD},
            "Registration": {"reason": "Changed"},
            "Assistant": week | hours | {"availability": [period]},
            "OwnAssistant": week | {"availability": [period]},
        }
        return forms.get(endpoint.partition(".")[0].removesuffix("View").removesuffix("Api"), {})
