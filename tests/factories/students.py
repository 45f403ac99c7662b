from __future__ import annotations

import itertools
from typing import Any

from app.extensions import db
from app.models.students import Student

_numbers = itertools.count(1)


def student(**values: Any) -> Student:
    """A committed student."""
    made = Student(**{"first_name": "Sol", "last_name": f"Okoye{next(_numbers)}"} | values)
    db.session.add(made)
    db.session.commit()
    return made
