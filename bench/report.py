"""The results as a Markdown table and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Line

HEAD = (
    "What",
    "1M leads, ms",
    "1k leads, ms",
    "1M : 1k",
    "Plain SQL, ms",
    "Statements",
    "KB",
    "Flask-Admin, ms",
    "Django admin, ms",
    "Goal, ms",
    "",
)


def markdown(lines: list[Line]) -> str:
    """A table with one line per case; what misses a goal is said below."""
    table = [HEAD, tuple("---" for _each in HEAD), *(_cells(line) for line in lines)]
    missed = [f"- {line.name}: {problem}" for line in lines for problem in line.missed]
    shown = "\n".join("| " + " | ".join(row) + " |" for row in table)
    return f"{shown}\n\n" + ("Goals missed:\n\n" + "\n".join(missed) if missed else "All goals are met.") + "\n"


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.name,
        _number(line.large),
        _number(line.small),
        _number(line.growth, 2),
        _number(line.plain),
        _number(line.statements, 0),
        _number(line.kilobytes, 0),
        *(_number(peer, 0) for peer in line.peers),
        _number(line.goal, 0),
        "; ".join(filter(None, (line.note, "**missed**" if line.missed else ""))),
    )


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:,.{0 if value >= 1000 else digits}f}"


def write(lines: list[Line], folder: Path) -> Path:
    """Keep the results; returns where the table is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.md"
    path.write_text(markdown(lines))
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "lines": [asdict(line) | {"growth": line.growth} for line in lines],
    }
    path.with_suffix(".json").write_text(json.dumps(results, indent=2))
    return path
