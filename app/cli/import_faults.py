"""What is wrong with a file that is imported, on the terminal."""

from __future__ import annotations

import click

from app.models.imports import Import, ImportIssue
from app.policies.actor import Actor
from app.services import import_reports

MOST = 10
LONGEST_VALUE = 60


def say(job: Import, actor: Actor) -> None:
    """Name the first faults, on the error stream."""
    issues, total = import_reports.issues(job.id, actor, limit=MOST)
    for issue in issues:
        click.echo(f"  {_place(issue)}: {issue.rule} {issue.fix}".rstrip(), err=True)
    if total > MOST:
        click.echo(f"  and {total - MOST:,} more: --report FILE writes them all.", err=True)


def _place(issue: ImportIssue) -> str:
    """Where it is and what stands there, with control characters written out: they are not for the terminal."""
    place = f"{issue.file or 'line'} {issue.line}"
    if issue.column:
        place += f", {issue.column!r}"
    named = issue.value in ("", issue.column)
    return place if named else f"{place} {issue.value[:LONGEST_VALUE]!r}"
