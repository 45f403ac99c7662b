"""Say what is wrong with this installation."""

from __future__ import annotations

import sys

import click
from flask.cli import ScriptInfo

import config
from app import embedded


@click.command()
@click.pass_obj
def doctor(info: ScriptInfo) -> None:
    """Check this installation and say what to do; the exit status is 1 when something fails."""
    try:
        app = info.load_app()
    except (config.ConfigError, embedded.EmbeddedError) as error:
        _say("FAIL", "Settings", str(error))
        sys.exit(1)
    from app.services import health

    failed = False
    with app.app_context():
        for title, finding in health.examine():
            _say(finding.level.value, title, finding.text)
            failed = failed or finding.level is health.Level.FAIL
    sys.exit(failed)


def _say(level: str, title: str, text: str) -> None:
    colour = {"ok": "green", "warn": "yellow", "FAIL": "red"}[level]
    click.echo(f"{click.style(f'{level:4}', fg=colour)}  {title:20} {text}")
