"""The same work in plain SQL, as someone would write it by hand, without the application."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from bench.site import Site

COLUMNS = """l.id, l.first_name, l.last_name, l.phone, l.email, s.name, l.stage_id, o.first_name || ' ' || o.last_name, l.owner_id,
    l.follow_up_date, l.follow_up_status, l.source, l.created_at"""
JOINS = "FROM leads l JOIN lead_stages s ON s.id = l.stage_id LEFT JOIN ab_user o ON o.id = l.owner_id"


def rows(site: Site, where: str = "", values: Any = (), *, order: str = "l.created_at DESC, l.id DESC") -> None:
    """One page of the list."""
    found = f"SELECT {COLUMNS} {JOINS} WHERE l.deleted_at IS NULL {where} ORDER BY {order} LIMIT 25"
    site.plain.execute(found, values, prepare=False).fetchall()


def search(site: Site, *words: str) -> None:
    rows(site, "".join(" AND l.search_text LIKE %s" for _word in words), [f"%{word}%" for word in words])


def add(site: Site, number: int) -> None:
    with site.plain.transaction():
        site.plain.execute("SELECT set_config('registrar.actor', %s, true)", [str(site.facts.admin)])
        lead = site.plain.execute(
            """INSERT INTO leads (first_name, last_name, phone, phone_raw, email, stage_id, follow_up_date) VALUES ('Plain', 'Lead', %s, %s, %s, %s, current_date)
               RETURNING id""",
            [f"+4478{number:08d}", f"+4478{number:08d}", f"plain{number}@mail.example", site.facts.stages[0]],
        ).fetchone()
        assert lead is not None
        site.plain.execute("INSERT INTO lead_audit_events (lead_id, type) VALUES (%s, 'created')", lead)


def edit(site: Site, number: int) -> None:
    lead = site.facts.newest[number % 100 + 100]
    with site.plain.transaction():
        site.plain.execute("SELECT set_config('registrar.actor', %s, true)", [str(site.facts.admin)])
        site.plain.execute("SELECT id FROM leads WHERE id = %s FOR NO KEY UPDATE", [lead])
        site.plain.execute("UPDATE leads SET area = %s WHERE id = %s", [f"Plain {number}", lead])
        after = json.dumps({"area": f"Plain {number}"})
        site.plain.execute(
            "INSERT INTO lead_audit_events (lead_id, type, after) VALUES (%s, 'updated', %s)", [lead, after]
        )


def bulk(site: Site, stage: Any) -> None:
    facts = {"ids": site.facts.newest, "stage": stage, "batch": uuid4()}
    with site.plain.transaction():
        site.plain.execute("SELECT set_config('registrar.actor', %s, true)", [str(site.facts.admin)])
        site.plain.execute("SELECT id FROM leads WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE", facts)
        site.plain.execute(
            """INSERT INTO lead_audit_events (lead_id, type, before, after, batch_id)
               SELECT id, 'stage_changed', jsonb_build_object('stage_id', stage_id), jsonb_build_object('stage_id', %(stage)s::uuid), %(batch)s
               FROM leads WHERE id = ANY(%(ids)s)""",
            facts,
        )
        site.plain.execute("UPDATE leads SET stage_id = %(stage)s WHERE id = ANY(%(ids)s)", facts)


def record(site: Site) -> None:
    lead = site.facts.newest[0]
    site.plain.execute(f"SELECT l.*, s.name, o.first_name {JOINS} WHERE l.id = %s", [lead]).fetchall()
    site.plain.execute(
        "SELECT * FROM lead_audit_events WHERE lead_id = %s ORDER BY at DESC LIMIT 50", [lead]
    ).fetchall()
    site.plain.execute(
        "SELECT t.name FROM lead_tags lt JOIN tags t ON t.id = lt.tag_id WHERE lt.lead_id = %s", [lead]
    ).fetchall()


def staff(site: Site) -> None:
    statement = """SELECT u.id, u.first_name || ' ' || u.last_name, u.email FROM ab_user u JOIN ab_user_role r ON r.user_id = u.id
                   WHERE u.active AND lower(u.first_name || ' ' || u.last_name) LIKE %s ORDER BY 2 LIMIT 20"""
    site.plain.execute(statement, [f"%{site.facts.staff_name.lower()}%"]).fetchall()


def board(site: Site) -> None:
    for stage in site.facts.stages:
        statement = """SELECT id, first_name, last_name, phone, owner_id, follow_up_date FROM leads
                       WHERE deleted_at IS NULL AND stage_id = %s ORDER BY created_at DESC, id DESC LIMIT 30"""
        site.plain.execute(statement, [stage]).fetchall()


def worklist(site: Site) -> None:
    for days in ("< current_date", "= current_date", "BETWEEN current_date + 1 AND current_date + 7"):
        rows(site, f"AND l.follow_up_status = 'open' AND l.follow_up_date {days}", order="l.follow_up_date, l.id")


def front(site: Site) -> None:
    worklist(site)
    site.plain.execute(
        "SELECT date_trunc('week', created_at), count(*) FROM leads WHERE deleted_at IS NULL AND created_at >= current_date - 56 GROUP BY 1"
    ).fetchall()
