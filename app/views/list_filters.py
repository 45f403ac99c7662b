"""The filters of a list in words: what can be chosen, and a chip for each that is."""

from __future__ import annotations

from datetime import date
from functools import cache

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.policies.actor import Actor
from app.services import filters, lookups
from app.services.filters import Filter
from app.services.listing import Query
from app.services.resource import Attribute, Kind, Resource
from app.views import render
from app.views.page import Chip, Choice, FilterField

OPERATOR_LABELS = {
    "is": _l("is"),
    "isnot": _l("is not"),
    "contains": _l("contains"),
    "empty": _l("is empty"),
    "notempty": _l("is not empty"),
    "between": _l("is between"),
    "in": _l("is one of"),
    "before": _l("is before"),
    "after": _l("is after"),
    "gt": _l("is more than"),
    "lt": _l("is less than"),
    "today": _l("is today"),
    "past": _l("is before today"),
    "last": _l("is in the last"),
    "next": _l("is in the next"),
}
_FILTER_KINDS = {Kind.EMAIL: "text", Kind.PHONE: "text", Kind.DATETIME: "date"}


@cache
def fields(resource: Resource, _locale: str) -> list[FilterField]:
    """What a list can be filtered by, in one language: hundreds of texts that do not change."""
    found = [
        FilterField(
            each.name,
            str(each.label),
            _FILTER_KINDS.get(each.kind, each.kind.value),
            [Choice(operator, str(OPERATOR_LABELS[operator])) for operator in filters.operators_of(each)],
            [Choice(option.value, str(option.label)) for option in each.options]
            or ([Choice("1", _("Yes")), Choice("0", _("No"))] if each.kind is Kind.BOOL else []),
            f"/lookups/{each.lookup}?all" if each.lookup else "",
        )
        for each in resource.attributes
        if each.filterable
    ]
    return sorted(found, key=lambda each: each.label.casefold())


def chips(query: Query, url: str, actor: Actor) -> list[Chip]:
    """Each filter in words, with the address of the list without it."""
    made = []
    for item in query.filters:
        others = tuple(each for each in query.filters if each is not item)
        value = "" if item.operator in filters.ALONE else " " + _filter_value(item, actor)
        made.append(
            Chip(
                f"{item.attribute.label} {OPERATOR_LABELS[item.operator]}{value}",
                render.address(url, query.parameters(filters=others)),
            )
        )
    if query.deleted:
        made.append(Chip(_("Deleted"), render.address(url, query.parameters(deleted=False))))
    if query.left_out:
        text = _("A filter of this address is not understood, and is left out.")
        made.append(Chip(text, render.address(url, query.parameters())))
    return made


def _filter_value(item: Filter, actor: Actor) -> str:
    attribute, operator, raw = item.attribute, item.operator, item.raw
    if operator in filters.DAYS:
        return ngettext("%(num)s day", "%(num)s days", int(raw))
    if operator == "between":
        low, high = (_one_value(attribute, part.strip(), actor) or "…" for part in raw.split(".."))
        return _("%(low)s and %(high)s", low=low, high=high)
    parts = [part for part in raw.split(",") if part.strip()] if operator == "in" else [raw]
    return ", ".join(_one_value(attribute, part.strip(), actor) for part in parts)


def _one_value(attribute: Attribute, raw: str, actor: Actor) -> str:
    if attribute.kind is Kind.RELATION:
        return lookups.label(attribute.lookup, actor, filters.key_of(attribute, raw)) or _("unknown")
    if attribute.kind is Kind.CHOICE:
        return next(str(option.label) for option in attribute.options if option.value == raw)
    if attribute.kind is Kind.BOOL:
        return _("Yes") if raw in {"1", "true"} else _("No")
    if raw and attribute.kind in {Kind.DATE, Kind.DATETIME}:
        return render.day(date.fromisoformat(raw))
    return raw
