"""One's own settings, password and logins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext

from app.models.access import UserSession
from app.policies.actor import Actor
from app.services import accounts, settings
from app.services.errors import Invalid, Refusal
from app.services.passwords import LONGEST, RULE
from app.views import render
from app.views.page import (
    Cell,
    Choice,
    Column,
    Empty,
    Field,
    FieldGroup,
    Form,
    FormPage,
    Link,
    Row,
    Section,
    Table,
    WorklistPage,
)
from app.views.security import current_actor, requires, safe_next

# The first mark found counts: Edge and Opera also call themselves Chrome, and all but Firefox Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(slots=True)
class SettingsPage(FormPage):
    """A form with the ways to the other settings."""

    tabs: list[Link] = field(default_factory=list)


class SettingsView(BaseView):
    route_base = "/settings"
    class_permission_name = "Settings"
    default_view = "index"

    @expose("/", methods=["GET", "POST"])
    @requires("edit")
    def index(self) -> Any:
        actor = current_actor()
        if request.method == "GET":
            stored = settings.own(actor)
            values = {name: getattr(stored, name) for name in settings.CHOICES}
            return self.form(_("Settings"), "/settings/", _look_groups(values, Refusal()), Refusal())
        posted = {name: request.form[name] for name in settings.CHOICES if name in request.form}
        try:
            settings.update(posted, actor=actor)
        except Invalid as refusal:
            return self.form(_("Settings"), "/settings/", _look_groups(posted, refusal), refusal), refusal.status
        flash(_("Your settings are saved."), "success")
        return redirect("/settings/")

    @expose("/look", methods=["POST"])
    @requires("edit")
    def look(self) -> Any:
        """Colours and language, from the menu of every page; answers by returning to it."""
        posted = {name: request.form[name] for name in ("theme", "locale") if name in request.form}
        settings.update(posted, actor=current_actor())
        return redirect(safe_next(request.form.get("next") or _path_of(request.referrer)))

    @expose("/password", methods=["GET", "POST"])
    @requires("edit")
    def password(self) -> Any:
        refusal: Refusal = Refusal()
        if request.method == "POST":
            try:
                _check_repeated()
                accounts.change_own_password(
                    request.form.get("current_password", ""),
                    request.form.get("password", ""),
                    actor=current_actor(),
                )
            except Refusal as refused:
                refusal = refused
            else:
                flash(_("Your password is changed. Everywhere else you are logged out."), "success")
                return redirect("/settings/")
        page = self.form(_("Change password"), "/settings/password", [_password_group(refusal)], refusal)
        return page if request.method == "GET" else (page, refusal.status)

    @expose("/sessions")
    @requires("edit")
    def sessions(self) -> Any:
        actor = current_actor()
        rows = [_session_row(session, actor) for session in settings.own_sessions(actor)]
        columns = [
            Column("since", _("Since")),
            Column("where", _("From")),
            Column("what", _("With")),
            Column("this", ""),
        ]
        table = Table(columns, rows, Empty(_("You are logged in nowhere else.")))
        elsewhere = Link(
            _("Log out elsewhere"),
            "/settings/sessions/end",
            "log-out",
            method="post",
            danger=True,
            enabled=len(rows) > 1,
            reason="" if len(rows) > 1 else _("You are logged in nowhere else."),
        )
        page = WorklistPage(
            _("Logins"),
            _("Where your account is logged in. If you do not know one, log out and change your password."),
            [Section(_("Open logins"), str(len(rows)), table)],
            tabs=tabs("/settings/sessions"),
            tools=[elsewhere],
        )
        return render_template("worklist.html", page=page)

    @expose("/sessions/end", methods=["POST"])
    @requires("edit")
    def end_sessions(self) -> Any:
        ended = settings.end_other_sessions(actor=current_actor())
        flash(
            ngettext("Logged out in %(num)s other place.", "Logged out in %(num)s other places.", ended),
            "success",
        )
        return redirect("/settings/sessions")

    def form(self, title: str, url: str, groups: list[FieldGroup], refusal: Refusal) -> str:
        known = {each.name for group in groups for each in group.fields}
        general = [str(text) for name, texts in refusal.fields.items() if name not in known for text in texts]
        if str(refusal) and not refusal.fields:
            general.append(str(refusal))
        form = Form(url, groups, _("Save"), cancel_url="/", errors=general)
        template = "password.html" if url.endswith("password") else "settings.html"
        return render_template(template, page=SettingsPage(title, form, "", "", tabs=tabs(url)))


def tabs(here: str) -> list[Link]:
    known = (
        (_("Settings"), "/settings/"),
        (_("Notices"), "/settings/notices"),
        (_("Calendar"), "/settings/calendar"),
        (_("Password"), "/settings/password"),
        (_("Logins"), "/settings/sessions"),
    )
    return [Link(label, url, active=url == here) for label, url in known]


def _look_groups(values: dict[str, Any], refusal: Refusal) -> list[FieldGroup]:
    zone = current_app.config["SCHOOL_TIME_ZONE"]
    languages = [(code, language["name"]) for code, language in current_app.config["LANGUAGES"].items()]
    clocks = [("24h", _("24 hours, 15:30")), ("12h", _("12 hours, 3:30 PM"))]
    days = [("mon", _("Monday")), ("sun", _("Sunday"))]
    themes = [("system", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))]

    def select(name: str, label: str, options: list[tuple[str, str]], default: str = "") -> Field:
        chosen = str(values.get(name) or default)
        choices = [Choice(value, text, value == chosen) for value, text in options]
        return Field(
            name,
            label,
            "select",
            chosen,
            choices=choices,
            errors=[str(text) for text in refusal.fields.get(name, [])],
        )

    zones = [
        ("", _("The school's: %(zone)s", zone=zone)),
        *((name, name.replace("_", " ")) for name in settings.time_zones()),
    ]
    return [
        FieldGroup(
            _("Look"),
            [
                select("theme", _("Colours"), themes, "system"),
                select("locale", _("Language"), [("", _("As the browser")), *languages]),
            ],
        ),
        FieldGroup(
            _("Time"),
            [
                select("time_zone", _("Time zone"), zones),
                select("time_format", _("Clock"), clocks, "24h"),
                select("week_start", _("First day of the week"), days, "mon"),
            ],
        ),
    ]


def _password_group(refusal: Refusal) -> FieldGroup:
    def password(name: str, label: str, autocomplete: str, hint: str = "") -> Field:
        errors = [str(text) for text in refusal.fields.get(name, [])]
        return Field(
            name,
            label,
            "password",
            required=True,
            autocomplete=autocomplete,
            help=hint,
            maxlength=LONGEST,
            errors=errors,
        )

    return FieldGroup(
        "",
        [
            password("current_password", _("Current password"), "current-password"),
            password("password", _("New password"), "new-password", str(RULE)),
            password("password_again", _("New password once more"), "new-password"),
        ],
    )


def _check_repeated() -> None:
    if request.form.get("password", "") != request.form.get("password_again", ""):
        raise Invalid(fields={"password_again": [_("This is not the same as above.")]})


def _session_row(session: UserSession, actor: Actor) -> Row:
    here = str(session.id) == actor.session_id
    kinds = {"web": _("Browser"), "api": _("API")}
    what = _device(session.user_agent or "") or kinds[session.kind.value]
    return Row(
        str(session.id),
        "",
        what,
        [
            Cell(
                render.moment(session.created_at),
                "datetime",
                title=session.created_at.isoformat(timespec="seconds"),
            ),
            Cell(session.ip_address or ""),
            Cell(what[:80], title=session.user_agent or ""),
            Cell(_("This one"), "badge", tone="success") if here else Cell(),
        ],
    )


def _device(user_agent: str) -> str:
    """A browser and its system in two words, as "Firefox, Windows"; what says neither is shown as it is."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent


def _path_of(address: str | None) -> str | None:
    """The path of a page of this site, from its address."""
    if not address:
        return None
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.netloc == request.host else None
