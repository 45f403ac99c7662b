"""`python -m bench.peers`: measure Flask-Admin and Django admin with unfold on the seeded leads, on this machine.

They are installed into an environment of their own under `instance/bench/`. Row history and search columns are of this
project, so the triggers of `leads` are off while they write: they only do what they do by themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import config
from bench import databases
from bench.__main__ import LARGE

PACKAGES = (
    "flask-admin==2.2.1",
    "flask-sqlalchemy==3.1.1",
    "flask-login==0.6.3",
    "django==5.2.19",
    "django-unfold==0.91.0",
    "psycopg[binary]==3.3.9",
)
SITES = {"Flask-Admin": "flask_admin_site", "Django admin": "django_site"}


def main() -> int:
    python = _environment(databases.INSTANCE / "peers")
    found = {}
    with databases.server() as server:
        for title, module in SITES.items():
            with databases.database(server, LARGE, keep=True) as url:
                with databases.connect(url) as connection:
                    connection.execute("ALTER TABLE leads DISABLE TRIGGER USER")
                found[title] = _run(python, module, config.libpq_url(url))
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    print("\n| What | " + " | ".join(f"{title}, ms" for title in found) + " |\n| --- " * (1 + len(found)) + "|")
    for name in names:
        print(
            f"| {name} | " + " | ".join(f"{each[name]:.1f}" if name in each else "" for each in found.values()) + " |"
        )
    return 0


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
