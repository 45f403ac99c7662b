"""One lead from its first question to today: what happened, who did it, and what was written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.models.leads import ContactChannel, ContactOutcome, FollowUpStatus, LeadEvent, LeadSource
from app.models.notifications import NotificationType
from app.policies.roles import Role
from app.services.demo import texts
from app.services.demo.lead_plans import Plan, Stage, span
from app.services.demo.names import Person
from app.services.demo.notices import Notices
from app.services.demo.school import Member, School, key
from app.services.errors import Text

CHANNELS: Final = (ContactChannel.CALL, ContactChannel.CALL, ContactChannel.MESSAGE, ContactChannel.EMAIL)
ON_THE_WAY: Final = (Stage.TRIAL_SCHEDULED, Stage.TRIAL_COMPLETED, Stage.ONBOARDED)


@dataclass
class Book:
    """All rows about leads, by table, and what the stories look up."""

    school: School
    notices: Notices
    stage_ids: dict[str, UUID]
    tag_ids: dict[str, UUID]
    import_id: UUID
    leads: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)


class Story:
    """Lives the plan step by step. Each step has its own moment and happens in opening hours."""

    def __init__(self, book: Book, plan: Plan, person: Person, luck: Random) -> None:
        self.book, self.plan, self.person, self.luck = book, plan, person, luck
        self.school = book.school
        self.steps = _steps(plan, luck)
        begin, end = span(plan, self.school, luck)
        if end - begin < len(self.steps):  # it came in this very hour
            self.steps = self.steps[:1]
        minutes = sorted(luck.sample(range(begin + 1, end + 1), len(self.steps) - 1))
        self.moments = [self.school.hours.moment(minute) for minute in (begin, *minutes)]
        self.clerk = luck.choice(self.school.having(Role.STAFF))
        self.owner = None if "hand" in self.steps else plan.owner
        self.lead = self._blank()

    def _blank(self) -> dict[str, Any]:
        at, person = self.moments[0], self.person
        return {
            "id": key(at, self.luck),
            "first_name": person.first_name,
            "last_name": person.last_name,
            "phone": person.phone,
            "phone_raw": person.phone,
            "email": person.email,
            "interest": person.interest,
            "source": self.plan.source,
            "stage_id": self.book.stage_ids[Stage.NEW],
            "owner_id": self.owner.id if self.owner else None,
            "assigned_teacher_id": None,
            "area": person.area,
            "community": person.community,
            "address": person.address,
            "guardian_name": person.guardian_name,
            "age": person.age,
            "expected_budget": person.expected_budget,
            "contact_attempts": 0,
            "last_contacted_on": None,
            "demo_date": None,
            "demo_conducted": False,
            "walk_in_date": self._day(0) if self.plan.source == LeadSource.WALK_IN else None,
            "follow_up_date": self._next_day(0),
            "follow_up_status": FollowUpStatus.OPEN,
            "import_id": self.book.import_id if self.plan.imported else None,
            "created_at": at,
            "created_by_id": None,
            "updated_at": at,
            "updated_by_id": None,
        }

    def tell(self) -> None:
        """Write everything down."""
        for number, step in enumerate(self.steps):
            self.number, self.step, self.at = number, step, self.moments[number]
            self.actor = self._actor()
            getattr(self, f"_{step}")()
            self.lead |= {"updated_at": self.at, "updated_by_id": self.actor.id}
            if self.luck.random() < 0.4:
                self._note()
        self.book.leads.append(self.lead)

    def _enter(self) -> None:
        self.lead["created_by_id"] = self.actor.id
        if self.plan.imported:
            return  # the import writes this event, which knows the line
        self._event(LeadEvent.CREATED, None, {"source": self.plan.source})
        if self.luck.random() < 0.5:
            self._later()
            name = self.luck.choice(texts.TAGS)
            self.book.tags.append(
                {"id": key(self.at, self.luck), "lead_id": self.lead["id"], "tag_id": self.book.tag_ids[name]}
            )
            self._event(LeadEvent.TAGS_CHANGED, None, {"tag": name})

    def _hand(self) -> None:
        """An admin gives the lead to its owner, or the owner takes it."""
        assert self.plan.owner is not None
        self.owner = self.plan.owner
        self._change(LeadEvent.OWNER_CHANGED, owner_id=self.owner.id)
        self._tell(NotificationType.LEAD_ASSIGNED, _l("assigned to you"), [self.owner])

    def _miss(self) -> None:
        self._attempt(ContactOutcome.NO_ANSWER, self.luck.choice(texts.MISSED))

    def _reach(self) -> None:
        self._attempt(ContactOutcome.REACHED, self.luck.choice(texts.REACHED))
        self._stage(Stage.CONTACTED)

    def _call(self) -> None:
        self._attempt(ContactOutcome.CALL_BACK, self.luck.choice(texts.CALLED))

    def _arrange(self) -> None:
        self._attempt(ContactOutcome.REACHED, "Trial lesson agreed.")
        teachers = self.school.having(Role.TEACHER)
        fitting = [teacher for teacher in teachers if teacher.department == self.person.interest]
        teacher = self.luck.choice(fitting or teachers)
        self._change(LeadEvent.UPDATED, demo_date=self._trial_day(), assigned_teacher_id=teacher.id)
        self._stage(Stage.TRIAL_SCHEDULED)
        if self.plan.source == LeadSource.WALK_IN:
            self._tell(NotificationType.LEAD_WALKIN_ASSIGNED, _l("a walk-in for you"), [teacher])

    def _hold(self) -> None:
        self._change(LeadEvent.UPDATED, demo_conducted=True)
        self._stage(Stage.TRIAL_COMPLETED)
        if self.lead["follow_up_date"] != self._next_day(self.number):
            self._change(LeadEvent.FOLLOW_UP_CHANGED, follow_up_date=self._next_day(self.number))

    def _enrol(self) -> None:
        self._stage(Stage.ONBOARDED)
        self._finish()

    def _lose(self) -> None:
        self._attempt(ContactOutcome.NOT_INTERESTED, self.luck.choice(texts.LOST))
        self._finish()

    # What the steps are made of.

    def _actor(self) -> Member:
        admin = self.school.named("admin")
        if self.step == "enter":
            return self.school.named("staff") if self.plan.imported else self.owner or self.clerk
        if self.step == "hand":
            owner = self.plan.owner
            return owner if owner and self.luck.random() < 0.4 else admin
        return admin if self.step == "enrol" and self.luck.random() < 0.2 else self.owner or self.clerk

    def _later(self) -> datetime:
        """Things that are done in one go still happen one after the other."""
        self.at += timedelta(milliseconds=self.luck.randrange(300, 6000))
        return self.at

    def _event(self, kind: LeadEvent, before: Any, after: Any) -> None:
        self.book.events.append(
            {
                "id": key(self.at, self.luck),
                "lead_id": self.lead["id"],
                "type": kind,
                "actor_id": self.actor.id,
                "at": self.at,
                "before": before,
                "after": after,
                "batch_id": None,
            }
        )

    def _change(self, kind: LeadEvent, **values: Any) -> None:
        self._later()
        self._event(kind, {name: self.lead[name] for name in values}, values)
        self.lead |= values

    def _stage(self, stage: Stage) -> None:
        self._change(LeadEvent.STAGE_CHANGED, stage_id=self.book.stage_ids[stage])
        self._tell(
            NotificationType.LEAD_STAGE_CHANGED, _l("now in %(stage)s", stage=stage), [self.owner] if self.owner else []
        )

    def _attempt(self, outcome: ContactOutcome, note: str) -> None:
        channel, day = self.luck.choice(CHANNELS), self._next_day(self.number)
        self.book.attempts.append(
            {
                "id": key(self.at, self.luck),
                "lead_id": self.lead["id"],
                "at": self.at,
                "channel": channel,
                "outcome": outcome,
                "note": note,
                "created_at": self.at,
                "created_by_id": self.actor.id,
                "updated_at": self.at,
                "updated_by_id": self.actor.id,
            }
        )
        after = {"channel": channel, "outcome": outcome, "follow_up_date": day}
        self._event(LeadEvent.CONTACT_ATTEMPTED, None, after)
        self.lead |= {
            "follow_up_date": day,
            "last_contacted_on": self._day(self.number),
            "contact_attempts": self.lead["contact_attempts"] + 1,
        }

    def _finish(self) -> None:
        self._change(
            LeadEvent.FOLLOW_UP_CHANGED,
            follow_up_date=self.lead["follow_up_date"],
            follow_up_status=FollowUpStatus.DONE,
        )
        admins = self.school.having(Role.ADMIN, Role.SUPER_ADMIN)
        self._tell(NotificationType.LEAD_FOLLOWUP_STATUS_CHANGED, _l("follow-up done"), admins)

    def _note(self) -> None:
        body = texts.note(self.step, self.person.first_name, self.person.interest, self.luck)
        if body:
            at = self._later()
            self.book.notes.append(
                {
                    "id": key(at, self.luck),
                    "lead_id": self.lead["id"],
                    "body": body,
                    "created_at": at,
                    "created_by_id": self.actor.id,
                    "updated_at": at,
                    "updated_by_id": self.actor.id,
                }
            )
            self._event(LeadEvent.NOTE_ADDED, None, None)

    def _tell(self, kind: NotificationType, what: Text, recipients: Sequence[Member]) -> None:
        others = [member for member in recipients if member.id != self.actor.id]
        self.book.notices.tell(kind, self.lead, what, others, self.actor, self.at)

    def _day(self, number: int) -> date:
        return self.school.hours.day_of(self.moments[number])

    def _next_day(self, number: int) -> date:
        """When somebody looks at it again: the day of the next step, or of the follow-up to come."""
        later = [each for each in range(number + 1, len(self.steps)) if self.steps[each] != "hand"]
        if later:
            return self._day(later[0])
        return self.plan.follow_up or self._day(number)

    def _trial_day(self) -> date:
        if "hold" in self.steps:
            return self._day(self.steps.index("hold"))
        return self.school.hours.open_day(self._next_day(self.number))


def _steps(plan: Plan, luck: Random) -> list[str]:
    """What happens, in order."""
    steps = ["enter"]
    if plan.owner and not plan.imported and luck.random() < 0.35:
        steps.append("hand")
    if plan.stage is Stage.NEW:
        return steps + ["miss"] * (plan.owner is not None and luck.random() < 0.3)
    steps += ["miss"] * luck.choice((0, 0, 1, 1, 2))
    steps.append("reach")
    if plan.stage in ON_THE_WAY:
        steps.append("arrange")
    if plan.stage in ON_THE_WAY[1:]:
        steps.append("hold")
    if plan.follow_up is not None:
        return steps + ["call"] * (plan.stage is not Stage.TRIAL_SCHEDULED and luck.random() < 0.4)
    return [*steps, "enrol" if plan.stage is Stage.ONBOARDED else "lose"]
