"""Why a place stays empty, and why somebody cannot take it, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import ngettext

from app.services.roster.problem import HOUR, Assistant, Demand, Hindrance, Week


def hours(minutes: int) -> str:
    """Minutes as hours: 90 is 1.5."""
    return f"{minutes / HOUR:.2f}".rstrip("0").rstrip(".")


def why_not(week: Week, assistant: Assistant, demand: Demand, course: str) -> str:
    """Why an assistant cannot take one more place of a demand; empty when they can."""
    match week.hindrance(assistant, demand):
        case None:
            return ""
        case Hindrance.CANNOT_TEACH:
            return _("Cannot teach %(course)s.", course=course)
        case Hindrance.NOT_AVAILABLE:
            return _("Is not available for the whole shift.")
        case Hindrance.ON_THIS_SHIFT:
            return _("Is on this shift already.")
        case Hindrance.ON_ANOTHER_SHIFT:
            return _("Is on another shift at this time.")
        case Hindrance.HOURS:
            return _(
                "Has %(hours)s of at most %(most)s hours already.",
                hours=hours(week.minutes(assistant.id)),
                most=hours(assistant.maximum),
            )


def why_uncovered(week: Week, demand: Demand, course: str) -> str:
    """Why a demand is not covered: what hinders each of those who can teach the course."""
    able = [each for each in week.problem.assistants if demand.course_id in each.courses]
    if not able:
        return _("No assistant can teach %(course)s.", course=course)
    here = {each.assistant_id for each in week.by_demand.get(demand.key, ())}
    counts = Counter(week.hindrance(each, demand) for each in able if each.id not in here)
    parts = [
        (len(here & {each.id for each in able}), lambda n: ngettext("%(num)s is on it", "%(num)s are on it", n)),
        *((counts[hindrance], text) for hindrance, text in _COUNTED),
    ]
    return _(
        "%(able)s: %(reasons)s.",
        able=ngettext(
            "%(num)s assistant can teach %(course)s",
            "%(num)s assistants can teach %(course)s",
            len(able),
            course=course,
        ),
        reasons=", ".join(text(count) for count, text in parts if count),
    )


_COUNTED: tuple[tuple[Hindrance | None, Callable[[int], str]], ...] = (
    (
        Hindrance.NOT_AVAILABLE,
        lambda n: ngettext("%(num)s is not available then", "%(num)s are not available then", n),
    ),
    (
        Hindrance.ON_THIS_SHIFT,
        lambda n: ngettext("%(num)s has another course on this shift", "%(num)s have other courses on this shift", n),
    ),
    (
        Hindrance.ON_ANOTHER_SHIFT,
        lambda n: ngettext("%(num)s is on another shift then", "%(num)s are on other shifts then", n),
    ),
    (
        Hindrance.HOURS,
        lambda n: ngettext("%(num)s would be above their hours", "%(num)s would be above their hours", n),
    ),
    (None, lambda n: ngettext("%(num)s could still take it", "%(num)s could still take it", n)),
)
