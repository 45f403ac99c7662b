"""The command `registrar`. A command is imported when it is used, so that none slows down the others."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click
from flask.cli import FlaskGroup

import config
from app import embedded

if TYPE_CHECKING:
    from flask import Flask

# Name -> where it is defined. To add a command, add a line.
COMMANDS = {
    "db": "flask_migrate.cli:db",
    "demo": "app.cli.demo:demo",
    "deploy": "app.cli.deploy:deploy",
    "doctor": "app.cli.doctor:doctor",
    "enrollments": "app.cli.enrollments:enrollments",
    "edfi": "app.cli.edfi:edfi",
    "jobs": "app.cli.jobs:jobs",
    "leads": "app.cli.leads:leads",
    "oneroster": "app.cli.oneroster:oneroster",
    "roster": "app.cli.roster:roster",
    "routes": "flask.cli:routes_command",
    "run": "app.cli.serve:run",
    "scheduler": "app.tasks.scheduler:command",
    "shell": "flask.cli:shell_command",
    "user": "app.cli.users:users",  # as it was called first
    "users": "app.cli.users:users",
    "worker": "app.tasks.worker:command",
}


class Registrar(FlaskGroup):
    """The group of commands, without Flask's own server and without loading the application for --help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(name for name in COMMANDS if self.get_command(ctx, name))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command, or return None when there is no such one."""
        module, _, attribute = COMMANDS.get(name, "").partition(":")
        if not module:
            return None
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an argument that is not UTF-8, whichever command it is for: the database has no such text. Raises
        UsageError.
        """
        for given in args:
            try:
                given.encode()
            except UnicodeEncodeError as error:  # Python has read the bytes as lone surrogates
                raise click.UsageError(f"This argument is not UTF-8: {click.format_filename(given)}", ctx) from error
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what the reader can mend is told in one sentence, without a traceback."""
        from sqlalchemy.exc import OperationalError

        try:
            return super().invoke(ctx)
        except (config.ConfigError, embedded.EmbeddedError) as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            if not error.connection_invalidated and getattr(error.orig, "sqlstate", None):
                raise
            reason = str(error.orig).strip().splitlines()[0]
            raise click.ClickException(f"The database cannot be reached: {reason}") from error


def create_app() -> Flask:
    """Return the application for a command: our own PostgreSQL started if none is named, no time limit.

    Raises ConfigError and EmbeddedError.
    """
    if config.is_embedded():
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # which would end us without letting go
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        embedded.hold(config.instance_dir())
    from app import create_app as factory

    return factory({"SQLALCHEMY_ENGINE_OPTIONS": config.engine_options(statement_timeout="0")})


main = Registrar(
    name="registrar",
    create_app=create_app,
    add_default_commands=False,
    add_version_option=False,
    load_dotenv=False,
    set_debug_flag=False,
    help="Registrar, the front office of a school.",
)
main.params.clear()  # Flask's --app, --env-file and --debug have no meaning here
