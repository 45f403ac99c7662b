"""One dialog for every action: ask, preview, confirm, result, undo. The preview is the action itself, undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.policies.scopes import visible
from app.services import inputs, listing, lookups
from app.services.errors import Invalid, NotFound, Refusal
from app.services.resource import Action, Outcome, Resource, Result
from app.services.transaction import rehearse
from app.views import forms, once, render
from app.views.lists import query_arguments, shown_query
from app.views.page import DialogPage, FieldGroup, Form, Link
from app.views.page import Outcome as Line
from app.views.security import current_actor

MOST_LINES = 100
LONGEST_SHOWN = 200
MOST_IN_ADDRESS = 50  # keys; servers take addresses of some 4,000 letters
_ORDER = {"refused": 0, "unchanged": 1, "ok": 2}


def deletion(resource: Resource) -> Action:
    """Deleting, as an action."""
    assert resource.delete is not None
    return Action(
        "delete", _l("Delete"), resource.delete, resource.edit_rule, resource.delete_input, icon="trash-2", danger=True
    )


def restoration(resource: Resource) -> Action:
    """Restoring, as an action."""
    assert resource.restore is not None
    return Action("restore", _l("Restore"), resource.restore, resource.edit_rule, icon="undo-2")


def run(view: Any, action: Action) -> Any:
    """Answer one step of the dialog. A GET asks, or previews where there is nothing to ask; a POST with `_stage`
    previews or does, and one to an address with `now`, which takes back what was just done, does it at once.
    """
    ids = keys(view, request.values.getlist("id"))
    stage = request.form.get("_stage", "do" if request.method == "POST" and "now" in request.args else "ask")
    values: dict[str, Any] = {}
    if action.input is not None:
        names = list(action.input.model_fields)
        values = forms.posted(action.input, names, request.form)
        if stage == "ask":
            values = _first_values(view, action, ids)
            page = _ask(view, action, ids, values, Refusal())
            if any(field.kind != "hidden" for group in page.form.groups for field in group.fields):
                return _render(page)
    try:
        typed = inputs.parse(action.input, values) if action.input is not None else {}
        # One record and a filled form: the form was the question.
        direct = len(ids) == 1 and action.input is not None and not action.previewed
        if stage == "do" or (stage == "preview" and direct):
            return _render(_do(view, action, ids, typed))
        result = rehearse(action.run, ids, actor=current_actor(), **typed)
    except Refusal as refusal:
        if isinstance(refusal, NotFound) or refusal.status >= 500:
            raise
        return _render(_ask(view, action, ids, values, refusal)), refusal.status
    return _render(_preview(view, action, ids, values, result))


def _do(view: Any, action: Action, ids: list[Any], typed: Mapping[str, Any]) -> DialogPage:
    """Do it, or tell what was done when this dialog was sent before. Where all was refused, it may be sent again."""

    def work() -> dict[str, Any]:
        done = action.run(ids, actor=current_actor(), **typed)
        return once.as_json(replace(done, outcomes=[view.told(action, each) for each in done.outcomes]))

    answer, again = once.do(work, worth=once.has_taken_some) if action.writes else (work(), False)
    result = once.from_json(answer)
    if not again:
        return _done(view, action, ids, result)
    page = _done(view, action, [each.id for each in result.outcomes], result)
    page.intro = _("This was sent before, and is not done again. It went like this:")
    return page


def undo(view: Any, action: Action) -> Any:
    """Take a batch back. The batch is named by its id, and must be the actor's own."""
    assert action.undo is not None
    try:
        batch_id = UUID(request.values.get("batch", ""))
    except ValueError:
        raise NotFound from None
    result = action.undo(batch_id, actor=current_actor())
    page = _done(view, action, [], result)
    page.title, page.undo = _("%(action)s: undone", action=str(action.label)), None
    return _render(page)


