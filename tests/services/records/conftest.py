from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.student_records import OneRosterUser
from app.services import school
from app.services.records import creation
from app.services.transaction import transactional
from tests.factories.records import enrollment


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The school's day, which a test may set: a Sunday in the autumn of 2026 at first."""
    day = SimpleNamespace(today=date(2026, 11, 22))
    monkeypatch.setattr(school, "today", lambda: day.today)
    return day


@pytest.fixture
def child(actors) -> UUID:
    """A student in first grade from today on, with a guardian."""
    one = enrollment()
    transactional(creation.create_records)(one, actor=actors.guardian)
    return one.student_id


def user_of(**values) -> OneRosterUser:
    db.session.expire_all()
    return db.session.scalars(select(OneRosterUser).filter_by(**values)).one()
