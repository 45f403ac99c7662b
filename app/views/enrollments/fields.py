"""The forms of the six steps: their fields, what was posted, and what was entered in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.services.enrollments import ENROLLMENTS
from app.services.enrollments.labels import LABELS, STEP_OPTIONS
from app.services.enrollments.schemas import STEP_INPUTS, programs
from app.services.errors import Refusal
from app.views import forms, render
from app.views.page import Cell, Choice, Fact, Field, FieldGroup
from app.views.security import current_actor

PROGRAMS: Final = "program_interests"
ETHNICITY: Final = "hispanic_latino_ethnicity"  # yes or no, and neither before it is answered

Groups = Sequence[tuple[Any, Sequence[str]]]
GROUPS: Final[dict[int, Groups]] = {
    1: (("", ("program_interests", "expected_start_date", "contact_method", "contact_time", "message")),),
    2: (("", ("consultation_date", "consultation_type", "notes")),),
    3: (("", ("shadow_day", "waivers_signed", "emergency_contact")),),
    4: (
        (
            _l("The student"),
            (
                "first_name",
                "middle_name",
                "last_name",
                "generation_suffix",
                "birth_date",
                "birth_sex_descriptor",
                "grade_level",
            ),
        ),
        (_l("Where the student was born"), ("birth_city", "birth_state", "birth_country")),
        (_l("For the statistics"), ("hispanic_latino_ethnicity", "races")),
        (
            _l("You"),
            (
                "guardian_first_name",
                "guardian_last_name",
                "guardian_relation",
                "guardian_email",
                "guardian_phone",
            ),
        ),
    ),
    5: (),
    6: (("", ("payment_method", "deposit_amount")),),
}
INTRODUCTIONS: Final = {
    1: _l("Tell us what your child would like to do, and how we reach you."),
    2: _l("We would like to talk to you. Choose a day; your coach calls you, and then you can go on."),
    3: _l("Your child comes for a day and looks around. Choose a day, and sign the waivers."),
    4: _l("As it stands in your child's papers."),
    5: _l("Photos and PDF files are fine. The office looks at each of them."),
    6: _l("Tell us how you pay the deposit. No number of a card is asked for here."),
}
HELPS: Final = {
    "program_interests": _l("Tick one or more."),
    "contact_time": _l("As: weekdays after five."),
    "waivers_signed": _l("Your child takes part at your own risk, and may be treated by a doctor in an emergency."),
    "birth_sex_descriptor": _l("As in the birth certificate."),
    "races": _l("Tick one or more."),
    "generation_suffix": _l("As Jr or III, if there is one."),
    "deposit_amount": _l("What you will pay. The office tells you the amount."),
    "guardian_email": _l("Where we write to you."),
}
FILLED_IN: Final = {
    "guardian_first_name": "given-name",
    "guardian_last_name": "family-name",
    "guardian_email": "email",
    "guardian_phone": "tel",
}
OWN_WORDS: Final = {
    "guardian_email": _l("Your e-mail"),
    "guardian_first_name": _l("Your first name"),
    "guardian_last_name": _l("Your last name"),
    "guardian_phone": _l("Your phone"),
    "guardian_relation": _l("You are the student's"),
    "waivers_signed": _l("I have read the waivers and sign them"),
    "contact_method": _l("How shall we reach you?"),
    "contact_time": _l("When is it best to reach you?"),
    "expected_start_date": _l("When would you like to begin?"),
    "payment_method": _l("How you pay"),
}
KINDS: Final = {"guardian_email": "email", "guardian_phone": "tel"}


def groups(step: int, data: Mapping[str, Any], refusal: Refusal) -> list[FieldGroup]:
    """The form of a step, holding `data` and showing what was refused."""
    return [
        FieldGroup(str(title), [field(step, name, data.get(name), refusal.fields.get(name, ())) for name in names])
        for title, names in GROUPS[step]
    ]


def field(step: int, name: str, value: Any, errors: Sequence[Any]) -> Field:
    hint = HELPS.get(name, "")
    made = forms.field(ENROLLMENTS, STEP_INPUTS[step], name, value, errors, current_actor(), hint)
    made.autocomplete = FILLED_IN.get(name, "off" if step == 4 else "")
    made.kind = KINDS.get(name, made.kind)
    made.label = str(OWN_WORDS.get(name, made.label))
    if made.kind == "select" and made.required and not value:  # nobody is something because they did not look
        made.choices = [Choice("", _("Choose one"), True), *made.choices]
    if name == PROGRAMS:
        made.choices = program_choices(value)
    elif name == ETHNICITY:
        made.kind, made.value = "radio", {True: "1", False: "0"}.get(value, str(value or ""))
        made.required = True
        made.choices = [Choice("1", _("Yes"), made.value == "1"), Choice("0", _("No"), made.value == "0")]
    return made


def program_choices(chosen: Any) -> list[Choice]:
    return [Choice(each, each, each in (chosen or ())) for each in programs()]


def posted(step: int) -> dict[str, Any]:
    """What the form of a step was sent with."""
    raw = forms.posted(STEP_INPUTS[step], list(STEP_INPUTS[step].model_fields), request.form)
    if ETHNICITY in raw:
        raw[ETHNICITY] = request.form.get(ETHNICITY, "")
    return raw


def facts(step: int, data: Mapping[str, Any]) -> list[Fact]:
    """What was entered, in words."""
    made = [
        Fact(str(LABELS[name]), cell(name, data[name])) for _t, names in GROUPS[step] for name in names if name in data
    ]
    return [fact for fact in made if fact.cell.text]


def cell(name: str, value: Any) -> Cell:
    if isinstance(value, bool):
        return Cell(_("Yes") if value else _("No"))
    if isinstance(value, list):
        return Cell(", ".join(map(str, value)))
    option = next((str(each.label) for each in STEP_OPTIONS.get(name, ()) if each.value == value), None)
    if option is not None:
        return Cell(option)
    if name.endswith(("_date", "_day")):
        try:
            day = date.fromisoformat(str(value))
            return Cell(render.day(day), "date", title=day.isoformat())
        except ValueError:
            return Cell(str(value))
    return Cell(str(value))
