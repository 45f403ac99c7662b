"""The row history, as its pages read it."""

from __future__ import annotations

from app.extensions import db
from app.services import history
from app.services.leads import actions
from tests.factories.leads import lead, stage


def test_changes_are_read_newest_first_and_page_by_page(db_session, actors):
    made = lead()
    for name in ("Contacted", "Trial Scheduled", "Trial Completed"):
        actions.change_stage([made.id], actor=actors.admin, stage_id=stage(name).id)
    rows = history.of_row("leads", made.id)
    assert [row.operation for row in rows] == ["update", "update", "update", "insert"]
    assert [row.who for row in rows] == ["Admin Tester"] * 3 + [None]
    assert rows[0].after == {"stage_id": str(stage("Trial Completed").id)}
    assert [row.id for row in history.of_row("leads", made.id, limit=2)] == [row.id for row in rows[:2]]
    assert [row.id for row in history.of_row("leads", made.id, before=rows[1].id)] == [row.id for row in rows[2:]]
    assert history.of_row("tags", made.id) == []


def test_the_page_tells_who_what_and_when_to_those_who_may(db_session, actors, client_of):
    made = lead(area="North")
    made.area = "<b>South</b>"
    db.session.commit()
    page = client_of("admin").get(f"/leads/{made.id}/history").text
    assert "North" in page
    assert "&lt;b&gt;South&lt;/b&gt;" in page
    assert "<b>South" not in page
    assert client_of("staff").get(f"/leads/{made.id}/history").status_code == 403


def test_the_history_of_an_account_holds_no_password(db_session, actors, client_of):
    from app.services import accounts

    accounts.set_password(actors.student.id, "purple walruses on ice", actor=actors.admin)
    for row in history.of_row("ab_user", actors.student.id):
        assert "password" not in (row.before or {})
        assert "password" not in (row.after or {})
    assert "scrypt" not in client_of("admin").get(f"/accounts/{actors.student.id}/history").text
