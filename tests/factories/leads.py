from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.leads import Lead, LeadStage
from app.services import school

_numbers = itertools.count(1)


def stage(name: str = "New") -> LeadStage:
    return db.session.scalars(select(LeadStage).where(LeadStage.name == name)).one()


def lead(**values: Any) -> Lead:
    """A committed lead; every call has another phone number."""
    number = next(_numbers)
    data = {
        "first_name": "Asha",
        "last_name": f"Rao{number}",
        "phone": f"+4477009{number:05d}",
        "stage_id": stage().id,
        "follow_up_date": school.today() + timedelta(days=3),
    } | values
    made = Lead(**data)
    db.session.add(made)
    db.session.commit()
    return made