def keys(view: Any, raw: list[str]) -> list[Any]:
    """The typed keys of the chosen records, each by itself or several with commas between them; or of all that match the
    list when `_all` says so.

    Raises Invalid for none, and for more than can be done at once; NotFound for what cannot be a key.
    """
    if request.form.get("_all"):
        query = shown_query(view.resource, current_actor(), query_arguments(request.form.get("_query", "")))
        return listing.keys(view.resource, current_actor(), query)
    if not raw:
        raise Invalid(_("Choose at least one record."))
    return [view.key(each) for each in dict.fromkeys(",".join(raw).split(","))]


def _first_values(view: Any, action: Action, ids: list[Any]) -> dict[str, Any]:
    """What the form of an action holds at first: for one record, what the record has."""
    if len(ids) != 1 or action.defaults is None:
        return {}
    model = view.resource.model
    record = db.session.query(model).where(model.id == ids[0], visible(model, current_actor())).one_or_none()
    return dict(action.defaults(record)) if record is not None else {}


def _page(view: Any, action: Action, ids: list[Any], form: Form, stage: str) -> DialogPage:
    resource = view.resource
    count = len(ids)
    what = render.inside(resource.singular if count == 1 else resource.plural)
    title = f"{action.label}: {count:,} {what}" if count != 1 else str(action.label)
    return DialogPage(
        title,
        str(action.help),
        form,
        [str(each) for each in ids],
        stage,
        danger=action.danger,
        back_url=_back(view, ids),
    )


def _back(view: Any, ids: list[Any]) -> str:
    """Where the dialog, shown as a page, returns to: the record, or the list as it was."""
    if len(ids) == 1:
        return str(view.record_url(ids[0]))
    query = request.form.get("_query", "")
    return f"/{view.resource.slug}/" + (f"?{query}" if query and "\n" not in query else "")


def _form(view: Any, action: Action, ids: list[Any], submit: str, groups: Any = ()) -> Form:
    return Form(request.path, list(groups), submit, cancel_url=_back(view, ids))


def _ask(view: Any, action: Action, ids: list[Any], values: dict[str, Any], refusal: Refusal) -> DialogPage:
    groups = []
    names: list[str] = []
    if action.input is not None:
        names = list(action.input.model_fields)
        groups = forms.groups(view.resource, action.input, [("", names)], values, refusal.fields, current_actor())
        _leave_out(view, ids, groups)
    direct = len(ids) == 1 and not action.previewed
    form = _form(view, action, ids, str(action.label) if direct else _("Preview"), groups)
    form.errors = [str(text) for name, texts in refusal.fields.items() if name not in names for text in texts]
    if str(refusal) and not refusal.fields:
        form.errors.append(str(refusal))
    page = _page(view, action, ids, form, "ask")
    page.hidden = _hidden("preview", refusal)
    return page


def _leave_out(view: Any, ids: list[Any], groups: list[FieldGroup]) -> None:
    """A record is not offered where another of its kind is chosen."""
    for field in (field for group in groups for field in group.fields if len(ids) == 1):
        lookup = view.resource.relations.get(field.name)
        if field.lookup_url and lookup is not None and lookups.get(lookup).resource == view.resource.slug:
            field.lookup_url += f"?but={ids[0]}"


def _preview(view: Any, action: Action, ids: list[Any], values: dict[str, Any], result: Result) -> DialogPage:
    page = _page(view, action, ids, _form(view, action, ids, str(action.label)), "preview")
    page.hidden = _hidden("do", Refusal())
    page.hidden += [
        (name, "1" if value is True else str(value)) for name, value in values.items() if _sent(action, name, value)
    ]
    page.intro = _chosen(view, action, values) or page.intro
    page = _with(page, view, result)
    told = _told(view, action, [each.id for each in _first_lines(result)])
    for line, outcome in zip(page.outcomes, _first_lines(result), strict=True):
        line.told = told.get(outcome.id, "")
    return page


