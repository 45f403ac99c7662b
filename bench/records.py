"""`python -m bench.records`: students with their whole sets of records, imported from a file and checked row by row,
against the same rows written by hand: COPY into each table. `--check` fails when a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import uuid4

from app.extensions import db
from app.models.imports import ImportStatus
from app.services import accounts, imports, sessions
from bench import databases

NAME = "registrar_bench_records"
ROUNDS, LEAST_OF_HAND = 3, 0.5
HEADER = (
    "first_name,last_name,birth_date,birth_sex_descriptor,hispanic_latino_ethnicity,races,grade_level,program_interests,"
    "guardian_first_name,guardian_last_name,guardian_email,guardian_relation"
)


@contextmanager
def school(server: str) -> Iterator[str]:
    """A database with one school, made for one measurement."""
    with databases.fresh(server, NAME) as url:
        with databases.connect(url) as seeding:
            seeding.execute("INSERT INTO organizations (name, identifier) VALUES ('Bench', 'B')")
        yield url


def content(students: int, mark: str) -> bytes:
    """A file of so many students; every two have a guardian in common."""
    rows = (
        f"First{n},Last{mark}{n},2015-0{n % 9 + 1}-1{n % 9},Female,no,White; Asian,{n % 12 + 1},Chess,"
        f"Guardian,Last{mark}{n // 2},g{mark}{n // 2}@example.org,Mother"
        for n in range(students)
    )
    return "\n".join((HEADER, *rows)).encode()


def office() -> int:
    """An account of the enrollment office."""
    known = accounts.find("office")
    if known is None:
        names = {"first_name": "Office", "last_name": "Bench", "email": "office@bench.example"}
        known = accounts.create_account(username="office", roles=["Admissions"], actor=sessions.system(), **names)
    return int(known.id)


def ours(students: int, mark: str) -> float:
    """Seconds of carrying a checked import out."""
    actor = sessions.load_by_id(office())
    job = imports.start("students", "bench.csv", content(students, mark), actor=actor, queued=False)
    imports.check(job.id)
    db.session.refresh(job)
    if job.new_rows != students:
        raise RuntimeError(f"{job.new_rows} of {students} are good: {job.message}")
    imports.confirm(job.id, actor=actor, queued=False)
    began = time.perf_counter()
    imports.carry_out(job.id)
    took = time.perf_counter() - began
    db.session.refresh(job)
    if job.status is not ImportStatus.DONE:
        raise RuntimeError(f"The import is {job.status}: {job.message}")
    return took


def by_hand(url: str, students: int, mark: str) -> float:
    """Seconds of the same rows, ready in memory, through COPY into each table in one transaction."""
    with databases.connect(url) as connection:
        org, sourced_id = connection.execute("SELECT id, sourced_id FROM organizations").fetchone()  # type: ignore[misc]
        [first] = connection.execute("SELECT max(student_usi) FROM students").fetchone() or (0,)
        connection.execute("SELECT setval('student_usi_seq', %s)", [(first or 100000) + students + 1])
        tables = _rows(students, mark, org, sourced_id, (first or 100000) + 1)
        began = time.perf_counter()
        with connection.transaction(), connection.cursor() as cursor:
            for table, (columns, rows) in tables.items():
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
        return time.perf_counter() - began


def _rows(
    students: int, mark: str, org: Any, sourced_id: str, usi: int
) -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    people = [(uuid4(), uuid4(), n) for n in range(students)]
    guardians = [(uuid4(), uuid4().hex, n) for n in range((students + 1) // 2)]
    agents = [(uuid4(), n) for n in range(len(guardians))]
    orgs, day = f'["{sourced_id}"]', date(2026, 9, 1)
    code = f"B-STU-{mark}"
    return {
        "guardians": (
            "id, contact_unique_id, first_name, last_name, email",
            [(key, name, "Guardian", f"Last{mark}{n}", f"g{mark}{n}@example.org") for key, name, n in guardians],
        ),
        "students": (
            "id, student_usi, student_unique_id, first_name, last_name, birth_date, birth_sex_descriptor,"
            " hispanic_latino_ethnicity, races, source_system_descriptor, guardian_name",
            [
                (
                    key,
                    usi + n,
                    f"{code}-{n}",
                    f"First{n}",
                    f"Last{mark}{n}",
                    date(2015, n % 9 + 1, 10),
                    "Female",
                    False,
                    '["White", "Asian"]',
                    "School",
                    "Guardian",
                )
                for key, _user, n in people
            ],
        ),
        "student_school_associations": (
            "student_id, school_id, entry_date, entry_grade_level_descriptor, entry_type_descriptor, school_year",
            [(key, org, day, "First grade", "New student", 2027) for key, _user, _n in people],
        ),
        "student_program_extensions": (
            "student_id, sport_interests, enrollment_status, grade_at_enrollment",
            [(key, '["Chess"]', "enrolled", "First grade") for key, _user, _n in people],
        ),
        "oneroster_users": (
            "id, sourced_id, username, given_name, family_name, role, birth_date, org_ids, grades, student_id, guardian_id",
            [
                (
                    user,
                    f"student_{code}-{n}",
                    f"first{mark}.{usi + n}",
                    f"First{n}",
                    f"Last{n}",
                    "student",
                    date(2015, n % 9 + 1, 10),
                    orgs,
                    '["01"]',
                    key,
                    None,
                )
                for key, user, n in people
            ]
            + [
                (
                    user,
                    f"guardian_{guardians[n][1]}",
                    f"guardian{mark}.{guardians[n][1]}",
                    "Guardian",
                    f"Last{n}",
                    "guardian",
                    None,
                    orgs,
                    "[]",
                    None,
                    guardians[n][0],
                )
                for user, n in agents
            ],
        ),
        "student_guardians": (
            "student_id, guardian_id, relation_descriptor, primary_contact",
            [(key, guardians[n // 2][0], "Mother", True) for key, _user, n in people],
        ),
        "oneroster_agents": (
            "oneroster_user_id, agent_id",
            [(user, agents[n // 2][0]) for _key, user, n in people],
        ),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.records", description=__doc__)
    parser.add_argument("--students", type=int, default=20_000)
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a goal is missed")
    options = parser.parse_args()
    with databases.server() as server, school(server) as url:
        app = databases.application(url)
        times: dict[str, list[float]] = {"ours": [], "hand": []}
        with app.app_context():
            for number in range(ROUNDS):
                times["ours"].append(ours(options.students, f"o{number}x"))
                times["hand"].append(by_hand(url, options.students, f"h{number}x"))
            db.session.remove()
            db.engine.dispose()
    took = {name: statistics.median(each) for name, each in times.items()}
    share = took["hand"] / took["ours"]
    print(
        f"{options.students:,} students: imported in {took['ours']:.1f} s"
        f" ({options.students / took['ours']:,.0f} sets a second), by hand {took['hand']:.1f} s: {share:.2f} of it"
        f" (goal: {LEAST_OF_HAND}){'' if share >= LEAST_OF_HAND else '  missed'}"
    )
    return int(options.check and share < LEAST_OF_HAND)


if __name__ == "__main__":
    sys.exit(main())
