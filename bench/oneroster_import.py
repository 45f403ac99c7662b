"""`python -m bench.oneroster_import`: a bundle of 100,000 students checked and imported, both with all validation; then the
same again, when nothing changes. `--check` fails when less than 5,000 rows are done in a second.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from flask import Flask

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.services import accounts, imports, sessions
from app.services.oneroster.importing import confirming
from app.services.oneroster.standard import MANIFEST, STANDARDS
from bench import databases

NAME = "registrar_bench_oneroster_import"
LEAST = 5000  # rows a second
STANDARD = STANDARDS["1.2"]
SCHOOLS, CLASS = 20, 25
Row = dict[str, str]


def bundle(students: int) -> bytes:
    """A roster with a role, an enrollment and demographics for each student, and a teacher for each class."""
    files: dict[str, Iterable[Row]] = {
        "academicSessions.csv": [_year()],
        "orgs.csv": ({"sourcedId": f"s{n}", "name": f"School {n}", "type": "school"} for n in range(SCHOOLS)),
        "courses.csv": (
            {"sourcedId": f"c{n}", "title": f"Course {n}", "orgSourcedId": f"s{n}"} for n in range(SCHOOLS)
        ),
        "classes.csv": (_class(n) for n in range(students // CLASS)),
        "users.csv": (_user(n, students) for n in range(students + students // CLASS)),
        "roles.csv": (_role(n, students) for n in range(students + students // CLASS)),
        "enrollments.csv": (_enrollment(n, students) for n in range(students + students // CLASS)),
        "demographics.csv": (_demographics(n) for n in range(students)),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        properties = {"manifest.version": "1.0", "oneroster.version": "1.2", "source.systemName": "Bench"}
        for name, file in STANDARD.files.items():
            properties[file.property_name] = "bulk" if name in files else "absent"
        archive.writestr(MANIFEST, "propertyName,value\n" + "".join(f"{a},{b}\n" for a, b in properties.items()))
        for name, rows in files.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, STANDARD.files[name].header, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            archive.writestr(name, text.getvalue())
    return packed.getvalue()


def _year() -> Row:
    days = {"startDate": "2026-08-01", "endDate": "2027-08-01", "schoolYear": "2027"}
    return {"sourcedId": "y", "title": "2026/27", "type": "schoolYear", **days}


def _class(n: int) -> Row:
    at = n % SCHOOLS
    ids = {"courseSourcedId": f"c{at}", "schoolSourcedId": f"s{at}", "termSourcedIds": "y"}
    return {"sourcedId": f"k{n}", "title": f"Class {n}", "classType": "scheduled", **ids}


def _user(n: int, students: int) -> Row:
    names = {"username": f"user.{n}", "givenName": f"Given{n % 997}", "familyName": f"Family{n % 4999}"}
    more = {"identifier": f"N{n:07}", "grades": f"{n % 12 + 1:02}", "email": f"user.{n}@school.example"}
    return {"sourcedId": f"u{n}", "enabledUser": "true", **names, **(more if n < students else {})}


def _role(n: int, students: int) -> Row:
    role = "student" if n < students else "teacher"
    return {
        "sourcedId": f"r{n}",
        "userSourcedId": f"u{n}",
        "roleType": "primary",
        "role": role,
        "orgSourcedId": f"s{_at(n, students)}",
    }


def _enrollment(n: int, students: int) -> Row:
    teaches = n >= students
    number = n - students if teaches else n // CLASS
    ids = {"classSourcedId": f"k{number}", "schoolSourcedId": f"s{number % SCHOOLS}", "userSourcedId": f"u{n}"}
    return {"sourcedId": f"e{n}", "role": "teacher" if teaches else "student", "primary": str(teaches).lower(), **ids}


def _at(n: int, students: int) -> int:
    return (n - students if n >= students else n // CLASS) % SCHOOLS


def _demographics(n: int) -> Row:
    flags = {"asian": str(n % 3 == 0).lower(), "white": str(n % 2 == 0).lower(), "hispanicOrLatinoEthnicity": "false"}
    return {
        "sourcedId": f"u{n}",
        "birthDate": f"20{10 + n % 9}-{n % 12 + 1:02}-{n % 28 + 1:02}",
        "sex": "female",
        **flags,
    }


@contextmanager
def fresh(server: str) -> Iterator[Flask]:
    """The application on a deployed and otherwise empty database."""
    with databases.fresh(server, NAME) as url:
        app = databases.application(url)
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def measure(server: str, students: int) -> list[str]:
    """Print the speeds; returns which goals were missed."""
    content = bundle(students)
    missed = []
    with fresh(server):
        user = accounts.find("admin")
        assert user is not None
        actor = sessions.load_by_id(user.id)
        for label in ("new", "unchanged"):
            job = imports.start("oneroster", "bench.zip", content, actor=actor, queued=False)
            missed += _timed(f"check, all {label}", job, lambda key=job.id: imports.check(key))  # type: ignore[misc]
            if label == "new":
                confirming.confirm(job.id, actor=actor, queued=False)
                missed += _timed("import, all new", job, lambda key=job.id: imports.carry_out(key))  # type: ignore[misc]
    return missed


def _timed(label: str, job: Import, work: Callable[[], object]) -> list[str]:
    started = time.perf_counter()
    work()
    took = time.perf_counter() - started
    done = db.session.get_one(Import, job.id, populate_existing=True)
    assert done.status in (ImportStatus.CHECKED, ImportStatus.DONE), done.message
    assert not done.invalid_rows, done.message
    speed = done.total_rows / took
    print(f"{label:<22} {done.total_rows:>9,} rows {took:>7.1f} s {speed:>9,.0f} rows/s   goal {LEAST:,}", flush=True)
    return [label] if speed < LEAST else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed")
    options = parser.parse_args()
    with databases.server() as server:
        missed = measure(server, options.students)
    if missed and options.check:
        sys.exit(f"Too slow: {', '.join(missed)}.")


if __name__ == "__main__":
    main()
