"""OneRoster from the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from app.cli.oneroster_import import import_bundle
from app.services.oneroster import bundles, exporting
from app.services.oneroster.checks import RULES, Fault

REFUSED = 1  # exit status when a strict reader would not take the bundle
SHOWN = 20


@click.group()
def oneroster() -> None:
    """Exchange the roster with other systems."""


oneroster.add_command(import_bundle)


@oneroster.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--version", type=click.Choice(["1.1", "1.2"]), default="1.2", show_default=True)
@click.option("--since", metavar="MOMENT", help="Only what changed after it: a delta. As 2026-03-31T06:00:00Z.")
@click.pass_context
@with_appcontext
def export(context: click.Context, file: Path, version: str, since: str | None) -> None:
    """Write a bundle. The exit status is 1, and no file there, when a strict reader would refuse it."""
    start = _moment(since) if since else None
    wanted = bundles.Wanted(version, "delta" if start else "bulk", start)  # type: ignore[arg-type]
    draft = file.with_name(f"{file.name}.part")
    try:
        with draft.open("wb") as target:
            written = exporting.write(target, wanted)
        if not written.faults:
            draft.replace(file)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    if written.faults:
        _tell(written.faults)
        context.exit(REFUSED)
    for name, count in written.counts.items():
        click.echo(f"{name}: {count:,}")
    click.echo(f"Shows {written.as_of:%Y-%m-%dT%H:%M:%S.%fZ}: the next delta begins there.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.ClickException(f"--since must look like 2026-03-31T06:00:00Z, not {text!r}.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tell(faults: list[Fault]) -> None:
    for fault in faults[:SHOWN]:
        where = " ".join(each for each in (fault.file, fault.sourced_id, fault.column) if each)
        click.echo(f"{where}: {RULES[fault.rule]} {fault.value}".rstrip(), err=True)
    if len(faults) > SHOWN:
        click.echo(f"and {len(faults) - SHOWN} more", err=True)
