"""Several leads: export, board, worklist, figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.api import lists, schemas
from app.api.base import RecordApi
from app.api.positions import read_choice
from app.api.represent import mapping, plain
from app.api.routes import Parameter, route
from app.services import listing
from app.services.leads import LEADS, board, figures, worklist
from app.services.leads.figures import STAGE_COUNT_LIMIT
from app.web import current_actor

CARD = {"type": "object", "properties": {"id": schemas.UUID_}, "required": ["id"]}
COLUMN = schemas.an_object(
    id=schemas.UUID_,
    title=schemas.TEXT,
    active=schemas.BOOL,
    is_onboarded=schemas.BOOL,
    total=schemas.COUNT,
    total_is_exact=schemas.BOOL,
    cards={"type": "array", "items": CARD},
    moves={"type": "array", "items": schemas.UUID_},
)
FIGURES = schemas.an_object(
    by_stage={
        "type": "array",
        "items": schemas.an_object(id=schemas.UUID_, name=schemas.TEXT, total=schemas.COUNT, estimated=schemas.BOOL),
    },
    by_week={
        "type": "array",
        "items": schemas.an_object(monday={"type": "string", "format": "date"}, total=schemas.COUNT),
    },
)
WORKLIST_PARAMETERS = (
    Parameter(
        "section", "Which part.", {"type": "string", "enum": list(worklist.SECTIONS), "default": worklist.SECTIONS[0]}
    ),
    Parameter(
        "whose", "Whose leads; for admins everybody's unless given.", {"type": "string", "enum": ["mine", "all"]}
    ),
)
FILTERING = tuple(lists.PARAMETERS[name] for name in lists.CONDITIONS)


class LeadLists(RecordApi):
    resource = LEADS

    @route("GET", "/board", "Leads by stage", needs="board", parameters=FILTERING, answer=schemas.items(COLUMN))
    def board(self) -> Any:
        """The newest leads of every stage that is active or holds some. A card is moved with the action `change_stage`."""
        query = lists.read(self.resource, current_actor(), lists.CONDITIONS)
        return {"items": [_column(column) for column in board.columns(current_actor(), query)]}

    @route(
        "GET", "/worklist", "Follow-ups by day", needs="worklist", parameters=WORKLIST_PARAMETERS, answer=schemas.page
    )
    def worklist(self) -> Any:
        actor = current_actor()
        section = read_choice("section", worklist.SECTIONS, worklist.SECTIONS[0])
        whose = read_choice("whose", ("mine", "all"), "all" if actor.is_admin else "mine")
        query, columns = worklist.query(section, whose, actor), tuple(self.resource.by_name)
        return lists.answer(self.resource, query, listing.fetch(self.resource, actor, query, columns), columns)

    @route("GET", "/figures", "Numbers of the front page", needs="worklist", answer=FIGURES)
    def figures(self) -> Any:
        actor = current_actor()
        return {
            "by_stage": [mapping(asdict(each)) for each in figures.by_stage(actor)],
            "by_week": [{"monday": plain(monday), "total": total} for monday, total in figures.entered_by_week(actor)],
        }


def _column(column: board.Column) -> dict[str, Any]:
    return {
        "id": str(column.id),
        "title": column.title,
        "active": column.active,
        "is_onboarded": column.is_onboarded,
        "total": min(column.total, STAGE_COUNT_LIMIT),
        "total_is_exact": column.total <= STAGE_COUNT_LIMIT,
        "cards": [mapping(row._mapping) for row in column.rows],
        "moves": [str(each) for each in column.moves],
    }
