"""Rules that hold over the whole database: finding the rows that break one, and repairing them.

One definition serves the page, the API, `registrar doctor`, `registrar users fix-user-profiles` and the nightly job.
"""

from app.services.integrity.accounts import PROFILES
from app.services.integrity.checking import INVARIANTS, Broken, State, check, examine, get, rows, total
from app.services.integrity.invariants import Invariant
from app.services.integrity.repairing import Repaired, history, repair, try_repair

__all__ = [
    "INVARIANTS",
    "PROFILES",
    "Broken",
    "Invariant",
    "Repaired",
    "State",
    "check",
    "examine",
    "get",
    "history",
    "repair",
    "rows",
    "total",
    "try_repair",
]
