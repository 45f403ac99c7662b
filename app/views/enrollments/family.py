"""The pages of a family: its enrollments, and each step of one. The office fills in on the same pages in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import redirect, render_template
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import Enrollment
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.enrollments import documents, progress
from app.services.enrollments.labels import ENROLLMENT_STATUS, STEPS
from app.services.errors import NotFound
from app.views import render
from app.views.enrollments import step_page
from app.views.page import Cell, Column, Empty, Row, Section, Table
from app.views.page.enrollments import FamilyPage
from app.views.security import current_actor, requires
from app.web import send_kept

URL = "/me/enrollments"


class MyEnrollmentsView(BaseView):
    route_base = URL
    class_permission_name = "My enrollments"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        """All of one's own; the only one is shown at once."""
        found = _all_own(current_actor())
        if len(found) == 1:
            return redirect(f"{URL}/{found[0].id}")
        intro = "" if found else _("Nobody has invited you yet, or the invitation is not accepted: open its link.")
        return render_template(
            "enrollments_own.html",
            page=FamilyPage(_("My enrollments"), [_row(each, _state(each)) for each in found], intro),
        )

    @expose("/<uuid:key>")
    @requires("show")
    def show(self, key: UUID) -> Any:
        """The step at which the family is."""
        found = own(key)
        return step_page.show(found, min(found.current_step, len(STEPS)), f"{URL}/{key}")

    @expose("/<uuid:key>/steps/<int:step>", methods=["GET"])
    @requires("show")
    def step(self, key: UUID, step: int) -> Any:
        found = own(key)
        return step_page.show(found, reached(found, step), f"{URL}/{key}")

    @expose("/<uuid:key>/steps/<int:step>", methods=["POST"])
    @requires("edit")
    def send(self, key: UUID, step: int) -> Any:
        found = own(key)
        return step_page.send(found, reached(found, step), f"{URL}/{key}")

    @expose("/<uuid:key>/steps/<int:step>/draft", methods=["POST"])
    @requires("edit")
    def draft(self, key: UUID, step: int) -> Any:
        found = own(key)
        return step_page.draft(found, reached(found, step))

    @expose("/<uuid:key>/documents/<code>", methods=["POST"])
    @requires("edit")
    def upload(self, key: UUID, code: str) -> Any:
        return step_page.upload(own(key), code, f"{URL}/{key}")

    @expose("/documents/<uuid:key>/file")
    @requires("show")
    def file(self, key: UUID) -> Any:
        return send(key)

    @expose("/<uuid:key>/documents/<uuid:document>/remove", methods=["POST"])
    @requires("edit")
    def remove(self, key: UUID, document: UUID) -> Any:
        return step_page.take_back(own(key), document, f"{URL}/{key}")


def section(actor: Actor) -> Section | None:
    """For the front page: where each of one's enrollments stands; None without any."""
    rows = []
    for found in _all_own(actor):
        state = _state(found)
        row = _row(found, state)
        row.cells = [Cell(row.title), *row.cells[:2], Cell(str(state.reason))]
        rows.append(row)
    columns = [
        Column("student", _("Student")),
        Column("status", _("Status")),
        Column("step", _("Step")),
        Column("reason", _("Note")),
    ]
    return (
        Section(_("My enrollments"), str(len(rows)), Table(columns, rows, Empty("")), more_url=f"{URL}/")
        if rows
        else None
    )


def _all_own(actor: Actor) -> Sequence[Enrollment]:
    statement = select(Enrollment).where(Enrollment.guardian_id == actor.id, Enrollment.deleted_at.is_(None))
    return db.session.scalars(statement.order_by(Enrollment.created_at.desc(), Enrollment.id)).all()


def own(key: UUID) -> Enrollment:
    """One's own enrollment, also for who has other rights besides. Raises NotFound."""
    statement = select(Enrollment).where(Enrollment.id == key, Enrollment.guardian_id == current_actor().id)
    found = db.session.scalars(statement.where(visible(Enrollment, current_actor()))).one_or_none()
    if found is None:
        raise NotFound
    return found


def reached(enrollment: Enrollment, step: int) -> int:
    """The step of an address, if the family has come to it. Raises NotFound."""
    if step not in STEPS or step > enrollment.current_step:
        raise NotFound
    return step


def send(key: UUID) -> Any:
    """A document's file, if the actor may see it. Raises NotFound."""
    found = documents.get(key, current_actor())
    return send_kept(documents.place(found), found.file_name, found.content_type, found.sha256, private=True)


def _state(found: Enrollment) -> progress.Progress:
    return progress.of(found, progress.steps_of(found.id))


def _row(found: Enrollment, state: progress.Progress) -> Row:
    url, name = f"{URL}/{found.id}", f"{found.student_first_name} {found.student_last_name}"
    step = str(STEPS.get(found.current_step, _("All complete")))
    return Row(
        str(found.id),
        url,
        name,
        [render.badge(ENROLLMENT_STATUS, found.status), Cell(step), Cell(str(state.percent), "number")],
    )
