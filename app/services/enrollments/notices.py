"""Who is told what on an enrollment: the one who has to do something next. Nobody is told of what they did themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.models.access import User
from app.models.enrollments import Enrollment, EnrollmentEventType, EnrollmentStatus
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import people
from app.services.enrollments import events
from app.services.notifications import Notice, notify
from app.services.transaction import clock

ENTITY = "enrollments"
_KIND = NotificationType
_STEP = _KIND.ENROLLMENT_STEP_COMPLETED


def name_of(enrollment: Enrollment) -> str:
    return f"{enrollment.student_first_name} {enrollment.student_last_name}"


def office() -> list[int]:
    """Those who work in the enrollment office."""
    return [row[0] for row in db.session.execute(people.active(Role.ADMISSIONS))]


def coach(enrollment: Enrollment) -> list[int]:
    """The coach of a family; in place of one who left, or is no coach any more, the office."""
    statement = people.active(Role.COACH).where(User.id == enrollment.coach_id)
    return [row[0] for row in db.session.execute(statement)] or office()


def _tell(
    kind: NotificationType,
    key: UUID | str,
    enrollment: Enrollment,
    whom: Iterable[int],
    words: tuple[Any, Any],
    actor: Actor,
) -> None:
    recipients = sorted(set(whom) - {actor.id})
    title, body = words
    notices = []
    for each in recipients:
        own = each == enrollment.guardian_id
        link = f"/me/enrollments/{enrollment.id}" if own else f"/enrollments/{enrollment.id}"
        notices.append(Notice(each, key, title, body, link))
    notify(kind, ENTITY, notices)
    if enrollment.guardian_id in recipients:
        events.note(enrollment, EnrollmentEventType.MESSAGE_SENT, to="guardian", about=kind.value)


def _each_time(enrollment: Enrollment) -> str:
    """A key that no other notice has: of what may happen more than once a day, the last word counts."""
    return f"{enrollment.id}:{clock():%H%M%S%f}"


def step_completed(enrollment: Enrollment, step: int, key: UUID, actor: Actor) -> None:
    """Tell of a step: the coach of what the family did, the office of what it has to look at, the family of what the coach
    did. `key` is that of the step, so that each step is told, once a day.
    """
    student = name_of(enrollment)
    said: dict[int, tuple[Any, Any]] = {
        1: (_l("%(name)s: the family began", name=student), _l("Next they choose a day for the consultation.")),
        2: (_l("%(name)s: the consultation took place", name=student), _l("Next is the shadow day.")),
        3: (_l("%(name)s: the shadow day is planned", name=student), _l("Approve or reject the enrollment.")),
        4: (_l("%(name)s: the student information is there", name=student), _l("Next are the documents.")),
        5: (_l("%(name)s: all documents are there", name=student), _l("Verify or reject each of them.")),
    }
    whom = {
        2: [enrollment.guardian_id],
        4: [*coach(enrollment), *office()],
        5: office(),
    }.get(step) or coach(enrollment)
    if step in said:
        _tell(_STEP, key, enrollment, whom, said[step], actor)


def consultation_wanted(enrollment: Enrollment, key: UUID, actor: Actor) -> None:
    """Tell the coach when the family would like to talk."""
    words = (
        _l("%(name)s: the family would like to talk", name=name_of(enrollment)),
        _l("Call them on the day that they chose, and mark the consultation as completed."),
    )
    _tell(_STEP, key, enrollment, coach(enrollment), words, actor)


def payment_wanted(enrollment: Enrollment, key: UUID, actor: Actor) -> None:
    """Tell the office that the family has said how it pays."""
    words = (
        _l("%(name)s: the family is about to pay", name=name_of(enrollment)),
        _l("Record the payment when the money is there."),
    )
    _tell(_STEP, key, enrollment, office(), words, actor)


def approved(enrollment: Enrollment, actor: Actor) -> None:
    """Tell the family that it can go on; each time, as it may have been rejected since."""
    words = (
        _l("You can go on with the enrollment of %(name)s", name=name_of(enrollment)),
        _l("The coach approved it. Next is the student information."),
    )
    _tell(_STEP, _each_time(enrollment), enrollment, [enrollment.guardian_id], words, actor)


def handed_over(enrollment: Enrollment, actor: Actor) -> None:
    """Tell the new coach; each time, as it may be handed on and back."""
    words = (_l("You lead the enrollment of %(name)s", name=name_of(enrollment)), _l("It was handed over to you."))
    _tell(_STEP, _each_time(enrollment), enrollment, [enrollment.coach_id], words, actor)


def closed(enrollment: Enrollment, reason: str, actor: Actor) -> None:
    """Tell the family that the enrollment is rejected or withdrawn, and why; each time, as it may be opened again."""
    rejected = enrollment.status is EnrollmentStatus.REJECTED
    name = name_of(enrollment)
    title = _l("The enrollment of %(name)s was rejected", name=name)
    words = (
        title if rejected else _l("The enrollment of %(name)s was withdrawn", name=name),
        _l("Reason: %(reason)s", reason=reason),
    )
    _tell(_STEP, _each_time(enrollment), enrollment, [enrollment.guardian_id], words, actor)


def reopened(enrollment: Enrollment, actor: Actor) -> None:
    """Tell the family that a closed enrollment goes on; each time."""
    words = (
        _l("The enrollment of %(name)s goes on", name=name_of(enrollment)),
        _l("It was opened again. Its page says what comes next."),
    )
    _tell(_STEP, _each_time(enrollment), enrollment, [enrollment.guardian_id], words, actor)


def document_rejected(enrollment: Enrollment, key: UUID, what: str, reason: str, actor: Actor) -> None:
    words = (
        _l("Please send %(document)s again", document=what),
        _l("It could not be accepted: %(reason)s", reason=reason),
    )
    _tell(_KIND.DOCUMENT_REJECTED, key, enrollment, [enrollment.guardian_id], words, actor)


def enrolled(enrollment: Enrollment, actor: Actor) -> None:
    """Tell the coach, the office and the family."""
    whom = [enrollment.guardian_id, *coach(enrollment), *office()]
    words = (_l("%(name)s is enrolled", name=name_of(enrollment)), "")
    _tell(_KIND.ENROLLMENT_COMPLETED, enrollment.id, enrollment, whom, words, actor)
