"""Stages and tags: what admins set up for leads."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.services.leads import LEADS, STAGES, TAGS
from app.views.base import RecordView
from app.views.page import Link


class LeadStageView(RecordView):
    resource = STAGES
    list_columns = ("name", "position", "is_onboarded", "active")
    show_groups = (("", ("name", "position", "is_onboarded", "active")),)
    form_groups = (("", ("name", "position", "is_onboarded", "active")),)
    form_helps = {
        "is_onboarded": _l("Only one stage can be the final one."),
        "active": _l("Off: no lead can be moved here; those that are here stay. One stage must be on."),
    }
    description = _l("The steps from the first question to the admission.")

    def defaults(self) -> dict[str, Any]:
        return {"active": True}


class TagView(RecordView):
    resource = TAGS
    list_columns = ("name", "created_at")
    show_groups = (("", ("name", "created_at")),)
    form_groups = (("", ("name",)),)
    description = _l("Words to find leads again.")

    def action_links(self, record: Any, actor: Actor) -> list[Link]:
        links = super().action_links(record, actor)
        if actor.may("list", LEADS.name):
            links.insert(0, Link(_("Leads with this tag"), f"/leads/?f=tags:is:{record.id}", "users"))
        return links
