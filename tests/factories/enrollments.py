"""Invitations and enrollments, made by the services that make them for families."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import Enrollment, EnrollmentInvitation
from app.models.organizations import Organization
from app.services import accounts, school, sessions
from app.services.enrollments import accepting, deciding, documents, invitations, links, progress, steps
from app.services.enrollments.schemas import ConsultationType, PaymentMethod
from app.services.files import Upload

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PASSWORD = "purple walruses on ice"
HERE = "192.0.2.7"
_numbers = itertools.count(1)


def actor(username: str) -> Any:
    user = accounts.find(username)
    assert user is not None
    return sessions.load_by_id(user.id)


def hill_school() -> Organization:
    """The one school of the tests."""
    found = db.session.scalar(select(Organization).where(Organization.identifier == "hill"))
    if found is None:
        found = Organization(name="Hill School", identifier="hill", school_id=255901)
        db.session.add(found)
        db.session.commit()
    return found


def invitation(**values: Any) -> EnrollmentInvitation:
    """One of the coach `coach`."""
    number = next(_numbers)
    person = {"student_first_name": "Noor", "student_last_name": f"Haddad{number}"}
    more = {
        "guardian_email": f"family{number}@home.example",
        "program_interests": ["Tennis"],
        "grade_level": "Ninth grade",
        "school_id": hill_school().id,
    }
    return invitations.create(person | more | values, actor=actor("coach"))


def token(found: EnrollmentInvitation) -> str:
    return links.token_of(found)


def program(**changes: Any) -> dict[str, Any]:
    return {"program_interests": ["Tennis", "Music"], "contact_method": "email"} | changes


def consultation(**changes: Any) -> dict[str, Any]:
    day = school.today() + timedelta(days=3)
    return {"consultation_date": day.isoformat(), "consultation_type": "phone"} | changes


def shadow_day(**changes: Any) -> dict[str, Any]:
    day = school.today() + timedelta(days=9)
    return {"shadow_day": day.isoformat(), "waivers_signed": True} | changes


def student_information(**changes: Any) -> dict[str, Any]:
    student = {
        "first_name": "Noor",
        "last_name": "Haddad",
        "birth_date": "2011-05-04",
        "grade_level": "9",
        "birth_sex_descriptor": "Female",
        "hispanic_latino_ethnicity": False,
        "races": ["White"],
    }
    guardian = {
        "guardian_first_name": "Amina",
        "guardian_last_name": "Haddad",
        "guardian_email": "amina@home.example",
        "guardian_phone": "+44 20 7946 0018",
        "guardian_relation": "Mother",
    }
    return student | guardian | changes


def payment(**changes: Any) -> dict[str, Any]:
    return {"payment_method": "bank_transfer", "deposit_amount": "250.00"} | changes


def enrollment(**values: Any) -> Enrollment:
    """One of the guardian `guardian`, at its first step."""
    found = invitation(**values)
    return accepting.accept_as_known(token(found), actor=actor("guardian"), ip_address=HERE)


def file(name: str = "birth.pdf", content: bytes = PDF) -> Upload:
    return Upload(name, content)


def enrollment_at(step: int, **values: Any) -> Enrollment:
    """One whose family has come to this step; at 4 it is approved."""
    made, guardian, coach = enrollment(**values), actor("guardian"), actor("coach")
    key = made.id
    if step > 1:
        steps.submit(key, 1, program(), actor=guardian)
    if step > 2:
        day = school.today()
        deciding.complete_consultation(
            [key], actor=coach, consultation_date=day, consultation_type=ConsultationType.PHONE
        )
    if step > 3:
        steps.submit(key, 3, shadow_day(), actor=guardian)
        deciding.approve([key], actor=coach)
    if step > 4:
        steps.submit(key, 4, student_information(), actor=guardian)
    if step > 5:
        for kind in progress.types_wanted():
            documents.upload(key, kind.code, file(content=PDF + kind.code.encode()), actor=guardian)
        steps.submit(key, 5, {}, actor=guardian)
    if step > 6:
        finish(made)
    return made


def finish(made: Enrollment) -> None:
    """What the office does last."""
    office = actor("admissions")
    documents.verify([each.id for each in progress.documents_of(made.id).values()], actor=office)
    deciding.record_payment([made.id], actor=office, payment_method=PaymentMethod.CASH, deposit_amount=250)
