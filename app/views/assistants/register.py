"""The public form: applying as a help desk assistant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.services import inputs
from app.services.assistants import REGISTRATIONS, records, registering
from app.services.assistants.schemas import RegistrationInput
from app.services.errors import Refusal
from app.services.passwords import LONGEST, RULE
from app.views import forms, render
from app.views.assistants import grid
from app.views.page import FieldGroup, Form
from app.views.page.assistants import WeekFormPage
from app.views.security import current_actor

URL: Final = "/assistants/register"
PERSON: Final = ("first_name", "last_name", "email", "phone", "degree")
LOGIN: Final = ("username", "password", "password_again")
FILLED_IN: Final = {
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
    "phone": "tel",
    "username": "username",
}
HELPS: Final = {
    "degree": _l("What you study, if you do."),
    "username": _l("With this name you will sign in. Letters, digits and . _ - +"),
    "password": RULE,
}


class RegisterView(BaseView):
    route_base = "/assistants"
    class_permission_name = "Register"
    default_view = "register"

    @expose("/register", methods=["GET", "POST"])
    def register(self) -> Any:
        if request.method == "GET":
            return self.page({}, frozenset(), Refusal())
        raw = forms.posted(RegistrationInput, [*PERSON, *LOGIN, "course_ids"], request.form)
        periods, cells = grid.read(request.form.getlist(grid.NAME))
        try:
            registering.register(
                inputs.parse(RegistrationInput, {**raw, "availability": periods}),
                actor=current_actor(),
                ip_address=request.remote_addr or "",
                locale=render.reader().locale,
            )
        except Refusal as refusal:
            if refusal.status >= 500:
                raise
            return self.page(raw, cells, refusal), refusal.status
        return redirect(f"{URL}/received")

    @expose("/register/received")
    def received(self) -> Any:
        """The same for everybody, whether or not the address is known."""
        return render_template("assistant_received.html", page={"title": _("Thank you")})

    def page(self, values: Mapping[str, Any], cells: Any, refusal: Refusal) -> str:
        offered = grid.course_field(
            records.courses_offered(), values.get("course_ids", ()), refusal.fields.get("course_ids", ())
        )
        shown = {*PERSON, *LOGIN, "course_ids", "availability"}
        general = [str(each) for name, texts in refusal.fields.items() if name not in shown for each in texts]
        if str(refusal) and not refusal.fields:
            general.append(str(refusal))
        form = Form(
            URL,
            [
                _group(_("About you"), PERSON, values, refusal),
                FieldGroup(_("What you can help with"), [offered], _("Tick every course that you know well.")),
            ],
            _("Apply"),
            cancel_url="/login/",
            errors=general,
        )
        return render_template(
            "assistant_register.html",
            page=WeekFormPage(
                _("Become a help desk assistant"),
                form,
                "",
                "",
                week=grid.draw(cells, refusal.fields.get("availability", ())),
                last=[_group(_("Your login"), LOGIN, values, refusal, _("You can sign in once you are approved."))],
                intro=_(
                    "Students help students. Tell us what you know and when you can; the office answers by e-mail."
                ),
                hint=_("Every half hour in which you usually can."),
            ),
        )


def _group(
    title: str, names: tuple[str, ...], values: Mapping[str, Any], refusal: Refusal, help_: str = ""
) -> FieldGroup:
    actor, made = current_actor(), []
    for name in names:
        field = forms.field(
            REGISTRATIONS,
            RegistrationInput,
            name,
            values.get(name),
            refusal.fields.get(name, []),
            actor,
            HELPS.get(name, ""),
        )
        field.autocomplete = FILLED_IN.get(name, field.autocomplete)
        if field.kind == "password":
            field.maxlength = LONGEST
        made.append(field)
    return FieldGroup(title, made, help_)
