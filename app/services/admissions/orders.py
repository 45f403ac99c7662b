"""What an admission asks for, and what it comes to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import DiscountType
from app.models.courses import Course, CoursePlan
from app.services import school
from app.services.admissions import places
from app.services.errors import Invalid

LONGEST_PAST = timedelta(days=366)
LONGEST_AHEAD = timedelta(days=366 * 2)


@dataclass(frozen=True)
class Admitted:
    """What an admission wrote, or would write."""

    id: UUID
    number: int
    student_id: UUID
    student: str
    course: str
    plan: str
    starts_on: date
    ends_on: date
    base_classes: int
    extra_classes: int
    price: Decimal
    total: Decimal
    slots: list[places.Slot] = field(default_factory=list)
    dates: list[tuple[date, UUID]] = field(default_factory=list)
    repeated: bool = False  # the same form was sent before; nothing was written now

    @property
    def final_classes(self) -> int:
        return self.base_classes + self.extra_classes


@dataclass(frozen=True)
class Order:
    """What was asked for, with what it refers to."""

    course: Course
    plan: CoursePlan
    starts_on: date
    extra_classes: int = 0
    discount_type: DiscountType = DiscountType.NONE
    discount_value: Decimal = Decimal(0)
    notes: str | None = None
    submission_key: UUID | None = None
    submission_digest: str | None = None
    lead_id: UUID | None = None
    renewed_from_id: UUID | None = None
    held_enrollments: Collection[UUID] = ()  # slots whose place moves over from the admission that is renewed

    @property
    def classes(self) -> int:
        return self.plan.total_classes + self.extra_classes


_NOT_ASKED = ("submission_key", "accept_duplicates")


def read_order(values: Mapping[str, Any]) -> Order:
    """The course, plan, day and discount that were asked for. Raises Invalid with everything that is wrong."""
    course = db.session.scalar(
        select(Course).where(Course.id == values["course_id"], Course.active, Course.deleted_at.is_(None))
    )
    plan = db.session.scalar(select(CoursePlan).where(CoursePlan.id == values["plan_id"], CoursePlan.active))
    wrong: dict[str, list[Any]] = {}
    if course is None:
        wrong["course_id"] = [_("Choose an active course.")]
    if plan is None:
        wrong["plan_id"] = [_("Choose an active plan.")]
    wrong |= _wrong_day(values["starts_on"])
    if plan is not None:
        wrong |= wrong_discount(plan.price, values.get("discount_type"), values.get("discount_value"))
    if wrong:
        raise Invalid(fields=wrong)
    assert course is not None
    assert plan is not None
    return Order(
        course,
        plan,
        values["starts_on"],
        values.get("extra_classes") or 0,
        values.get("discount_type") or DiscountType.NONE,
        discount_value(values),
        values.get("notes"),
        values.get("submission_key"),
        digest_of(values) if values.get("submission_key") else None,
    )


def digest_of(values: Mapping[str, Any]) -> str:
    """What was asked for, as a SHA-256: the same for the same request sent again, whatever its order of slots and whether
    empty fields were sent. The key itself does not count, nor that known people were accepted.
    """
    said = {name: value for name, value in values.items() if value and name not in _NOT_ASKED}
    slots = sorted(str(each) for each in values["slots"])
    return hashlib.sha256(json.dumps(said | {"slots": slots}, sort_keys=True, default=str).encode()).hexdigest()


def discount_value(values: Mapping[str, Any]) -> Decimal:
    """Nothing where there is no discount, whatever was typed."""
    kind = values.get("discount_type") or DiscountType.NONE
    return Decimal(0) if kind is DiscountType.NONE else values.get("discount_value") or Decimal(0)


def wrong_discount(price: Decimal, kind: DiscountType | None, value: Decimal | None) -> dict[str, list[Any]]:
    """What is wrong with a discount on this price, by field."""
    if kind is DiscountType.PERCENT and (value or 0) > 100:
        return {"discount_value": [_("A discount is at most 100 percent.")]}
    if kind is DiscountType.AMOUNT and (value or 0) > price:
        return {"discount_value": [_("The discount is more than the price, %(price)s.", price=price)]}
    return {}


def _wrong_day(starts_on: date) -> dict[str, list[Any]]:
    today = school.today()
    if not today - LONGEST_PAST <= starts_on <= today + LONGEST_AHEAD:
        return {"starts_on": [_("Must be within a year before and two years after today.")]}
    return {}


def check_number(slots: Sequence[places.Slot], plan: CoursePlan) -> None:
    """Raises Invalid unless as many times are chosen as the plan has classes a week."""
    if len(slots) != plan.classes_per_week:
        raise Invalid(
            fields={
                "slots": [
                    _(
                        "The plan has %(wanted)s classes a week: choose as many times, not %(chosen)s.",
                        wanted=plan.classes_per_week,
                        chosen=len(slots),
                    )
                ]
            }
        )


_READ = text("""
    SELECT a.id, a.number, a.student_id, s.first_name || ' ' || s.last_name AS student, c.name AS course, p.name AS plan,
           a.starts_on, a.ends_on, a.base_classes, a.extra_classes, a.price, a.total
    FROM admissions a JOIN students s ON s.id = a.student_id JOIN courses c ON c.id = a.course_id
    JOIN course_plans p ON p.id = a.plan_id WHERE a.id = :id
""")


_PLANNED = text("""
    SELECT class_date, classroom_slot_id FROM attendance WHERE admission_id = :id AND deleted_at IS NULL ORDER BY starts_at, id
""")


def read(admission_id: UUID) -> Admitted:
    """What an admission is, with its classes as they are planned now."""
    found = Admitted(**db.session.execute(_READ, {"id": admission_id}).mappings().one())
    planned = db.session.execute(_PLANNED, {"id": admission_id}).all()
    slots = places.by_id(dict.fromkeys(row.classroom_slot_id for row in planned))
    return replace(found, slots=slots, dates=[(row.class_date, row.classroom_slot_id) for row in planned])
