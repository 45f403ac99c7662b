"""What may be typed about leads: one schema per form, request and action."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from app.models.leads import ContactChannel, ContactOutcome, Lead
from app.services import inputs, people  # noqa: F401  (people: the lookups of accounts)
from app.services.inputs import CalendarDay, Input, blank_is_none, storable

LeadInput = inputs.of(
    Lead,
    "first_name",
    "last_name",
    "email",
    "interest",
    "source",
    "owner_id",
    "assigned_teacher_id",
    "area",
    "community",
    "address",
    "guardian_name",
    "age",
    "expected_budget",
    "next_follow_up_at",
    "walk_in_date",
    "demo_date",
    "demo_conducted",
    "follow_up_date",
    "follow_up_status",
    phone=(Annotated[str, Field(min_length=1, max_length=40), BeforeValidator(storable)], ...),
    stage_id=(Annotated[UUID | None, BeforeValidator(blank_is_none)], None),
    accept_duplicates=(bool, False),
)


class ChangeStage(Input):
    stage_id: UUID


class MoveCard(ChangeStage):
    """`seen_in`: the stage in which the one who moves the card saw it."""

    seen_in: UUID


class AssignOwner(Input):
    """Nobody has to be said too: a field that is misspelt must not take the owner away."""

    owner_id: Annotated[int | None, Field(ge=1, le=2**31 - 1), BeforeValidator(blank_is_none)]


class AssignTeacher(Input):
    assigned_teacher_id: Annotated[int | None, Field(ge=1, le=2**31 - 1), BeforeValidator(blank_is_none)]


class AddNote(Input):
    body: Annotated[str, Field(min_length=1, max_length=inputs.LONGEST_TEXT), BeforeValidator(storable)]


class LogContact(Input):
    channel: ContactChannel
    outcome: ContactOutcome
    note: Annotated[
        str | None, Field(max_length=inputs.LONGEST_TEXT), BeforeValidator(blank_is_none), BeforeValidator(storable)
    ] = None
    follow_up_date: Annotated[CalendarDay | None, BeforeValidator(blank_is_none)] = None


class MoveFollowUp(Input):
    follow_up_date: CalendarDay


class TagLeads(Input):
    tag_id: UUID
    remove: bool = False


class DeleteStage(Input):
    fallback_id: Annotated[UUID | None, BeforeValidator(blank_is_none)] = None


class MergeInto(Input):
    into_id: UUID
