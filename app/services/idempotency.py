"""Doing once what is asked twice: a client that lost the answer sends the request again with the same key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from app.dialect import PREPARED
from app.extensions import db
from app.policies.actor import Actor
from app.services.errors import Invalid
from app.services.transaction import transactional

KEPT: Final = timedelta(days=1)
LONGEST_KEY: Final = 255

# Of several at once, the first inserts and the others wait here for its end: they then find its answer, or, when it was
# rolled back, insert themselves. One that is no longer kept is taken as if it were new.
_CLAIM = text("""
    INSERT INTO idempotency_keys AS k (user_id, key, fingerprint) VALUES (:user_id, :key, :fingerprint)
    ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, created_at = now()
    WHERE k.created_at < now() - CAST(:kept AS interval)
""").execution_options(**PREPARED)
_LEAVE = text("DELETE FROM idempotency_keys WHERE user_id = :user_id AND key = :key")
_KNOWN = text("SELECT fingerprint, answer FROM idempotency_keys WHERE user_id = :user_id AND key = :key")
_KEEP = (
    text("UPDATE idempotency_keys SET answer = :answer WHERE user_id = :user_id AND key = :key")
    .bindparams(bindparam("answer", type_=JSONB))
    .execution_options(**PREPARED)
)


class KeyUsed(Invalid):
    """The key belongs to another request."""


class ToldOnce(str):
    """A text that is nowhere kept, such as a link with a secret: it is in the first answer only."""


@transactional
def once(
    key: str,
    fingerprint: str,
    work: Callable[[], Any],
    *,
    actor: Actor,
    worth: Callable[[Any], bool] = lambda answer: True,
) -> tuple[Any, bool]:
    """Run `work` and keep what it returns (JSON), in one transaction; or, when this actor's key has been used for the
    same request, return what was kept. The second value tells which. Refusals are not kept, as nothing was done, nor is
    what is not `worth` it: the key may then be used again.

    Raises KeyUsed for a key that was used for another request, Invalid for what cannot be one, and what `work` raises.
    """
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= sign <= "~" for sign in key):
        raise Invalid(
            fields={
                "Idempotency-Key": [_("Use 1 to %(most)s visible ASCII characters, without spaces.", most=LONGEST_KEY)]
            }
        )
    names = {"user_id": actor.id, "key": key}
    claimed = db.session.execute(_CLAIM, names | {"fingerprint": fingerprint, "kept": KEPT})
    if claimed.rowcount == 0:  # type: ignore[attr-defined]
        known = db.session.execute(_KNOWN, names).one()
        if known.fingerprint != fingerprint:
            raise KeyUsed(fields={"Idempotency-Key": [_("This key was used for another request.")]})
        return known.answer, True
    answer = work()
    if worth(answer):
        db.session.execute(_KEEP, names | {"answer": _kept(answer)})
    else:
        db.session.execute(_LEAVE, names)
    return answer, False


def _kept(answer: Any) -> Any:
    """The answer without what is told only once."""
    match answer:
        case ToldOnce():
            return _("This was told once, in the first answer.")
        case dict():
            return {name: _kept(value) for name, value in answer.items()}
        case list() | tuple():
            return [_kept(value) for value in answer]
    return answer


@transactional
def clean_up() -> int:
    """Forget the answers that are no longer kept; returns how many."""
    statement = text("DELETE FROM idempotency_keys WHERE created_at < now() - CAST(:kept AS interval)")
    return int(db.session.execute(statement, {"kept": KEPT}).rowcount)  # type: ignore[attr-defined]
