"""What was allocated in one go."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.services.allocation_plans.resource import RUNS
from app.services.test_sessions.labels import session_title
from app.views.base import RecordView


class AllocationRunView(RecordView):
    resource = RUNS
    list_columns = ("created_at", "session", "kind", "status", "progress", "applied_at", "undone_at")
    show_groups = (("", ("session", "kind", "status", "message", "applied_at", "undone_at")),)
    description = _l(
        "Students who were seated or moved in one go. Each is undone as a whole, on the page of its session."
    )

    def related_title(self, related: Any) -> str:
        return session_title(related)
