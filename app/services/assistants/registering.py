"""Applying as a help desk assistant. Nothing but staging rows is written: there is no account and no student before
the approval.

What a visitor is told (spec A, no enumeration): a username that is taken is named, because it cannot be had and the
approval would fail for a reason that the applicant could mend now. Nobody is harmed by it: usernames are chosen here,
carry no @, and are no address of anybody. An e-mail address that is known is not named: the answer is that of a success,
and only its owner is told, by a letter. The username is looked at first and without regard to the address, so
that no pair of the two gives the address away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text
from sqlalchemy.orm import undefer

from app.extensions import db
from app.models.assistants import RegistrationRequest, RegistrationStatus
from app.models.courses import Course
from app.policies.actor import Actor
from app.services import accounts, passwords, rate_limits
from app.services.assistants import notices, week
from app.services.errors import Conflict, Invalid
from app.services.keysets import among
from app.services.mail import letters
from app.services.transaction import transactional

MOST_ATTEMPTS: Final = 30  # of one address; many applicants of a school have the same
ATTEMPTS_PERIOD: Final = timedelta(hours=1)
LETTERS_PERIOD: Final = timedelta(days=1)  # in which an address that is known gets one letter at most

TAKEN: Final = _l("Somebody else has this username. Choose another one.")

# An address that waits already: nothing is written, and nobody learns of it.
_STAGE = text("""
    INSERT INTO registration_requests (username, password_hash, first_name, last_name, email, phone, degree, locale)
    VALUES (:username, :password_hash, :first_name, :last_name, :email, :phone, :degree, :locale)
    ON CONFLICT ((lower(email))) WHERE status = 'pending' DO NOTHING RETURNING id
""")
_COURSES = text("""
    INSERT INTO registration_courses (registration_id, course_id)
    SELECT :registration_id, course_id FROM unnest(CAST(:course_ids AS uuid[])) AS course_id
""")
_AVAILABILITY = text("""
    INSERT INTO registration_availability (registration_id, day_of_week, start_time, end_time)
    SELECT :registration_id, day_of_week, start_time, end_time
    FROM json_to_recordset(CAST(:periods AS json)) AS period (day_of_week smallint, start_time time, end_time time)
""")


def register(values: Mapping[str, Any], *, actor: Actor, ip_address: str = "", locale: str | None = None) -> None:
    """Take an application of RegistrationInput, in one transaction, the request before its courses and times. The same
    one, sent again, is the first one.

    Raises Invalid and Conflict at the fields, TooMany. An address that is known is answered like a new one.
    """
    rate_limits.check(
        "assistant-registration", rate_limits.network(ip_address), most=MOST_ATTEMPTS, period=ATTEMPTS_PERIOD
    )
    password = values["password"].get_secret_value()
    if password != values["password_again"].get_secret_value():
        raise Invalid(fields={"password_again": [_("The two passwords differ.")]})
    personal = [values[name] for name in ("username", "email", "first_name", "last_name")]
    accepted = passwords.check(password, personal=personal)
    # Hashed whatever comes of it, before any connection is held: what is refused takes as long as what is taken.
    _stage({**values, "locale": locale, "password_hash": passwords.hash_password(accepted)}, accepted, actor=actor)


@transactional
def _stage(values: Mapping[str, Any], password: str, *, actor: Actor) -> None:
    course_ids = _in_use(values["course_ids"])
    if _is_known_already(values, password):
        return
    _check_username(values["username"])
    if accounts.find(values["email"]) is not None:
        _tell_owner(values)
        return
    columns = ("username", "password_hash", "first_name", "last_name", "email", "phone", "degree", "locale")
    registration_id = db.session.scalar(_STAGE, {name: values.get(name) for name in columns})
    if registration_id is None:
        _tell_owner(values)
        return
    db.session.execute(_COURSES, {"registration_id": registration_id, "course_ids": course_ids})
    facts = {"registration_id": registration_id, "periods": week.as_json(values["availability"])}
    db.session.execute(_AVAILABILITY, facts)
    notices.tell_submitted(registration_id, f"{values['first_name']} {values['last_name']}", actor)


def _in_use(course_ids: Sequence[UUID]) -> list[UUID]:
    """These courses, if all of them are offered. Raises Invalid."""
    wanted = list(dict.fromkeys(course_ids))
    offered = select(Course.id).where(among(Course.id, wanted), Course.active, Course.deleted_at.is_(None))
    if set(wanted) - set(db.session.scalars(offered)):
        raise Invalid(fields={"course_ids": [_("Choose one from the list.")]})
    return wanted


def _tell_owner(values: Mapping[str, Any]) -> None:
    """Write to the address that is known, once a day however often it is tried."""
    counted = rate_limits.key("assistant-registration-letter", values["email"].lower())
    if rate_limits.count([counted], LETTERS_PERIOD)[counted] == 1:
        letters.post("registration_known", values["email"], {}, locale=values["locale"])


def _pending(*rules: Any) -> Any:
    return select(RegistrationRequest).where(RegistrationRequest.status == RegistrationStatus.PENDING, *rules)


def _is_known_already(values: Mapping[str, Any], password: str) -> bool:
    """Whether the same person has sent the same form before, as with a second click. Only who knows the password is told
    that all is well.
    """
    same = (
        func.lower(RegistrationRequest.username) == values["username"].lower(),
        func.lower(RegistrationRequest.email) == values["email"].lower(),
    )
    found = db.session.scalar(_pending(*same).options(undefer(RegistrationRequest.password_hash)))
    return found is not None and passwords.verify(found.password_hash, password)


def _check_username(username: str) -> None:
    """Of names that only wait, nothing is said: whether one's own waits would tell whether one's address was known. Of
    two who want the same, the approval of the second says so. Raises Conflict.
    """
    if accounts.find(username) is not None:
        raise Conflict(TAKEN, fields={"username": [TAKEN]})
