"""Refusals: what a service raises when it will not do something. Each carries a sentence for the person and an HTTP
status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DBAPIError, OperationalError

Text = Any  # str or a lazy translated text


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Base of all refusals. `fields` names what is wrong where: field -> sentences."""

    status = 422
    code = "refused"

    def __init__(self, message: Text = "", *, fields: Mapping[str, list[Text]] | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.fields = dict(fields or {})

    def __str__(self) -> str:
        return str(self.message)

    def details(self) -> dict[str, Any]:
        """What a program is told beyond the sentence, as JSON."""
        return {}


class Invalid(Refusal):
    """The input is wrong; `fields` says where."""

    status = 422
    code = "invalid"

    def __init__(self, message: Text = "", *, fields: Mapping[str, list[Text]] | None = None) -> None:
        super().__init__(message or _l("Some fields need attention."), fields=fields)


class NotFound(Refusal):
    """No such record, or none that the actor may see: the two are never told apart."""

    status = 404
    code = "not_found"

    def __init__(self, message: Text = "") -> None:
        super().__init__(message or _l("There is no such record, or you may not see it."))


class NotAllowed(Refusal):
    """The actor may see the record, but not do this to it."""

    status = 403
    code = "not_allowed"


class WrongState(Refusal):
    """The record is not in a state in which this can be done."""

    status = 409
    code = "wrong_state"


class Conflict(Refusal):
    """Something else holds what was asked for: a name, a number, a place."""

    status = 409
    code = "conflict"


class Busy(Refusal):
    """The database could not do it now; the same request may succeed in a moment."""

    status = 503
    code = "busy"


_EXPLANATIONS: dict[str, tuple[str, Text]] = {}


def explain(explanations: Mapping[str, tuple[str, Text]]) -> None:
    """Tell what a refused constraint means: constraint name -> (field, sentence)."""
    _EXPLANATIONS.update(explanations)


# SQLSTATE -> (class of refusal, sentence), for constraints that nobody explained.
_BY_STATE: dict[str, tuple[type[Refusal], Text]] = {
    "23505": (Conflict, _l("Another record already uses this value.")),
    "23503": (Conflict, _l("It is still used by other records, or refers to one that no longer exists.")),
    "23514": (Invalid, _l("A value is outside what is allowed.")),
    "23502": (Invalid, _l("A required value is missing.")),
    "23P01": (Conflict, _l("It overlaps with another record.")),
    "23001": (Conflict, _l("It is still used by other records.")),
    "22001": (Invalid, _l("A text is too long.")),
    "22003": (Invalid, _l("A number is too large.")),
    "22021": (Invalid, _l("A text contains a character that cannot be stored.")),
    "22P05": (Invalid, _l("A text contains a character that cannot be stored.")),
    "57014": (Busy, _l("This took too long and was stopped. Nothing was changed.")),
    "55P03": (Busy, _l("Someone else is changing this right now. Please try again.")),
    "40001": (Busy, _l("Someone else is changing this right now. Please try again.")),
    "40P01": (Busy, _l("Someone else is changing this right now. Please try again.")),
    "53100": (Busy, _l("The database has no space left. Nothing was changed; please tell your administrator.")),
}


def in_words(refusal: Refusal, *more: str) -> Refusal:
    """A refusal whose sentences stand alone, for a row of a list, which has no fields; with `more` of them behind."""
    texts = [str(each) for sentences in refusal.fields.values() for each in sentences]
    return Conflict(" ".join([*texts, *more])) if texts else refusal


def refusal_from(error: DBAPIError) -> Refusal | None:
    """The refusal that a database error means, found by constraint name, then by SQLSTATE; None when it is a fault of
    ours.
    """
    state = getattr(error.orig, "sqlstate", None) or ""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    kind, sentence = _BY_STATE.get(state, (None, ""))
    if kind is None:
        lost = error.connection_invalidated or (
            isinstance(error, OperationalError) and not state
        )  # refused connections have no state
        return Busy(_l("The database cannot be reached. Please try again in a moment.")) if lost else None
    if constraint in _EXPLANATIONS:
        field, sentence = _EXPLANATIONS[constraint]
        return kind(sentence, fields={field: [sentence]} if field else None)
    if state in {"23503", "23001"}:
        return kind(_still_used(error) or sentence)
    return kind(sentence)


def meaning(state: str, constraint: str = "") -> Text:
    """What a refusal of the database means, in words: by the constraint, else by SQLSTATE; empty when it is a fault of ours."""
    if constraint in _EXPLANATIONS:
        return _EXPLANATIONS[constraint][1]
    return _BY_STATE[state][1] if state in _BY_STATE else ""


def _still_used(error: DBAPIError) -> str:
    """ "Still used by leads", when the refused foreign key is that of another table."""
    detail = getattr(getattr(error.orig, "diag", None), "message_detail", None) or ""
    table = getattr(getattr(error.orig, "diag", None), "table_name", None) or ""
    return (
        _("It is still used by: %(table)s.", table=table.replace("_", " "))
        if "referenced from table" in detail and table
        else ""
    )
