"""Bring the database up to date with the code."""

import click
from flask.cli import with_appcontext


@click.command()
@with_appcontext
def deploy() -> None:
    """Update the schema, the roles and the permissions; safe to repeat."""
    from app.services import deployment

    try:
        done = deployment.deploy()
    except deployment.DeploymentError as error:
        raise click.ClickException(str(error)) from error
    for line in done or ["Nothing to do: the database fits this version."]:
        click.echo(line)
