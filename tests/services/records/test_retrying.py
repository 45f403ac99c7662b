"""Making records again: by button, command and job; and how it goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.cli.enrollments import monitor, retry_records
from app.extensions import db
from app.models.students import Student
from app.services.records import creation, monitoring, retrying
from app.services.transaction import transactional
from tests.factories.records import STUDENT, enrollment

pytestmark = pytest.mark.usefixtures("db_session")
LATE = datetime(2026, 1, 1, tzinfo=UTC)


def failed(actors, **student):
    one = enrollment(student=STUDENT | student)
    transactional(creation.create_records)(one, actor=actors.guardian)
    return one


def correct(one):
    statement = (
        'UPDATE enrollment_steps SET data = data || \'{"last_name": "Ek"}\' WHERE step = 4 AND enrollment_id = :id'
    )
    db.session.execute(text(statement), {"id": one.id})
    db.session.commit()


def test_a_retry_names_what_is_missing_and_makes_it_when_it_is_there(actors):
    one = failed(actors, last_name="", birth_date=None)
    [refused] = retrying.retry([one.id], actor=actors.admissions).outcomes
    assert "birth_date" in str(refused.refusal) and "last_name" in str(refused.refusal)
    correct(one)
    db.session.execute(
        text('UPDATE enrollment_steps SET data = data || \'{"birth_date": "2015-01-01"}\' WHERE step = 4')
    )
    assert retrying.retry([one.id], actor=actors.admissions).count("ok") == 1
    assert retrying.retry([one.id], actor=actors.admissions).count("unchanged") == 1
    assert db.session.query(Student).count() == 1


@pytest.mark.parametrize("name", ["staff", "coach", "guardian", "teacher"])
def test_only_the_office_retries(actors, name):
    one = failed(actors, last_name="")
    [outcome] = retrying.retry([one.id], actor=getattr(actors, name)).outcomes
    assert outcome.refusal is not None and outcome.refusal.status in (403, 404)


def test_what_has_ended_or_is_not_due_is_not_made(actors):
    ended, early = enrollment(status="withdrawn", records_due_since=LATE), enrollment(steps=2)
    result = retrying.retry([ended.id, early.id], actor=actors.admissions)
    assert [outcome.refusal.status for outcome in result.outcomes] == [409, 409]


def test_an_unknown_one_is_not_found(actors):
    import uuid

    [outcome] = retrying.retry([uuid.uuid4()], actor=actors.admissions).outcomes
    assert outcome.refusal.status == 404


def test_the_job_tries_what_was_corrected_and_nothing_else(actors, monkeypatch):
    one = failed(actors, last_name="")
    other = failed(actors, last_name="")
    # In a test all is one transaction, with one now(): what follows happened later.
    db.session.execute(text("UPDATE enrollment_steps SET updated_at = now()"))
    assert retrying.retry_due() == (0, 0)
    correct(one)
    db.session.execute(text("ALTER TABLE enrollment_steps DISABLE TRIGGER stamps"))
    later = "UPDATE enrollment_steps SET updated_at = clock_timestamp() + interval '1 s' WHERE enrollment_id = :id"
    db.session.execute(text(later), {"id": one.id})
    assert retrying.retry_job() == 1
    db.session.refresh(other)
    assert other.student_id is None


def test_the_job_goes_through_blocks(actors, monkeypatch):
    monkeypatch.setattr(retrying, "BLOCK", 2)
    for _ in range(3):
        enrollment(records_due_since=LATE)
    enrollment(student={}, records_due_since=LATE)
    assert retrying.retry_due() == (3, 1)


def refused_by_the_database(one, times, ago):
    """What a fault leaves behind that is met again and again; the last of them so long ago."""
    statement = """
        INSERT INTO record_creation_attempts (enrollment_id, succeeded, message, due_since, at)
        SELECT :id, false, 'database: 23505 uq_students_student_unique_id', now(), clock_timestamp() - CAST(:ago AS interval)
        FROM generate_series(1, :times)
    """
    db.session.execute(text(statement), {"id": one.id, "times": times, "ago": ago})
    for table in ("enrollments", "organizations", "enrollment_steps"):
        db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        db.session.execute(text(f"UPDATE {table} SET updated_at = now() - interval '1 year'"))
    db.session.commit()


@pytest.mark.parametrize(
    ("times", "ago", "tried"),
    [
        (1, "0", 1),
        (2, "9 min", 0),
        (2, "11 min", 1),
        (3, "29 min", 0),
        (3, "31 min", 1),
        (99, "23 h", 0),
        (99, "25 h", 1),
    ],
)
def test_who_fails_the_same_way_again_is_waited_for_longer(actors, times, ago, tried):
    one = enrollment(student={}, records_due_since=LATE)
    refused_by_the_database(one, times, ago)
    assert retrying.retry_due() == (0, tried)


def test_a_school_that_is_in_use_again_brings_the_retry(actors):
    one = enrollment(records_due_since=LATE)
    school = "UPDATE organizations SET active = :active WHERE id = :id"
    db.session.execute(text(school), {"id": one.school_id, "active": False})
    assert retrying.retry_due() == (0, 1)
    refused_by_the_database(one, 0, "0")
    assert retrying.retry_due() == (0, 0)
    later = "UPDATE organizations SET active = true, updated_at = clock_timestamp() WHERE id = :id"
    db.session.execute(text(later), {"id": one.school_id})
    assert retrying.retry_due() == (1, 0)


def test_people_read_what_a_refusal_of_the_database_means(actors, client_of):
    one = enrollment(records_due_since=LATE)
    refused_by_the_database(one, 1, "0")
    for page in (f"/enrollments/{one.id}", "/record-creation/"):
        shown = client_of("admissions").get(page).text
        assert "Another student has this id." in shown and "uq_students" not in shown and "23505" not in shown
    assert retrying.reason({}, "RuntimeError").startswith("A fault of the program")
    assert retrying.reason({}, "") == "" and retrying.reason({"x": "missing"}, "x: missing") == "x is missing"


def test_figures_tell_rate_latency_and_who_waits(actors):
    assert monitoring.figures().rate is None
    one = failed(actors, last_name="")
    transactional(creation.create_records)(enrollment(), actor=actors.guardian)
    seen = monitoring.figures()
    assert (seen.attempts, seen.succeeded, seen.rate, seen.waiting) == (2, 1, 0.5, 1)
    assert not seen.rate_is_met and seen.latency is not None and seen.latency < 30 and seen.latency_is_met
    [row] = monitoring.without_records(actors.admissions)
    assert row.id == one.id and row.fields == {"last_name": "missing"}
    assert monitoring.without_records(actors.teacher) == []


def test_counts_agree_until_something_is_lost(actors):
    made = enrollment()
    transactional(creation.create_records)(made, actor=actors.guardian)
    assert all(each.agrees and each.expected == 1 for each in monitoring.counts())
    db.session.execute(text("DELETE FROM student_program_extensions"))
    assert [each.name for each in monitoring.counts() if not each.agrees] == ["extensions"]


def test_the_commands_say_it(app, actors, db_session):
    from click.testing import CliRunner
    from flask.cli import ScriptInfo

    def run(command, *arguments):
        return CliRunner().invoke(command, arguments, obj=ScriptInfo(create_app=lambda: app))

    transactional(creation.create_records)(enrollment(), actor=actors.guardian)
    assert run(monitor).exit_code == 0
    one = failed(actors, last_name="")
    told = run(monitor)
    assert told.exit_code == 1 and "50.0 % of 2 attempts" in told.output
    told = run(retry_records, "--all")
    assert told.exit_code == 1 and "0 made, 1 failed." in told.output and "last_name" in told.output
    correct(one)
    assert run(retry_records, "--all").output.startswith("1 made, 0 failed.")
