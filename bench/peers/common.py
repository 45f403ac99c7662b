"""What both sites are asked for, and the clock. Runs in the peers' environment, so nothing of the application is used."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.names import RARE

COLUMNS = ("first_name", "last_name", "phone", "email", "source", "area")


@dataclass
class Facts:
    """What the cases ask for, looked up once."""

    stages: list[str]
    owner: int  # of many leads
    newest: list[str]  # a thousand
    lead: dict[str, str]  # what the form of the newest one sends
    staff_name: str
    phone_part: str
    leads: int


def facts(url: str) -> Facts:
    with psycopg.connect(url, autocommit=True) as connection:

        def one(statement: str) -> Any:
            row = connection.execute(statement.encode()).fetchone()
            assert row is not None
            return row[0]

        def column(statement: str) -> list[str]:
            return [str(row[0]) for row in connection.execute(statement.encode())]

        newest = "FROM leads ORDER BY created_at DESC, id DESC LIMIT 1"
        stages = column("SELECT id FROM lead_stages WHERE active ORDER BY position")
        lead = {name: str(one(f"SELECT coalesce({name}, '') {newest}")) for name in COLUMNS}
        return Facts(
            stages=stages,
            owner=one(
                "SELECT owner_id FROM leads WHERE owner_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
            ),
            newest=column(f"SELECT id {newest}000"),
            lead=lead | {"follow_up_date": one("SELECT CAST(current_date + 2 AS text)"), "follow_up_status": "open"},
            staff_name=one("SELECT first_name FROM ab_user WHERE username = 'owner7'"),
            phone_part=one(
                "SELECT substr(phone, 7) FROM leads ORDER BY created_at OFFSET (SELECT count(*) / 3 FROM leads) LIMIT 1"
            ),
            leads=one("SELECT count(*) FROM leads"),
        )


@dataclass
class Case:
    """`act(number)` is timed, and gives a status; the number is another one each time."""

    name: str
    act: Callable[[int], int]
    good: tuple[int, ...] = (200,)
    number: int = 0


def searches(get: Callable[[str], int], address: str, known: Facts) -> list[Case]:
    """The searches; `address` ends where the words begin."""
    words = {
        "search: rare word": RARE.lower(),
        "search: common word": "maria",
        "search: part of a phone number": known.phone_part,
    }
    return [Case(name, lambda _n, word=word: get(address + word)) for name, word in words.items()]  # type: ignore[misc]


def serve(cases: list[Case]) -> None:
    """Tell the names of the cases, and then for each line of JSON, a name and how often, how long each time took in ms."""
    known = {case.name: case for case in cases}
    print(json.dumps(list(known)), flush=True)
    for line in sys.stdin:
        name, times = json.loads(line)
        gc.collect()
        print(json.dumps([_once(known[name]) for _time in range(times)]), flush=True)


def _once(case: Case) -> float:
    started = time.perf_counter()
    status = case.act(case.number)
    took = (time.perf_counter() - started) * 1000
    assert status in case.good, f"{case.name}: {status}"
    case.number += 1
    return took
