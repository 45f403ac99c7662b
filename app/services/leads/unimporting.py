"""Taking a lead import back: its leads are deleted, except those that somebody has worked with since."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.imports import Import, IssueKind
from app.policies.actor import Actor
from app.services import phones
from app.services.csv_files.reading import Fault
from app.services.import_run import Issues

# What is left of an import: its live leads, and those that were merged away, which live on in others.
_LEFT = "l.import_id = :import_id AND (l.deleted_at IS NULL OR l.merged_into_id IS NOT NULL)"
_LOCK = text(f"SELECT id FROM leads l WHERE {_LEFT} ORDER BY id FOR NO KEY UPDATE")  # noqa: S608 - from here
# Everything that the import itself wrote carries the moment of its transaction: whatever is later was done by people. That
# the stage of a lead was deleted is not work with the lead.
_MOVED = "(e.type = 'stage_changed' AND coalesce(e.after ->> 'because', '') = 'stage_deleted')"
_SORT = f"""
    CREATE TEMP TABLE leaving ON COMMIT DROP AS
    SELECT l.id, l.first_name || ' ' || l.last_name AS name, l.phone, coalesce(
               (SELECT (e.after ->> 'line')::integer FROM lead_audit_events e WHERE e.lead_id = l.id AND e.type = 'bulk_imported'), 1
           ) AS line,
           NOT (:any OR l.owner_id IS NULL OR l.owner_id = :actor_id) AS not_yours,
           l.updated_at > greatest(l.created_at, (SELECT max(e.at) FROM lead_audit_events e WHERE e.lead_id = l.id AND {_MOVED}))
               OR l.merged_into_id IS NOT NULL
               OR EXISTS (SELECT FROM lead_audit_events e WHERE e.lead_id = l.id AND e.type <> 'bulk_imported' AND NOT {_MOVED})
               OR EXISTS (SELECT FROM lead_notes n WHERE n.lead_id = l.id AND (n.created_at > l.created_at OR n.updated_at > n.created_at))
               OR EXISTS (SELECT FROM lead_contact_attempts c WHERE c.lead_id = l.id)
               OR EXISTS (SELECT FROM waitlist_entries w WHERE w.lead_id = l.id)
               OR EXISTS (SELECT FROM admissions a WHERE a.lead_id = l.id)
               OR EXISTS (SELECT FROM leads m WHERE m.merged_into_id = l.id) AS touched
    FROM leads l WHERE {_LEFT}
"""  # noqa: S608 - from here
_DELETE = """
    UPDATE leads l SET deleted_at = now(), deleted_by_id = :actor_id FROM leaving g
    WHERE g.id = l.id AND NOT g.touched AND NOT g.not_yours
"""
_EVENTS = """
    INSERT INTO lead_audit_events (lead_id, type, after)
    SELECT id, 'deleted', jsonb_build_object('import_id', CAST(:import_id AS text)) FROM leaving WHERE NOT touched AND NOT not_yours
"""
_KEPT = "SELECT id, name, phone, line, touched FROM leaving WHERE touched OR not_yours ORDER BY line"


def undo(job: Import, actor: Actor) -> str:
    """Delete what the actor may delete; the rest is listed among the issues of the import. Returns what was done, in
    words.
    """
    facts = {"import_id": job.id, "actor_id": actor.id, "any": actor.is_admin or actor.id is None}
    db.session.execute(_LOCK, facts)
    db.session.execute(text("DROP TABLE IF EXISTS pg_temp.leaving"))
    db.session.execute(text(_SORT), facts)
    removed = int(db.session.execute(text(_DELETE), facts).rowcount)  # type: ignore[attr-defined]
    db.session.execute(text(_EVENTS), facts)
    touched, not_yours = (
        _("Somebody has worked with this lead since the import."),
        _("The lead belongs to somebody else."),
    )
    by_hand, ask = _("Delete it by hand if it is wrong."), _("Ask its owner or an admin.")
    with Issues(job.id) as issues:
        for row in db.session.execute(text(_KEPT)):
            rule, fix = (touched, by_hand) if row.touched else (not_yours, ask)
            issues.add(
                IssueKind.KEPT, Fault(row.line, "", f"{row.name}, {phones.grouped(row.phone)}", rule, fix), row.id
            )
        issues.store(replace=False)
    return _("Taken back: %(removed)s leads deleted, %(kept)s kept.", removed=f"{removed:,}", kept=f"{issues.count:,}")
