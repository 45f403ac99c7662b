"""Scheduled jobs by hand."""

from __future__ import annotations

from datetime import datetime

import click
from flask.cli import with_appcontext

from app.models.jobs import JobRun
from app.services import jobs as service
from app.services import school
from app.services.errors import Refusal


@click.group()
def jobs() -> None:
    """List, run and look back at scheduled jobs."""


@jobs.command("list")
def list_jobs() -> None:
    """Show every job and when it runs (in the school's time zone)."""
    for name, job in sorted(service.JOBS.items()):
        fields = " ".join(f"{field}={value}" for field, value in job.schedule.items())
        click.echo(f"{name:30} {fields:24} {job.title}")


@jobs.command("run")
@click.argument("name")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The school's day; today if not given.")
@click.option("--force", is_flag=True, help="Run again although it went well for that day.")
@with_appcontext
def run_job(name: str, day: datetime | None, force: bool) -> None:
    """Run one job now."""
    try:
        record = service.run(name, day.date() if day else school.today(), force=force)
    except Refusal as error:
        raise click.ClickException(str(error)) from error
    click.echo(_line(record))


@jobs.command()
@click.argument("name", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@with_appcontext
def history(name: str | None, limit: int) -> None:
    """Show the latest runs, newest first."""
    for record in service.history(name, limit=limit):
        click.echo(_line(record))


def _line(record: JobRun) -> str:
    if record.error:
        outcome = f"failed: {record.error}"
    elif record.finished_at is None:
        outcome = "not finished"
    else:
        seconds = (record.finished_at - record.started_at).total_seconds()
        outcome = f"{record.rows} rows in {seconds:.1f} s"
    started = record.started_at.astimezone(school.zone())
    return f"{started:%Y-%m-%d %H:%M:%S}  {record.name:30} for {record.day}  {outcome}"