def _told(view: Any, action: Action, ids: list[str]) -> dict[str, str]:
    """Of each record what tells it from others of its title, and how it is before the action: Resource.told."""
    resource = view.resource
    if not resource.told:
        return {}
    gone = action.name == "restore"
    query = listing.Query(ids=tuple(view.key(each) for each in ids), size=MOST_LINES, deleted=gone)
    rows = listing.fetch(resource, current_actor(), query, resource.told, count=False).rows
    return {str(row.id): " · ".join(_texts(resource, row._mapping)) for row in rows}


def _texts(resource: Resource, values: Mapping[str, Any]) -> list[str]:
    cells = [render.cell(resource.by_name[name], values[name]) for name in resource.told]
    return [str(cell.text) for cell in cells if cell.text]


def _chosen(view: Any, action: Action, values: dict[str, Any]) -> str:
    """What was chosen and typed, in words, as the preview is of just this."""
    if action.input is None:
        return ""
    layout = [("", list(action.input.model_fields))]
    [group] = forms.groups(view.resource, action.input, layout, values, {}, current_actor())
    words = [(field.label, forms.in_words(field)[:LONGEST_SHOWN]) for field in group.fields]
    return " · ".join(f"{label}: {said}" for label, said in words if said)


def _sent(action: Action, name: str, value: Any) -> bool:
    """What is left empty is sent where it has to be said, such as that a lead is to be nobody's."""
    assert action.input is not None
    return value not in (None, "", False) or (value == "" and action.input.model_fields[name].is_required())


def _hidden(stage: str, refusal: Refusal) -> list[tuple[str, str]]:
    """What is sent on from step to step beside the values."""
    return [("_stage", stage), ("_query", request.form.get("_query", "")), (once.FIELD, once.shown_key(refusal))]


def _done(view: Any, action: Action, ids: list[Any], result: Result) -> DialogPage:
    page = _with(_page(view, action, ids, _form(view, action, ids, ""), "done"), view, result)
    page.intro = ""  # it told what would be
    if len(ids) == 1 and page.ok:
        page.title = _("%(action)s: done", action=page.title)
    if action.name == "delete" and page.ok:
        page.back_url = view.url_after_deletion()  # the record's own page is gone
        page.undo = _restoring(view.resource, [each.id for each in result.outcomes if each.state == "ok"])
    elif len(ids) == 1 and result.outcomes[0].into:
        page.back_url, page.moves_on = view.record_url(result.outcomes[0].into), True
    if action.undo is not None and result.batch_id is not None and page.ok:
        url = url_for(f"{view.endpoint}.undo", name=action.name, batch=result.batch_id)
        page.undo = Link(_("Undo"), url, "undo-2", method="post", dialog=True)
    return page


def _restoring(resource: Resource, gone: list[str]) -> Link | None:
    """The way back from a deletion, for those who may restore."""
    may = resource.restore is not None and current_actor().may("restore", resource.name)
    if not may or len(gone) > MOST_IN_ADDRESS:
        return None
    url = f"/{resource.slug}/restore?now=1&id={','.join(gone)}"
    return Link(_("Restore"), url, "undo-2", method="post", dialog=True)


def _with(page: DialogPage, view: Any, result: Result) -> DialogPage:
    page.ok, page.unchanged, page.refused = (result.count(state) for state in ("ok", "unchanged", "refused"))
    page.outcomes = [_line(view, each) for each in _first_lines(result)]
    return page


def _first_lines(result: Result) -> list[Outcome]:
    """Those that are shown: first what was refused."""
    return sorted(result.outcomes, key=lambda each: _ORDER[each.state])[:MOST_LINES]


def _line(view: Any, outcome: Outcome) -> Line:
    found = not isinstance(outcome.refusal, NotFound)
    return Line(
        outcome.title,
        view.record_url(outcome.into or outcome.id) if found else "",
        outcome.state,
        str(outcome.refusal or outcome.message),
        outcome.once,
    )


def _render(page: DialogPage) -> str:
    return render_template("dialog.html", page=page, fragment="X-Fragment" in request.headers)
