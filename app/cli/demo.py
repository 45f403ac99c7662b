"""The demo school by hand."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.policies.actor import Actor
from app.services import accounts, sessions
from app.services import demo as service
from app.services.errors import Refusal
from app.services.transaction import transactional


@click.group()
def demo() -> None:
    """A made-up school to look around in."""


@demo.command()
@with_appcontext
def load() -> None:
    """Fill a new database with the demo school; one that is in use is left alone."""
    if not service.wanted():
        raise click.ClickException("This database is in use. The demo school is only loaded into a new one.")
    service.load()
    _show()


@demo.command()
@with_appcontext
def logins() -> None:
    """Show the demo accounts that still let everybody in."""
    _show()


@demo.command()
@with_appcontext
def close() -> None:
    """Deactivate the demo accounts; the data stays. Make a Super Admin of your own first."""
    try:
        count = _close(actor=sessions.system())
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{count} demo accounts are deactivated.")


@transactional
def _close(*, actor: Actor) -> int:
    users = [accounts.find(username) for _role, username, _password in service.logins()]
    return sum(accounts.deactivate(user.id, actor=actor) for user in users if user)


def _show() -> None:
    found = service.logins()
    if not found:
        click.echo("There are no demo accounts.")
    for role, username, password in found:
        click.echo(f"{role:14} {username:12} {password}")
