"""Some records after the other to one server: what has changed is sent, and what came of it is written down."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from flask_babel import gettext as _

from app.extensions import db
from app.models.edfi import EdFiOutcome
from app.policies.actor import Actor
from app.services.edfi import outcomes
from app.services.edfi.client import Answer, Client, UnreachableError
from app.services.edfi.exporting import Document, Sieve, hides_associations
from app.services.edfi.outcomes import Sent, Written
from app.services.edfi.schema import Problem

MOST_FAILURES: Final = 5  # one after the other: then it is not about the records
_FORBIDDEN: Final = 403
_GONE: Final = 404


class Sender:
    """A push while it runs. `seen` are the records that there are, whether or not they could be sent;
    `may_delete` says that whatever else the server has is gone.
    """

    def __init__(self, push_id: UUID, connection_id: UUID, client: Client) -> None:
        self.push_id, self.connection_id, self._client = push_id, connection_id, client
        self.seen: set[bytes] = set()
        self.may_delete = True
        self._counts: Counter[str] = Counter()
        self._before: set[bytes] = set()
        self._sieve, self._failures = Sieve(), 0

    def resume(self) -> None:
        """Go on from what a killed worker has written down."""
        counts, self._before = outcomes.counted(self.push_id)
        self._counts.update(counts)

    def send(self, chunk: Sequence[Document], *, actor: Actor) -> bool:
        """Whether to go on. Raises UnreachableError, after writing down what was sent until then."""
        known = outcomes.digests(self.connection_id, [(each.resource, each.key) for each in chunk])
        db.session.rollback()  # nothing is held while the server is waited for
        done: list[Written] = []
        try:
            for each in chunk:
                self.seen.add(outcomes.mark(each.resource, each.key))
                self.may_delete = self.may_delete and not hides_associations(each)
                done.append(self._sent(each, known.get((each.resource, each.key))))
        finally:
            going_on = self._write(done, actor)
        return going_on

    def remove(self, sent: Sent, *, actor: Actor) -> bool:
        """Delete at the server what is no more. Whether to go on. Raises UnreachableError."""
        db.session.rollback()
        return self._write([self._removed(sent)], actor)

    def _write(self, done: Sequence[Written], actor: Actor) -> bool:
        for each in done:
            if each.outcome is not EdFiOutcome.UNCHANGED or outcomes.mark(each.resource, each.key) not in self._before:
                self._counts[each.outcome.value] += 1
        return outcomes.write(self.push_id, self.connection_id, done, self._counts, actor=actor)

    def _sent(self, document: Document, known: str | None) -> Written:
        if problems := self._sieve.problems(document):
            return _kept(document, problems)
        digest = hashlib.sha256(json.dumps(document.body, sort_keys=True).encode()).hexdigest()
        if digest == known:
            return Written(document.resource, document.key, EdFiOutcome.UNCHANGED)
        answer = self._client.send(document.resource, document.body)
        outcome = self._outcome(answer)
        if outcome in outcomes.SENT:
            location = self._client.address_of(document.resource, answer)
            return Written(document.resource, document.key, outcome, answer.status, "", digest, location)
        if answer.status != _FORBIDDEN:  # a server that keeps its schools to itself has them
            self._sieve.drop(document)
        return Written(document.resource, document.key, outcome, answer.status, answer.message())

    def _outcome(self, answer: Answer) -> EdFiOutcome:
        """Raises UnreachableError when the server has failed with one record after the other."""
        if answer.status >= 500:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                raise UnreachableError(_("The server fails with every record: %(reason)s", reason=answer.message()))
            return EdFiOutcome.FAILED
        self._failures = 0
        if answer.status == 201:
            return EdFiOutcome.CREATED
        return EdFiOutcome.UPDATED if 200 <= answer.status < 300 else EdFiOutcome.REFUSED

    def _removed(self, sent: Sent) -> Written:
        if sent.location is None:
            told = _("The server gave no address of it: delete it there by hand.")
            return Written(sent.resource, sent.key, EdFiOutcome.REFUSED, None, told)
        answer = self._client.remove(sent.location)
        if answer.status == _GONE or 200 <= answer.status < 300:
            return Written(sent.resource, sent.key, EdFiOutcome.DELETED, answer.status)
        return Written(sent.resource, sent.key, self._outcome(answer), answer.status, answer.message())


def _kept(document: Document, problems: Sequence[Problem]) -> Written:
    """What never leaves: it is wrong itself, or what it refers to did not arrive."""
    outcome = EdFiOutcome.INVALID if document.problems else EdFiOutcome.BLOCKED
    told = "; ".join(f"{each.field}: {each.message}" for each in problems)
    return Written(document.resource, document.key, outcome, None, told)
