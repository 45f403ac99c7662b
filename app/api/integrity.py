"""REST of the rules over the whole database: how each stands, the rows that break it, dry run and repair."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from flask import request

from app.api import lists, schemas
from app.api.represent import mapping
from app.api.routes import PREFIX, Api, Parameter, route
from app.services import integrity
from app.services.integrity import Invariant, Repaired
from app.services.integrity.checking import PATIENCE
from app.web import current_actor

PAGE = 100
RULE = schemas.an_object(
    name=schemas.TEXT,
    area=schemas.TEXT,
    title=schemas.TEXT,
    explanation=schemas.TEXT,
    remedy=schemas.TEXT,
    repairable=schemas.BOOL,
    warning=schemas.BOOL,
    broken=schemas.null_or(schemas.COUNT),
)
ROW = schemas.an_object(key=schemas.TEXT, title=schemas.TEXT, link=schemas.TEXT, detail=schemas.TEXT)
REPAIRED = schemas.an_object(name=schemas.TEXT, before=schemas.COUNT, after=schemas.COUNT)
REPAIR = schemas.an_object(
    at=schemas.MOMENT,
    invariant=schemas.TEXT,
    who=schemas.null_or(schemas.TEXT),
    rows_before=schemas.COUNT,
    rows_after=schemas.COUNT,
)
AFTER = Parameter("after", "The key of the last row of the page before, from `next`.", {"type": "string"})


class IntegrityApi(Api):
    route_base = f"{PREFIX}/integrity"
    class_permission_name = "Integrity"

    @route("GET", "", "How every rule stands", needs="show", answer=schemas.items(RULE))
    def index(self) -> Any:
        """`broken` is counted up to 10,001; null where counting would take long."""
        return {"items": [_told(state.invariant, state.broken) for state in integrity.examine(PATIENCE)]}

    @route("GET", "/repairs", "The latest repairs", needs="show", answer=schemas.items(REPAIR))
    def repairs(self) -> Any:
        return {"items": [mapping(dict(row._mapping)) for row in integrity.history(limit=PAGE)]}

    @route(
        "GET",
        "/<invariant>",
        "The rows that break a rule",
        needs="show",
        parameters=(AFTER,),
        answer=schemas.items(ROW, next=schemas.ADDRESS),
        others=(404,),
    )
    def show(self, invariant: str) -> Any:
        """Without the permission to see the records, only their keys."""
        after = request.args.get("after", "")[:300]
        found, more = integrity.rows(integrity.get(invariant), current_actor(), after=after, limit=PAGE)
        older = f"{self.route_base}/{invariant}?after={quote(found[-1].key)}" if more else None
        return {"items": [asdict(each) for each in found], "next": older}, 200, lists.link_header({"next": older})

    @route("POST", "/<invariant>/try", "What a repair would do", needs="repair", answer=REPAIRED, others=(404, 409))
    def rehearsal(self, invariant: str) -> Any:
        return _done(*integrity.try_repair([invariant], actor=current_actor()))

    @route("POST", "/<invariant>/repair", "Repair what can be", needs="repair", answer=REPAIRED, others=(404, 409))
    def repair(self, invariant: str) -> Any:
        """Done again it changes nothing. The rows as they were are in the row history."""
        return _done(*integrity.repair([invariant], actor=current_actor()))


def _told(invariant: Invariant, broken: int | None) -> dict[str, Any]:
    return {
        "name": invariant.name,
        "area": str(invariant.area),
        "title": str(invariant.title),
        "explanation": str(invariant.explanation),
        "remedy": str(invariant.remedy),
        "repairable": invariant.repair is not None,
        "warning": invariant.warning,
        "broken": broken,
    }


def _done(repaired: Repaired) -> dict[str, Any]:
    return {"name": repaired.invariant.name, "before": repaired.before, "after": repaired.after}
