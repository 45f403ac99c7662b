"""Which rows of a model an actor may see. One function per model; a model without one is seen by whoever has the
permission.

Every list, page, choice, export, action and API call reads through `visible`, so a row outside it answers like one that
does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, false, or_, true

from app.models import student_records as records
from app.models.access import User
from app.models.admissions import (
    Admission,
    AdmissionAuditEvent,
    AdmissionPayment,
    AdmissionSlot,
    ClassroomEnrollment,
    WaitlistEntry,
)
from app.models.assistants import HelpDeskAssistant, RegistrationRequest
from app.models.classroom import Attendance, CalendarFeed, ClassCredit, RescheduleRequest
from app.models.courses import ClassroomSlot
from app.models.enrollments import Enrollment, EnrollmentDocument, EnrollmentInvitation
from app.models.imports import Import
from app.models.leads import Lead, LeadAuditEvent, LeadContactAttempt, LeadNote
from app.models.notifications import Notification
from app.models.requests import AccessRequest
from app.models.roster import PublishedShift, Roster
from app.models.screens import SavedFilter
from app.models.students import Student
from app.models.test_sessions import RoomAllocation, TestRegistration
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.policies.enrollments import is_office
from app.policies.relations import had, is_there, learnt_by, taught_by
from app.policies.roles import Role

Scope = Callable[[Actor], ColumnElement[bool]]


def leads(actor: Actor) -> ColumnElement[bool]:
    """Staff and admins see all leads; a teacher those assigned to them."""
    if actor.id is None or actor.has(Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF):
        return true()
    if actor.has(Role.TEACHER):
        return Lead.assigned_teacher_id == actor.id
    return false()


def staff_only(actor: Actor) -> ColumnElement[bool]:
    """What staff wrote about a lead is theirs: a teacher sees the lead, not the notes."""
    return true() if actor.id is None or actor.has(Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF) else false()


def own_notifications(actor: Actor) -> ColumnElement[bool]:
    return Notification.recipient_id == actor.id


def own_or_shared_filters(actor: Actor) -> ColumnElement[bool]:
    return or_(SavedFilter.owner_id == actor.id, SavedFilter.shared)


def own_imports(actor: Actor) -> ColumnElement[bool]:
    """Admins see all; others their own, and none of accounts, also when they were admins once."""
    if actor.is_admin or actor.id is None:
        return true()
    return (Import.created_by_id == actor.id) & (Import.resource != "accounts")


def accounts(actor: Actor) -> ColumnElement[bool]:
    """The system's own account is nobody's to see."""
    return User.username != SYSTEM


FRONT_OFFICE = (Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF)


def _sees_all(actor: Actor, *more: Role) -> bool:
    return actor.id is None or actor.has(*FRONT_OFFICE, *more)


def _any_of(*rules: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(false(), *rules)


def students(actor: Actor) -> ColumnElement[bool]:
    """The office sees all; teachers those who are or were in their classes; students themselves."""
    if _sees_all(actor, Role.ADMISSIONS, Role.EXAM_OFFICER):
        return true()
    rules = [Student.user_id == actor.id] if actor.has(Role.STUDENT) else []
    if actor.has(Role.TEACHER):
        mine = had(actor, ClassroomEnrollment.classroom_slot_id, ClassroomEnrollment.created_at)
        rules.append(is_there(ClassroomEnrollment, ClassroomEnrollment.student_id == Student.id, mine))
    return _any_of(*rules)


def admissions(actor: Actor) -> ColumnElement[bool]:
    """Staff and admins see all; teachers those in their classes; students their own."""
    if _sees_all(actor):
        return true()
    rules = [learnt_by(actor, Admission.student_id)] if actor.has(Role.STUDENT) else []
    if actor.has(Role.TEACHER):
        taught = taught_by(actor, AdmissionSlot.classroom_slot_id)
        rules.append(is_there(AdmissionSlot, AdmissionSlot.admission_id == Admission.id, taught))
    return _any_of(*rules)


def payments(actor: Actor) -> ColumnElement[bool]:
    """Money is between the office and the student: a teacher sees the admission, not what it costs."""
    if _sees_all(actor):
        return true()
    if not actor.has(Role.STUDENT):
        return false()
    mine = learnt_by(actor, Admission.student_id)
    return is_there(Admission, Admission.id == AdmissionPayment.admission_id, mine)


def class_credits(actor: Actor) -> ColumnElement[bool]:
    if _sees_all(actor):
        return true()
    return is_there(Admission, Admission.id == ClassCredit.admission_id, admissions(actor))


def classroom_slots(actor: Actor) -> ColumnElement[bool]:
    """Teachers see the classes they teach, the office all."""
    if _sees_all(actor, Role.ADMISSIONS):
        return true()
    return ClassroomSlot.teacher_id == actor.id if actor.has(Role.TEACHER) else false()


def classes_of_day(actor: Actor, begins: Any) -> ColumnElement[bool]:
    """The rule for a classroom slot on a day: teachers see it also when they handed it over after that."""
    rule = classroom_slots(actor)
    return or_(rule, had(actor, ClassroomSlot.id, begins)) if actor.has(Role.TEACHER) else rule


def attendance(actor: Actor) -> ColumnElement[bool]:
    """The office sees all; teachers their classes, and those that they held; students their own."""
    if _sees_all(actor):
        return true()
    rules = [learnt_by(actor, Attendance.student_id)] if actor.has(Role.STUDENT) else []
    if actor.has(Role.TEACHER):
        rules.append(had(actor, Attendance.classroom_slot_id, Attendance.starts_at))
    return _any_of(*rules)


def reschedule_requests(actor: Actor) -> ColumnElement[bool]:
    """The office sees all; teachers those about their classes; students their own."""
    if _sees_all(actor):
        return true()
    rules = [learnt_by(actor, RescheduleRequest.student_id)] if actor.has(Role.STUDENT) else []
    if actor.has(Role.TEACHER):
        rules.append(taught_by(actor, RescheduleRequest.from_slot_id))
    return _any_of(*rules)


def registrations(actor: Actor) -> ColumnElement[bool]:
    """Applications are the admins'."""
    return true() if actor.is_admin or actor.id is None else false()


