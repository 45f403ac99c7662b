"""`python -m bench.allocation`: seats for a large session against a bare statement, the optimum of a usual one, seats by
hand against the same statements through the driver, and the pages. `--check` fails when a goal is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from app.extensions import db
from app.services import accounts, sessions
from app.services.allocation_plans import runs
from app.services.allocation_plans.planner import plan
from app.services.allocation_plans.problem import Group, Problem, Room
from app.services.test_sessions import allocating
from bench import databases
from bench.measure import page_ms, timed
from bench.site import Browser

NAME = "registrar_bench_allocation"
MOST_OF_STATEMENT, MOST_SECONDS, LEAST_OF_HAND, MOST_MS = 1.5, 2.0, 0.5, 50.0
ROUNDS, SECONDS, CLIENTS = 5, 6.0, 8

# Rooms of 20 to 60 seats, every fourth accessible; one student in fifty needs such a room.
SEED = """
    INSERT INTO venues (code, name) VALUES ('BENCH', 'Bench');
    INSERT INTO rooms (venue_id, name, number, capacity, accessible)
    SELECT v.id, 'Room', lpad(n::text, 5, '0'), 20 + n %% 5 * 10, n %% 4 = 0 FROM venues v, generate_series(1, %(rooms)s) n;
    INSERT INTO test_sessions (code, name, venue_id, session_date, start_time, end_time)
    SELECT 'BENCH', 'Bench', id, current_date + 30, '09:00', '12:00' FROM venues;
    INSERT INTO students (first_name, last_name, needs_accessible_room)
    SELECT 'Student', md5(n::text), n %% 50 = 0 FROM generate_series(1, %(students)s) n;
    INSERT INTO test_registrations (session_id, student_id) SELECT s.id, t.id FROM test_sessions s, students t;
"""
# Everybody in the order of their names into the rooms in the order of their numbers: no plan, no needs.
BARE = """
    INSERT INTO room_allocations (session_id, venue_id, room_id, student_id, seat_number)
    SELECT s.id, s.venue_id, place.room_id, student.id, place.seat_number
    FROM test_sessions s, (
        SELECT t.id, row_number() OVER (ORDER BY lower(t.last_name), lower(t.first_name), t.id) AS number
        FROM test_registrations g JOIN students t ON t.id = g.student_id WHERE g.status = 'confirmed'
    ) student JOIN (
        SELECT p.room_id, p.seat_number, row_number() OVER (ORDER BY r.number, p.position) AS number
        FROM room_seats p JOIN rooms r ON r.id = p.room_id
    ) place USING (number)
