"""Taking a bundle of OneRoster in from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
from flask.cli import with_appcontext

from app.cli import import_faults
from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.policies.actor import Actor
from app.services import accounts, import_reports, imports, sessions
from app.services.errors import Refusal
from app.services.oneroster.importing import confirming
from app.services.oneroster.importing.run import RESOURCE

REFUSED = 1  # exit status when nothing was imported because of faults


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--remove", is_flag=True, help="Let as much vanish as the bundle says, however much it is.")
@click.option("--as", "username", metavar="USERNAME", help="In whose name; the system account if not given.")
@click.option("--report", type=click.File("wb"), help="Where to write all faults, as CSV.")
@click.pass_context
@with_appcontext
def import_bundle(
    context: click.Context, file: Path, dry_run: bool, remove: bool, username: str | None, report: BinaryIO | None
) -> None:
    """Take a bundle in. The exit status is 1 when something is wrong with it; nothing is written then."""
    actor = _actor(username)
    try:
        job = _run(file, actor, dry_run=dry_run, remove=remove)
    except Refusal as error:
        raise click.ClickException(str(error)) from error
    _say(job)
    if report:
        report.writelines(import_reports.report(job.id, actor))
    else:
        import_faults.say(job, actor)
    if job.status is ImportStatus.FAILED or job.invalid_rows:
        context.exit(REFUSED)


def _actor(username: str | None) -> Actor:
    """In whose name. Raises ClickException for an account that is not there or not active."""
    if username is None:
        return sessions.system()
    user = accounts.find(username)
    if user is None or not user.active:
        raise click.ClickException(f"There is no active account {username}.")
    return sessions.load_by_id(user.id)


def _run(file: Path, actor: Actor, *, dry_run: bool, remove: bool) -> Import:
    """Check, and unless it is a dry run carry out, as the queue would."""
    job = imports.start(RESOURCE, file.name, file.read_bytes(), actor=actor, queued=False)
    imports.check(job.id)
    job = _afresh(job)
    if dry_run or job.status is not ImportStatus.CHECKED or not job.new_rows:
        return job
    confirming.confirm(job.id, actor=actor, remove=remove, queued=False)
    imports.carry_out(job.id)
    return _afresh(job)


def _afresh(job: Import) -> Import:
    return db.session.get_one(Import, job.id, populate_existing=True)


def _say(job: Import) -> None:
    if job.status is ImportStatus.FAILED:
        click.echo(f"Nothing was imported. {job.message}")
        return
    click.echo(f"{job.message} {job.total_rows:,} rows, {job.invalid_rows:,} faults.")
    for line in job.sample:
        counts = ", ".join(f"{line[name]:,} {name}" for name in ("new", "changed", "unchanged", "vanishing"))
        click.echo(f"{line['file']}: {counts}")
    click.echo("Imported." if job.status is ImportStatus.DONE else "Nothing was written.")
