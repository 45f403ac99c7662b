"""Talking to an Ed-Fi ODS/API: a token by client credentials, records by POST, which makes or changes them by their
natural key. Waits and tries again where that may help. Knows no database.

No redirect is followed: neither the token nor anybody's data goes to a host that nobody named.
"""

from __future__ import annotations

import base64
import email.utils
import http.client
import json
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from flask_babel import gettext as _

TIMEOUT: Final = 30.0  # seconds, to connect, to be answered at all, and for the whole answer
MOST_TRIES: Final = 5
LONGEST_WAIT: Final = 120.0  # a server that asks for more is left alone until the next push
LARGEST_ANSWER: Final = 1024 * 1024
EARLY: Final = 30.0  # a token is renewed before it ends
LATER: Final = frozenset({429, 500, 502, 503, 504})
_LONGEST_MESSAGE: Final = 1000
_ID: Final = re.compile(r"/([0-9a-fA-F]{32}|[0-9a-fA-F-]{36})/?$")


class UnreachableError(Exception):
    """The server cannot be used now, whatever it is sent: it is away, too busy, or does not let us in."""


def sleep(seconds: float) -> None:
    """Waiting has one place, so that tests need not wait."""
    time.sleep(seconds)


@dataclass(frozen=True)
class Server:
    """Where, and as whom."""

    base_url: str
    token_url: str
    client_id: str
    secret: str
    school_year: int | None = None


def _storable(told: str) -> str:
    """As far as it can be stored: JSON may hold half a character."""
    return told.encode("utf-8", "replace").decode().replace("\0", "")[:_LONGEST_MESSAGE]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def told(self) -> dict[str, Any] | None:
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):  # deeper than anybody writes
            return None
        return told if isinstance(told, dict) else None

    def oauth_error(self) -> str:
        """What is wrong with a request for a token (RFC 6749, section 5.2). No more of the body is told: an address that is
        tried out may be anybody's.
        """
        told = self.told() or {}
        parts = [told.get(name) for name in ("error", "error_description")]
        return _storable(" ".join(each for each in parts if isinstance(each, str)))

    def message(self) -> str:
        """What the server says is wrong, in its words."""
        told = self.told()
        if told is None:
            return _storable(self.body[:_LONGEST_MESSAGE].decode("utf-8", "replace"))
        parts = [told.get(name) for name in ("detail", "message", "error_description", "error", "title")]
        texts = [each for each in parts if isinstance(each, str) and each][:1]
        problems = told.get("validationErrors") or told.get("modelState")
        texts += [json.dumps(problems, ensure_ascii=False)] if problems else []
        errors = told.get("errors")
        texts += [each for each in errors if isinstance(each, str)] if isinstance(errors, list) else []
        return _storable(" ".join(texts))


