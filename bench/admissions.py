"""`python -m bench.admissions`: admissions a second against the same statements by hand, and the classroom's pages on a
large school. `--admissions 200000` is the large size: ten million classes, for which seeding takes a while.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

import psycopg

from app.extensions import db
from app.services import accounts, calendar, sessions
from app.services import school as school_time
from app.services.admissions import admit, people, places, waitlist
from app.services.admissions.places import Choice
from app.services.calendar import Weekly, class_dates, months_later
from app.services.notifications import telling
from app.services.people import ADMIN_IDS
from bench import classroom, databases, school

SECONDS, ROUNDS = 5.0, 3
WARM_UP = 5  # admissions of each client before the clock starts: both prepare their statements by then
CLIENTS = (1, 8, 64)
MOST_PROCESSES = 8
CLASSES = 48  # of the plan of six months
HALF = 0.5


def _targets(url: str) -> tuple[UUID, UUID, list[Any], list[UUID]]:
    """The course, the plan of six months, pairs of slots of one teacher on different days, and the students."""
    with databases.connect(url) as connection:
        course, plan = connection.execute(
            "SELECT (SELECT id FROM courses), (SELECT id FROM course_plans WHERE duration_months = 6)"
        ).fetchone()  # type: ignore[misc]
        pairs = connection.execute("""
            SELECT s.id, s.time_slot_id, t.day, t.start_time, o.id, o.time_slot_id, u.day, u.start_time, s.teacher_id
            FROM classroom_slots s JOIN time_slot_templates t ON t.id = s.time_slot_id
            JOIN classroom_slots o ON o.teacher_id = s.teacher_id JOIN time_slot_templates u ON u.id = o.time_slot_id
            WHERE t.day IN (1, 2, 3) AND u.day = t.day + 3 AND u.start_time = t.start_time ORDER BY s.id
        """).fetchall()
        students = [row[0] for row in connection.execute("SELECT id FROM students ORDER BY id")]
    return course, plan, pairs, students


def _ours(url: str, part: int, parts: int, threads: int, start: Any, counts: Any) -> None:
    """One process of the application with several threads, admitting until the time is over."""
    course, plan, pairs, students = _targets(url)
    app = databases.application(url)
    with app.app_context():
        first = school_time.today() + timedelta(days=3)
        user = accounts.find("staff")
        actor = sessions.load_by_id(user.id)  # type: ignore[union-attr]

    def one(number: int) -> None:
        pair = pairs[number % len(pairs)]
        with app.app_context():
            admit.admit(
                {
                    "student_id": students[number],
                    "course_id": course,
                    "plan_id": plan,
                    "starts_on": first,
                    "slots": [Choice(pair[1], pair[8]), Choice(pair[5], pair[8])],
                },
                actor=actor,
            )
            db.session.remove()

    _work(one, part, parts, threads, len(students), start, counts)


def _by_hand(url: str, part: int, parts: int, threads: int, start: Any, counts: Any) -> None:
    """The statements of an admission through the driver, one after the other."""
    course, plan, pairs, students = _targets(url)
    with databases.application(url).app_context():
        zone, today = str(school_time.zone()), school_time.today()
        db.session.remove()
    first = today + timedelta(days=3)
    local = threading.local()

    def one(number: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(databases.config.libpq_url(url))
        pair, student, connection = pairs[number % len(pairs)], students[number], local.connection
        weekly = [Weekly(pair[0], pair[2], pair[3]), Weekly(pair[4], pair[6], pair[7])]
        wished, teachers = {"times": [pair[1], pair[5]]}, {"teachers": [pair[8], pair[8]]}
        person = {"lead_id": None, "student_id": student}
        with connection.transaction(), connection.cursor() as cursor:
            run = partial(_run, cursor)
            run("SELECT set_config('registrar.actor', '1', true)", {})
            run("SELECT * FROM courses WHERE id = :id AND active AND deleted_at IS NULL", {"id": course})
            run("SELECT * FROM course_plans WHERE id = :id AND active", {"id": plan})
            run("SELECT * FROM students WHERE id = :id AND deleted_at IS NULL", {"id": student})
            slots = [row[0] for row in run(places._AT_TIMES, {"course_id": course} | wished | teachers)]
            run(places._LOCK, {"ids": slots})
            assert all(row[10] > row[11] + row[12] for row in run(places._BY_ID, {"ids": slots}))
            run(people._LOCK, {"id": student})
            assert not run(waitlist._OFFERED_TO, {"slots": slots} | person)
            rows = run(calendar._CALENDAR, {})
            days = frozenset(row[0] for row in rows if row[0] is not None)
            closed = calendar.SchoolCalendar(days, tuple(row[1:] for row in rows if row[0] is None))
            assert not run(places._HELD, {"student_id": student})
            dates = class_dates(first, weekly, CLASSES, closed)
            plan_of = {"dates": [day for day, _slot in dates], "slot_ids": [slot for _day, slot in dates]}
            assert not run(places._AGAINST, plan_of | {"student_id": student, "zone": zone, "kept": [], "today": today})
            made = run(admit._BOOK, _facts(course, plan, student, slots, dates, first, zone))[0]
            told = [row[0] for row in run(ADMIN_IDS, {})]
            run(telling._NOTIFY, _notices(told, made[0], first, today))

    _work(one, part, parts, threads, len(students), start, counts)


def _run(cursor: psycopg.Cursor[Any], statement: Any, facts: dict[str, Any]) -> list[Any]:
    """What a statement of the application gives through the driver, which writes `:name` as `%(name)s`."""
    cursor.execute(_driver_sql(statement), facts)
    return cursor.fetchall()


def _notices(recipients: list[int], admission_id: UUID, first: date, today: date) -> dict[str, Any]:
    title, body = "A student was admitted", f"{CLASSES} classes from {first}."
    notices = [
        {"recipient_id": each, "title": title, "body": body, "entity_id": str(admission_id), "link": "", "payload": {}}
        for each in recipients
    ]
    return {
        "entity_type": "admissions",
        "entity_ids": json.dumps([str(admission_id)]),
        "event": "{}",
        "severity": "info",
        "expires_at": None,
        "notices": json.dumps(notices),
        "type": "admission_created",
        "day": today,
        "in_app": True,
        "email": False,
        "no_email": "",
    }


@cache
def _driver_sql(statement: Any) -> Any:
    return re.sub(r"(?<![:\w]):([a-z_]+)", r"%(\1)s", str(statement))


def _facts(
    course: UUID, plan: UUID, student: UUID, slots: list[UUID], dates: list[Any], first: date, zone: str
) -> dict[str, Any]:
    return {
        "student_id": student,
        "lead_id": None,
        "course_id": course,
        "plan_id": plan,
        "status": "pending",
        "starts_on": first,
        "ends_on": max(months_later(first, 6), dates[-1][0]),
        "base_classes": CLASSES,
        "extra_classes": 0,
        "price": 540,
        "discount_type": "none",
        "discount_value": 0,
        "notes": None,
        "submission_key": None,
        "submission_digest": None,
        "renewed_from_id": None,
        "slot_ids": slots,
        "new_slot_ids": slots,
        "date_slot_ids": [slot for _day, slot in dates],
        "dates": [day for day, _slot in dates],
        "classes": CLASSES,
        "zone": zone,
    }


def _work(one: Callable[[int], None], part: int, parts: int, threads: int, most: int, start: Any, counts: Any) -> None:
    """Each thread takes its own students; what was done within the time counts."""
    done = [0] * threads

    def run(thread: int) -> None:
        numbers = iter(range(part * threads + thread, most, parts * threads))
        for number in itertools.islice(numbers, WARM_UP):
            one(number)
        start.wait()
        end = time.monotonic() + SECONDS
        for number in numbers:
            one(number)
            done[thread] += 1
            if time.monotonic() >= end:
                break

    workers = [threading.Thread(target=run, args=(each,)) for each in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    counts.put(sum(done))


def rate(work: Callable[..., None], url: str, clients: int) -> float:
    """Admissions a second with so many clients, in processes of several threads, as the application runs."""
    processes = min(clients, MOST_PROCESSES)
    context = multiprocessing.get_context("spawn")
    start, counts = context.Barrier(clients), context.Queue()
    made = [
        context.Process(target=work, args=(url, part, processes, clients // processes, start, counts))
        for part in range(processes)
    ]
    for each in made:
        each.start()
    total = sum(counts.get() for _each in made)
    for each in made:
        each.join()
    with databases.connect(url) as connection:  # the next run finds the same school
        connection.execute("SET registrar.erasing = 'on'")
        connection.execute("TRUNCATE admissions, row_history, notifications, notification_events CASCADE")
        connection.execute("UPDATE classroom_slots SET enrolled = 0")
        connection.execute("VACUUM ANALYZE")
    return total / SECONDS


def rates(server: str) -> list[str]:
    lines = ["| clients | by hand, a second | ours, a second | ours : by hand | |", "| --- | --- | --- | --- | --- |"]
    with school.database(server, students=60_000, teachers=40, capacity=1000) as url:
        for clients in CLIENTS:
            taken = [(rate(_by_hand, url, clients), rate(_ours, url, clients)) for _round in range(ROUNDS)]
            bare, ours = (statistics.median(each) for each in zip(*taken, strict=True))
            ratio = statistics.median(ours / bare for bare, ours in taken)
            missed = " **missed**" if clients == 8 and ratio < HALF else ""
            lines.append(f"| {clients} | {bare:,.0f} | {ours:,.0f} | {ratio:.2f} |{missed} |")
            print(lines[-1], flush=True)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.admissions", description=__doc__)
    parser.add_argument("--admissions", type=int, default=20_000, help="how many, for the pages")
    parser.add_argument("--only", choices=("rates", "pages"))
    options = parser.parse_args()
    with databases.server() as server:
        admitted = rates(server) if options.only != "pages" else []
        pages = classroom.pages(server, options.admissions) if options.only != "rates" else []
    print("\n" + "\n".join([*admitted, "", *pages]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
