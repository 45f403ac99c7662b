"""What is written down about leads: audit events, and notices to those concerned. Set-wise, one statement for any
number of leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Text, cast, exists, false, func, text
from sqlalchemy.orm import aliased

from app.dialect import PREPARED
from app.extensions import db
from app.models.leads import LeadAuditEvent, LeadEvent

_RECORD = text("""
    INSERT INTO lead_audit_events (lead_id, type, before, after, batch_id)
    SELECT lead_id, :type, before, after, :batch_id
    FROM json_to_recordset(CAST(:events AS json)) AS event (lead_id uuid, before jsonb, after jsonb)
""").execution_options(**PREPARED)

Facts = Mapping[str, Any] | None
BECAUSE = "because"  # in `after`: what changed a lead, where it was nobody's decision about this lead: a key of labels.BECAUSE
UNDOES = "undoes"  # in `after`: the batch that is taken back


def stands() -> ColumnElement[bool]:
    """Whether an event tells of what somebody decided about a lead, and nobody has taken back."""
    undoing = aliased(LeadAuditEvent)
    taken_back = exists().where(
        undoing.lead_id == LeadAuditEvent.lead_id,
        undoing.after[UNDOES].astext == cast(LeadAuditEvent.batch_id, Text),
    )
    return ~func.coalesce(LeadAuditEvent.after.has_key(BECAUSE), false()) & ~taken_back


def record(kind: LeadEvent, events: Iterable[tuple[UUID, Facts, Facts]], *, batch_id: UUID | None = None) -> None:
    """Write one audit event per (lead, before, after)."""
    rows = [{"lead_id": lead_id, "before": before, "after": after} for lead_id, before, after in events]
    if rows:
        events_as_json = to_json(rows, fallback=str).decode()
        db.session.execute(_RECORD, {"type": kind.value, "batch_id": batch_id, "events": events_as_json})
