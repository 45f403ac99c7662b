"""Leads: people who asked, the stages they pass through, and everything that was said and done with them."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.access import User
from app.models.base import Base, Key, SoftDelete, Stamps, TimeOrderedKey, account_key, choice

LIVE = text("deleted_at IS NULL")


class LeadSource(enum.StrEnum):
    REFERRAL = "referral"
    ADS = "ads"
    WEB = "web"
    WALK_IN = "walk_in"
    PHONE = "phone"
    EVENT = "event"
    SOCIAL_MEDIA = "social_media"
    OTHER = "other"


class FollowUpStatus(enum.StrEnum):
    OPEN = "open"
    DONE = "done"


class ContactChannel(enum.StrEnum):
    CALL = "call"
    MESSAGE = "message"
    EMAIL = "email"
    VISIT = "visit"


class ContactOutcome(enum.StrEnum):
    REACHED = "reached"
    NO_ANSWER = "no_answer"
    CALL_BACK = "call_back"
    NOT_INTERESTED = "not_interested"
    WRONG_NUMBER = "wrong_number"


class LeadEvent(enum.StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    STAGE_CHANGED = "stage_changed"
    OWNER_CHANGED = "owner_changed"
    NOTE_ADDED = "note_added"
    BULK_IMPORTED = "bulk_imported"
    CONTACT_ATTEMPTED = "contact_attempted"
    FOLLOW_UP_CHANGED = "follow_up_changed"
    TAGS_CHANGED = "tags_changed"
    MERGED = "merged"
    DELETED = "deleted"
    RESTORED = "restored"


class LeadStage(Key, Stamps, Base):
    """A step on the way from the first question to the admission. At least one active stage stays."""

    __tablename__ = "lead_stages"
    __table_args__ = (
        Index("uq_lead_stages_name", func.lower(text("name")), unique=True),
        Index("uq_lead_stages_onboarded", "is_onboarded", unique=True, postgresql_where=text("is_onboarded")),
        CheckConstraint("btrim(name) <> ''", name="name_not_blank"),
        CheckConstraint("position >= 0", name="position"),
    )
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(SmallInteger)
    is_onboarded: Mapped[bool] = mapped_column(server_default=text("false"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


lead_tags = Table(
    "lead_tags",
    Base.metadata,
    Column("id", Uuid(), primary_key=True, server_default=text("uuid_time_ordered()")),
    Column("lead_id", ForeignKey("leads.id", ondelete="CASCADE"), nullable=False),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    Index("uq_lead_tags_lead_id_tag_id", "lead_id", "tag_id", unique=True),
    Index("ix_lead_tags_tag_id", "tag_id"),
)


class Tag(Key, Stamps, Base):
    """A word that staff put on leads to find them again."""

    __tablename__ = "tags"
    __table_args__ = (
        Index("uq_tags_name", func.lower(text("name")), unique=True),
        CheckConstraint("btrim(name) <> ''", name="name_not_blank"),
    )
    name: Mapped[str] = mapped_column(String(40))


class Lead(TimeOrderedKey, Stamps, SoftDelete, Base):
    """Someone who may become a student. `search_text` is what the search box looks through."""

    __tablename__ = "leads"
    __table_args__ = (
        Index("ix_leads_created_at_id", "created_at", "id", postgresql_where=LIVE),
        Index("ix_leads_stage_id_created_at_id", "stage_id", "created_at", "id", postgresql_where=LIVE),
        Index(
            "ix_leads_owner_id_created_at_id",
            "owner_id",
            "created_at",
            "id",
            postgresql_where=LIVE,
            postgresql_include=["stage_id"],  # leads of an owner in a stage are counted without reading them
        ),
        Index(
            "ix_leads_follow_up_date_id",
            "follow_up_date",
            "id",
            postgresql_where=LIVE,
            postgresql_include=["follow_up_status"],
        ),
        Index(
            "ix_leads_owner_id_follow_up_date_open",
            "owner_id",
            "follow_up_date",
            postgresql_where=text("deleted_at IS NULL AND follow_up_status = 'open'"),
        ),
        Index("ix_leads_last_name_id", "last_name", "id", postgresql_where=LIVE),
        Index("ix_leads_phone", "phone", postgresql_where=LIVE),
        Index(
            "ix_leads_email",
            func.lower(text("email")),
            postgresql_where=text("deleted_at IS NULL AND email IS NOT NULL"),
        ),
        Index(
            "ix_leads_assigned_teacher_id",
            "assigned_teacher_id",
            postgresql_where=text("assigned_teacher_id IS NOT NULL"),
        ),
        Index("ix_leads_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        Index("ix_leads_merged_into_id", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        Index(
            "ix_leads_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{4,14}$'", name="phone_e164"),
        CheckConstraint("btrim(first_name) <> '' AND btrim(last_name) <> ''", name="name_not_blank"),
        CheckConstraint("email <> ''", name="email_not_blank"),
        CheckConstraint("age BETWEEN 0 AND 120", name="age"),
        CheckConstraint("expected_budget >= 0", name="expected_budget"),
        CheckConstraint("contact_attempts >= 0", name="contact_attempts"),
        CheckConstraint("merged_into_id IS NULL OR deleted_at IS NOT NULL", name="merged_is_deleted"),
        CheckConstraint("merged_into_id <> id", name="merged_into_other"),
    )
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(16))
    phone_raw: Mapped[str | None] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(254))
    interest: Mapped[str | None] = mapped_column(String(120))
    source: Mapped[LeadSource] = mapped_column(choice(LeadSource, "source"), server_default="other")
    stage_id: Mapped[UUID] = mapped_column(ForeignKey("lead_stages.id", ondelete="RESTRICT"))
    owner_id: Mapped[int | None] = account_key()
    assigned_teacher_id: Mapped[int | None] = account_key()
    area: Mapped[str | None] = mapped_column(String(80))
    community: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(300))
    guardian_name: Mapped[str | None] = mapped_column(String(160))
    age: Mapped[int | None] = mapped_column(SmallInteger)
    expected_budget: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    contact_attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_contacted_on: Mapped[date | None]
    next_follow_up_at: Mapped[datetime | None]
    walk_in_date: Mapped[date | None]
    demo_date: Mapped[date | None]
    demo_conducted: Mapped[bool] = mapped_column(server_default=text("false"))
    follow_up_date: Mapped[date]
    follow_up_status: Mapped[FollowUpStatus] = mapped_column(
        choice(FollowUpStatus, "follow_up_status"), server_default="open"
    )
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id", ondelete="SET NULL"))
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"))
    search_text: Mapped[str] = mapped_column(
        Text,
        Computed(
            "search_fold(first_name || ' ' || last_name || ' ' || phone || ' ' || coalesce(email, ''))", persisted=True
        ),
        deferred=True,
    )

    stage: Mapped[LeadStage] = relationship(lazy="raise_on_sql")
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id], lazy="raise_on_sql")
    assigned_teacher: Mapped[User | None] = relationship(foreign_keys=[assigned_teacher_id], lazy="raise_on_sql")
    merged_into: Mapped[Lead | None] = relationship(remote_side="Lead.id", lazy="raise_on_sql")
    tags: Mapped[list[Tag]] = relationship(secondary=lead_tags, lazy="raise_on_sql", order_by=Tag.name, viewonly=True)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def of_lead() -> Mapped[UUID]:
    return mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), nullable=False)


class LeadNote(TimeOrderedKey, Stamps, Base):
    __tablename__ = "lead_notes"
    __table_args__ = (
        Index("ix_lead_notes_lead_id", "lead_id", "created_at"),
        CheckConstraint("btrim(body) <> ''", name="body_not_blank"),
    )
    lead_id: Mapped[UUID] = of_lead()
    body: Mapped[str] = mapped_column(Text)


class LeadContactAttempt(TimeOrderedKey, Stamps, Base):
    """One try to reach a lead."""

    __tablename__ = "lead_contact_attempts"
    __table_args__ = (Index("ix_lead_contact_attempts_lead_id", "lead_id", "at"),)
    lead_id: Mapped[UUID] = of_lead()
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    channel: Mapped[ContactChannel] = mapped_column(choice(ContactChannel, "channel"))
    outcome: Mapped[ContactOutcome] = mapped_column(choice(ContactOutcome, "outcome"))
    note: Mapped[str] = mapped_column(Text, server_default="")


class LeadAuditEvent(TimeOrderedKey, Base):
    """What was done to a lead, in the words of the domain. Append-only."""

    __tablename__ = "lead_audit_events"
    __table_args__ = (
        Index("ix_lead_audit_events_lead_id_at", "lead_id", "at"),
        Index("ix_lead_audit_events_batch_id", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
    )
    lead_id: Mapped[UUID] = of_lead()
    type: Mapped[LeadEvent] = mapped_column(choice(LeadEvent, "type"))
    actor_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()")
    )  # outlives the account
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    batch_id: Mapped[UUID | None]  # what was done in one go, and can be undone in one go
