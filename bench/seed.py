"""Filling an empty deployed database with invented leads, set-wise. The same number always gives the same leads."""

from __future__ import annotations

from typing import Any

import psycopg

from bench import names

OWNERS = 500
RARE_LEADS = 40  # leads with the rare name, whatever the number of leads
DAYS = 500
HISTORY = "updated_at,updated_by_id,search_text"

ACCOUNTS = """
    WITH made AS (
        INSERT INTO ab_user (first_name, last_name, username, email, active)
        SELECT (%(first)s::text[])[1 + n %% %(firsts)s], (%(last)s::text[])[1 + (n * 7) %% %(lasts)s], 'owner' || n, 'owner' || n || '@school.example', true
        FROM generate_series(1, %(owners)s) n RETURNING id
    )
    INSERT INTO ab_user_role (user_id, role_id) SELECT made.id, r.id FROM made, ab_role r WHERE r.name = 'Staff'
"""

# Owners and names are spread unevenly, as in life. In a small database few owners share the leads, so that each has a
# page full of them.
LEADS = """
    INSERT INTO leads (first_name, last_name, phone, phone_raw, email, interest, source, stage_id, owner_id, area, guardian_name, age,
                       expected_budget, contact_attempts, last_contacted_on, follow_up_date, follow_up_status, created_at, updated_at)
    SELECT first_name, last_name, phone, phone, CASE WHEN n %% 4 > 0 THEN lower(replace(first_name || '.' || last_name, ' ', '')) || n || '@mail.example' END,
           (%(interests)s::text[])[1 + n %% 10],
           (ARRAY['referral', 'ads', 'web', 'walk_in', 'phone', 'event', 'social_media', 'other'])[1 + floor(random() * 8)::int],
           (%(stages)s::uuid[])[1 + floor(power(random(), 1.5) * %(stage_count)s)::int],
           CASE WHEN n %% 20 > 0 THEN (%(owners)s::int[])[1 + floor(random() * %(owner_count)s)::int] END,
           (%(areas)s::text[])[1 + floor(random() * 10)::int],
           CASE WHEN n %% 3 = 0 THEN (%(first)s::text[])[1 + floor(random() * %(firsts)s)::int] || ' ' || last_name END,
           CASE WHEN n %% 2 = 0 THEN 6 + floor(random() * 40)::int END, CASE WHEN n %% 5 = 0 THEN round((50 + random() * 950)::numeric, 2) END,
           n %% 4, CASE WHEN n %% 4 > 0 THEN created_at::date + n %% 9 END, follow_up_date,
           CASE WHEN follow_up_date < current_date AND random() < 0.98 THEN 'done' ELSE 'open' END, created_at, created_at
    FROM (
        SELECT n, (%(first)s::text[])[1 + floor(power(random(), 2) * %(firsts)s)::int] AS first_name,
               CASE WHEN n %% %(rare_every)s = 0 THEN %(rare)s
                    WHEN random() < 0.6 THEN (%(last)s::text[])[1 + floor(power(random(), 2) * %(lasts)s)::int]
                    ELSE (%(heads)s::text[])[1 + floor(random() * 30)::int] || (%(tails)s::text[])[1 + floor(random() * 25)::int] END AS last_name,
               '+447' || lpad((abs(hashint8(n::bigint)::bigint) %% 1000)::text, 3, '0') || lpad(n::text, 6, '0') AS phone,
               now() - make_interval(secs => (%(leads)s - n) * (%(days)s * 86400.0 / %(leads)s) + random() * 10) AS created_at,
               current_date - %(days)s / 2 + floor(random() * %(days)s)::int AS follow_up_date
        FROM generate_series(%(from)s::int, %(until)s::int) n
    ) made
"""
AFTERWARDS = (
    "INSERT INTO lead_audit_events (lead_id, type, after, at) SELECT id, 'created', jsonb_build_object('source', source), created_at FROM leads ORDER BY id",
    f"""INSERT INTO row_history (table_name, row_id, operation, after, at)
        SELECT 'leads', id::text, 'insert', jsonb_strip_nulls(to_jsonb(leads)) - '{{{HISTORY}}}'::text[], created_at FROM leads ORDER BY id""",
    """INSERT INTO lead_notes (lead_id, body, created_at) SELECT id, 'Asked about ' || interest || ' lessons, prefers afternoons.', created_at + interval '1 day'
       FROM leads WHERE hashtext(id::text) % 5 = 0""",
    """INSERT INTO lead_contact_attempts (lead_id, channel, outcome, at)
       SELECT id, 'call', CASE n WHEN 1 THEN 'no_answer' ELSE 'reached' END, created_at + n * interval '1 day'
       FROM leads, generate_series(1, least(contact_attempts, 2)) n WHERE hashtext(id::text) % 3 = 0""",
    "INSERT INTO tags (name) SELECT 'Tag ' || n FROM generate_series(1, 20) n",
    """INSERT INTO lead_tags (lead_id, tag_id) SELECT l.id, t.id FROM leads l JOIN (SELECT id, row_number() OVER (ORDER BY name) AS n FROM tags) t
       ON t.n = 1 + abs(hashtext(l.id::text)) % 60""",
    """INSERT INTO notifications (recipient_id, type, title, entity_type, entity_id, link, dedup_day, created_at, read_at)
       SELECT owner_id, 'lead_assigned', first_name || ' ' || last_name || ': assigned to you', 'leads', id::text, '/leads/' || id, created_at::date,
              created_at, CASE WHEN hashtext(id::text) % 10 > 0 THEN created_at END
       FROM leads WHERE owner_id IS NOT NULL AND hashtext(id::text) % 7 = 0""",
)
FILLED = (
    "leads",
    "lead_audit_events",
    "row_history",
    "lead_notes",
    "lead_contact_attempts",
    "lead_tags",
    "notifications",
)
STEP = 100_000


