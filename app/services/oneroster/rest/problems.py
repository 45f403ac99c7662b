"""Why a request of the roster service is refused, under the standard's names."""

from __future__ import annotations

from typing import Final

from app.services.errors import Refusal, Text

# Code minor -> status. What a version does not know goes out under the nearest it does.
FILTER: Final = "invalid_filter_field"
SELECTION: Final = "invalid_selection_field"
DATA: Final = "invaliddata"
UNAUTHORISED: Final = "unauthorisedrequest"
FORBIDDEN: Final = "forbidden"
BUSY: Final = "server_busy"
UNKNOWN: Final = "unknownobject"
INTERNAL: Final = "internal_server_error"
STATUSES: Final = {
    FILTER: 400,
    SELECTION: 400,
    DATA: 422,
    UNAUTHORISED: 401,
    FORBIDDEN: 403,
    BUSY: 429,
    UNKNOWN: 404,
    INTERNAL: 500,
}


class RosterRefusal(Refusal):
    """A refusal with the standard's code minor; the status follows from it."""

    def __init__(self, minor: str, message: Text) -> None:
        super().__init__(message)
        self.minor = minor
        self.status = STATUSES[minor]
