"""Making records again that could not be made: of one enrollment, of some, or of all that still wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.models.enrollments import Enrollment
from app.models.student_records import RecordCreationAttempt
from app.policies.actor import Actor
from app.policies.rules import may_make_records
from app.policies.scopes import visible
from app.services import errors, sessions
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal, WrongState
from app.services.records import creation, monitoring
from app.services.resource import Outcome, Result
from app.services.transaction import lock_many, transactional

BLOCK: Final = 200  # enrollments of one transaction of the job
FAULTS: Final = {"missing": _l("is missing"), "invalid": _l("is not valid")}


def hindrance(actor: Actor, enrollment: Any) -> Any | None:
    """Why records cannot be asked for: they are there, they are not due yet, or the enrollment has ended."""
    reason = may_make_records(actor)
    if reason is not None:
        return reason
    if enrollment.student_id is not None:
        return _l("The records of this student exist.")
    if enrollment.status in creation.ENDED:
        return _l("This enrollment has ended.")
    return None if enrollment.records_due_since is not None else _l("Records are not due yet.")


@transactional
def retry(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Make the records of these enrollments now (02-enrollment: the button). Repeating it never duplicates: where there
    are records, nothing changes. What is refused, and which fields are missing, is the outcome of each by itself.
    """
    wanted = list(dict.fromkeys(ids))
    found = {row.id: row for row in lock_many(Enrollment, wanted, visible(Enrollment, actor))}
    return Result([_retry(key, found.get(key), actor) for key in wanted])


def _retry(key: UUID, enrollment: Enrollment | None, actor: Actor) -> Outcome:
    if enrollment is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name = enrollment.enrollment_code
    if (reason := may_make_records(actor)) is not None:
        return Outcome(str(key), name, NotAllowed(reason))
    if enrollment.student_id is not None:
        return Outcome(str(key), name, unchanged=True)
    if (reason := hindrance(actor, enrollment)) is not None:
        return Outcome(str(key), name, WrongState(reason))
    attempt = creation.create_records(enrollment, actor=actor)
    if attempt.succeeded:
        return Outcome(str(key), name, message=_("records made"))
    return Outcome(str(key), name, _refusal(attempt))


def _refusal(attempt: RecordCreationAttempt) -> Refusal:
    if not attempt.fields:
        return WrongState(_("The database refused it; the reason is with the attempt. It will be tried again."))
    return Invalid(told(attempt.fields))


def told(fields: dict[str, str]) -> str:
    """Which fields are at fault, in words: by the exact names that the steps have."""
    return "; ".join(f"{name} {FAULTS.get(fault, fault)}" for name, fault in sorted(fields.items()))


def reason(fields: dict[str, str], message: str) -> str:
    """Why an attempt failed, for people; the message holds the words of the database or the program, for the log."""
    if fields or not message:
        return told(fields)
    words = [*message.removeprefix("database: ").split(), ""]
    said = errors.meaning(words[0], words[1]) if message.startswith("database: ") else ""
    return str(said or _("A fault of the program. It will be tried again."))


# Whoever has just failed for want of a field will fail again until somebody corrects it, or the school; so only what was
# changed since the last attempt, or failed for another reason, is tried. That is waited for twice as long after each equal
# failure, at most a day. SKIP LOCKED leaves out what somebody works on.
_DUE = text("""
    SELECT e.id FROM enrollments e
    LEFT JOIN LATERAL (
        SELECT a.at, a.fields, a.at + least(interval '1 day', interval '10 minutes' * (power(2, least(9, (
            SELECT count(*) FROM record_creation_attempts o WHERE o.enrollment_id = e.id AND o.message = a.message)) - 1) - 1)
        ) AS again
        FROM record_creation_attempts a WHERE a.enrollment_id = e.id ORDER BY a.id DESC LIMIT 1
    ) last ON true
    WHERE e.records_due_since IS NOT NULL AND e.student_id IS NULL AND e.deleted_at IS NULL
      AND e.status NOT IN ('withdrawn', 'rejected') AND NOT (e.id = ANY(:tried))
      AND (:all OR last.at IS NULL OR (last.fields = '{}' AND last.again <= clock_timestamp()) OR e.updated_at > last.at
           OR EXISTS (SELECT FROM organizations s WHERE s.id = e.school_id AND s.updated_at > last.at)
           OR EXISTS (SELECT FROM enrollment_steps s WHERE s.enrollment_id = e.id AND s.updated_at > last.at))
    ORDER BY e.records_due_since, e.id LIMIT :most FOR NO KEY UPDATE OF e SKIP LOCKED
""")


def retry_due(*, everything: bool = False) -> tuple[int, int]:
    """Make all records that are due and may now be possible; with `everything` also those of which nothing has changed
    since they failed. Returns how many were made, and how many failed again.
    """
    tried: list[UUID] = []
    made = 0
    while True:
        block = _retry_block(tried, everything, actor=sessions.system())
        made += sum(succeeded for _key, succeeded in block)
        tried += [key for key, _succeeded in block]
        if len(block) < BLOCK:
            return made, len(tried) - made


@transactional
def _retry_block(tried: list[UUID], everything: bool, *, actor: Actor) -> list[tuple[UUID, bool]]:
    keys = list(db.session.scalars(_DUE, {"tried": tried, "all": everything, "most": BLOCK}))
    return [(each.id, creation.create_records(each, actor=actor).succeeded) for each in lock_many(Enrollment, keys)]


def retry_job() -> int:
    """The scheduled retry: how many records were made."""
    return retry_due()[0]


@transactional
def retry_waiting(*, actor: Actor) -> Result:
    """Make the records of everybody whom the monitoring lists, also where nothing was corrected."""
    return retry([row.id for row in monitoring.without_records(actor)], actor=actor)