def fill(connection: psycopg.Connection[Any], leads: int) -> None:
    """Put `leads` leads of 500 owners into the database, with what hangs on them, and bring its statistics up to date."""
    with connection.transaction():
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            "SET LOCAL session_replication_role = replica"
        )  # no triggers: what they write is written here at once
        connection.execute("SET LOCAL statement_timeout = 0")
        indexes = _drop_indexes(connection)
        facts = {
            "first": names.FIRST,
            "firsts": len(names.FIRST),
            "last": names.LAST,
            "lasts": len(names.LAST),
            "owners": OWNERS,
        }
        connection.execute(ACCOUNTS, facts)
        facts |= _leads_facts(connection, leads)
        for start in range(1, leads + 1, STEP):
            connection.execute(LEADS, facts | {"from": start, "until": min(start + STEP - 1, leads)})
        for statement in AFTERWARDS:
            connection.execute(statement)
        for index in indexes:
            connection.execute(index)
    connection.execute("VACUUM (ANALYZE)")


def _leads_facts(connection: psycopg.Connection[Any], leads: int) -> dict[str, Any]:
    owners = [
        row[0]
        for row in connection.execute(
            "SELECT id FROM ab_user WHERE username LIKE 'owner%%' ORDER BY id LIMIT %s",
            [min(OWNERS, max(leads // 200, 1))],
        )
    ]
    stages = [row[0] for row in connection.execute("SELECT id FROM lead_stages WHERE active ORDER BY position")]
    return {
        "owners": owners,
        "owner_count": len(owners),
        "stages": stages,
        "stage_count": len(stages),
        "interests": list(names.INTERESTS),
        "areas": names.AREAS,
        "heads": names.HEADS,
        "tails": names.TAILS,
        "rare": names.RARE,
        "rare_every": max(leads // RARE_LEADS, 1),
        "leads": leads,
        "days": DAYS,
    }


def _drop_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop the indexes that are no constraints of the large tables; returns what makes them again."""
    found = connection.execute(
        """SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
           WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)""",
        [list(FILLED)],
    ).fetchall()
    for name, _definition in found:
        connection.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]
