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
from app.services import accounts, deployment, health, integrity, second_factor
from app.services import sessions as session_service
from app.services.accounts import directory, groups
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
def users() -> None:
    """Make and look after accounts. `registrar user` is the same."""


@users.command()
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


@users.command("list")
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


@users.command()
@click.argument("name")
@password_from_stdin
@with_appcontext
def password(name: str, password_stdin: bool) -> None:
    """Set a password, and end all sessions of the account. NAME is a username or an e-mail address."""
    account = _account(name)
    accounts.set_password(account.id, _password(password_stdin), actor=_system())
    click.echo(f"{account.username} has a new password; its sessions are ended.")


@users.command()
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


@users.command()
@click.argument("name")
@with_appcontext
def activate(name: str) -> None:
    """Let an account log in again."""
    account = _account(name)
    changed = accounts.activate(account.id, actor=_system())
    click.echo(f"{account.username} is {'now' if changed else 'already'} active.")


@users.command()
@click.argument("name")
@with_appcontext
def deactivate(name: str) -> None:
    """Forbid an account to log in, and end its sessions."""
    account = _account(name)
    changed = accounts.deactivate(account.id, actor=_system())
    click.echo(f"{account.username} is {'now' if changed else 'already'} inactive.")


@users.command("second-factor-off")
@click.argument("name")
@with_appcontext
def second_factor_off(name: str) -> None:
    """Switch off the second factor of who lost it, and end all sessions of the account."""
    account = _account(name)
    [outcome] = second_factor.reset([account.id], actor=_system()).outcomes
    if outcome.refusal is not None:
        raise outcome.refusal
    state = "had no second factor" if outcome.unchanged else "has no second factor any more; its sessions are ended"
    click.echo(f"{account.username} {state}.")


@users.group()
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


@users.command("setup-groups")
@click.option("--create-test-users", is_flag=True, help="One account for each group, for development only.")
@with_appcontext
def setup_groups(create_test_users: bool) -> None:
    """Make the built-in groups and roles; safe to repeat."""
    if create_test_users and not health.is_local():
        raise click.ClickException("Test users are for development: PUBLIC_URL is not of this machine.")
    try:
        done = deployment.set_up_groups()
    except deployment.DeploymentError as error:
        raise click.ClickException(str(error)) from error
    for line in done or ["Nothing to do: groups and roles are as this version has them."]:
        click.echo(line)
    if create_test_users:
        for username, secret in groups.create_test_users(actor=_system()):
            click.echo(f"{username} is made, with the password {secret}")


@users.command("assign-superuser-groups")
@with_appcontext
def assign_superuser_groups() -> None:
    """Put every Super Admin in the group Admin; safe to repeat."""
    for username in groups.assign_super_users(actor=_system()):
        click.echo(f"{username} is in the group Admin now.")
    click.echo("Every Super Admin is in the group Admin.")


@users.command("fix-user-profiles")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.pass_context
@with_appcontext
def fix_user_profiles(context: click.Context, dry_run: bool) -> None:
    """Find and repair what is wrong with profiles and settings; nothing is lost.

    The exit status is 0 when nothing is wrong (any more), and 1 when something is left: after --dry-run, everything
    that was found.
    """
    names = [each.name for each in integrity.PROFILES]
    actor = _system()
    repaired = (integrity.try_repair if dry_run else integrity.repair)(names, actor=actor)
    for each in repaired:
        _tell_repair(each, dry_run)
    left = sum(each.before if dry_run else each.after for each in repaired)
    if left:
        click.echo(f"{left} left wrong.")
        context.exit(1)
    click.echo("Nothing is wrong.")


def _tell_repair(repaired: integrity.Repaired, dry_run: bool) -> None:
    if not repaired.before:
        return
    click.echo(f"{repaired.invariant.explanation} {repaired.before}")
    names = [f"{each.title} {each.detail}".strip() for each in repaired.sample]
    for name in names:
        click.echo(f"    {name}")
    if repaired.before > len(names):
        click.echo(f"    and {repaired.before - len(names)} more")
    if repaired.invariant.repair is None:
        click.echo(f"  By people: {repaired.invariant.remedy}")
    else:
        click.echo(f"  {'Would be done' if dry_run else 'Done'}: {repaired.invariant.remedy} {repaired.after} left.")


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
