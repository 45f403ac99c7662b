"""Running jobs and recording their runs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from app.cli.jobs import jobs as command
from app.services import jobs, school
from app.services.errors import Invalid, NotFound
from app.tasks import scheduler

DAY = date(2026, 3, 29)


@pytest.fixture
def job(monkeypatch):
    """A daily job at 07:00 that remembers its days."""
    days = []
    table = {"count": jobs.Job("Count", lambda day: days.append(day) or len(days), {"hour": 7})}
    monkeypatch.setattr(jobs, "JOBS", table)
    return days


def test_a_run_is_recorded(db_session, job):
    record = jobs.run("count", DAY)
    assert (record.name, record.day, record.rows, record.error) == ("count", DAY, 1, None)
    assert record.started_at <= record.finished_at
    assert record.host
    assert [run.id for run in jobs.history("count")] == [record.id]


def test_a_daily_job_that_went_well_is_not_repeated(db_session, job):
    first = jobs.run("count", DAY)
    assert jobs.run("count", DAY).id == first.id
    assert jobs.run("count", DAY + timedelta(days=1)).id != first.id
    assert jobs.run("count", DAY, force=True).id != first.id
    assert job == [DAY, DAY + timedelta(days=1), DAY]


def test_a_failure_is_recorded_and_raised_and_may_be_repeated(db_session, job, monkeypatch):
    def fail(day):
        raise ValueError("no mail server")

    monkeypatch.setitem(jobs.JOBS, "count", jobs.Job("Count", fail, {"hour": 7}))
    with pytest.raises(ValueError, match="no mail server"):
        jobs.run("count", DAY)
    [record] = jobs.history("count")
    assert record.error == "ValueError: no mail server"
    assert record.finished_at is not None
    assert not jobs.succeeded("count", DAY)


def test_an_unknown_job_is_refused(db_session, job):
    with pytest.raises(NotFound):
        jobs.run("nothing", DAY)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("9999-12-31", "This day has not come yet."),
        ("tomorrow", "This day has not come yet."),
        ("0001-01-01", "The day is before the year 2000."),
        ("1999-12-31", "The day is before the year 2000."),
    ],
)
def test_a_day_that_cannot_be_meant_is_refused_to_whoever_asks(app, db_session, actors, job, day, said):
    wanted = school.today() + timedelta(days=1) if day == "tomorrow" else date.fromisoformat(day)
    for ask in (
        lambda: jobs.run("count", wanted, force=True),
        lambda: jobs.start({"name": "count", "day": wanted}, actor=actors.admin),
    ):
        with pytest.raises(Invalid) as refused:
            ask()
        assert (str(refused.value), refused.value.fields) == (said, {"day": [said]})
    asked = app.test_cli_runner().invoke(command, ["run", "count", "--date", str(wanted)])
    assert (asked.exit_code, asked.output) == (1, f"Error: {said}\n")
    assert job == jobs.history("count") == []
    assert jobs.run("count", date(2000, 1, 1)).rows == jobs.run("count", school.today(), force=True).rows - 1 == 1


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(2026, 1, 15, 6, 59), []),  # London is on UTC
        (at(2026, 1, 15, 7, 0), ["count"]),
        (at(2026, 3, 29, 5, 59), []),  # the clocks went forward in the night
        (at(2026, 3, 29, 6, 0), ["count"]),
        (at(2026, 7, 1, 22, 59), ["count"]),
        (at(2026, 7, 1, 23, 1), []),  # the school's next day has begun
        (at(2026, 10, 25, 6, 59), []),  # the clocks went back
        (at(2026, 10, 25, 7, 0), ["count"]),
    ],
)
def test_catches_up_once_the_local_time_has_passed(db_session, job, now, expected):
    assert scheduler.overdue(now) == expected


def test_does_not_catch_up_what_went_well(db_session, job):
    jobs.run("count", date(2026, 1, 15))
    assert scheduler.overdue(at(2026, 1, 15, 9)) == []
    assert scheduler.overdue(at(2026, 1, 16, 9)) == ["count"]


def test_a_failing_job_does_not_stop_the_scheduler(app, db_session, job, monkeypatch):
    def fail(day):
        raise RuntimeError("broken")

    monkeypatch.setitem(jobs.JOBS, "count", jobs.Job("Count", fail, {"hour": 7}))
    scheduler.fire(app, Leader(True), "count")
    assert jobs.history("count")[0].error == "RuntimeError: broken"


def test_nothing_starts_without_leadership(app, db_session, job):
    scheduler.fire(app, Leader(False), "count")
    assert job == []


class Leader:
    """Stands for a leadership that is held, or is not."""

    def __init__(self, holds):
        self._holds = holds

    def holds(self):
        return self._holds


def test_every_job_is_scheduled_and_never_dropped(app):
    built = scheduler.build(app, Leader(True))
    built.start(paused=True)
    try:
        scheduled = {entry.id: entry for entry in built.get_jobs()}
        assert scheduled.keys() == jobs.JOBS.keys()
        assert all(entry.misfire_grace_time is None and entry.coalesce for entry in scheduled.values())
    finally:
        built.shutdown()


def test_the_list_shows_every_job():
    output = CliRunner().invoke(command, ["list"]).output
    assert all(name in output for name in jobs.JOBS)
