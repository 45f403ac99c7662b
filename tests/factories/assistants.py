from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from datetime import time
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert

from app.extensions import db
from app.models.assistants import (
    Availability,
    CourseCapability,
    HelpDeskAssistant,
    RegistrationAvailability,
    RegistrationCourse,
    RegistrationRequest,
)
from app.services import passwords
from app.services.assistants.week import Period
from tests.factories.courses import course
from tests.factories.students import student

PASSWORD = "purple walruses on ice"
_numbers = itertools.count(1)


@functools.cache
def _hash() -> str:
    return passwords.hash_password(PASSWORD)


def period(day: int, start: str, end: str) -> Period:
    """A time of the week: `period(1, "09:00", "12:00")`."""
    return Period(day, time.fromisoformat(start), time.fromisoformat(end))


MORNINGS = (period(1, "09:00", "12:00"), period(3, "10:30", "12:30"))


def _rows(periods: Sequence[Period], **owner: Any) -> list[dict[str, Any]]:
    names = ("day_of_week", "start_time", "end_time")
    return [owner | {name: getattr(each, name) for name in names} for each in periods]


def registration(
    courses: Sequence[Any] | None = None, periods: Sequence[Period] = MORNINGS, **values: Any
) -> RegistrationRequest:
    """A committed application that waits."""
    number = next(_numbers)
    names = {"username": f"applicant{number}", "email": f"applicant{number}@school.example"}
    person = {"first_name": "Ada", "last_name": f"Applicant{number}", "password_hash": _hash()}
    made = RegistrationRequest(**names | person | values)
    db.session.add(made)
    db.session.flush()
    wanted = [course()] if courses is None else courses
    db.session.add_all([RegistrationCourse(registration_id=made.id, course_id=each.id) for each in wanted])
    if periods:
        db.session.execute(insert(RegistrationAvailability), _rows(periods, registration_id=made.id))
    db.session.commit()
    return made


def application(**changes: Any) -> dict[str, Any]:
    """What somebody types who applies, as RegistrationInput gives it."""
    secret = SecretStr(changes.pop("password", PASSWORD))
    again = SecretStr(changes.pop("password_again", secret.get_secret_value()))
    person = {"first_name": "Ada", "last_name": "Byron", "email": "ada@home.example", "username": "ada"}
    login = {"password": secret, "password_again": again}
    return person | login | {"course_ids": [course().id], "availability": list(MORNINGS)} | changes


def assistant(
    user_id: int | None = None, courses: Sequence[Any] = (), periods: Sequence[Period] = MORNINGS, **values: Any
) -> HelpDeskAssistant:
    """A committed assistant, with the account `user_id`."""
    made = HelpDeskAssistant(student_id=student(user_id=user_id).id, **values)
    db.session.add(made)
    db.session.flush()
    db.session.add_all([CourseCapability(assistant_id=made.id, course_id=each.id) for each in courses])
    if periods:
        db.session.execute(insert(Availability), _rows(periods, assistant_id=made.id))
    db.session.commit()
    return made
