"""`python -m bench`: measure everything; `--only words` some of it; `--check` fails when a goal is missed."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from bench import databases, heavy, report
from bench.cases import READING, WRITING
from bench.measure import Line, measure
from bench.site import Site

LARGE, SMALL = 1_000_000, 1_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a goal is missed")
    parser.add_argument(
        "--only", default="", help="only the lines whose name contains these words; several with commas"
    )
    parser.add_argument("--rounds", type=float, default=1, help="factor on the number of rounds")
    parser.add_argument(
        "--keep", action="store_true", help="use the seeded databases even if migrations have changed since"
    )
    options = parser.parse_args()
    wanted = [words.strip() for words in options.only.split(",")]
    with ExitStack() as stack:
        server = stack.enter_context(databases.server())
        urls = [
            (stack.enter_context(databases.database(server, leads, keep=options.keep)), leads)
            for leads in (LARGE, SMALL)
        ]
        large, small = (Site(url, leads) for url, leads in urls)
        for site in (large, small):
            stack.callback(site.close)
        lines = []
        for case in (*READING, *WRITING):
            if any(words in case.name for words in wanted):
                lines.append(_told(measure(case, large, small, max(1, round(case.rounds * options.rounds)))))
        for work in heavy.CASES:
            if any(words in work.name for words in wanted):
                lines += [_told(line) for line in work.run(large)]
    path = report.write(lines, databases.INSTANCE)
    print(f"\n{report.markdown(lines)}\nKept in {path}.")
    return int(options.check and any(line.missed for line in lines))


def _told(line: Line) -> Line:
    print(f"{line.name:44} {line.large:12,.1f} ms {'  missed' if line.missed else ''}", flush=True)
    return line


if __name__ == "__main__":
    sys.exit(main())
