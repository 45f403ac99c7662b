"""The statements of the lead import: each handles all rows at once."""

from __future__ import annotations

from app.services.leads.import_rows import NAMES, STAGED

TYPES = {
    "line": "integer PRIMARY KEY", "owner_id": "integer", "age": "smallint", "expected_budget": "numeric(10, 2)", "tags": "text[]",
    "walk_in_date": "date", "demo_date": "date", "follow_up_date": "date",
}
LEAD_COLUMNS = tuple(name for name in STAGED if name not in ("line", "notes", "tags", "source"))
# A file that only repeats what a lead already says changes nothing; the other columns say what to do, not who it is.
COMPARED = tuple(name for name in NAMES if name not in ("owner", "notes", "tags", "follow_up_date", "email"))

STAGE_TABLES = (
    "DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.doubles",
    f"""CREATE TEMP TABLE incoming (id uuid NOT NULL DEFAULT uuid_time_ordered(),
        {", ".join(f"{name} {TYPES.get(name, 'text')}" for name in STAGED)}) ON COMMIT DROP""",
    "CREATE TEMP TABLE doubles (line integer PRIMARY KEY, field text, lead_id uuid, first_line integer, unchanged boolean) ON COMMIT DROP",
)
COPY = f"COPY incoming ({', '.join(STAGED)}) FROM STDIN"

# Of several live leads with the same phone or e-mail the oldest is named, one with the same phone before one with the same e-mail.
# With :skip, a row that says nothing that this lead does not say is no duplicate to report, but unchanged.
FIND_KNOWN = f"""
    INSERT INTO doubles (line, field, lead_id, unchanged)
    SELECT DISTINCT ON (found.line) found.line, found.field, found.lead_id, found.unchanged
    FROM (
        SELECT t.line, 'phone' AS field, 1 AS rank, l.created_at, l.id AS lead_id,
               (:skip AND t.notes IS NULL AND t.tags IS NULL AND (t.email IS NULL OR lower(t.email) = lower(l.email))
                AND {" AND ".join(f"(t.{name} IS NULL OR t.{name} = l.{name})" for name in COMPARED)}) IS TRUE AS unchanged
        FROM incoming t JOIN leads l ON l.phone = t.phone AND l.deleted_at IS NULL
        UNION ALL
        SELECT t.line, 'email', 2, l.created_at, l.id, false
        FROM incoming t JOIN leads l ON lower(l.email) = lower(t.email) AND l.email IS NOT NULL AND l.deleted_at IS NULL
    ) found
    ORDER BY found.line, found.unchanged DESC, found.rank, found.created_at, found.lead_id
"""  # noqa: S608 - names of columns, from here
FIND_REPEATED = """
    INSERT INTO doubles (line, field, first_line, unchanged)
    SELECT line, CASE WHEN by_phone < line THEN 'phone' ELSE 'email' END, least(by_phone, by_email), false
    FROM (SELECT line, min(line) OVER (PARTITION BY phone) AS by_phone,
                 CASE WHEN email IS NOT NULL THEN min(line) OVER (PARTITION BY lower(email)) END AS by_email
          FROM incoming) first
    WHERE by_phone < line OR by_email < line
    ON CONFLICT (line) DO NOTHING
"""
DOUBLES = """
    SELECT d.line, d.field, CASE d.field WHEN 'phone' THEN t.phone_raw ELSE t.email END AS value, d.lead_id, d.first_line,
           l.first_name || ' ' || l.last_name AS name
    FROM doubles d JOIN incoming t ON t.line = d.line LEFT JOIN leads l ON l.id = d.lead_id
    WHERE NOT d.unchanged ORDER BY d.line
"""
COUNT_DOUBLES = "SELECT count(*) FILTER (WHERE NOT unchanged) AS duplicate, count(*) FILTER (WHERE unchanged) AS unchanged FROM doubles"
DROP_DOUBLES = "DELETE FROM incoming t USING doubles d WHERE d.line = t.line"

INSERT_LEADS = f"""
    INSERT INTO leads (id, import_id, stage_id, source, {", ".join(LEAD_COLUMNS)})
    SELECT id, :import_id, :stage_id, coalesce(source, 'other'), {", ".join(LEAD_COLUMNS)}
    FROM incoming WHERE line > :after AND line <= :until ORDER BY line
"""  # noqa: S608 - names of columns, from here
INSERT_EVENTS = """
    INSERT INTO lead_audit_events (lead_id, type, after, batch_id)
    SELECT id, 'bulk_imported', jsonb_build_object('file', CAST(:file_name AS text), 'line', line), :import_id
    FROM incoming WHERE line > :after AND line <= :until
"""
INSERT_NOTES = "INSERT INTO lead_notes (lead_id, body) SELECT id, notes FROM incoming WHERE notes IS NOT NULL ORDER BY line"
INSERT_TAGS = """
    INSERT INTO tags (name) SELECT DISTINCT ON (lower(tag)) tag FROM incoming CROSS JOIN unnest(tags) AS tag ORDER BY lower(tag), line
    ON CONFLICT (lower(name)) DO NOTHING
"""
LINK_TAGS = """
    INSERT INTO lead_tags (lead_id, tag_id)
    SELECT t.id, tags.id FROM incoming t CROSS JOIN unnest(t.tags) AS tag JOIN tags ON lower(tags.name) = lower(tag)
    ON CONFLICT (lead_id, tag_id) DO NOTHING
"""
SAMPLE = """
    SELECT t.line, l.first_name, l.last_name, l.phone, l.email, l.interest, l.source, s.name AS stage,
           o.first_name || ' ' || o.last_name AS owner, l.area, l.community, l.address, l.guardian_name, l.age, l.expected_budget,
           l.walk_in_date, l.demo_date, l.follow_up_date, t.notes, array_to_string(t.tags, '; ') AS tags
    FROM (SELECT * FROM incoming ORDER BY line LIMIT :most) t JOIN leads l ON l.id = t.id JOIN lead_stages s ON s.id = l.stage_id
    LEFT JOIN ab_user o ON o.id = l.owner_id ORDER BY t.line
"""
OWNERS = """
    SELECT owner_id, count(*) AS leads FROM incoming WHERE owner_id IS NOT NULL AND owner_id IS DISTINCT FROM :actor_id GROUP BY owner_id
"""