class Client:
    """One conversation. `send` and `remove` raise UnreachableError; what the server thinks of a record is an Answer."""

    def __init__(self, server: Server, *, tries: int = MOST_TRIES, timeout: float = TIMEOUT) -> None:
        self._server, self._tries, self._timeout = server, tries, timeout
        self._token, self._token_ends = "", 0.0
        self._lines: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def send(self, resource: str, body: Mapping[str, Any]) -> Answer:
        """Make the record, or change the one with its key: 201 or 200."""
        return self._ask("POST", self._address(resource), json.dumps(body).encode())

    def remove(self, address: str) -> Answer:
        """Delete the record at an address that `address_of` gave."""
        return self._ask("DELETE", address)

    def address_of(self, resource: str, answer: Answer) -> str | None:
        """Where the server has what it was sent. Only the id is taken from its answer: behind a proxy it may name a host
        that nobody else knows.
        """
        found = _ID.search(urlsplit(answer.headers.get("location", "")).path)
        return f"{self._address(resource)}/{found[1]}" if found else None

    def log_in(self) -> None:
        """Get a token. Raises UnreachableError."""
        server = self._server
        pair = f"{server.client_id}:{server.secret}".encode()
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self._patiently("POST", server.token_url, b"grant_type=client_credentials", lambda: headers)
        try:
            told = (answer.told() or {}) if answer.status == 200 else {}
            self._token, lasts = told["access_token"] + "", float(told.get("expires_in") or 1800)
        except (ValueError, KeyError, TypeError, OverflowError):  # a token is a text
            reason = answer.oauth_error() or "-"
            raise UnreachableError(_("No token was given (%(status)s): %(reason)s", **_why(answer, reason))) from None
        self._token_ends = time.monotonic() + lasts - min(EARLY, lasts / 2)

    def close(self) -> None:
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    def _address(self, resource: str) -> str:
        year = f"/{self._server.school_year}" if self._server.school_year else ""
        return f"{self._server.base_url}/data/v3{year}/ed-fi/{resource}"

    def _ask(self, method: str, url: str, body: bytes | None = None) -> Answer:
        """With a token that holds; one that the server does not take any more is renewed once."""
        if not self._token or time.monotonic() >= self._token_ends:
            self.log_in()
        answer = self._patiently(method, url, body, self._headers)
        if answer.status == 401:
            self.log_in()
            answer = self._patiently(method, url, body, self._headers)
        if answer.status == 401:
            raise UnreachableError(_("The server does not take its own token: %(reason)s", reason=answer.message()))
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}

    def _patiently(self, method: str, url: str, body: bytes | None, headers: Callable[[], dict[str, str]]) -> Answer:
        """Ask again while the server is away or busy, after longer and longer waits or as long as it says. An error of
        its own (500) that stays is the answer: it may be about this record alone.
        """
        for attempt in range(1, self._tries + 1):
            answer, reason = self._try(method, url, body, headers())
            if answer is not None and answer.status not in LATER:
                return answer
            if attempt < self._tries:
                sleep(self._wait(answer, attempt))
        if answer is not None and answer.status == 500:
            return answer
        raise UnreachableError(reason)

    def _wait(self, answer: Answer | None, attempt: int) -> float:
        asked = _retry_after(answer.headers.get("retry-after", "")) if answer is not None else None
        if asked is not None and asked > LONGEST_WAIT:
            raise UnreachableError(_("The server asks to wait for %(seconds)s seconds.", seconds=round(asked)))
        backoff = 2.0 ** (attempt - 1)
        return asked if asked is not None else backoff * random.uniform(0.5, 1.0)  # noqa: S311 - jitter

    def _try(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[Answer | None, str]:
        try:
            answer = self._exchange(method, url, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:  # an odd token is no header
            self.close()
            why = f": {error}" if isinstance(error, OSError) else ""  # others tell what was sent or answered
            return None, f"{type(error).__name__}{why}"[:_LONGEST_MESSAGE]
        if 300 <= answer.status < 400 and answer.status != 304:
            raise UnreachableError(
                _("The server sends us elsewhere, and that is not followed: %(status)s", **_why(answer))
            )
        reason = answer.oauth_error() if url == self._server.token_url else answer.message()
        return answer, _("The server answers %(status)s: %(reason)s", **_why(answer, reason or "-"))

    def _exchange(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        parts = urlsplit(url)
        line = self._line(parts.scheme, parts.netloc)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        line.request(method, target, body, {"Accept": "application/json", **headers})
        answer = line.getresponse()
        content = self._read(answer)
        if len(content) > LARGEST_ANSWER or answer.will_close:
            self.close()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        """The body, as far as it comes in time: the socket's own limit begins anew with each byte. Raises TimeoutError."""
        end, content = time.monotonic() + self._timeout, bytearray()
        while len(content) <= LARGEST_ANSWER and (part := answer.read1(LARGEST_ANSWER)):
            content += part
            if time.monotonic() > end:
                raise TimeoutError(_("the answer takes too long"))
        answer.close()  # `read1` leaves it open, and the connection would not be ready for the next
        return bytes(content)

    def _line(self, scheme: str, host: str) -> http.client.HTTPConnection:
        """One connection to each host, used again and again."""
        if (scheme, host) not in self._lines:
            self._lines[scheme, host] = (
                http.client.HTTPSConnection(host, timeout=self._timeout, context=ssl.create_default_context())
                if scheme == "https"
                else http.client.HTTPConnection(host, timeout=self._timeout)
            )
        return self._lines[scheme, host]


def _why(answer: Answer, reason: str = "") -> dict[str, Any]:
    return {"status": answer.status, "reason": reason}


def _retry_after(header: str) -> float | None:
    """Seconds, from a number of them or a date."""
    if header.strip().isdecimal():
        return float(header.strip()[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
