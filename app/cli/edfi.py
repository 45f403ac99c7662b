"""Ed-Fi by hand: files, and a push here and now."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from app.extensions import db
from app.models.edfi import EdFiConnection, EdFiPush, EdFiPushStatus
from app.services import sessions
from app.services.edfi import exporting, pushing
from app.services.errors import Busy

MOST_SHOWN = 50
TROUBLE = ("invalid", "blocked", "refused", "failed")


@click.group()
def edfi() -> None:
    """Give records to Ed-Fi."""


@edfi.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The ZIP archive to write.")
@click.option(
    "--extension", default=exporting.EXTENSION, help="What our own properties are filed under; empty: left out."
)
@with_appcontext
def export(output: Path | None, extension: str) -> None:
    """Write a ZIP archive with a JSON file for each resource.

    What is wrong is left out and told. The exit status is 2 then.
    """
    tally = exporting.Tally()
    name, blocks = exporting.bundle(tally, actor=sessions.system(), extension=extension or None)
    path = output or Path(name)
    try:
        with path.open("wb") as file:
            file.writelines(blocks)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    for resource, count in tally.written.items():
        click.echo(f"{count:>8} {resource}")
    for document, problem in tally.problems[:MOST_SHOWN]:
        click.echo(f"{document.resource} {document.key}: {problem.field}: {problem.message}", err=True)
    if len(tally.problems) > MOST_SHOWN:
        click.echo(f"... and {len(tally.problems) - MOST_SHOWN} more, in problems.csv.", err=True)
    if tally.problems:
        raise SystemExit(2)


@edfi.command()
@click.argument("server")
@with_appcontext
def push(server: str) -> None:
    """Push what changed to the server that is called SERVER, here and now.

    The exit status is 1 when it could not be done, and 2 when single records were not taken.
    """
    found = db.session.scalar(select(EdFiConnection.id).where(func.lower(EdFiConnection.name) == server.lower()))
    if found is None:
        raise click.ClickException(f"There is no server called {server}.")
    outcome = pushing.push([found], actor=sessions.system(), queued=False).outcomes[0]
    if outcome.refusal is not None:
        raise click.ClickException(str(outcome.refusal))
    latest = select(EdFiPush.id).where(EdFiPush.connection_id == found).order_by(EdFiPush.created_at.desc()).limit(1)
    push_id = db.session.scalars(latest).one()
    try:
        pushing.run(push_id)
    except Busy as refusal:
        raise click.ClickException(str(refusal)) from None
    done = db.session.get_one(EdFiPush, push_id, populate_existing=True)
    click.echo(", ".join(f"{count} {name}" for name, count in sorted(done.counts.items())) or "Nothing to send.")
    if done.status is not EdFiPushStatus.DONE:
        raise click.ClickException(done.message or done.status.value)
    if any(done.counts.get(name) for name in TROUBLE):
        raise SystemExit(2)
