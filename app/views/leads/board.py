"""The board: leads as cards, stages as columns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import inputs, listing, phones
from app.services.errors import Invalid, NotFound
from app.services.leads import LEADS, board
from app.services.leads.figures import STAGE_COUNT_LIMIT
from app.services.leads.schemas import MoveCard
from app.services.listing import Query
from app.views import lists, render
from app.views.leads.tabs import tabs
from app.views.page import (
    BoardColumn,
    BoardPage,
    Card,
    Cell,
    Link,
)
from app.views.security import current_actor, requires


class LeadBoardView(BaseView):
    route_base = "/leads/board"
    class_permission_name = LEADS.name
    default_view = "board"

    @expose("/")
    @requires("board")
    def board(self) -> Any:
        actor = current_actor()
        query = lists.board_query(LEADS, request.args.to_dict(flat=False))
        columns = [_board_column(column, actor, query) for column in board.columns(actor, query)]
        new = Link(_("New lead"), "/leads/new", "plus", primary=True) if actor.may("add", LEADS.name) else None
        page = lists.list_head(LEADS, actor, query, "/leads/board/", new=new, tabs=tabs("board", actor, query))
        return render_template(
            "board.html",
            page=BoardPage(
                _("Leads by stage"),
                _("Drag a card, or pick it up with the space bar and move it with the arrow keys."),
                columns,
                "/leads/board/move",
                page,
            ),
        )

    @expose("/move", methods=["POST"])
    @requires("change_stage")
    def move(self) -> Any:
        """A card was taken out of one column and put into another, or back by an undo."""
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise Invalid(_("Send the card and its column as JSON."))
        values = inputs.parse(MoveCard, {"stage_id": body.get("to"), "seen_in": body.get("from")})
        outcome = board.move(_key(body.get("id")), actor=current_actor(), **values)
        return jsonify(message=_("%(name)s was moved.", name=outcome.title), changed=not outcome.unchanged)


def _board_column(column: board.Column, actor: Actor, query: Query) -> BoardColumn:
    others = [str(each) for each in column.moves]
    cards = [_card(row, others, actor) for row in column.rows]
    more = listing.read_query(LEADS, {"f": [*map(str, query.filters), f"stage:is:{column.id}"], "q": [query.search]})
    return BoardColumn(
        str(column.id),
        column.title if column.active else _("%(stage)s (not in use any more)", stage=column.title),
        render.total(column.total, STAGE_COUNT_LIMIT),
        cards,
        render.address("/leads/", more.parameters()) if column.total > len(cards) else "",
        "success" if column.is_onboarded else "",
    )


def _card(row: Any, columns: list[str], actor: Actor) -> Card:
    reason = LEADS.edit_rule(actor, row) if actor.may("change_stage", LEADS.name) else _("You may not move leads.")
    lines = [
        Cell(phones.grouped(row.phone), "text"),
        Cell(row.owner or _("Nobody's"), "text" if row.owner else "muted"),
        Cell(
            render.day(row.follow_up_date),
            "date",
            tone="danger" if row.overdue else "",
            title=row.follow_up_date.isoformat(),
        ),
    ]
    return Card(
        str(row.id),
        f"/leads/{row.id}",
        f"{row.first_name} {row.last_name}",
        lines,
        moves=columns if reason is None else [],
        reason=str(reason or ""),
    )


def _key(raw: Any) -> UUID:
    """The key of a card. Raises NotFound."""
    try:
        return UUID(str(raw))
    except ValueError:
        raise NotFound from None
