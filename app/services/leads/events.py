"""What is written down about leads: audit events, and notices to those concerned. Set-wise, one statement for any
number of leads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.dialect import PREPARED
from app.extensions import db
from app.models.leads import LeadEvent

_RECORD = text("""
    INSERT INTO lead_audit_events (lead_id, type, before, after, batch_id)
    SELECT lead_id, :type, before, after, :batch_id
    FROM json_to_recordset(CAST(:events AS json)) AS event (lead_id uuid, before jsonb, after jsonb)
""").execution_options(**PREPARED)

Facts = Mapping[str, Any] | None


def record(kind: LeadEvent, events: Iterable[tuple[UUID, Facts, Facts]], *, batch_id: UUID | None = None) -> None:
    """Write one audit event per (lead, before, after)."""
    rows = [{"lead_id": lead_id, "before": before, "after": after} for lead_id, before, after in events]
    if rows:
        text_of_rows = json.dumps(rows, default=str)
        db.session.execute(_RECORD, {"type": kind.value, "batch_id": batch_id, "events": text_of_rows})
