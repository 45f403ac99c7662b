"""The runs of the daily jobs in the last two weeks, up to yesterday: today's is run for real."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

from app.services.demo.school import School, chance, key, write

TABLES: Final[tuple[str, ...]] = ()  # a scheduler that ran is no reason against a demo
DAYS: Final = 14


def load(school: School) -> None:
    luck = chance("jobs")
    rows = []
    for back in range(DAYS, 0, -1):
        day = school.today - timedelta(days=back)
        began = datetime.combine(day, time(7), school.hours.zone).astimezone(UTC) + timedelta(
            milliseconds=luck.randrange(900)
        )
        rows.append(
            {
                "id": key(began, luck),
                "name": "lead_followup_due",
                "day": day,
                "started_at": began,
                "finished_at": began + timedelta(milliseconds=luck.randrange(60, 400)),
                "rows": luck.randrange(430, 520),
            }
        )
    write("job_runs", rows)
