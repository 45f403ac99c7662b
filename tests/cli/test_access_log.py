"""What the access log says of addresses that are secrets."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from gunicorn.config import Config

from app.cli.access_log import AccessLog
from app.web import masked

TOKEN = "Zk3-" + "a_B9" * 10


def test_links_and_feeds_are_masked_and_the_rest_is_told():
    assert masked(f"/password/{TOKEN}") == "/password/..."
    assert masked(f"https://school.example/calendar/{TOKEN}.ics?x=1") == "https://school.example/calendar/....ics?x=1"
    for plain in ("/password/forgotten", "/leads/01a1fd57-6b3d-7fd5-9a27-3a0a72c93d93", "/calendar/"):
        assert masked(plain) == plain


def test_the_line_of_a_request_holds_no_token():
    response = SimpleNamespace(status="200 OK", sent=1, headers=[])
    asked = SimpleNamespace(headers=[("REFERER", f"https://school.example/password/{TOKEN}")])
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"/password/{TOKEN}",
        "PATH_INFO": f"/password/{TOKEN}",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": f"https://school.example/password/{TOKEN}",
    }
    log = AccessLog(Config())
    line = log.cfg.access_log_format % log.atoms_wrapper_class(
        log.atoms(response, asked, environ, timedelta(seconds=1))
    )
    assert "GET /password/... HTTP/1.1" in line
    assert TOKEN not in line
