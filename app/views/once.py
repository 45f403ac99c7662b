"""A form that is sent twice is done once. Whoever shows one puts a key into it; what is done under the key is kept, and answers
whoever sends the form again: a second press, a page that is loaded anew, Back and once more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from flask import current_app, request
from flask_babel import gettext as _

from app.services import idempotency
from app.services.errors import Conflict, NotFound, Refusal
from app.services.resource import Outcome, Result
from app.web import current_actor
from config import derived_key

FIELD = "_key"
# What a form is protected with, and where one goes on, are not what it says.
_BESIDE = frozenset({"csrf_token", "_then"})


class SentAlready(Conflict):
    """This form was sent before and said something else."""


def new_key() -> str:
    return str(uuid4())


def shown_key(refusal: Refusal) -> str:
    """The key of a form that is shown: that with which it came in, as nothing was done yet. One that was sent already gets a
    new key: who sends it once more has read that, and means it.
    """
    given = _given()
    return new_key() if given is None or isinstance(refusal, SentAlready) else given


def do(work: Callable[[], Any], *, worth: Callable[[Any], bool] = lambda answer: True) -> tuple[Any, bool]:
    """What `work` answers (JSON); or, when this form was sent before, what it answered then. The second value tells which. What
    is not `worth` keeping may be sent again. A form without a key is done each time.

    Raises SentAlready when the form said something else then, and what `work` raises.
    """
    key, actor = _given(), current_actor()
    if key is None or actor.id is None:
        return work(), False

    def afresh() -> Any:  # the fingerprint has read the files, and so has a first try
        for _name, file in request.files.items(multi=True):
            file.seek(0)
        return work()

    try:
        return idempotency.once(key, _fingerprint(), afresh, actor=actor, worth=worth)
    except idempotency.KeyUsed:
        raise SentAlready(
            _(
                "This form was sent before, with something else in it, and that was done. To do this as well, send it again."
            )
        ) from None


def _given() -> str | None:
    """The key that was sent; what cannot be one is none."""
    try:
        return str(UUID(request.form.get(FIELD, "")))
    except ValueError:
        return None


def _fingerprint() -> str:
    """What the form says, of which nobody can tell from it: there may be a password in it."""
    fields = sorted(each for each in request.form.items(multi=True) if each[0] not in _BESIDE)
    files = sorted(
        (name, file.filename, hashlib.sha256(file.read()).hexdigest()) for name, file in request.files.items(multi=True)
    )
    said = json.dumps([request.full_path, fields, files]).encode()
    return hmac.digest(derived_key(current_app.config["SECRET_KEY"], "forms").encode(), said, "sha256").hex()


def as_json(result: Result) -> dict[str, Any]:
    """All that a page tells of what was done."""
    batch = result.batch_id
    return {"batch_id": None if batch is None else str(batch), "outcomes": [_outcome(each) for each in result.outcomes]}


def _outcome(done: Outcome) -> dict[str, Any]:
    """What is not as it is with most is left out, for there may be thousands."""
    message, refused = str(done.message), done.refusal is not None
    told = {
        "id": str(done.id),
        "title": str(done.title),
        "refused": refused,
        "why": str(done.refusal) if refused else "",
        "missing": isinstance(done.refusal, NotFound),
        "unchanged": done.unchanged,
        "message": idempotency.ToldOnce(message) if done.once else message,
        "once": done.once,
        "into": done.into,
    }
    return {name: value for name, value in told.items() if value}


def from_json(answer: dict[str, Any]) -> Result:
    """The result again."""
    outcomes = []
    for each in answer["outcomes"]:
        told = dict(each)
        refused, why, missing = told.pop("refused", False), told.pop("why", ""), told.pop("missing", False)
        outcomes.append(Outcome(**told, refusal=(NotFound if missing else Refusal)(why) if refused else None))
    batch = answer["batch_id"]
    return Result(outcomes, None if batch is None else UUID(batch))


def has_taken_some(answer: dict[str, Any]) -> bool:
    """Whether any record was not refused. One that was as it should be counts: it may not be so any more next time."""
    return any("refused" not in each for each in answer["outcomes"])
