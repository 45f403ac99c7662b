"""Accounts from the command line: the first Super Admin, forgotten passwords, roles.

Whoever may run commands on the machine acts in the name of the system; the rules for passwords, for the last
Super Admin and for the system's own account hold here too.
"""

from __future__ import annotations

import sys
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import NoResultFound, ProgrammingError

from app.models.access import User
from app.policies.accounts import held_roles
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import accounts
from app.services import sessions as session_service
from app.services.accounts import directory
from app.services.errors import Refusal

UNDEFINED_TABLE = "42P01"
NOT_DEPLOYED = "The database is not set up yet. Run: registrar deploy"

role_names = ", ".join(role.value for role in Role if role is not Role.PUBLIC)
password_from_stdin = click.option("--password-stdin", is_flag=True, help="Read it from standard input.")


class Telling(click.Group):
    """A refusal is told in its own words, with exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            raise click.ClickException(_in_words(refusal)) from refusal
        except NoResultFound as error:
            raise click.ClickException(NOT_DEPLOYED) from error
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != UNDEFINED_TABLE:
                raise
            raise click.ClickException(NOT_DEPLOYED) from error


@click.group(cls=Telling)
def user() -> None:
    """Make and look after accounts."""


@user.command()
@click.argument("username")
@click.option("--email", help="Nobody else's; notices by mail go there.")
@click.option("--first-name")
@click.option("--last-name")
@click.option("--phone")
@click.option("--department")
@click.option("--role", "roles", multiple=True, help=f"May be repeated. One of: {role_names}.")
@click.option("--group", "groups", multiple=True, help="May be repeated.")
@click.option("--no-password", is_flag=True, help="Nobody can log in until a password is set.")
@password_from_stdin
@with_appcontext
def create(username: str, no_password: bool, password_stdin: bool, **details: Any) -> None:
    """Make an account. Asks for its password."""
    actor = _system()
    password = None if no_password else _password(password_stdin)
    made = accounts.create_account(username=username, password=password, **details, actor=actor)
    click.echo(f"{made.username} is made.")


@user.command("list")
@click.option("--role", help="Only accounts with this role.")
@with_appcontext
def list_accounts(role: str | None) -> None:
    """Show all accounts: username, state, roles, name, e-mail address, last login (UTC)."""
    for row in directory.everyone():
        if role is None or role in row.roles.split(", "):
            state = "active" if row.active else "inactive"
            seen = f"{row.last_login:%Y-%m-%d %H:%M}" if row.last_login else "never"
            email = row.email if accounts.has_email(row.email) else ""
            name = f"{row.first_name} {row.last_name}".strip()
            click.echo("\t".join((row.username, state, row.roles, name, email, seen)))


@user.command()
@click.argument("name")
@password_from_stdin
@with_appcontext
def password(name: str, password_stdin: bool) -> None:
    """Set a password, and end all sessions of the account. NAME is a username or an e-mail address."""
    account = _account(name)
    accounts.set_password(account.id, _password(password_stdin), actor=_system())
    click.echo(f"{account.username} has a new password; its sessions are ended.")


@user.command()
@click.argument("name")
@click.option("--add", multiple=True, help="May be repeated.")
@click.option("--remove", multiple=True, help="May be repeated.")
@with_appcontext
def roles(name: str, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Show the roles of an account, or change them; they count from its next request."""
    account = _account(name)
    own = {role.name for role in account.roles}
    if add or remove:
        wanted = (own | set(add)) - set(remove)
        account = accounts.set_roles(account.id, sorted(wanted), actor=_system())
        own = {role.name for role in account.roles}
    for role in sorted(held_roles(account)):
        click.echo(role if role in own else f"{role} (through a group)")


@user.command()
@click.argument("name")
@with_appcontext
def activate(name: str) -> None:
    """Let an account log in again."""
    account = _account(name)
    changed = accounts.activate(account.id, actor=_system())
    click.echo(f"{account.username} is {'now' if changed else 'already'} active.")


@user.command()
@click.argument("name")
@with_appcontext
def deactivate(name: str) -> None:
    """Forbid an account to log in, and end its sessions."""
    account = _account(name)
    changed = accounts.deactivate(account.id, actor=_system())
    click.echo(f"{account.username} is {'now' if changed else 'already'} inactive.")


@user.group()
def sessions() -> None:
    """Look after logins."""


@sessions.command()
@click.argument("name")
@with_appcontext
def end(name: str) -> None:
    """End every session of an account, in the browser and on the API."""
    account = _account(name)
    ended = accounts.end_sessions(account.id, actor=_system())
    click.echo(f"{ended} sessions of {account.username} are ended.")


def _system() -> Actor:
    return session_service.system()


def _account(name: str) -> User:
    account = accounts.find(name)
    if account is None:
        raise click.ClickException(f"There is no account {name}.")
    return account


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    return answer


def _in_words(refusal: Refusal) -> str:
    if not refusal.fields:
        return str(refusal)
    lines = ((field.replace("_", " "), text) for field, texts in refusal.fields.items() for text in texts)
    return "\n".join(f"{field}: {text}" for field, text in lines)
