"""Attributes that invitations and enrollments share: who leads the family, and the school."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import aliased

from app.models.access import User
from app.models.organizations import Organization
from app.services import people
from app.services.enrollments.labels import LABELS
from app.services.resource import Attribute, Kind


def plain(model: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    """A column as it is."""
    column = getattr(model, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


def coach(model: Any) -> Attribute:
    user = aliased(User)
    return Attribute(
        "coach",
        LABELS["coach"],
        Kind.RELATION,
        people.full_name(user),
        key=model.coach_id,
        join=(user, user.id == model.coach_id),
        lookup="coaches",
        person=True,
    )


def school(model: Any) -> Attribute:
    organization = aliased(Organization)
    return Attribute(
        "school",
        LABELS["school"],
        Kind.RELATION,
        organization.name,
        key=model.school_id,
        join=(organization, organization.id == model.school_id),
        lookup="enrollment-schools",
    )


def student(model: Any) -> Attribute:
    name = model.student_first_name + " " + model.student_last_name
    return Attribute("student", LABELS["student"], Kind.TEXT, name, filterable=False, person=True)
