"""REST of choices for relations, and of the search over all records."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _

from app.api import schemas
from app.api.auth import allow
from app.api.represent import plain
from app.api.routes import BY_NAME, PREFIX, Api, Parameter, route
from app.services import lookups, search
from app.services.errors import Invalid
from app.web import current_actor

LONGEST = 200
SUGGESTIONS = 6
WORDS = Parameter("q", "Words, all of which must occur.", {"type": "string", "maxLength": LONGEST})
CHOICE = schemas.an_object(id={"type": ["integer", "string"]}, text=schemas.TEXT, detail=schemas.TEXT)
FOUND = schemas.an_object(
    resource=schemas.TEXT, id=schemas.TEXT, title=schemas.TEXT, detail=schemas.TEXT, href=schemas.TEXT
)


class LookupApi(Api):
    route_base = f"{PREFIX}/lookups"
    class_permission_name = "Lookups"

    @route(
        "GET",
        "/<name>",
        "Choices of a relation",
        needs=BY_NAME,
        parameters=(WORDS,),
        answer=schemas.items(CHOICE, more=schemas.BOOL),
        others=(404,),
        variants=lambda api: {name: (f"Choices: {name}", None) for name in lookups.LOOKUPS},
    )
    def find(self, name: str) -> Any:
        lookup = lookups.get(name)
        allow(*lookup.permission)
        found, more = lookups.find(name, current_actor(), _words())
        kind = lookup.key.type.python_type
        return {
            "items": [{"id": plain(kind(each.id)), "text": each.text, "detail": each.detail} for each in found],
            "more": more,
        }


class SearchApi(Api):
    route_base = f"{PREFIX}/search"
    class_permission_name = "Search"

    @route("GET", "", "Search all records", needs="list", parameters=(WORDS,), answer=schemas.items(FOUND))
    def find(self) -> Any:
        """The newest of each kind that the caller may list, ten kinds at most, that hold every word; nothing for less than
        two letters. A phone number may be written the way it is dialled.
        """
        words = _words()
        if len(words) < 2:
            return {"items": []}
        return {
            "items": [
                {
                    "resource": resource.slug,
                    "id": str(row.id),
                    "title": resource.title(row),
                    "href": f"{PREFIX}/{resource.slug}/{row.id}",
                    "detail": " · ".join(str(plain(row._mapping[name])) for name in names if row._mapping[name]),
                }
                for resource, page in search.find(words, SUGGESTIONS, current_actor())[0]
                for names in (search.SEARCHED[resource.slug],)
                for row in page.rows
            ]
        }


def _words() -> str:
    """What is searched for. Raises Invalid."""
    words = request.args.get("q", "").strip()
    if len(words) > LONGEST or "\0" in words:
        raise Invalid(fields={"q": [_("At most %(max_length)s characters.", max_length=LONGEST)]})
    return words
