"""`python -m bench.peers`: measure Flask-Admin, Django admin with unfold, and ours, in turns on the same leads of this machine.

They are installed into an environment of their own under `instance/bench/`. Row history is of this project, so the triggers
of `leads` are off while they write; and they get the indexes that they would have: ours leave out what is deleted.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import venv
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import config
from bench import databases
from bench.__main__ import LARGE
from bench.cases import READING, WRITING
from bench.measure import timed
from bench.site import Site

PACKAGES = (
    "flask-admin==2.2.1",
    "flask-sqlalchemy==3.1.1",
    "flask-login==0.6.3",
    "django==5.2.19",
    "django-unfold==0.91.0",
    "psycopg[binary]==3.3.9",
)
PREPARED = (
    "ALTER TABLE leads DISABLE TRIGGER USER",
    "CREATE INDEX ON leads (created_at DESC, id DESC)",
    "CREATE INDEX ON leads (stage_id)",
    "CREATE INDEX ON leads (owner_id)",
    "ANALYZE leads",
)
TURNS, MANY, FEW = 5, 7, 2  # of so many requests each, after one that warms up
SLOW = {"page 20,000 (the middle)", "last page", "bulk stage change of 1,000"}
SITES = {"Flask-Admin": "flask_admin_site", "Django admin": "django_site"}


def main() -> int:
    python = _environment(databases.INSTANCE / "peers")
    with ExitStack() as opened:
        server = opened.enter_context(databases.server())
        sites: dict[str, Peer | Ours] = {}
        for title, module in SITES.items():
            url = opened.enter_context(databases.database(server, LARGE, keep=True, use=module))
            with databases.connect(url) as connection:
                for statement in PREPARED:
                    connection.execute(statement)
            sites[title] = opened.enter_context(closing(Peer(python, module, config.libpq_url(url))))
        sites["Ours"] = Ours(opened.enter_context(databases.database(server, LARGE, keep=True)))
        opened.callback(sites["Ours"].site.close)
        print("| What | " + " | ".join(f"{title}, ms" for title in sites) + " |")
        print("| --- " * (1 + len(sites)) + "|")
        for name in dict.fromkeys(name for title in SITES for name in sites[title].names):
            print(f"| {name} | " + " | ".join(_medians(name, list(sites.values()))) + " |", flush=True)
    return 0


def _medians(name: str, sites: list[Peer | Ours]) -> list[str]:
    """Of each site, a few times in turns: a machine that is slower for a minute is so for all of them."""
    often = FEW if name in SLOW else MANY
    taken: list[list[float]] = [[] for _site in sites]
    for turn in range(-1, TURNS):
        for site, times in zip(sites, taken, strict=True):
            measured = site.times(name, often) if name in site.names else []
            if turn >= 0:
                times += measured
    return [f"{statistics.median(times):.1f}" if times else "" for times in taken]


class Peer:
    """Another site, in a process and an environment of its own."""

    def __init__(self, python: Path, module: str, url: str) -> None:
        command = [python, "-m", f"bench.peers.{module}", url]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=config.ROOT, stdin=pipe, stdout=pipe, text=True)
        self.names: list[str] = self._answer()

    def times(self, name: str, times: int) -> list[float]:
        """How long each time takes, in ms."""
        assert self._process.stdin
        print(json.dumps([name, times]), file=self._process.stdin, flush=True)
        return [float(each) for each in self._answer()]

    def _answer(self) -> list[Any]:
        assert self._process.stdout
        answer: list[Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


class Ours:
    """The same pages and writes of ours, with row history on."""

    def __init__(self, url: str) -> None:
        self.site = Site(url, LARGE)
        self._cases = {case.name: case for case in (*READING, *WRITING)}
        self.names = list(self._cases)

    def times(self, name: str, times: int) -> list[float]:
        """How long each time takes, in ms."""
        case = self._cases[name]
        return [timed(partial(case.page, self.site, case.prepare(self.site)))[0] for _time in range(times)]


def _environment(place: Path) -> Path:
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
