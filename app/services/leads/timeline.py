"""Everything that happened to a lead, newest first: events, notes and contact attempts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from app.dialect import PREPARED
from app.extensions import db
from app.models.leads import Lead
from app.services.keysets import among

PAGE = 50  # entries at a time

# What was done in one transaction has one moment; of these the keys tell the order.
_TIMELINE = text("""
    SELECT item.kind, item.at, item.before, item.after, item.body, u.first_name || ' ' || u.last_name AS who,
           CASE WHEN item.before ?| ARRAY['stage_id', 'owner_id', 'assigned_teacher_id']
                  OR item.after ?| ARRAY['stage_id', 'owner_id', 'assigned_teacher_id'] THEN (
               SELECT jsonb_object_agg(key, name) FROM (
                   SELECT s.id::text AS key, s.name FROM lead_stages s
                   WHERE s.id IN ((item.before ->> 'stage_id')::uuid, (item.after ->> 'stage_id')::uuid)
                   UNION ALL
                   SELECT a.id::text, a.first_name || ' ' || a.last_name FROM ab_user a
                   WHERE a.id IN ((item.before ->> 'owner_id')::integer, (item.after ->> 'owner_id')::integer,
                                  (item.before ->> 'assigned_teacher_id')::integer, (item.after ->> 'assigned_teacher_id')::integer)
               ) named
           ) END AS names
    FROM (SELECT * FROM (
        (SELECT id, type AS kind, at, before, after, '' AS body, actor_id FROM lead_audit_events
         WHERE lead_id = :lead_id AND type NOT IN ('note_added', 'contact_attempted')
           AND (CAST(:before AS timestamptz) IS NULL OR at < :before)
         ORDER BY at DESC FETCH FIRST (:limit) ROWS WITH TIES)
        UNION ALL
        (SELECT id, 'note_added', created_at, NULL, NULL, body, created_by_id FROM lead_notes
         WHERE lead_id = :lead_id AND (CAST(:before AS timestamptz) IS NULL OR created_at < :before)
         ORDER BY created_at DESC FETCH FIRST (:limit) ROWS WITH TIES)
        UNION ALL
        (SELECT id, 'contact_attempted', at, NULL, jsonb_build_object('channel', channel, 'outcome', outcome), note, created_by_id
         FROM lead_contact_attempts WHERE lead_id = :lead_id AND (CAST(:before AS timestamptz) IS NULL OR at < :before)
         ORDER BY at DESC FETCH FIRST (:limit) ROWS WITH TIES)
    ) each ORDER BY at DESC FETCH FIRST (:limit) ROWS WITH TIES) item LEFT JOIN ab_user u ON u.id = item.actor_id
    ORDER BY item.at DESC, item.id DESC
""").execution_options(**PREPARED)


def timeline(lead_id: UUID, *, before: datetime | None = None, limit: int = PAGE) -> list[Any]:
    """The newest entries (kind, at, before, after, body, who, and the names of the stages and accounts in them by key),
    older ones from `before` on: `limit`, and those of the same moment as the last of them. The caller has checked that the lead
    may be seen.
    """
    return list(db.session.execute(_TIMELINE, {"lead_id": lead_id, "before": before, "limit": limit}).all())


def page(lead_id: UUID, *, before: datetime | None = None) -> tuple[list[Any], bool]:
    """PAGE of the entries, as `timeline` reads them, and whether there are older ones."""
    found = timeline(lead_id, before=before)
    return found, len(found) >= PAGE and bool(timeline(lead_id, before=found[-1].at, limit=1))


OF_MERGES = ("from", "into", "unmerged")  # where events of a merge, and of its end, name the other lead


def others(entries: Iterable[Any]) -> dict[str, Any]:
    """The leads that merges among these entries name, by key: name, phone, merged_into_id."""
    merges = [entry.after for entry in entries if entry.kind in ("merged", "restored") and entry.after]
    named = {after[name] for after in merges for name in OF_MERGES if name in after}
    if not named:
        return {}
    name = (Lead.first_name + " " + Lead.last_name).label("name")
    found = db.session.execute(select(Lead.id, name, Lead.phone, Lead.merged_into_id).where(among(Lead.id, named)))
    return {str(row.id): row for row in found}
