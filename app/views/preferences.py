"""One's own notices and calendar addresses, among the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.notifications import Channel
from app.services import accounts, inputs
from app.services.notifications import preferences
from app.services.notifications.preferences import Preference
from app.services.notifications.types import CHANNELS
from app.services.timetables import feeds
from app.services.timetables.feeds import FeedInput
from app.views import render
from app.views.page import Cell, Column, Empty, Link, Row, Table
from app.views.security import current_actor, requires
from app.views.settings import tabs


@dataclass(slots=True)
class NoticesPage:
    title: str
    rows: list[Preference]
    channels: list[tuple[str, str]]
    tabs: list[Link]
    email: str = ""
    url: str = "/settings/notices"


@dataclass(slots=True)
class CalendarPage:
    title: str
    table: Table
    tabs: list[Link]
    address: str = ""  # shown once
    revoke: list[Link] = field(default_factory=list)
    url: str = "/settings/calendar/"


class OwnNoticesView(BaseView):
    route_base = "/settings/notices"
    class_permission_name = "Settings"
    default_view = "notices"

    @expose("", methods=["GET", "POST"])
    @requires("edit")
    def notices(self) -> Any:
        """What reaches one through which channel: a table of boxes."""
        actor = current_actor()
        rows = preferences.own(actor)
        if request.method == "POST":
            ticked = set(request.form.getlist("on"))
            wishes = {row.type.value: {each.value: f"{row.type}:{each}" in ticked for each in Channel} for row in rows}
            preferences.update(wishes, actor=actor)
            flash(_("Your settings are saved."), "success")
            return redirect("/settings/notices")
        channels = [(each.value, str(label)) for each, label in CHANNELS.items()]
        email = actor.email if accounts.has_email(actor.email) else ""
        page = NoticesPage(_("Notices"), rows, channels, tabs("/settings/notices"), email)
        return render_template("notice_settings.html", page=page)


class OwnCalendarView(BaseView):
    route_base = "/settings/calendar"
    class_permission_name = "Settings"
    default_view = "calendar"

    @expose("")
    @requires("edit")
    def calendar(self) -> Any:
        return _calendar()

    @expose("/new", methods=["POST"])
    @requires("edit")
    def create(self) -> Any:
        """Shown at once, as an answer to the POST: the address is nowhere to be read again."""
        values = inputs.parse(FeedInput, request.form.to_dict())
        _feed, token = feeds.create(values.get("name", ""), actor=current_actor())
        return _calendar(f"{current_app.config['PUBLIC_URL']}/calendar/{token}.ics")

    @expose("/<uuid:feed_id>/revoke", methods=["POST"])
    @requires("edit")
    def revoke(self, feed_id: UUID) -> Any:
        feeds.revoke(feed_id, actor=current_actor())
        flash(_("The address no longer works."), "success")
        return redirect("/settings/calendar")


def _calendar(address: str = "") -> str:
    own = feeds.own(current_actor())
    rows = [
        Row(
            str(feed.id),
            "",
            feed.name,
            [
                Cell(feed.name or _("Without a name")),
                Cell(render.moment(feed.created_at), "datetime", title=feed.created_at.isoformat(timespec="seconds")),
            ],
        )
        for feed in own
    ]
    columns = [Column("name", _("Name")), Column("since", _("Since"))]
    revoke = [
        Link(
            _("Revoke: %(name)s", name=feed.name or _("Without a name")),
            f"/settings/calendar/{feed.id}/revoke",
            "trash-2",
            danger=True,
            method="post",
        )
        for feed in own
    ]
    table = Table(columns, rows, Empty(_("No address yet"), _("Make one, and add it to your calendar by its address.")))
    page = CalendarPage(_("Calendar"), table, tabs("/settings/calendar"), address, revoke)
    return render_template("calendar_settings.html", page=page)
