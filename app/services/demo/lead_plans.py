"""What becomes of each lead, dealt out so that everybody who works with leads has some of every kind."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final, TypeVar

from app.models.leads import LeadSource
from app.policies.roles import Role
from app.services.demo.school import MINUTES, Member, School

TOTAL: Final = 1200
MINE: Final = 40  # leads of the demo login for staff
UNOWNED: Final = 48


class Stage(enum.StrEnum):
    NEW = "New"
    CONTACTED = "Contacted"
    TRIAL_SCHEDULED = "Trial Scheduled"
    TRIAL_COMPLETED = "Trial Completed"
    ONBOARDED = "Onboarded"


@dataclass(frozen=True)
class Plan:
    """Where a lead will end. `follow_up` is None when there is nothing left to do.

    `imported` says that it came with the file in the history.
    """

    owner: Member | None
    stage: Stage
    source: LeadSource
    follow_up: date | None
    imported: bool = False


FATES: Final = {
    (Stage.ONBOARDED, False): 32,
    (Stage.CONTACTED, False): 14,
    (Stage.TRIAL_COMPLETED, False): 6,
    (Stage.NEW, True): 8,
    (Stage.CONTACTED, True): 20,
    (Stage.TRIAL_SCHEDULED, True): 11,
    (Stage.TRIAL_COMPLETED, True): 9,
}
"""Stage, and whether there is a follow-up to come."""
DUE: Final = {"overdue": 12, "today": 14, "week": 46, "later": 28}
MY_DUE: Final = {"overdue": 22, "today": 26, "week": 32, "later": 20}  # more for who looks around
DAYS: Final = {"overdue": (-6, -1), "today": (0, 0), "week": (1, 7), "later": (8, 24)}
SOURCES: Final = {
    LeadSource.WEB: 30,
    LeadSource.REFERRAL: 18,
    LeadSource.WALK_IN: 14,
    LeadSource.PHONE: 14,
    LeadSource.ADS: 10,
    LeadSource.SOCIAL_MEDIA: 8,
    LeadSource.EVENT: 4,
    LeadSource.OTHER: 2,
}
# How many days lie between the first and the last thing that happened, at least and at most.
SPANS: Final = {
    Stage.NEW: (0, 36),
    Stage.CONTACTED: (2, 110),
    Stage.TRIAL_SCHEDULED: (3, 60),
    Stage.TRIAL_COMPLETED: (5, 90),
    Stage.ONBOARDED: (9, 45),
}

T = TypeVar("T")


def plans(school: School, luck: Random) -> list[Plan]:
    """One plan per lead, in chance order."""
    staff = school.having(Role.STAFF)
    mine, others = staff[0], staff[1:]
    rest = TOTAL - MINE - UNOWNED
    found = _of_owner(school, mine, MINE, MY_DUE, luck)
    for number, owner in enumerate(others):
        found += _of_owner(school, owner, rest // len(others) + (number < rest % len(others)), DUE, luck)
    found += [Plan(None, Stage.NEW, _source(luck), day) for day in _follow_ups(school, DUE, UNOWNED, luck)]
    luck.shuffle(found)
    return _with_import(found, {mine.id, others[0].id, others[1].id})


def _of_owner(school: School, owner: Member, count: int, due: Mapping[str, int], luck: Random) -> list[Plan]:
    fates = dealt(FATES, count)
    days = _follow_ups(school, due, sum(is_open for _stage, is_open in fates), luck)
    return [Plan(owner, stage, _source(luck), days.pop() if is_open else None) for stage, is_open in fates]


def _follow_ups(school: School, due: Mapping[str, int], count: int, luck: Random) -> list[date]:
    days = [school.today + timedelta(days=luck.randint(*DAYS[when])) for when in dealt(due, count)]
    luck.shuffle(days)
    return days


def _source(luck: Random) -> LeadSource:
    return luck.choices(list(SOURCES), list(SOURCES.values()))[0]


def dealt(weights: Mapping[T, int], count: int) -> list[T]:
    """`count` values in proportion to their weights, the largest remainders rounded up."""
    total = sum(weights.values())
    exact = {value: weight * count / total for value, weight in weights.items()}
    whole = {value: int(share) for value, share in exact.items()}
    by_remainder = sorted(exact, key=lambda value: whole[value] - exact[value])
    for value in by_remainder[: count - sum(whole.values())]:
        whole[value] += 1
    return [value for value, times in whole.items() for _ in range(times)]


IMPORTED: Final = 24
IMPORT_DAYS_AGO: Final = 22


def _with_import(found: list[Plan], owners: set[int]) -> list[Plan]:
    """Some leads of these owners come from the imported file; all of them have been worked with since."""
    marked, count = [], 0
    for plan in found:
        theirs = plan.owner is not None and plan.owner.id in owners
        if theirs and plan.follow_up and plan.stage is not Stage.NEW and count < IMPORTED:
            plan, count = replace(plan, source=LeadSource.EVENT, imported=True), count + 1
        marked.append(plan)
    return marked


def imported_at(school: School) -> int:
    """The minute of the import."""
    return (len(school.hours.days) - IMPORT_DAYS_AGO) * MINUTES + 47


def span(plan: Plan, school: School, luck: Random) -> tuple[int, int]:
    """The first and the last open minute in which something happens to the lead. Nobody has dealt yet with a
    follow-up that is overdue or due today."""
    least, most = SPANS[plan.stage]
    length = int(luck.triangular(least * MINUTES, most * MINUTES, least * MINUTES))  # rather short than long
    if plan.follow_up is None:  # long ago or lately
        begin = luck.randrange(school.hours.end - length - 1)
        return begin, begin + length
    end = school.hours.end - 1
    if plan.follow_up <= school.today:
        end = school.hours.before(plan.follow_up)
    return (imported_at(school) if plan.imported else end - length), end
