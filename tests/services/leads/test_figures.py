"""Numbers about leads: exact up to a limit, then from the database's statistics."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.services.leads import figures
from tests.factories.leads import lead


def totals(actor) -> list[tuple[int, bool]]:
    return [(stage.total, stage.estimated) for stage in figures.by_stage(actor) if stage.total]


def test_many_leads_of_a_stage_are_estimated(actors, monkeypatch):
    for _number in range(6):
        lead()
    assert totals(actors.admin) == [(6, False)]
    monkeypatch.setattr(figures, "STAGE_COUNT_LIMIT", 3)
    assert totals(actors.admin) == [(4, True)], "without statistics: more than the limit"
    db.session.execute(text("ANALYZE leads"))
    assert totals(actors.admin) == [(6, True)]
