"""The guided form of an admission: person, course, times, preview, admit. The preview is the admission itself, undone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.services import inputs, lookups, phones, school
from app.services.admissions import ADMISSIONS, ENTRIES
from app.services.admissions.admit import admit
from app.services.admissions.known import KnownPerson
from app.services.admissions.orders import Admitted
from app.services.admissions.refusals import PlacesRefused, Problem
from app.services.admissions.schemas import AdmitInput
from app.services.errors import Refusal
from app.services.transaction import rehearse
from app.views import forms, render
from app.views.admissions import slots
from app.views.page import Cell, Field, FieldGroup, Form
from app.views.page.admissions import AdmissionFormPage, Obstacle, Plan

WHO: forms.Groups = ((_l("Who"), ("lead_id", "student_id")),)
WALK_IN: forms.Groups = ((_l("Somebody new who walked in"), ("first_name", "last_name", "phone", "email")),)
WHAT: forms.Groups = ((_l("What"), ("course_id", "plan_id", "starts_on", "extra_classes")),)
PRICE: forms.Groups = ((_l("Price"), ("discount_type", "discount_value", "notes")),)
GROUPS = (*WHO, *WALK_IN, *WHAT, *PRICE)
HELPS = {
    "lead_id": _l("The lead moves to the final stage, and becomes a student."),
    "student_id": _l("For somebody who is a student already."),
    "starts_on": _l("The first class is on this day or the next chosen one after it."),
    "extra_classes": _l("Beside those of the plan."),
    "discount_value": _l("Percent or amount. It never changes the number of classes."),
}
NAMES = [name for _title, names in GROUPS for name in names]


def answer(actor: Actor) -> Any:
    """One step of the form: choose, preview, or admit."""
    stage = request.form.get("_stage", "")
    if request.method == "GET":
        return _show(actor, _first_values(actor), Refusal())
    raw = forms.posted(AdmitInput, [*NAMES, "slots", "submission_key", "accept_duplicates"], request.form)
    raw["slots"] = list(dict.fromkeys(raw["slots"]))  # a time can be ticked in two places of the page
    if stage == "choose":
        return _show(actor, raw, Refusal())
    try:
        values = inputs.parse(AdmitInput, raw)
        done = admit(values, actor=actor) if stage == "do" else rehearse(admit, values, actor=actor)
        if stage != "do" and not done.repeated:
            return _show(actor, raw, Refusal(), done)
    except Refusal as refusal:
        forms.shown(refusal)
        return _show(actor, raw, refusal), refusal.status
    flash(_("%(student)s is admitted to %(course)s.", student=done.student, course=done.course), "success")
    return redirect(f"/admissions/{done.id}")


def _first_values(actor: Actor) -> dict[str, Any]:
    """A new form: what the address says, the next day, and a key of its own."""
    told = {name: request.args[name] for name in ("lead_id", "student_id", "course_id") if name in request.args}
    return {"starts_on": school.today(), "discount_type": "none", "slots": [], **told}


def course_of(raw: Any) -> UUID | None:
    """The course that was chosen, if it can be one."""
    key = lookups.key_of_choice("courses", raw) if raw else None
    return key if isinstance(key, UUID) else None


def _show(actor: Actor, values: dict[str, Any], refusal: Refusal, made: Admitted | None = None) -> str:
    known = bool(values.get("lead_id") or values.get("student_id"))
    layout = (*WHO, *(() if known else WALK_IN), *WHAT)
    groups = forms.groups(ADMISSIONS, AdmitInput, layout, values, refusal.fields, actor, HELPS)
    groups[0].fields.append(Field("submission_key", "", "hidden", str(values.get("submission_key") or uuid4())))
    listed, wrong = {*NAMES, "slots"}, [str(each) for each in refusal.fields.get("slots", [])]
    general = [str(each) for name, texts in refusal.fields.items() if name not in listed for each in texts]
    obstacles = _obstacles(refusal, values, actor)
    if str(refusal) and not refusal.fields and not obstacles:
        general.append(str(refusal))
    warnings = _known(refusal)
    if warnings or values.get("accept_duplicates"):
        accepted = "1" if values.get("accept_duplicates") else ""
        label = _("This is someone else: admit all the same")
        groups.append(FieldGroup("", [Field("accept_duplicates", label, "checkbox", accepted, wide=True)]))
    course_id, chosen = course_of(values.get("course_id")), {str(each) for each in values.get("slots") or ()}
    page = AdmissionFormPage(
        _("New admission"),
        Form(
            "/admissions/new",
            groups,
            _("Admit") if made else _("Preview"),
            cancel_url="/admissions/",
            errors=general,
            warnings=warnings,
        ),
        "/admissions/",
        str(ADMISSIONS.plural),
        price=forms.groups(ADMISSIONS, AdmitInput, PRICE, values, refusal.fields, actor, HELPS),
        days=slots.days(course_id, chosen),
        slots_errors=wrong,
        choosing=[FieldGroup("", [Field("slots", _("Weekly slots"), errors=wrong)])],
        slots_url="/admissions/slots",
        slots_hint=_("Choose a course first.") if course_id is None else _("Nobody teaches this course yet."),
        obstacles=obstacles,
        plan=_plan(made) if made else None,
    )
    return render_template("admission_form.html", page=page)


def _known(refusal: Refusal) -> list[Cell]:
    """The leads and students who may be the person, each with a way to their page."""
    if not isinstance(refusal, KnownPerson):
        return []
    kinds = {"leads": _("Lead"), "students": _("Student")}
    told = [(kind, each, [each.name, phones.grouped(each.phone or ""), each.email]) for kind, each in refusal.people]
    return [
        Cell(f"{kinds[kind]}: {', '.join(filter(None, facts))}", "link", f"/{kind}/{each.id}")
        for kind, each, facts in told
    ]


def _obstacles(refusal: Refusal, values: dict[str, Any], actor: Actor) -> list[Obstacle]:
    if not isinstance(refusal, PlacesRefused):
        return []
    return [
        Obstacle(
            problem.message,
            slots.value_of(problem.place),
            slots.alternatives(problem.alternatives),
            _waitlist_url(problem, values) if actor.may("add", ENTRIES.name) else "",
        )
        for problem in refusal.problems
    ]


def _waitlist_url(problem: Problem, values: dict[str, Any]) -> str:
    """Where somebody who is known can be put on the waitlist of a full slot."""
    who = {name: str(values[name]) for name in ("lead_id", "student_id") if values.get(name)}
    if problem.code != "full" or not who:
        return ""
    return "/waitlist/new?" + urlencode({"classroom_slot_id": problem.place.slot_id, **who})


def _plan(made: Admitted) -> Plan:
    names = {slot.id: f"{slot.start_time:%H:%M}, {slot.teacher}" for slot in made.slots}
    facts = [
        (_("Student"), Cell(made.student, "person")),
        (_("Course"), Cell(made.course)),
        (_("Plan"), Cell(made.plan)),
        (
            _("Classes"),
            Cell(
                _(
                    "%(base)s and %(extra)s extra: %(all)s",
                    base=made.base_classes,
                    extra=made.extra_classes,
                    all=made.final_classes,
                )
            ),
        ),
        (_("First class"), Cell(render.day(made.dates[0][0]))),
        (_("Last class"), Cell(render.day(made.dates[-1][0]))),
        (_("Price"), Cell(render.money(made.price), "number")),
        (_("Total"), Cell(render.money(made.total), "number")),
    ]
    weekdays = [(render.weekday(day), render.day(day), names[slot]) for day, slot in made.dates]
    return Plan(facts, [(f"{name}, {day}", title) for name, day, title in weekdays])
