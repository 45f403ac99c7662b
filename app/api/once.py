"""The Idempotency-Key header: a request that is sent again has no second effect, and the first answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from flask import request

from app.api.bodies import read_bytes
from app.api.routes import Parameter
from app.services import idempotency
from app.web import current_actor

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
PARAMETER = Parameter(
    HEADER,
    "A text of your own, kept for a day. The same request sent again with it has no second effect and gets the first answer.",
    {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST_KEY},
    place="header",
)

Answer = tuple[Mapping[str, Any], int, Mapping[str, str]]


def once(work: Callable[[], Answer], worth: Callable[[Answer], bool] = lambda answer: True) -> Answer:
    """What `work` answers, or what it answered when this request came first. What is not `worth` keeping may be sent again.
    Raises Invalid, and what `work` raises.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    sent = f"{request.method} {request.full_path}\n".encode() + read_bytes()
    kept, replayed = idempotency.once(key, hashlib.sha256(sent).hexdigest(), work, actor=current_actor(), worth=worth)
    body, status, headers = kept
    return body, status, {**headers, **({REPLAYED: "true"} if replayed else {})}
