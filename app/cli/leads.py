"""Leads from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from app.cli import import_faults
from app.extensions import db
from app.models.access import User
from app.models.imports import Import, ImportStatus
from app.policies.actor import Actor
from app.services import import_reports, imports, sessions
from app.services.csv_files.options import CHOICES
from app.services.errors import Refusal

REFUSED = 1  # exit status when rows were refused


@click.group()
def leads() -> None:
    """Import leads from a file."""


@leads.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--as", "username", metavar="USERNAME", help="In whose name; the system account if not given.")
@click.option("--owner", metavar="USERNAME", help="Who gets the leads that name no owner; nobody if not given.")
@click.option("--duplicates", type=click.Choice(["skip", "import"]), default="skip", show_default=True)
@click.option("--dates", type=click.Choice(CHOICES["dates"]), default="iso", show_default=True)
@click.option("--unknown-columns", type=click.Choice(CHOICES["unknown_columns"]), default="refuse", show_default=True)
@click.option("--report", type=click.File("wb"), help="Where to write all faults, as CSV.")
@click.option(
    "--to-mend", type=click.File("wb"), help="Where to write the rows that are refused, each with its faults."
)
@click.pass_context
@with_appcontext
def import_leads(
    context: click.Context,
    file: Path,
    dry_run: bool,
    username: str | None,
    owner: str | None,
    report: BinaryIO | None,
    to_mend: BinaryIO | None,
    **options: Any,
) -> None:
    """Import a CSV file. The exit status is 1 when rows were refused."""
    actor = sessions.load_by_id(_account(username)) if username else sessions.system()
    options["default_owner_id"] = _account(owner) if owner else None
    try:
        job = _run(file, actor, options, dry_run)
    except Refusal as error:
        details = "; ".join(str(sentence) for sentences in error.fields.values() for sentence in sentences)
        raise click.ClickException(details or str(error)) from error
    click.echo(_summary(job))
    if report:
        report.writelines(import_reports.report(job.id, actor))
    else:
        import_faults.say(job, actor)
    if to_mend and import_reports.kinds_to_mend(job):
        to_mend.writelines(import_reports.rows_to_mend(job.id, actor))
    if job.status is ImportStatus.FAILED or job.invalid_rows:
        context.exit(REFUSED)


@leads.command()
@click.argument("file", type=click.File("wb"), default="-")
def template(file: BinaryIO) -> None:
    """Write an empty file with all columns."""
    file.write(import_reports.template("leads"))


def _run(file: Path, actor: Actor, options: dict[str, Any], dry_run: bool) -> Import:
    """Check, and unless it is a dry run carry out, as the queue would."""
    job = imports.start("leads", file.name, file.read_bytes(), actor=actor, options=options, queued=False)
    imports.check(job.id)
    job = _afresh(job)
    if dry_run or job.status is not ImportStatus.CHECKED or not job.new_rows:
        return job
    imports.confirm(job.id, actor=actor, queued=False)
    imports.carry_out(job.id)
    return _afresh(job)


def _afresh(job: Import) -> Import:
    return db.session.get_one(Import, job.id, populate_existing=True)


def _account(username: str) -> int:
    user_id = db.session.scalar(select(User.id).where(User.username == username, User.active))
    if user_id is None:
        raise click.ClickException(f"There is no active account {username}.")
    return user_id


def _summary(job: Import) -> str:
    if job.status is ImportStatus.FAILED:
        return f"Nothing was imported. {job.message}"
    verb = "imported" if job.status is ImportStatus.DONE else "to import"
    return (
        f"{job.total_rows:,} rows: {job.new_rows:,} {verb}, {job.duplicate_rows:,} duplicates, {job.unchanged_rows:,} unchanged, "
        f"{job.invalid_rows:,} refused. {job.message}"
    )
