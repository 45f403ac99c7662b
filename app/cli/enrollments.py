"""Enrollments from the command line: records that could not be made, and how their making goes."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.services import sessions
from app.services.records import monitoring, retrying

MISSED = 1  # exit status when records are still missing, or a goal is not met


@click.group()
def enrollments() -> None:
    """Look after the records that enrollments make."""


@enrollments.command("retry-records")
@click.option("--all", "everything", is_flag=True, help="Also where nothing was corrected since it failed.")
@click.pass_context
@with_appcontext
def retry_records(context: click.Context, everything: bool) -> None:
    """Make the records that are due and missing. The exit status is 1 when some still cannot be made."""
    made, failed = retrying.retry_due(everything=everything)
    click.echo(f"{made} made, {failed} failed.")
    for row in monitoring.without_records(sessions.system()):
        click.echo(f"{row.enrollment_code}: {retrying.told(row.fields or {}) or row.message or 'not tried yet'}")
    if monitoring.figures().waiting:
        context.exit(MISSED)


@enrollments.command()
@click.pass_context
@with_appcontext
def monitor(context: click.Context) -> None:
    """Show how the making of records goes. The exit status is 1 when a goal is not met or counts do not agree."""
    seen = monitoring.figures()
    rate = "-" if seen.rate is None else f"{100 * seen.rate:.1f} %"
    latency = "-" if seen.latency is None else f"{seen.latency:.1f} s"
    click.echo(f"Success in {monitoring.DAYS} days: {rate} of {seen.attempts} attempts (goal over 95 %).")
    click.echo(f"From step to records: {latency} at the 95th percentile (goal under {monitoring.GOAL_SECONDS} s).")
    click.echo(f"Enrollments without records that are due: {seen.waiting}.")
    wrong = [each for each in monitoring.counts() if not each.agrees]
    for each in wrong:
        click.echo(f"{each.found} {each.label}, but {each.expected} enrollments with records.")
    if wrong or seen.waiting or not (seen.rate_is_met and seen.latency_is_met):
        context.exit(MISSED)
