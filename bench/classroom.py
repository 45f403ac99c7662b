"""The classroom's pages, and what remains of every admission, on a large school."""

from __future__ import annotations

from functools import partial

from app.extensions import db
from bench import databases, school
from bench.measure import page_ms, timed
from bench.site import Browser

MOST_OF_STATEMENT, MOST_MS = 1.5, 40.0
BALANCES = "SELECT count(*) FROM admission_balances WHERE remaining <= 4"
BARE_BALANCES = """
    SELECT count(*) FROM (
        SELECT a.id FROM admissions a
        LEFT JOIN (SELECT admission_id, count(*) FILTER (WHERE status IN ('present', 'late', 'excused')) AS used
                   FROM attendance WHERE deleted_at IS NULL GROUP BY 1) t ON t.admission_id = a.id
        LEFT JOIN (SELECT admission_id, sum(classes) AS given FROM class_credits GROUP BY 1) c ON c.admission_id = a.id
        WHERE a.final_classes - coalesce(t.used, 0) + coalesce(c.given, 0) <= 4) few
"""


def pages(server: str, admissions: int) -> list[str]:
    lines = ["| what | ms | |", "| --- | --- | --- |"]
    with school.database(server, students=admissions, teachers=max(10, admissions // 400), capacity=1000) as url:
        with databases.connect(url) as connection:
            took, _none = timed(lambda: connection.execute(school.FILL))
            connection.execute("VACUUM ANALYZE")
            rows = connection.execute("SELECT count(*) FROM attendance").fetchone()[0]  # type: ignore[index]
            print(f"{admissions:,} admissions and {rows:,} classes seeded in {took / 1000:.0f} s", flush=True)
            slot, day, student, admission = connection.execute(
                "SELECT classroom_slot_id, class_date, student_id, admission_id FROM attendance"
                " WHERE class_date < current_date ORDER BY id LIMIT 1"
            ).fetchone()  # type: ignore[misc]
            bare, ours = (
                min(timed(lambda s=s: connection.execute(s).fetchone())[0] for _n in range(3))  # type: ignore[misc]
                for s in (BARE_BALANCES, BALANCES)
            )
            missed = " **missed**" if ours > MOST_OF_STATEMENT * bare else ""
            lines.append(
                f"| classes that remain, of all: {ours / bare:.2f} of the bare statement ({bare:,.0f} ms) | {ours:,.0f} |{missed} |"
            )
            print(lines[-1], flush=True)
        app = databases.application(url)
        browser = Browser(app, "admin")
        for name, address in (
            ("front page", "/"),
            ("register of a class", f"/classroom/{slot}/{day}"),
            ("day", "/classroom/?teacher=100001"),
            ("day, all teachers", "/classroom/"),
            ("week of a teacher", "/classroom/week?teacher=100001"),
            ("week, all teachers", "/classroom/week"),
            ("list of admissions", "/admissions/"),
            ("search: nobody found", "/admissions/?q=zzyy"),
            ("an admission", f"/admissions/{admission}"),
            ("a student", f"/students/{student}"),
        ):
            took = page_ms(partial(browser.get, address))
            missed = " **missed**" if took > MOST_MS else ""
            lines.append(f"| {name} | {took:,.1f} |{missed} |")
            print(lines[-1], flush=True)
        with app.app_context():
            db.engine.dispose()
    return lines
