"""The long works: export, import, the follow-up job. Each is compared with its bare statements."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psutil

from app.extensions import db
from app.services import import_reports, import_undo, imports, school, sessions
from app.services.leads import followups
from bench.measure import Line, timed
from bench.site import Site

IMPORTED = 100_000
ROWS_A_SECOND = 7_000
MOST_OF_COPY, MOST_OF_JOB = 4.0, 1.5
FLAT = 32_000_000  # bytes
EXPORTED = """
    SELECT l.first_name, l.last_name, l.phone, l.email, s.name, o.first_name || ' ' || o.last_name, t.first_name || ' ' || t.last_name, l.follow_up_date,
           l.follow_up_status, l.source, l.interest, l.guardian_name, l.age, l.expected_budget, l.area, l.community, l.contact_attempts, l.last_contacted_on,
           l.walk_in_date, l.demo_date, l.demo_conducted, l.created_at
    FROM leads l JOIN lead_stages s ON s.id = l.stage_id LEFT JOIN ab_user o ON o.id = l.owner_id LEFT JOIN ab_user t ON t.id = l.assigned_teacher_id
    WHERE l.deleted_at IS NULL
"""
HEADER = ("First name", "Last name", "Phone", "Email", "Source", "Interest", "Area", "Age", "Owner", "Notes", "Tags")


@dataclass(frozen=True)
class Heavy:
    name: str
    run: Callable[[Site], list[Line]]


def export(site: Site) -> list[Line]:
    """All leads through the export page, block by block as a browser takes them."""
    process = psutil.Process()
    ours, bare, grown = [], [], 0
    for _round in range(3):
        bare.append(timed(lambda: _copy(site))[0])
        before = process.memory_info().rss
        took, (rows, peak) = timed(lambda: _download(site, process))
        assert rows >= site.leads, rows
        ours.append(took)
        grown = max(grown, peak - before)
    line = Line(
        "export of 1,000,000 rows",
        statistics.median(ours),
        min(ours),
        plain=statistics.median(bare),
        peers=(51_000, 61_000),
    )
    line.note = f"{grown / 1e6:.0f} MB more memory"
    if line.large > MOST_OF_COPY * statistics.median(bare):
        line.missed.append(f"{line.large / statistics.median(bare):.1f} times bare COPY, goal under {MOST_OF_COPY:g}")
    if grown > FLAT:
        line.missed.append(f"memory grows by {grown / 1e6:.0f} MB")
    return [line]


def _copy(site: Site) -> None:
    with site.plain.cursor() as cursor, cursor.copy(f"COPY ({EXPORTED}) TO STDOUT (FORMAT csv, HEADER)") as copy:
        for _block in copy:
            pass


def _download(site: Site, process: psutil.Process) -> tuple[int, int]:
    """How many rows came, and the most memory in use meanwhile."""
    lines = peak = 0
    answer = site.admin.get("/leads/export.csv", buffered=False)
    for number, block in enumerate(answer.response):
        lines += block.count(b"\n")
        if number % 64 == 0:
            peak = max(peak, process.memory_info().rss)
    answer.close()
    return lines - 1, peak


def import_file(site: Site) -> list[Line]:
    """A file with faulty and repeated rows: checked, which reports everything and writes nothing, then carried out."""
    content = _file(site)
    bare = timed(lambda: _bare_import(site, content))[0]
    lines = []
    with site.app.test_request_context():
        actor = sessions.load_by_id(site.facts.admin)
        job = imports.start("leads", "bench.csv", content, actor=actor, queued=False)
        for name, work in (("check", imports.check), ("write", imports.carry_out)):
            took, done = timed(lambda work=work: work(job.id))  # type: ignore[misc]
            assert done
            db.session.expire_all()
            fresh = db.session.get_one(imports.Import, job.id)
            assert fresh.new_rows, fresh.message
            line = Line(f"import of 100,000 rows: {name}", took, took, plain=bare, peers=(None, 70_000))
            rate = IMPORTED / took * 1000
            line.note = f"{rate:,.0f} rows/s; {fresh.new_rows:,} new, {fresh.invalid_rows:,} faulty, {fresh.duplicate_rows:,} known"
            if rate < ROWS_A_SECOND:
                line.missed.append(f"{rate:,.0f} rows/s, goal {ROWS_A_SECOND:,}")
            lines.append(line)
            if name == "check":
                imports.confirm(job.id, actor=actor, queued=False)
        import_undo.ask(job.id, actor=actor)
        took, done = timed(lambda: import_undo.take_back(job.id))
        assert done
        line = Line("import of 100,000 rows: take back", took, took)
        line.note = import_reports.get(job.id, actor).message
        lines.append(line)
        db.session.remove()
    return lines


def _file(site: Site) -> bytes:
    """One row in a hundred is faulty, one in fifty is known."""
    known = [
        row[0] for row in site.plain.execute("SELECT phone FROM leads ORDER BY created_at LIMIT %s", [IMPORTED // 50])
    ]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for n in range(IMPORTED):
        phone = "12" if n % 100 == 7 else known[n // 50] if n % 50 == 0 else f"0780{n:07d}"
        note, tags = ("Asked twice." if n % 5 == 0 else ""), ("open day; piano" if n % 4 == 0 else "")
        writer.writerow(
            (
                "Anna",
                f"Imported{n}",
                phone,
                f"imported{n}@mail.example",
                "web",
                "Piano",
                "Lakeside",
                10 + n % 30,
                f"owner{1 + n % 500}",
                note,
                tags,
            )
        )
    return out.getvalue().encode()


def _bare_import(site: Site, content: bytes) -> None:
    """COPY to a table of texts and one INSERT of the valid new rows, undone afterwards."""
    columns = "first_name, last_name, phone, email, source, interest, area, age, owner, notes, tags"
    with site.plain.transaction(force_rollback=True):
        site.plain.execute(f"CREATE TEMP TABLE typed ({columns.replace(',', ' text,')} text) ON COMMIT DROP")
        with site.plain.cursor().copy(f"COPY typed ({columns}) FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(content)
        site.plain.execute("ANALYZE typed")
        site.plain.execute(
            """INSERT INTO leads (first_name, last_name, phone, phone_raw, email, source, interest, area, age, owner_id, stage_id, follow_up_date)
               SELECT t.first_name, t.last_name, '+44' || substr(t.phone, 2), t.phone, t.email, t.source, t.interest, t.area, t.age::int, o.id, %s, current_date
               FROM typed t JOIN ab_user o ON o.username = t.owner
               WHERE t.phone ~ '^0[0-9]{10}$' AND NOT EXISTS (SELECT FROM leads l WHERE l.phone = '+44' || substr(t.phone, 2) AND l.deleted_at IS NULL)""",
            [site.facts.stages[0]],
        )


def job(site: Site) -> list[Line]:
    """The daily notices of follow-ups that are due, next to the statement alone."""
    ours: list[float] = []
    bare: list[float] = []
    with site.app.app_context():
        for number in range(6):
            day = school.today() + timedelta(days=number // 2)
            took = timed(lambda day=day: _bare_job(site, day))[0], timed(lambda day=day: followups.notify_due(day))  # type: ignore[misc]
            bare.append(took[0])
            ours.append(took[1][0])
            site.plain.execute("DELETE FROM notifications WHERE type = 'lead_followup_due'")
            site.plain.execute("VACUUM notifications")
        db.session.remove()
    line = Line("follow-up job", statistics.median(ours), min(ours), plain=statistics.median(bare))
    line.note = f"{took[1][1]:,} notices"
    if line.large > MOST_OF_JOB * statistics.median(bare):
        line.missed.append(
            f"{line.large / statistics.median(bare):.2f} times the bare statement, goal under {MOST_OF_JOB}"
        )
    return [line]


def _bare_job(site: Site, day: Any) -> None:
    with site.plain.transaction(force_rollback=True):
        site.plain.execute(
            """WITH made AS (
               INSERT INTO notifications (recipient_id, type, title, body, severity, entity_type, entity_id, link, dedup_day)
               SELECT r.id, 'lead_followup_due', l.first_name || ' ' || l.last_name || ': follow-up due', l.phone, 'info', 'leads', l.id::text, '/leads/' || l.id, %(day)s
               FROM leads l CROSS JOIN LATERAL (SELECT l.owner_id AS id WHERE l.owner_id IS NOT NULL UNION SELECT %(admin)s::int) r
               WHERE l.deleted_at IS NULL AND l.follow_up_status = 'open' AND l.follow_up_date <= %(day)s
               ON CONFLICT (recipient_id, type, entity_id, dedup_day) DO NOTHING RETURNING id, recipient_id)
               INSERT INTO notification_deliveries (notification_id, recipient_id, channel) SELECT id, recipient_id, 'email' FROM made""",
            {"day": day, "admin": site.facts.admin},
        )


CASES = (
    Heavy("export of 1,000,000 rows", export),
    Heavy("import of 100,000 rows", import_file),
    Heavy("follow-up job", job),
)
