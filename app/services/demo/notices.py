"""The inboxes of the demo school: what people were told in the last three weeks, most of it read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.models.notifications import NotificationType, Severity
from app.policies.roles import Role
from app.services.demo.school import Member, School, chance, key, write
from app.services.errors import Text
from app.services.leads import followups
from app.services.notifications import texts

KEPT: Final = timedelta(days=21)
FRESH: Final = timedelta(days=2)  # of these some are unread
DUE_DAYS: Final = 3


class Notices:
    """Collects notices and what they are about, then writes them."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.luck = chance("notices")
        self.events: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.seen: set[tuple[Any, ...]] = set()
        self.fresh: Counter[int] = Counter()

    def tell(
        self,
        kind: NotificationType,
        lead: Mapping[str, Any],
        what: Text,
        to: Sequence[Member],
        actor: Member,
        at: datetime,
    ) -> None:
        """Tell these people about a lead, as the services do."""
        if not to:
            return
        self.events.append(
            {
                "id": key(at, self.luck),
                "type": kind,
                "entity_type": "leads",
                "entity_id": lead["id"],
                "actor_id": actor.id,
                "payload": {},
                "at": at,
            }
        )
        title = _l("%(name)s: %(what)s", name=f"{lead['first_name']} {lead['last_name']}", what=what)
        for member in to:
            self._notice(kind, lead, title, member.id, at)

    def tell_due(self, leads: Sequence[Mapping[str, Any]]) -> None:
        """The daily notices of the last days about follow-ups that are still open."""
        admins = [member.id for member in self.school.having(Role.ADMIN, Role.SUPER_ADMIN)]
        for back in range(DUE_DAYS, 0, -1):
            day = self.school.today - timedelta(days=back)
            at = datetime.combine(day, time(7), self.school.hours.zone).astimezone(UTC)
            for lead in leads:
                if lead["follow_up_status"] == "open" and lead["follow_up_date"] <= day and lead["created_at"] < at:
                    self._due(lead, day, at, [lead["owner_id"], *admins] if lead["owner_id"] else admins)

    def _due(self, lead: Mapping[str, Any], day: date, at: datetime, recipients: Sequence[int]) -> None:
        late = lead["follow_up_date"] < day
        title = _with(followups.OVERDUE if late else followups.TODAY, lead)
        for recipient in recipients:
            severity = Severity.WARNING if late else Severity.INFO
            self._notice(NotificationType.LEAD_FOLLOWUP_DUE, lead, title, recipient, at, severity, lead["phone"])

    def _notice(
        self,
        kind: NotificationType,
        lead: Mapping[str, Any],
        title: Text,
        recipient: int,
        at: datetime,
        severity: Severity = Severity.INFO,
        body: str = "",
    ) -> None:
        day = self.school.hours.day_of(at)
        once = (recipient, kind, lead["id"], day)
        if once in self.seen or self.school.now - at > KEPT:
            return
        self.seen.add(once)
        self.notices.append(
            {
                "id": key(at, self.luck),
                "recipient_id": recipient,
                "type": kind,
                "title": texts.in_source(title)[: texts.LONGEST_TITLE],
                "body": body,
                "payload": texts.stored(title, body),
                "severity": severity,
                "entity_type": "leads",
                "entity_id": lead["id"],
                "link": f"/leads/{lead['id']}",
                "dedup_day": day,
                "created_at": at,
                "read_at": self._read_at(recipient, at),
            }
        )

    def _read_at(self, recipient: int, at: datetime) -> datetime | None:
        """Everybody has left a few of the last days unread."""
        if self.school.now - at < FRESH:
            self.fresh[recipient] += 1
            if self.fresh[recipient] % 3 == 1:
                return None
        return min(self.school.now, at + timedelta(minutes=self.luck.randrange(5, 600)))

    def write(self) -> None:
        write("notification_events", sorted(self.events, key=lambda row: row["at"]))
        write("notifications", sorted(self.notices, key=lambda row: row["created_at"]))


def _with(message: Text, lead: Mapping[str, Any]) -> Text:
    """What the daily job says of a lead."""
    return _l(texts.message(message), name=f"{lead['first_name']} {lead['last_name']}", day=lead["follow_up_date"])