def assistants(actor: Actor) -> ColumnElement[bool]:
    """Admins see all; assistants themselves."""
    if actor.is_admin or actor.id is None:
        return true()
    return learnt_by(actor, HelpDeskAssistant.student_id) if actor.has(Role.ASSISTANT) else false()


def published_shifts(actor: Actor) -> ColumnElement[bool]:
    """Admins see what every assistant was told; assistants their own shifts, of weeks that are published."""
    if actor.is_admin or actor.id is None:
        return true()
    if not actor.has(Role.ASSISTANT):
        return false()
    mine = is_there(HelpDeskAssistant, HelpDeskAssistant.id == PublishedShift.assistant_id, assistants(actor))
    known = is_there(Roster, Roster.id == PublishedShift.roster_id, Roster.published_at.is_not(None))
    return mine & known & PublishedShift.cancelled_at.is_(None)


def waitlist_entries(actor: Actor) -> ColumnElement[bool]:
    """The office sees all; students their own."""
    if _sees_all(actor):
        return true()
    return learnt_by(actor, WaitlistEntry.student_id) if actor.has(Role.STUDENT) else false()


def of_tests(actor: Actor, student_id: Any) -> ColumnElement[bool]:
    """Those who look after tests and the office see all registrations and seats; students their own."""
    if _sees_all(actor, Role.EXAM_OFFICER):
        return true()
    return learnt_by(actor, student_id) if actor.has(Role.STUDENT) else false()


def test_registrations(actor: Actor) -> ColumnElement[bool]:
    return of_tests(actor, TestRegistration.student_id)


def room_allocations(actor: Actor) -> ColumnElement[bool]:
    return of_tests(actor, RoomAllocation.student_id)


def invitations(actor: Actor) -> ColumnElement[bool]:
    """The enrollment office sees all; coaches those that they sent."""
    if is_office(actor):
        return true()
    return EnrollmentInvitation.coach_id == actor.id if actor.has(Role.COACH) else false()


def enrollments(actor: Actor) -> ColumnElement[bool]:
    """The enrollment office sees all; coaches those of the families that they invited; guardians their own."""
    if is_office(actor):
        return true()
    rules = [Enrollment.coach_id == actor.id] if actor.has(Role.COACH) else []
    if actor.has(Role.GUARDIAN):
        rules.append(Enrollment.guardian_id == actor.id)
    return _any_of(*rules)


def enrollment_documents(actor: Actor) -> ColumnElement[bool]:
    """The enrollment office sees all; guardians their own. A coach sees that one is there, not what is in it."""
    if is_office(actor):
        return true()
    if not actor.has(Role.GUARDIAN):
        return false()
    return is_there(Enrollment, Enrollment.id == EnrollmentDocument.enrollment_id, Enrollment.guardian_id == actor.id)


def own_feeds(actor: Actor) -> ColumnElement[bool]:
    return CalendarFeed.user_id == actor.id


def access_requests(actor: Actor) -> ColumnElement[bool]:
    """Super Admins alone manage who asks for access."""
    return true() if actor.id is None or actor.has(Role.SUPER_ADMIN) else false()


def student_records(actor: Actor) -> ColumnElement[bool]:
    """What the standards want to know of students and their guardians is the enrollment office's."""
    return true() if is_office(actor) else false()


SCOPES: dict[type[Any], Scope] = {
    records.Guardian: student_records,
    records.StudentGuardian: student_records,
    records.StudentSchoolAssociation: student_records,
    records.StudentProgramExtension: student_records,
    records.OneRosterUser: student_records,
    Student: students,
    Admission: admissions,
    AdmissionPayment: payments,
    AdmissionAuditEvent: staff_only,
    ClassCredit: class_credits,
    WaitlistEntry: waitlist_entries,
    ClassroomSlot: classroom_slots,
    Attendance: attendance,
    RescheduleRequest: reschedule_requests,
    CalendarFeed: own_feeds,
    RegistrationRequest: registrations,
    HelpDeskAssistant: assistants,
    TestRegistration: test_registrations,
    RoomAllocation: room_allocations,
    EnrollmentInvitation: invitations,
    Enrollment: enrollments,
    EnrollmentDocument: enrollment_documents,
    PublishedShift: published_shifts,
    Lead: leads,
    LeadNote: staff_only,
    LeadContactAttempt: staff_only,
    LeadAuditEvent: staff_only,
    Notification: own_notifications,
    SavedFilter: own_or_shared_filters,
    Import: own_imports,
    User: accounts,
    AccessRequest: access_requests,
}


def visible(model: type[Any], actor: Actor, *, deleted: bool = False) -> ColumnElement[bool]:
    """The rule for `actor`; soft-deleted rows are outside it unless `deleted` asks for them alone."""
    scope = SCOPES.get(model)
    rule = scope(actor) if scope else true()
    if hasattr(model, "deleted_at"):
        rule &= model.deleted_at.is_not(None) if deleted else model.deleted_at.is_(None)
    return rule
