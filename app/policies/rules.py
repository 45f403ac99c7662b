"""One-line rules about one record. Each returns None when allowed, or the reason why not, in the words of the person
who asks.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.policies.roles import Role

Reason = Any  # a lazy translated text


def may_edit_lead(actor: Actor, lead: Any) -> Reason | None:
    """Staff edit the leads they own; admins edit all."""
    if actor.is_admin or actor.id is None or (actor.has(Role.STAFF) and lead.owner_id == actor.id):
        return None
    return _l("Only its owner or an admin may change this lead.")


def may_own_lead(actor: Actor, lead: Any) -> Reason | None:
    """Staff may hand on the leads they own and take one that nobody owns; admins assign all."""
    if lead.owner_id is None and actor.has(Role.STAFF):
        return None
    return may_edit_lead(actor, lead)


def may_share_filter(actor: Actor) -> Reason | None:
    """Those who work in an office put filters into everybody's list."""
    allowed = actor.is_admin or actor.id is None or actor.has(Role.STAFF, Role.ADMISSIONS, Role.EXAM_OFFICER)
    return None if allowed else _l("Only the office may share filters with everybody.")


def may_remove_filter(actor: Actor, saved: Any) -> Reason | None:
    """People remove their own filters; admins also what others share."""
    allowed = saved.owner_id == actor.id or (saved.shared and (actor.is_admin or actor.id is None))
    return None if allowed else _l("Only its owner may delete this filter.")


def may_change_admission(actor: Actor, admission: Any) -> Reason | None:
    """Staff change the admissions they made; admins all."""
    if actor.is_admin or actor.id is None or (actor.has(Role.STAFF) and admission.created_by_id == actor.id):
        return None
    return _l("Only who made this admission or an admin may change it.")


def may_mark(actor: Actor, taught: Any) -> Reason | None:
    """Teachers mark their own classes, those of the past also when they have handed the slot over; admins all."""
    if actor.is_admin or actor.id is None or (actor.has(Role.TEACHER) and taught.teacher_id == actor.id):
        return None
    return _l("Only the teacher of this class or an admin may mark attendance.")


def may_decide_request(actor: Actor, request: Any) -> Reason | None:
    """Admins decide whether a class is moved."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may decide this.")


def may_admit(actor: Actor) -> Reason | None:
    """Staff and admins admit."""
    allowed = actor.is_admin or actor.id is None or actor.has(Role.STAFF)
    return None if allowed else _l("Only staff and admins may admit.")


def may_take_money(actor: Actor, admission: Any) -> Reason | None:
    """Admins say what is paid."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may change what is paid.")


def may_move_class(actor: Actor, attendance: Any) -> Reason | None:
    """Admins move classes directly; everybody else asks."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may move a class. Ask for it instead.")


def may_plan_classes(actor: Actor, record: Any) -> Reason | None:
    """Admins book make-up classes and take them off again."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may plan classes.")


def may_give_credit(actor: Actor, admission: Any) -> Reason | None:
    """Admins give and take classes."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may give or take classes.")


def may_withdraw_request(actor: Actor, request: Any) -> Reason | None:
    """Who asked takes it back; students also what was asked for them; admins all."""
    if actor.is_admin or actor.id is None or actor.id in (request.created_by_id, request.student.user_id):
        return None
    return _l("Only who asked for it may withdraw it.")


def may_apply_closure(actor: Actor, closure: Any) -> Reason | None:
    """Admins decide what becomes of the classes of a closed day."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may do this.")


def may_decide_registration(actor: Actor, request: Any) -> Reason | None:
    """Admins decide who becomes an assistant."""
    return None if actor.is_admin else _l("Only an admin may decide this.")


def may_plan_roster(actor: Actor, record: Any) -> Reason | None:
    """Admins plan the roster of the help desk."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may plan the roster.")


def may_run_tests(actor: Actor, record: Any) -> Reason | None:
    """Exam officers and admins look after venues, test sessions, registrations and seats."""
    allowed = actor.is_admin or actor.id is None or actor.has(Role.EXAM_OFFICER)
    return None if allowed else _l("Only an exam officer or an admin may do this.")


def may_decide_access(actor: Actor, request: Any) -> Reason | None:
    """Super Admins decide who gets an account that asked for one."""
    return None if actor.has(Role.SUPER_ADMIN) else _l("Only a Super Admin may decide this.")


def may_repair(actor: Actor) -> Reason | None:
    """Super Admins repair what breaks a rule of the whole database."""
    allowed = actor.id is None or actor.has(Role.SUPER_ADMIN)
    return None if allowed else _l("Only a Super Admin may repair data.")


def may_make_records(actor: Actor) -> Reason | None:
    """The enrollment office and admins have records made that could not be made before."""
    allowed = actor.is_admin or actor.id is None or actor.has(Role.ADMISSIONS)
    return None if allowed else _l("Only the enrollment office or an admin may do this.")


def may_merge_students(actor: Actor, student: Any) -> Reason | None:
    """The enrollment office and admins make one record of two."""
    allowed = actor.is_admin or actor.id is None or actor.has(Role.ADMISSIONS)
    return None if allowed else _l("Only the enrollment office or an admin may merge students.")


def may_erase_student(actor: Actor, student: Any) -> Reason | None:
    """Admins answer requests for the data of one person."""
    return None if actor.is_admin or actor.id is None else _l("Only an admin may erase a person's data.")
