"""Doing things to records: to one, to many, rehearsed, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, Field, create_model

from app.api import bodies, lists, represent
from app.api.once import Answer, once
from app.api.routes import Nothing
from app.services import listing
from app.services.errors import Invalid, NotFound
from app.services.inputs import Input
from app.services.resource import Action, Resource, Result
from app.services.transaction import rehearse
from app.web import current_actor


class Undo(Input):
    """Which batch to take back."""

    batch_id: UUID


def find(resource: Resource, name: str, *, bulk: bool) -> Action:
    """The action with this name; deleting and restoring many are actions too. Raises NotFound."""
    action = (known(resource) if bulk else resource.action_by_name).get(name)
    if action is None or not (action.bulk if bulk else action.single):
        raise NotFound
    return action


def find_any(resource: Resource, name: str) -> Action:
    """The action with this name, for one record or for many. Raises NotFound."""
    action = known(resource).get(name)
    if action is None:
        raise NotFound
    return action


def known(resource: Resource) -> dict[str, Action]:
    """Everything that can be done to many records, by name."""
    found = dict(resource.action_by_name)
    if resource.delete is not None:
        found["delete"] = Action(
            "delete",
            _l("Delete"),
            resource.delete,
            resource.edit_rule,
            resource.delete_input,
            danger=True,
            single=False,
        )
    if resource.restore is not None:
        found["restore"] = Action("restore", _l("Restore"), resource.restore, resource.edit_rule, single=False)
    return found


@cache
def one_input(schema: type[BaseModel] | None) -> type[BaseModel]:
    """The body of an action on one record."""
    name = f"{schema.__name__}One" if schema is not None else "One"
    made: type[BaseModel] = create_model(name, __base__=schema or Nothing, dry_run=(bool, False))
    return made


@cache
def many_input(schema: type[BaseModel] | None, key: type) -> type[BaseModel]:
    """The body of an action on many records: named by their ids, or all that match the query string of a list."""
    each: Any = Annotated[int, Field(ge=1, le=2**31 - 1)] if key is int else key
    ids = Annotated[list[each] | None, Field(min_length=1, max_length=listing.MOST_AT_ONCE)]
    matching = Annotated[str | None, Field(max_length=4000)]
    name = f"{schema.__name__ if schema is not None else ''}Many{key.__name__.title()}"
    made: type[BaseModel] = create_model(name, __base__=one_input(schema), ids=(ids, None), matching=(matching, None))
    return made


def key_type(resource: Resource) -> type:
    kind: type = resource.model.id.type.python_type
    return kind


def many(resource: Resource, action: Action) -> Any:
    """Do it to the records that the body names; each has its outcome. Raises what the action raises for all."""
    values = bodies.read(many_input(action.input, key_type(resource)))
    ids, dry_run = _chosen(resource, values), values.pop("dry_run", False)
    return _once(lambda: represent.result(run(action, ids, values, dry_run=dry_run), dry_run=dry_run), dry_run=dry_run)


def _chosen(resource: Resource, values: dict[str, Any]) -> list[Any]:
    """The keys that the body names, taken out of it. Raises Invalid."""
    ids, matching = values.pop("ids", None), values.pop("matching", None)
    if (ids is None) == (matching is None):
        raise Invalid(fields={"ids": [_("Give either ids or matching.")]})
    if ids is not None:
        return list(dict.fromkeys(ids))
    actor = current_actor()
    return listing.keys(resource, actor, lists.read_text(resource, actor, matching, "matching"))


def one(action: Action, key: Any) -> Any:
    """Do it to one record. Raises its refusal."""
    values = bodies.read(one_input(action.input))
    dry_run = values.pop("dry_run", False)
    return _once(
        lambda: represent.single(run(action, [key], values, dry_run=dry_run), dry_run=dry_run), dry_run=dry_run
    )


def _once(work: Callable[[], dict[str, Any]], *, dry_run: bool) -> Any:
    """Sent again with the same key it has no second effect; a rehearsal has none at all. Where all was refused, it may be
    sent again.
    """
    return work() if dry_run else once(lambda: (work(), 200, {}), _has_taken_some)


def _has_taken_some(answer: Answer) -> bool:
    """Whether any record was not refused. One that was as it should be counts: it may not be so any more next time."""
    told = answer[0]
    return "ok" not in told or bool(told["ok"] or told["unchanged"])


def run(action: Action, ids: Sequence[Any], values: dict[str, Any], *, dry_run: bool) -> Result:
    """The action itself; in a rehearsal that is undone when `dry_run`."""
    actor = current_actor()
    return rehearse(action.run, ids, actor=actor, **values) if dry_run else action.run(ids, actor=actor, **values)


def undo(action: Action) -> dict[str, Any]:
    """Take a batch of one's own back. Raises NotFound."""
    if action.undo is None:
        raise NotFound
    batch_id = bodies.read(Undo)["batch_id"]
    return represent.result(action.undo(batch_id, actor=current_actor()), dry_run=False)


def on_one(api: Any) -> dict[str, tuple[str, Any]]:
    """For the document: the actions on one record, with what each is and takes."""
    return {each.name: (str(each.label), one_input(each.input)) for each in api.resource.actions if each.single}


def on_many(api: Any) -> dict[str, tuple[str, Any]]:
    key = key_type(api.resource)
    return {
        name: (f"{each.label}: many", many_input(each.input, key))
        for name, each in known(api.resource).items()
        if each.bulk
    }


def undoing(api: Any) -> dict[str, tuple[str, Any]]:
    return {each.name: (f"{each.label}: undo", Undo) for each in api.resource.actions if each.undo is not None}
