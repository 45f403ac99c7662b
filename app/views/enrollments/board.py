"""The board of enrollments: columns by step and state. The cards move when the family, the coach or the office does a step."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.enrollments import CoachDecision, EnrollmentStatus
from app.services import listing, school
from app.services.enrollments import ENROLLMENTS, INVITATIONS, board
from app.services.enrollments.labels import ENROLLMENT_STATUS, STEPS
from app.services.listing import Query
from app.views import lists, render
from app.views.enrollments.record import ways
from app.views.page import BoardColumn, BoardPage, Card, Cell, Link
from app.views.security import current_actor, requires


class EnrollmentBoardView(BaseView):
    route_base = "/enrollments/board"
    class_permission_name = ENROLLMENTS.name
    default_view = "board"

    @expose("/")
    @requires("board")
    def board(self) -> Any:
        actor = current_actor()
        query = lists.board_query(ENROLLMENTS, request.args.to_dict(flat=False))
        columns = [_column(column, query) for column in board.columns(actor, query)]
        new = None
        if actor.may("add", INVITATIONS.name):
            new = Link(_("Invite a family"), "/enrollment-invitations/new", "send", primary=True)
        head = lists.list_head(ENROLLMENTS, actor, query, "/enrollments/board/", new=new, tabs=ways("board", actor))
        hint = _("A card moves when its next step is done: open it to do what is yours.")
        return render_template(
            "board.html", page=BoardPage(_("Enrollments by step"), hint, columns, "/enrollments/board/", head)
        )


def _column(column: board.Column, query: Query) -> BoardColumn:
    titles = {board.ENROLLED: _("Enrolled"), board.CLOSED: _("Closed")}
    title = titles.get(column.name) or f"{column.name} {STEPS[int(column.name)]}"
    wanted = {
        board.ENROLLED: ["status:is:enrolled"],
        board.CLOSED: ["status:in:withdrawn,rejected"],
    }.get(column.name) or [f"current_step:is:{column.name}", "status:in:in_progress,registered"]
    more = listing.read_query(ENROLLMENTS, {"f": [*map(str, query.filters), *wanted], "q": [query.search]})
    return BoardColumn(
        column.name,
        title,
        render.number(column.total),
        [_card(row) for row in column.rows],
        render.address("/enrollments/", more.parameters()) if column.total > len(column.rows) else "",
        "success" if column.name == board.ENROLLED else "",
    )


def _card(row: Any) -> Card:
    lines = [
        Cell(row.coach, "person"),
        *_marks(row),
        Cell(render.day(row.updated_at.astimezone(school.zone()).date()), "muted"),
    ]
    reason = _("Steps are done on the page of the enrollment.")
    return Card(
        str(row.id), f"/enrollments/{row.id}", f"{row.student_first_name} {row.student_last_name}", lines, reason=reason
    )


def _marks(row: Any) -> list[Cell]:
    """What one should see at once."""
    marks = []
    if row.records_due_since is not None or (row.status is EnrollmentStatus.ENROLLED and row.student_id is None):
        marks.append(Cell(_("Records missing"), "badge", tone="danger"))
    if row.current_step == 4 and row.status is EnrollmentStatus.IN_PROGRESS and row.coach_decision is None:
        marks.append(Cell(_("To decide"), "badge", tone="warning"))
    if row.current_step == 4 and row.coach_decision is CoachDecision.APPROVED:
        marks.append(Cell(_("Approved"), "badge", tone="success"))
    if row.deposit_paid and row.status is not EnrollmentStatus.ENROLLED:
        marks.append(Cell(_("Paid"), "badge", tone="success"))
    if row.status in (EnrollmentStatus.WITHDRAWN, EnrollmentStatus.REJECTED):
        marks.append(render.badge(ENROLLMENT_STATUS, row.status))
    return marks
