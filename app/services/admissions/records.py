"""An admission as a record: what REST and commands make and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.extensions import db
from app.models.admissions import Admission
from app.policies.actor import Actor
from app.services.admissions.admit import admit


def create(values: Mapping[str, Any], *, actor: Actor) -> Admission:
    """Admit, and return the record. Raises what `admit` raises."""
    return db.session.get_one(Admission, admit(values, actor=actor).id)
