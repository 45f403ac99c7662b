"""`python -m bench.peers`: measure Flask-Admin, Django admin with unfold, and ours, on the seeded leads of this machine.

They are installed into an environment of their own under `instance/bench/`. Row history is of this project, so the triggers
of `leads` are off while they write; and they get the indexes that they would have: ours leave out what is deleted.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import venv
from functools import partial
from pathlib import Path
from typing import Any

import config
from bench import databases
from bench.__main__ import LARGE
from bench.cases import READING, WRITING
from bench.measure import WARM_UP, timed
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
SITES = {"Flask-Admin": "flask_admin_site", "Django admin": "django_site"}


def main() -> int:
    python = _environment(databases.INSTANCE / "peers")
    found = {}
    with databases.server() as server:
        for title, module in SITES.items():
            with databases.database(server, LARGE, keep=True) as url:
                with databases.connect(url) as connection:
                    for statement in PREPARED:
                        connection.execute(statement)
                found[title] = _run(python, module, config.libpq_url(url))
        with databases.database(server, LARGE, keep=True) as url:
            found["Ours"] = _ours(url, set().union(*found.values()))
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    print("\n| What | " + " | ".join(f"{title}, ms" for title in found) + " |")
    print("| --- " * (1 + len(found)) + "|")
    for name in names:
        print(
            f"| {name} | " + " | ".join(f"{each[name]:.1f}" if name in each else "" for each in found.values()) + " |"
        )
    return 0


def _ours(url: str, names: set[str]) -> dict[str, float]:
    """The same pages and writes of ours, one after the other as theirs, with row history on."""
    site, medians = Site(url, LARGE), {}
    for case in (*READING, *WRITING):
        if case.name in names:
            times = []
            for _round in range(-min(WARM_UP, case.rounds), case.rounds):
                times.append(timed(partial(case.page, site, case.prepare(site)))[0])
            medians[case.name] = statistics.median(times[-case.rounds :])
    site.close()
    return medians


def _environment(place: Path) -> Path:
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def _run(python: Path, module: str, url: str) -> dict[str, Any]:
    command = [python, "-m", f"bench.peers.{module}", url]
    done = subprocess.run(command, cwd=config.ROOT, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    sys.exit(main())
