"""The statements of the lead import. Each handles all rows of the block that lies in the temporary table `incoming`."""

from __future__ import annotations

from app.services.leads.import_rows import NAMES, STAGED

TYPES = {
    "line": "integer PRIMARY KEY",
    "owner_id": "integer",
    "age": "smallint",
    "expected_budget": "numeric(10, 2)",
    "tags": "text[]",
    "walk_in_date": "date",
    "demo_date": "date",
    "follow_up_date": "date",
    "repeated_line": "integer",
}
NOT_OF_LEADS = ("line", "source", "notes", "tags", "repeated_field", "repeated_line")
LEAD_COLUMNS = ", ".join(name for name in STAGED if name not in NOT_OF_LEADS)
# A file that only repeats what a lead already says changes nothing; the other columns say what to do, not who it is.
COMPARED = tuple(name for name in NAMES if name not in ("owner", "notes", "tags", "follow_up_date", "email"))

PREPARE = (
    "DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.doubles, pg_temp.merged",
    f"""CREATE TEMP TABLE incoming (id uuid NOT NULL DEFAULT uuid_time_ordered(),
        {", ".join(f"{name} {TYPES.get(name, 'text')}" for name in STAGED)}) ON COMMIT DROP""",
    "CREATE TEMP TABLE doubles (line integer PRIMARY KEY, field text, lead_id uuid, first_line integer, unchanged boolean) ON COMMIT DROP",
    # What merged leads had, with the live one that has it now. Read once: no index finds a merged lead by its phone.
    """CREATE TEMP TABLE merged ON COMMIT DROP AS
        WITH RECURSIVE gone (phone, email, lead_id) AS (
            SELECT phone, lower(email), merged_into_id FROM leads WHERE merged_into_id IS NOT NULL
            UNION SELECT g.phone, g.email, l.merged_into_id FROM gone g JOIN leads l ON l.id = g.lead_id
                  WHERE l.merged_into_id IS NOT NULL
        )
        SELECT had.field, had.contact, l.id AS lead_id FROM gone g JOIN leads l ON l.id = g.lead_id AND l.deleted_at IS NULL
        CROSS JOIN LATERAL (VALUES ('phone', g.phone), ('email', g.email)) had (field, contact) WHERE had.contact IS NOT NULL""",
    "ANALYZE pg_temp.merged",
)
EMPTY = "TRUNCATE incoming, doubles"
COPY = f"COPY incoming ({', '.join(STAGED)}) FROM STDIN"

# Of several live leads with the same phone or e-mail the oldest is named, one with the same phone before one with the same e-mail.
# With :skip, a row that says nothing that this lead does not say is no duplicate to report, but unchanged.
# LATERAL with LIMIT looks each row up by index: nothing is known about the temporary table that would tell the planner.
_OTHERS = "l.deleted_at IS NULL AND l.import_id IS DISTINCT FROM :import_id"
_UNCHANGED = " AND ".join(f"(t.{name} IS NULL OR t.{name} = l.{name})" for name in COMPARED)
FIND_KNOWN = f"""
    INSERT INTO doubles (line, field, lead_id, unchanged)
    SELECT t.line, known.field, known.id, known.unchanged
    FROM incoming t CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT 'phone' AS field, 1 AS rank, l.created_at, l.id,
                   (:skip AND t.notes IS NULL AND t.tags IS NULL AND {_UNCHANGED}
                    AND (t.email IS NULL OR lower(t.email) = lower(l.email))) IS TRUE AS unchanged
            FROM leads l WHERE l.phone = t.phone AND {_OTHERS}
            UNION ALL
            SELECT 'email', 2, l.created_at, l.id, false
            FROM leads l WHERE lower(l.email) = lower(t.email) AND l.email IS NOT NULL AND {_OTHERS}
        ) candidate
        ORDER BY unchanged DESC, rank, created_at, id LIMIT 1
    ) known
"""  # noqa: S608 - names of columns, from here
FIND_MERGED = """
    INSERT INTO doubles (line, field, lead_id, unchanged)
    SELECT DISTINCT ON (t.line) t.line, field, m.lead_id, false
    FROM (SELECT line, 'phone' AS field, phone AS contact FROM incoming
          UNION ALL SELECT line, 'email', lower(email) FROM incoming) t JOIN merged m USING (field, contact)
    ORDER BY t.line, field DESC, m.lead_id
    ON CONFLICT (line) DO NOTHING
"""
FIND_REPEATED = """
    INSERT INTO doubles (line, field, first_line, unchanged)
    SELECT line, repeated_field, repeated_line, false FROM incoming WHERE repeated_line IS NOT NULL
    ON CONFLICT (line) DO NOTHING
"""
DOUBLES = """
    SELECT d.line, d.field, CASE d.field WHEN 'phone' THEN t.phone_raw ELSE t.email END AS value, d.lead_id, d.first_line, d.unchanged,
           l.first_name || ' ' || l.last_name AS name
    FROM doubles d JOIN incoming t ON t.line = d.line LEFT JOIN leads l ON l.id = d.lead_id ORDER BY d.line
"""
DROP_DOUBLES = "DELETE FROM incoming t USING doubles d WHERE d.line = t.line"

INSERT_LEADS = f"""
    INSERT INTO leads (id, import_id, stage_id, source, {LEAD_COLUMNS})
    SELECT id, :import_id, :stage_id, coalesce(source, 'other'), {LEAD_COLUMNS} FROM incoming ORDER BY line
"""  # noqa: S608 - names of columns, from here
INSERT_EVENTS = """
    INSERT INTO lead_audit_events (lead_id, type, after, batch_id)
    SELECT id, 'bulk_imported', jsonb_build_object('file', CAST(:file_name AS text), 'line', line), :import_id FROM incoming
"""
INSERT_NOTES = (
    "INSERT INTO lead_notes (lead_id, body) SELECT id, notes FROM incoming WHERE notes IS NOT NULL ORDER BY line"
)
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
OWNERS = "SELECT owner_id, count(*) AS leads FROM incoming WHERE owner_id IS NOT NULL GROUP BY owner_id"
