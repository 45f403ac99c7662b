"""The roster of the help desk by hand."""

from __future__ import annotations

from datetime import datetime

import click
from flask.cli import with_appcontext

from app.extensions import db
from app.models.roster import Roster
from app.services import sessions, weekdays
from app.services.roster import overview, rosters, solving


@click.group()
def roster() -> None:
    """Fill weeks of the help desk."""


@roster.command()
@click.argument("week", type=click.DateTime(["%Y-%m-%d"]))
@with_appcontext
def solve(week: datetime) -> None:
    """Fill the week that begins on the Monday WEEK, here and now. Whoever is pinned stays.

    The exit status is 1 when nothing was written, and 2 when places stay empty.
    """
    found = rosters.of_week(week.date())
    if found is None:
        raise click.ClickException(f"There is no roster of the week of {week:%Y-%m-%d}.")
    outcome = solving.solve([found.id], actor=sessions.system(), queued=False).outcomes[0]
    if outcome.refusal is not None:
        raise click.ClickException(str(outcome.refusal))
    if not solving.run(found.id):
        raise click.ClickException(_why_not(found))
    db.session.refresh(found)
    seen = overview.read(found)
    click.echo(f"{seen.required - seen.missing} of {seen.required} places covered, {_quality(found)}.")
    for shift in seen.shifts:
        for need in shift.needs:
            if need.missing:
                click.echo(
                    f"{weekdays.name(shift.day)} {shift.start:%H:%M}, {need.course}: {need.missing} missing. {need.reason}"
                )
    if seen.missing:
        raise SystemExit(2)


def _why_not(found: Roster) -> str:
    db.session.refresh(found)
    return found.message or "It is being filled by somebody else."


def _quality(found: Roster) -> str:
    return "proved to be the best" if found.objective == found.bound else f"at most {found.gap} % from the best"
