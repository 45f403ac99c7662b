"""REST of reports."""

from __future__ import annotations

from app.services.reports import records
from tests.factories.classroom import School


def test_what_is_left_out_is_counted(actors, api, monkeypatch):
    place = School(actors.admin)
    for _each in range(3):
        place.admit()
    monkeypatch.setattr(records, "MOST", 2)
    told = api("staff").get("/reports/unpaid").json
    assert (told["count"], len(told["items"])) == (3, 2)
    assert api("teacher").get("/reports/unpaid").json["count"] == 0
