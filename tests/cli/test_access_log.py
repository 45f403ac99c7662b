"""What the access log says of addresses that are secrets."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from app.cli import web
from app.cli.access_log import AccessLog
from app.web import REFERENCE, masked

TOKEN = "Zk3-" + "a_B9" * 10


def test_links_and_feeds_are_masked_and_the_rest_is_told():
    assert masked(f"/password/{TOKEN}") == "/password/..."
    assert masked(f"https://school.example/calendar/{TOKEN}.ics?x=1") == "https://school.example/calendar/....ics?x=1"
    assert masked(f"/enroll/{TOKEN}/account") == "/enroll/.../account"
    for slash in ("%2F", "%2f", "%252F"):
        encoded = f"https://school.example/login/?next={slash}enroll{slash}{{}}{slash}account"
        assert masked(encoded.format(TOKEN)) == encoded.format("...")
    for plain in (
        "/enrollments/01a1fd57-6b3d-7fd5-9a27-3a0a72c93d93",
        "/password/forgotten",
        "/leads/01a1fd57-6b3d-7fd5-9a27-3a0a72c93d93",
        "/calendar/",
    ):
        assert masked(plain) == plain


@pytest.mark.parametrize("kind", ["password", "enroll"])
def test_the_line_of_a_request_holds_no_token(kind):
    response = SimpleNamespace(status="200 OK", sent=1, headers=[])
    asked = SimpleNamespace(headers=[("REFERER", f"https://school.example/{kind}/{TOKEN}")])
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"/{kind}/{TOKEN}",
        "PATH_INFO": f"/{kind}/{TOKEN}",
        "QUERY_STRING": f"next=%2F{kind}%2F{TOKEN}",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": f"https://school.example/login/?next=%2F{kind}%2F{TOKEN}",
    }
    log = AccessLog(Config())
    line = f"{log.cfg.access_log_format} %(U)s %(q)s" % log.atoms_wrapper_class(
        log.atoms(response, asked, environ, timedelta(seconds=1))
    )
    assert f"GET /{kind}/... HTTP/1.1" in line
    assert TOKEN not in line


def test_an_error_and_the_line_of_its_request_have_the_same_reference(client_of):
    for answer, where in (
        (client_of("staff").get("/accounts/"), "403"),
        (client_of("staff").get("/no-such-page"), "404"),
        (client_of("staff").post("/lead-imports/new", data=b"x" * 40_000_000), "413"),
    ):
        reference = answer.headers[REFERENCE]
        assert answer.status.startswith(where) and f"<code>{reference}</code>" in answer.text
        response = SimpleNamespace(status=answer.status, sent=1, headers=list(answer.headers))
        asked = SimpleNamespace(headers=[])
        environ = {"REQUEST_METHOD": "GET", "RAW_URI": "/", "SERVER_PROTOCOL": "HTTP/1.1"}
        log = AccessLog(Config())
        line = web.access_log_format % log.atoms_wrapper_class(log.atoms(response, asked, environ, timedelta(0)))
        assert line.endswith(f" {reference}")
        assert client_of("staff").get("/").headers.get(REFERENCE) is None
