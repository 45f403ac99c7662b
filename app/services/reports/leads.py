"""Reports on leads: how far they come, and where they come from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models.access import User
from app.models.leads import Lead, LeadStage
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people, school
from app.services.leads import labels
from app.services.leads.attributes import ADMITTED
from app.services.reports import links


def _entered(question: Any, actor: Actor) -> list[Any]:
    """The leads of the period, by the index on the moment of entry."""
    return [
        visible(Lead, actor),
        Lead.created_at >= school.midnight(question.first),
        Lead.created_at < school.midnight(question.last + timedelta(days=1)),
    ]


def _entered_in(question: Any) -> str:
    """The same, as a filter of the list of leads."""
    return f"created_at:between:{question.first}..{question.last}"


_IS_ADMITTED = "admitted:is:true"


def share(part: float, whole: float) -> float | None:
    """A percentage with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def funnel(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """Per stage, how many leads stand there or beyond; and how many were admitted."""
    counted = (
        select(Lead.stage_id, func.count().label("leads"), func.count().filter(ADMITTED).label("admitted"))
        .where(*_entered(question, actor))
        .group_by(Lead.stage_id)
    )
    at = {row.stage_id: (row.leads, row.admitted) for row in db.session.execute(counted)}
    stages = db.session.execute(select(LeadStage.id, LeadStage.name).order_by(LeadStage.position, LeadStage.id)).all()
    span = _entered_in(question)
    steps = []
    for place, stage in enumerate(stages):
        beyond = [each.id for each in stages[place:]]
        reached = sum(at.get(key, (0, 0))[0] for key in beyond)
        wanted = ",".join(str(key) for key in beyond)
        steps.append({"name": stage.name, "leads": reached, "url": links.to_list("leads", span, f"stage:in:{wanted}")})
    admitted = sum(each for _leads, each in at.values())
    steps.append({"name": _("Admitted"), "leads": admitted, "url": links.to_list("leads", span, _IS_ADMITTED)})
    for place, step in enumerate(steps):
        step["of_all"] = share(step["leads"], steps[0]["leads"])
        step["of_previous"] = share(step["leads"], steps[place - 1]["leads"]) if place else None
    return steps


def sources(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """Per source or owner, how many leads came and how many were admitted."""
    span = _entered_in(question)
    owner = question.by == "owner"
    key: Any = Lead.owner_id if owner else Lead.source
    name: Any = people.full_name(User) if owner else Lead.source
    statement = select(key, name, func.count(), func.count().filter(ADMITTED)).select_from(Lead)
    if owner:
        statement = statement.outerjoin(User, User.id == Lead.owner_id)
    statement = statement.where(*_entered(question, actor)).group_by(key, name).order_by(func.count().desc(), name)
    rows = []
    for value, shown, leads, admitted in db.session.execute(statement):
        raw = getattr(value, "value", value)
        title = (shown or _("Nobody")) if owner else str(labels.SOURCES[raw])
        condition = f"owner:is:{raw}" if owner and raw else "owner:empty:" if owner else f"source:is:{raw}"
        urls = {"admitted": links.to_list("leads", span, condition, _IS_ADMITTED)}
        row = {"name": title, "leads": leads, "admitted": admitted, "rate": share(admitted, leads)}
        rows.append(row | {"url": links.to_list("leads", span, condition), "urls": urls})
    return rows
