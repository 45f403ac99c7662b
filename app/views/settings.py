"""One's own settings, password and logins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.services import accounts, settings
from app.services.errors import Invalid, Refusal
from app.services.passwords import LONGEST, RULE
from app.views.page import (
    Choice,
    Field,
    FieldGroup,
    Form,
    FormPage,
    Link,
)
from app.views.security import current_actor, requires, safe_next


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
        # The last value counts: before a box stands what it means when it is not ticked.
        posted = {name: request.form.getlist(name)[-1] for name in settings.CHOICES if name in request.form}
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
        (_("Profile"), "/settings/profile"),
        (_("Notices"), "/settings/notices"),
        (_("Calendar"), "/settings/calendar"),
        (_("Password"), "/settings/password"),
        (_("Second factor"), "/settings/second-factor"),
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
        FieldGroup(_("Login"), _login_fields(values, refusal)),
    ]


def _login_fields(values: dict[str, Any], refusal: Refusal) -> list[Field]:
    idle, page = values.get("auto_logout_minutes"), values.get("remember_last_page")
    return [
        Field(
            "auto_logout_minutes",
            _("Log out after minutes without use"),
            "number",
            "" if idle is None else str(idle),
            help=_("5 to 1,440. Empty: after two hours. Twelve hours after the login you are logged out anyway."),
            min="5",
            max="1440",
            errors=[str(text) for text in refusal.fields.get("auto_logout_minutes", [])],
        ),
        Field("remember_last_page", "", "hidden", "0"),
        Field(
            "remember_last_page",
            _("Begin on the page that I was on last"),
            "checkbox",
            "1" if page in (True, "1") else "",
            errors=[str(text) for text in refusal.fields.get("remember_last_page", [])],
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


def _path_of(address: str | None) -> str | None:
    """The path of a page of this site, from its address."""
    if not address:
        return None
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.netloc == request.host else None
