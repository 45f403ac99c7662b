"""`registrar roster solve`."""

from __future__ import annotations

import pytest

from app.cli.roster import roster
from app.extensions import db
from tests.services.roster.conftest import make_desk


@pytest.fixture
def run(committed_app):
    with committed_app.app_context():
        make_desk()
        db.session.remove()
    return lambda *arguments: committed_app.test_cli_runner().invoke(roster, ["solve", *arguments])


def test_it_fills_a_week_and_says_how_well(run):
    result = run("2026-03-09")
    assert (result.output, result.exit_code) == ("3 of 3 places covered, proved to be the best.\n", 0)


def test_it_says_what_is_missing_and_why(run, committed_app):
    with committed_app.app_context():
        db.session.execute(
            db.text("DELETE FROM course_capabilities WHERE course_id IN (SELECT id FROM courses WHERE name = 'Violin')")
        )
        db.session.commit()
        db.session.remove()
    result = run("2026-03-09")
    assert result.exit_code == 2
    assert "Monday 09:00, Violin: 1 missing. No assistant can teach Violin." in result.output


def test_a_week_without_a_roster(run):
    result = run("2026-03-16")
    assert (result.output, result.exit_code) == ("Error: There is no roster of the week of 2026-03-16.\n", 1)
