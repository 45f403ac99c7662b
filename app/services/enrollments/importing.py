"""Inviting many families from a file. Each row goes the one way to invite; who is invited already is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, text

from app.extensions import db
from app.models.imports import Import, ImportFile, IssueKind
from app.models.organizations import Organization
from app.policies.actor import Actor
from app.policies.enrollments import is_office
from app.policies.roles import Role
from app.services import people
from app.services.csv_files.reading import Fault, open_sheet
from app.services.enrollments import invitations
from app.services.enrollments.import_rows import COLUMNS, NAMES, REQUIRED, RowReader
from app.services.errors import Refusal
from app.services.import_run import SAMPLE, Issues, Progress, Tally, good_rows, opened
from app.services.transaction import savepoint

MOST_ROWS = 5_000  # each is a letter
EVERY = 50  # rows between two looks at the clock

_KNOWN = text("""
    SELECT EXISTS (SELECT FROM enrollment_invitations WHERE lower(guardian_email) = lower(:guardian_email)
        AND lower(student_first_name) = lower(:student_first_name) AND lower(student_last_name) = lower(:student_last_name)
        AND coach_id = :coach_id AND status <> 'revoked')
""")


def check_options(options: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """There are none. Raises NotAllowed for whoever does not invite."""
    invitations.require(actor)
    return {}


def run(job: Import, content: bytes, issues: Issues, progress: Progress, *, actor: Actor) -> Tally:
    """Import the file in the running transaction; every fault goes to `issues`. Raises Unreadable, and nothing is
    written then, and NotAllowed.
    """
    invitations.require(actor)
    sheet, tally = opened(job, content, COLUMNS)
    for line, values in good_rows(sheet, RowReader(sheet.columns, issues, _Known(actor)), issues, tally, MOST_ROWS):
        _write(job.id, line, values, issues, tally, actor=actor)
        if tally.total % EVERY == 0:
            progress.at(tally.total, max(sheet.likely_rows, tally.total))
    return tally


class _Known:
    """Coaches by username and schools by identifier, each looked up once."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._coaches: dict[str, int | None] = {}
        self._schools: dict[str, UUID | None] = {}

    def __call__(self, coach: str, school: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        known: dict[str, Any] = {}
        problems: dict[str, list[Any]] = {}
        known["coach_id"] = self._coach(coach.lower()) if coach else self._actor.id
        if known["coach_id"] is None:
            problems["coach"] = [_("There is no coach with this username.")]
        elif not is_office(self._actor) and known["coach_id"] != self._actor.id:
            problems["coach"] = [_("You invite in your own name.")]
        elif is_office(self._actor) and not coach and not self._actor.has(Role.COACH):
            problems["coach"] = [_("This field is required.")]
        if school:
            known["school_id"] = self._school(school.lower())
            if known["school_id"] is None:
                problems["school"] = [_("There is no school with this identifier.")]
        return known, problems

    def _coach(self, username: str) -> int | None:
        if username not in self._coaches:
            statement = people.active(Role.COACH).with_only_columns(people.User.id)
            found = db.session.scalar(statement.where(func.lower(people.User.username) == username))
            self._coaches[username] = found
        return self._coaches[username]

    def _school(self, identifier: str) -> UUID | None:
        if identifier not in self._schools:
            statement = invitations.schools().where(func.lower(Organization.identifier) == identifier)
            self._schools[identifier] = db.session.scalar(statement)
        return self._schools[identifier]


def _write(import_id: UUID, line: int, values: dict[str, Any], issues: Issues, tally: Tally, *, actor: Actor) -> None:
    """Invite, in a savepoint: what is refused takes only its own row back."""
    if db.session.scalar(_KNOWN, {name: values[name] for name in (*REQUIRED, "coach_id")}):
        tally.unchanged += 1
        return
    try:
        with savepoint():
            invitations.create(values, actor=actor, import_id=import_id)
    except Refusal as refusal:
        tally.invalid += 1
        fix = _("Correct it, or leave the row out.")
        for name, sentences in (refusal.fields or {"": [refusal.message]}).items():
            column = {"school_id": "school", "coach_id": "coach"}.get(name, name)
            issues.add(IssueKind.INVALID, Fault(line, column, "", str(sentences[0]), fix))
        return
    tally.new += 1
    if len(tally.sample) < SAMPLE:
        shown = {name: ", ".join(value) if isinstance(value := values.get(name), list) else value for name in NAMES}
        tally.sample.append(
            {"line": line} | {name: None if each is None else str(each) for name, each in shown.items()}
        )


_REVOKE = text("""
    WITH gone AS (
        UPDATE enrollment_invitations SET status = 'revoked'
        WHERE import_id = :id AND status IN ('sent', 'opened', 'expired') RETURNING id
    )
    INSERT INTO enrollment_events (invitation_id, type) SELECT id, 'invitation_revoked' FROM gone
""")
_KEPT = text("""
    SELECT guardian_email FROM enrollment_invitations WHERE import_id = :id AND status = 'accepted' ORDER BY guardian_email
""")


def undo(job: Import, actor: Actor) -> str:
    """Revoke what no family has accepted; the rest is listed among the issues. Returns what was done, in words."""
    revoked = int(db.session.execute(_REVOKE, {"id": job.id}).rowcount)  # type: ignore[attr-defined]
    lines = _lines(job)
    with Issues(job.id) as issues:
        for email in db.session.scalars(_KEPT, {"id": job.id}):
            fix = _("Withdraw the enrollment if it is wrong.")
            fault = Fault(lines.get(email.lower(), 1), "guardian_email", email, _("The family has accepted it."), fix)
            issues.add(IssueKind.KEPT, fault)
        issues.store(replace=False)
        kept = issues.count
    return _("Taken back: %(removed)s invitations revoked, %(kept)s kept.", removed=f"{revoked:,}", kept=f"{kept:,}")


def _lines(job: Import) -> dict[str, int]:
    """The line of the file on which each address stands."""
    sheet = open_sheet(db.session.get_one(ImportFile, job.id).content, COLUMNS, job.options)
    at = sheet.columns.index("guardian_email")
    return {cells[at].strip().lower(): line for line, cells in sheet.rows() if not isinstance(cells, Fault)}
