"""What is written down about admissions, in the words of the domain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.models.admissions import AdmissionEvent

_RECORD = text("""
    INSERT INTO admission_audit_events (admission_id, type, before, after, batch_id)
    VALUES (:admission_id, :type, CAST(:before AS jsonb), CAST(:after AS jsonb), :batch_id)
""")


def record(
    kind: AdmissionEvent,
    admission_id: UUID,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    batch_id: UUID | None = None,
) -> None:
    """Write one audit event about an admission."""
    facts = {
        name: None if value is None else json.dumps(value, default=str)
        for name, value in (("before", before), ("after", after))
    }
    db.session.execute(_RECORD, {"admission_id": admission_id, "type": kind.value, "batch_id": batch_id, **facts})
