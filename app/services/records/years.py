"""The school year of a day: the year in which it ends, as in both standards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from app.extensions import db
from app.models.organizations import Term, TermType

FIRST_MONTH: Final = 7  # where no term says otherwise, a school year begins in July


def spans() -> Sequence[Any]:
    """The school years that are entered as terms: first day, day after the last, year; the latest first."""
    statement = (
        select(Term.start_date, Term.end_date, Term.school_year)
        .where(Term.type == TermType.SCHOOL_YEAR, Term.deleted_at.is_(None))
        .order_by(Term.start_date.desc(), Term.id)
    )
    return db.session.execute(statement).all()


def of(day: date, known: Sequence[Any]) -> int:
    """Of the term in which the day falls; without one, the year from July to June."""
    found = next((span.school_year for span in known if span.start_date <= day < span.end_date), None)
    return found if found is not None else day.year + (day.month >= FIRST_MONTH)


def school_year(day: date) -> int:
    """The school year of a day, as the terms have it now."""
    return of(day, spans())