"""


@contextmanager
def venue(server: str, *, students: int, rooms: int) -> Iterator[str]:
    """A venue and a session with so many students, made for one measurement."""
    with databases.fresh(server, NAME) as url:
        with databases.connect(url) as seeding:
            for statement in SEED.split(";\n")[:-1]:
                seeding.execute(statement % {"rooms": rooms, "students": students})  # type: ignore[arg-type]
            seeding.execute("VACUUM ANALYZE")
        yield url


def large(server: str) -> list[str]:
    """The job of a large session in turns with a bare statement that writes as many rows into the same tables."""
    bare, ours = [], []
    with venue(server, students=100_000, rooms=2_500) as url:
        app = databases.application(url)
        for _round in range(ROUNDS):
            bare.append(_bare(url))
            ours.append(_job(app, url))
        with app.app_context():
            db.engine.dispose()
    ratio = statistics.median(mine / other for mine, other in zip(ours, bare, strict=True))
    name = f"100,000 students into 2,500 rooms: {ratio:.2f} of the bare statement ({statistics.median(bare):.1f} s)"
    return [_line(name, f"{statistics.median(ours):.1f} s", ratio > MOST_OF_STATEMENT)]


def _bare(url: str) -> float:
    with databases.connect(url) as connection:
        connection.execute(
            "SELECT set_config('registrar.actor', id::text, false) FROM ab_user WHERE username = 'admin'"
        )
        took, _none = timed(lambda: connection.execute(BARE))  # type: ignore[arg-type]
        _clear(connection)
    return took / 1000


def _clear(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET registrar.erasing = 'on'")
    connection.execute("TRUNCATE room_allocations, allocation_runs, row_history CASCADE")
    connection.execute("VACUUM ANALYZE room_allocations")
    connection.execute("CHECKPOINT")


def _job(app: Any, url: str) -> float:
    """What the worker does, from taking the task to its end."""
    with app.app_context(), databases.connect(url) as connection:
        session_id = connection.execute("SELECT id FROM test_sessions").fetchone()[0]  # type: ignore[index]
        runs.allocate_everyone([session_id], actor=_officer())
        run_id = connection.execute("SELECT id FROM allocation_runs").fetchone()[0]  # type: ignore[index]
        took, done = timed(lambda: runs.run(run_id))
        assert done
        seated = connection.execute("SELECT count(*) FROM room_allocations").fetchone()[0]  # type: ignore[index]
        assert seated == 100_000, seated
        _clear(connection)
        connection.execute("DELETE FROM procrastinate_jobs")
        db.session.remove()
    return took / 1000


def _officer() -> Any:
    user = accounts.find("admin")
    assert user is not None
    return sessions.load_by_id(user.id)


def optimum() -> list[str]:
    """Plans of random sessions with 2,000 students and 60 rooms: without wishes, and with forty schools kept apart."""
    lines = []
    for apart in (False, True):
        took, proved = [], 0
        for seed in range(10):
            problem = _problem(random.Random(seed), schools=40 if apart else 0)
            seconds, made = timed(lambda problem=problem, apart=apart: plan(problem, apart=apart))  # type: ignore[misc]
            took.append(seconds / 1000)
            proved += made.optimal
        name = f"2,000 students, 60 rooms{', 40 schools apart' if apart else ''}: {proved} of 10 proved, longest"
        lines.append(_line(name, f"{max(took):.2f} s", not apart and (max(took) > MOST_SECONDS or proved < 10)))
    return lines


def _problem(chance: random.Random, schools: int) -> Problem:
    rooms = tuple(
        Room(UUID(int=number), chance.choice([24, 30, 36, 40, 45, 60]), chance.random() < 0.3) for number in range(60)
    )
    most = min(2_000, sum(room.free for room in rooms) - 5)
    waiting: dict[Group, int] = {}
    for _student in range(most):
        group = Group(chance.random() < 0.05, f"School {chance.randrange(schools)}" if schools else "")
        waiting[group] = waiting.get(group, 0) + 1
    return Problem(rooms, waiting)


def by_hand(server: str) -> list[str]:
    """One student at a time, by eight clients: ours, and the same statements through the driver."""
    rates = {}
    with venue(server, students=30_000, rooms=2_500) as url:
        for name, work in (("driver", _driver), ("ours", _ours)):
            rates[name] = _rate(url, work)
            with databases.connect(url) as connection:
                _clear(connection)
    ratio = rates["ours"] / rates["driver"]
    name = f"seats a second at {CLIENTS} clients: {ratio:.2f} of the driver's {rates['driver']:,.0f}"
    return [_line(name, f"{rates['ours']:,.0f}", ratio < LEAST_OF_HAND)]


def _rate(url: str, work: Callable[..., None]) -> float:
    """Two processes with four threads each, so that no one interpreter is what is measured."""
    context = multiprocessing.get_context("spawn")
    start, done = context.Event(), context.Queue()
    ready = context.Semaphore(0)
    parts = 2
    workers = [context.Process(target=work, args=(url, part, parts, ready, start, done)) for part in range(parts)]
    for worker in workers:
        worker.start()
    for _worker in workers:
        ready.acquire()
    start.set()
    total = sum(done.get() for _worker in workers)
    for worker in workers:
        worker.join()
    return total / SECONDS


def _targets(url: str) -> tuple[UUID, UUID, list[UUID], list[UUID]]:
    with databases.connect(url) as connection:
        session_id, venue_id = connection.execute("SELECT id, venue_id FROM test_sessions").fetchone()  # type: ignore[misc]
        rooms = [row[0] for row in connection.execute("SELECT id FROM rooms ORDER BY number")]
        students = [row[0] for row in connection.execute("SELECT id FROM students ORDER BY id")]
    return session_id, venue_id, rooms, students


def _loop(one: Callable[[int], None], part: int, parts: int, ready: Any, start: Any, done: Any, most: int) -> None:
    threads, counts = CLIENTS // parts, [0] * (CLIENTS // parts)

    def run(place: int) -> None:
        start.wait()
        end = time.monotonic() + SECONDS
        number = part * threads + place
        while time.monotonic() < end and number < most:
            one(number)
            counts[place] += 1
            number += CLIENTS

    started = [threading.Thread(target=run, args=(place,)) for place in range(threads)]
    for each in started:
        each.start()
    ready.release()
    for each in started:
        each.join()
    done.put(sum(counts))


def _ours(url: str, part: int, parts: int, ready: Any, start: Any, done: Any) -> None:
    session_id, _venue, rooms, students = _targets(url)
    app = databases.application(url)
    with app.app_context():
        actor = _officer()

    def one(number: int) -> None:
        values = {"session_id": session_id, "student_id": students[number], "room_id": rooms[number % len(rooms)]}
        with app.app_context():
            allocating.allocate(values, actor=actor)
            db.session.remove()

    _loop(one, part, parts, ready, start, done, len(students))


def _driver(url: str, part: int, parts: int, ready: Any, start: Any, done: Any) -> None:
    """Session shared, registration and room locked, what stands against it read, the seat written."""
    session_id, venue_id, rooms, students = _targets(url)
    facts = re.sub(r"(?<!:):(\w+)", r"%(\1)s", str(allocating._FACTS))
    local = threading.local()

    def one(number: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(databases.config.libpq_url(url))
        connection, student, room = local.connection, students[number], rooms[number % len(rooms)]
        keys = {"student_id": student, "session_id": session_id, "room_id": room, "seat": None, "id": None}
        with connection.transaction():
            connection.execute("SELECT set_config('registrar.actor', '1', true)")
            connection.execute("SELECT status, venue_id FROM test_sessions WHERE id = %s FOR SHARE", [session_id])
            connection.execute(
                "SELECT s.user_id FROM students s JOIN test_registrations g ON g.student_id = s.id"
                " WHERE g.session_id = %s AND s.id = %s AND g.status = 'confirmed' FOR NO KEY UPDATE OF g",
                [session_id, student],
            )
            connection.execute("SELECT venue_id, status FROM rooms WHERE id = %s FOR NO KEY UPDATE", [room])
            free = connection.execute(facts, keys).fetchone()[-1]
            connection.execute(
                "INSERT INTO room_allocations (session_id, venue_id, room_id, student_id, seat_number)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING *",
                [session_id, venue_id, room, student, free],
            )

    _loop(one, part, parts, ready, start, done, len(students))


def pages(server: str) -> list[str]:
    """The page of a session and the map of a room, half of 10,000 students seated."""
    lines = []
    with venue(server, students=10_000, rooms=250) as url:
        with databases.connect(url) as connection:
            connection.execute(BARE)  # type: ignore[arg-type]
            connection.execute("DELETE FROM room_allocations WHERE random() < 0.5")
            connection.execute("VACUUM ANALYZE")
            session_id = connection.execute("SELECT id FROM test_sessions").fetchone()[0]  # type: ignore[index]
            room_id = connection.execute("SELECT id FROM rooms WHERE capacity = 60 LIMIT 1").fetchone()[0]  # type: ignore[index]
        app = databases.application(url)
        browser = Browser(app, "admin")
        for name, address in (
            ("page of a session", f"/test-sessions/{session_id}"),
            ("page of a session, searched", f"/test-sessions/{session_id}?q=abc"),
            ("map of a room", f"/test-sessions/{session_id}/rooms/{room_id}"),
            ("map of a room, live", f"/test-sessions/{session_id}/rooms/{room_id}/live"),
        ):
            took = page_ms(partial(browser.get, address))
            lines.append(_line(f"{name}, 10,000 registered", f"{took:,.1f} ms", took > MOST_MS))
        with app.app_context():
            db.engine.dispose()
    return lines


def _line(name: str, value: str, missed: bool) -> str:
    line = f"| {name} | {value} |{' **missed**' if missed else ''} |"
    print(line, flush=True)
    return line


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.allocation", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a goal is missed")
    parser.add_argument("--only", default="", help="large, optimum, hand or pages; several with commas")
    options = parser.parse_args()
    wanted = set(filter(None, options.only.split(",")))
    print("| what | | |\n| --- | --- | --- |")
    lines = optimum() if not wanted or "optimum" in wanted else []
    with databases.server() as server:
        for name, work in (("pages", pages), ("hand", by_hand), ("large", large)):
            if not wanted or name in wanted:
                lines += work(server)
    return int(options.check and any("missed" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
