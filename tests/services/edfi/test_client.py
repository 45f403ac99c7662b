"""The client by itself: waiting, giving up, tokens, and what odd servers say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.services.edfi import client
from app.services.edfi.client import Answer, Client, Server, UnreachableError
from tests.factories.edfi import SECRET

CONTACT = {"contactUniqueId": "1", "firstName": "Amal", "lastSurname": "Haddad"}


@pytest.fixture
def line(app, ods, waits):
    with app.test_request_context():
        made = Client(Server(ods.url, f"{ods.url}/oauth/token", "key", SECRET))
        yield made
        made.close()


def test_it_makes_changes_and_deletes(line, ods):
    first, second = line.send("contacts", CONTACT), line.send("contacts", CONTACT | {"firstName": "Emel"})
    assert (first.status, second.status) == (201, 200)
    address = line.address_of("contacts", first)
    assert address == line.address_of("contacts", second)
    assert address.startswith(ods.url), "whatever host the server names"
    assert (line.remove(address).status, line.remove(address).status) == (204, 404)


def test_a_token_is_renewed_before_it_ends_and_when_it_is_refused(line, ods, monkeypatch):
    ods.expires_in = 100
    line.send("contacts", CONTACT)
    line.send("contacts", CONTACT)
    assert len(ods.tokens) == 1
    now = client.time.monotonic()
    monkeypatch.setattr(client.time, "monotonic", lambda: now + 75)
    line.send("contacts", CONTACT)
    assert len(ods.tokens) == 2
    ods.tokens.clear()
    assert line.send("contacts", CONTACT).status == 200
    ods.faults = [("contacts", 401, {})] * 2
    with pytest.raises(UnreachableError):
        line.send("contacts", CONTACT)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_go_well_later_is_tried_again(line, ods, waits, status):
    ods.faults = [("contacts", status, {})] * (client.MOST_TRIES - 1)
    assert line.send("contacts", CONTACT).status == 201
    assert [wait <= 2**number for number, wait in enumerate(waits)] == [True] * 4
    assert waits[3] > waits[0]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 412, 422])
def test_what_is_refused_is_not_tried_again(line, ods, waits, status):
    ods.faults = [("contacts", status, {})] * 2
    assert line.send("contacts", CONTACT).status == status
    assert waits == []


def test_the_server_says_how_long_to_wait(line, ods, waits):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    asked = ("3", later, "soon", "0")
    ods.faults = [("contacts", 429, {"Retry-After": each}) for each in asked]
    assert line.send("contacts", CONTACT).status == 201
    assert (waits[0], waits[3]) == (3, 0)
    assert 50 < waits[1] <= 60
    assert waits[2] <= 4
    ods.faults = [("contacts", 429, {"Retry-After": "3600"})]
    with pytest.raises(UnreachableError, match="3600"):
        line.send("contacts", CONTACT)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(line, ods, status):
    ods.faults = [("contacts", status, {"Location": "http://127.0.0.1:9/"})]
    with pytest.raises(UnreachableError):
        line.send("contacts", CONTACT)
    ods.faults = [("token", status, {"Location": f"{ods.url}/oauth/token"})]
    with pytest.raises(UnreachableError):
        line.log_in()


def test_a_server_that_is_not_there(app, waits):
    with app.test_request_context():
        away = Client(Server("http://127.0.0.1:9", "http://127.0.0.1:9/oauth/token", "key", SECRET))
        with pytest.raises(UnreachableError, match="ConnectionRefused"):
            away.send("contacts", CONTACT)
    assert len(waits) == client.MOST_TRIES - 1


def test_a_connection_that_breaks_is_made_anew(line, ods, waits):
    line.send("contacts", CONTACT)
    for each in line._lines.values():
        each.sock.close()
    assert line.send("contacts", CONTACT).status == 200


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"access_token": null}',
        b'{"access_token": "a", "expires_in": "x"}',
        b'{"error": 1}',
        b'{"access_token": "a", "expires_in": 1' + b"0" * 400 + b"}",
        b"[" * 100_000,
        b'{"error": "\\ud83d"}',
    ],
)
def test_an_answer_that_holds_no_token(line, monkeypatch, told):
    monkeypatch.setattr(Client, "_exchange", lambda self, *_args: Answer(200, {}, told))
    with pytest.raises(UnreachableError):
        line.log_in()


@pytest.mark.parametrize("status", [200, 401, 404, 500, 503])
@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (b"<html>inner page</html>", "-"),
        (b'{"detail": "inner", "message": "inner", "title": "inner"}', "-"),
        (b'{"error": "invalid_client", "error_description": "Who?", "detail": "inner"}', "invalid_client Who?"),
    ],
)
def test_of_an_answer_that_is_no_token_only_the_error_is_shown(line, waits, monkeypatch, status, told, shown):
    monkeypatch.setattr(Client, "_exchange", lambda self, *_args: Answer(status, {}, told))
    with pytest.raises(UnreachableError) as refused:
        line.log_in()
    assert str(status) in str(refused.value)
    assert str(refused.value).endswith(f": {shown}")


def test_what_is_no_http_is_not_shown(line, waits, monkeypatch):
    def greet(*_args):
        raise client.http.client.BadStatusLine("SSH-2.0 inner")

    monkeypatch.setattr(Client, "_exchange", greet)
    with pytest.raises(UnreachableError) as refused:
        line.log_in()
    assert str(refused.value) == "BadStatusLine"


def test_a_token_that_is_no_header_is_told(line, monkeypatch):
    line._token, line._token_ends = "a\r\nX: 1", client.time.monotonic() + 1000
    with pytest.raises(UnreachableError):
        line.send("contacts", CONTACT)


def test_an_answer_that_trickles_in_is_not_waited_for(line, monkeypatch):
    """The limit of a socket begins anew with each byte."""
    now = iter(range(0, 10_000, 9))
    monkeypatch.setattr(client.time, "monotonic", lambda: float(next(now)))

    class Trickle:
        def read1(self, _most):
            return b"x"

    with pytest.raises(TimeoutError):
        line._read(Trickle())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"detail": "No.", "validationErrors": {"$.a": ["b"]}}', 'No. {"$.a": ["b"]}'),
        (b'{"message": "Old.", "modelState": {"a": 1}}', 'Old. {"a": 1}'),
        (b'{"title": "T", "errors": ["x", 1]}', "T x"),
        (b'{"errors": 7}', ""),
        (b"<html>", "<html>"),
        (b"a\0b", "ab"),
        (b'"text"', '"text"'),
        (b'{"detail": "half \\ud83d"}', "half ?"),
        (b"[" * 100_000, "[" * 1000),
        (b'{"detail": "' + b"x" * 5000 + b'"}', "x" * 1000),
    ],
)
def test_what_a_server_says_is_wrong(body, message):
    assert Answer(400, {}, body).message() == message


@pytest.mark.parametrize("location", ["", "/x", "http://h/data/v3/ed-fi/contacts/../../admin", "http://h/%zz"])
def test_an_address_without_an_id_is_none(line, location):
    assert line.address_of("contacts", Answer(201, {"location": location}, b"")) is None
