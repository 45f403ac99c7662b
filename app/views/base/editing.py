"""Forms that make and change records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.services import inputs
from app.services.errors import NotAllowed, Refusal
from app.views import forms, once, render
from app.views.base.core import ResourceView
from app.views.page import (
    Choice,
    Field,
    Form,
    FormPage,
)
from app.views.security import current_actor, requires


def _given(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if values.get(name)}


class FormScreens(ResourceView):
    from_address: tuple[str, ...] = ()  # what the page that one comes from may fill in
    kept: tuple[str, ...] = ()  # what the next one has in common with the one that was just saved

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def add(self) -> Any:
        return self.form(
            None, self.defaults() | _given(request.args, self.from_address) if request.method == "GET" else {}
        )

    @expose("/<pk>/edit", methods=["GET", "POST"])
    @requires("edit")
    def edit(self, pk: str) -> Any:
        record, actor = self.load(pk, related=False), current_actor()
        reason = self.resource.edit_rule(actor, record)
        if reason is not None:
            raise NotAllowed(reason)
        return self.form(
            record,
            {
                name: getattr(record, name)
                for _title, names in self.form_groups
                for name in names
                if hasattr(record, name)
            },
        )

    def defaults(self) -> dict[str, Any]:
        """What a new form holds."""
        return {}

    def form(self, record: Any, values: Mapping[str, Any]) -> Any:
        """Show the form, or save what was posted; refused, it comes back with everything that was typed."""
        if request.method == "GET":
            return render_template("form.html", page=self.form_page(record, values, Refusal()))
        names = [name for _title, names in self.form_groups for name in names]
        assert self.resource.input is not None
        raw = forms.posted(self.resource.input, names, request.form)
        try:
            told, again = once.do(lambda: self._saved(record, raw))
        except Refusal as refusal:
            forms.shown(refusal)
            return render_template("form.html", page=self.form_page(record, raw, refusal)), refusal.status
        if told["more"]:
            flash(told["more"], "warning")
        if again:
            flash(_("%(title)s was saved before, and is not saved again.", title=told["title"]), "info")
        else:
            flash(_("%(title)s is saved.", title=told["title"]), "success")
        if request.form.get("_then") == "add":
            return redirect(url_for(f"{self.endpoint}.add", **_given(raw, self.kept)))
        return redirect(told["url"])

    def _saved(self, record: Any, raw: Mapping[str, Any]) -> dict[str, str]:
        saved = self.save(record, raw)
        more = self.told_when_saved(saved, new=record is None)
        return {"title": str(self.resource.title(saved)), "url": self.url_after_saving(saved), "more": more}

    def url_after_saving(self, saved: Any) -> str:
        """Where one goes on when a record was made or changed."""
        return self.record_url(saved.id)

    def told_when_saved(self, saved: Any, *, new: bool) -> str:
        """What else one should know of a record that was made or changed."""
        return ""

    def save(self, record: Any, raw: Mapping[str, Any]) -> Any:
        resource, actor = self.resource, current_actor()
        assert resource.input is not None
        if record is None:
            assert resource.create is not None
            return resource.create(inputs.parse(resource.input, raw), actor=actor)
        assert resource.update is not None
        untouched = forms.untouched(record, request.form)
        return resource.update(
            record.id,
            inputs.parse(
                resource.input, {name: each for name, each in raw.items() if name not in untouched}, change=True
            ),
            actor=actor,
            version=forms.read_moment(request.form.get("_version", "")),
        )

    def form_page(self, record: Any, values: Mapping[str, Any], refusal: Refusal) -> FormPage:
        resource = self.resource
        assert resource.input is not None
        listed = {name for _title, names in self.form_groups for name in names}
        general = [str(each) for name, texts in refusal.fields.items() if name not in listed for each in texts]
        if str(refusal) and not refusal.fields:
            general.append(str(refusal))
        url = self.record_url(record.id) if record is not None else ""
        form = Form(
            url=f"{url}/edit" if url else f"/{resource.slug}/new",
            submit=_("Save"),
            cancel_url=url or f"/{resource.slug}/",
            errors=general,
            groups=forms.groups(
                resource, resource.input, self.form_groups, values, refusal.fields, current_actor(), self.form_helps
            ),
            more_submits=[] if url else [Choice("add", _("Save and add another"))],
        )
        if url and hasattr(record, "updated_at"):
            form.groups[0].fields.append(
                Field("_version", "", "hidden", request.form.get("_version") or record.updated_at.isoformat())
            )
        if not url:  # of a change, the version tells
            form.groups[0].fields.append(Field(once.FIELD, "", "hidden", once.shown_key(refusal)))
        title = (
            _("Edit %(title)s", title=resource.title(record))
            if url
            else _("New %(kind)s", kind=render.inside(resource.singular))
        )
        return FormPage(
            title, form, f"/{resource.slug}/", str(resource.plural), url, resource.title(record) if url else ""
        )
