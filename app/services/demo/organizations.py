"""The schools of the demo, what they belong to, and three years of terms."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import text

from app.extensions import db
from app.services.demo.school import School

TABLES: Final = ("organizations", "terms")

_ORGANIZATION = text("""
    INSERT INTO organizations (name, type, identifier, school_id, parent_id, grades)
    VALUES (:name, :type, :identifier, :school_id, CAST(:parent_id AS uuid), CAST(:grades AS jsonb)) RETURNING id
""")
_TERM = text("""
    INSERT INTO terms (title, type, start_date, end_date, parent_id, school_year)
    VALUES (:title, :type, :start_date, :end_date, CAST(:parent_id AS uuid), :school_year) RETURNING id
""")
SCHOOLS: Final = (
    ("Harbour Sports Academy", "HSA", 255901001, '["05", "06", "07", "08", "09", "10", "11", "12"]'),
    ("Northside Primary School", "NPS", 255901002, '["KG", "01", "02", "03", "04"]'),
)


def load(school: School) -> None:
    """A district with two schools; the first is the one that families are invited to."""
    district = _add(
        name="Harbour District", type="district", identifier="HD", school_id=255901, parent_id=None, grades="[]"
    )
    for name, identifier, number, grades in SCHOOLS:
        _add(name=name, type="school", identifier=identifier, school_id=number, parent_id=district, grades=grades)
    first = school.today.year - (school.today.month < 8)
    for year in range(first - 1, first + 2):
        _terms(year)


def _add(**values: Any) -> Any:
    return db.session.execute(_ORGANIZATION, values).scalar_one()


def _terms(year: int) -> None:
    """The school year that begins in August, and its two halves."""
    begins, ends = date(year, 8, 1), date(year + 1, 8, 1)
    middle = date(year + 1, 1, 15)
    facts = {"school_year": year + 1}
    whole = db.session.execute(
        _TERM,
        facts
        | {"title": f"{year}/{(year + 1) % 100:02}", "type": "schoolYear", "parent_id": None}
        | {"start_date": begins, "end_date": ends},
    ).scalar_one()
    halves = (("Autumn", begins, middle), ("Spring", middle, ends - timedelta(days=31)))
    for title, start, end in halves:
        part = {"title": f"{title} {start.year}", "type": "semester", "parent_id": whole}
        db.session.execute(_TERM, facts | part | {"start_date": start, "end_date": end})
