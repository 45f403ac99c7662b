"""What is written down about leads: audit events, and notices to those concerned. Set-wise, one statement for any
number of leads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.models.leads import LeadEvent

_RECORD = text("""
    INSERT INTO lead_audit_events (lead_id, type, before, after, batch_id)
    SELECT lead_id, :type, nullif(before, 'null'::jsonb), nullif(after, 'null'::jsonb), :batch_id
    FROM unnest(CAST(:lead_ids AS uuid[]), CAST(:befores AS jsonb[]), CAST(:afters AS jsonb[])) AS event (lead_id, before, after)
""")

Facts = Mapping[str, Any] | None


def record(kind: LeadEvent, events: Iterable[tuple[UUID, Facts, Facts]], *, batch_id: UUID | None = None) -> None:
    """Write one audit event per (lead, before, after)."""
    rows = list(events)
    if rows:
        db.session.execute(
            _RECORD,
            {
                "type": kind.value,
                "batch_id": batch_id,
                "lead_ids": [row[0] for row in rows],
                "befores": [json.dumps(row[1], default=str) for row in rows],
                "afters": [json.dumps(row[2], default=str) for row in rows],
            },
        )
