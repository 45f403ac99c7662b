"""Every answer carries the headers, every POST asks for the token, and every refusal looks alike."""

from __future__ import annotations

import re
import uuid

import pytest
from sqlalchemy.exc import OperationalError, TimeoutError

from app.services import sessions
from app.views import errors, security
from tests.conftest import make_app
from tests.factories.leads import lead
from tests.policies.test_matrix import address, rules
from tests.policies.world import changed, checksums, make_world

pytestmark = pytest.mark.slow

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
)


def headers_of(answer) -> None:
    for name, value in HEADERS.items():
        assert answer.headers.get(name) == value, name
    policy = answer.headers["Content-Security-Policy"]
    for part in POLICY:
        assert part in policy, part
    scripts = next(part for part in policy.split(";") if "script-src" in part)
    assert "unsafe" not in scripts
    assert "http" not in policy


def test_the_headers_are_on_every_status(app, client_of, guarded, db_session, monkeypatch):
    admin, student, visitor = client_of("admin"), client_of("student"), client_of("public")
    assert admin.get("/leads/").status_code == 200
    answers = {
        200: admin.get("/leads/"),
        302: visitor.get("/leads/"),
        400: guarded("admin").post("/tags/new", data={"name": "x"}),
        403: student.get("/leads/"),
        404: admin.get("/nowhere"),
        405: admin.get("/inbox/read"),
        422: admin.post("/leads/new", data={}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        headers_of(answer)
    headers_of(visitor.get("/login/"))
    headers_of(admin.get("/leads/export.csv"))
    assert "no-store" not in visitor.get("/static/favicon.svg").headers.get("Cache-Control", "")


def test_a_fault_of_ours_is_a_page_with_a_reference_and_no_details(app, client_of, monkeypatch):
    admin = client_of("admin")

    def broken(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("app.services.listing.fetch", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = admin.get("/leads/")
    assert answer.status_code == 500
    headers_of(answer)
    assert "secret detail" not in answer.text
    assert re.search(r"<code>[0-9a-f]{8}</code>", answer.text)
    answer = admin.get("/leads/", headers={"X-Fragment": "1"})
    assert answer.json["reference"]


def test_without_a_database_there_is_still_an_answer(app, client_of, monkeypatch):
    """503 in plain words, with every header, also where the page would say who is signed in."""
    admin = client_of("admin")

    def unreachable(*_args, **_kwargs):
        raise OperationalError("SELECT", {}, Exception("down"), connection_invalidated=True)

    monkeypatch.setattr(sessions, "load", unreachable)
    answer = admin.get("/leads/")
    assert answer.status_code == 503
    headers_of(answer)
    assert "Nothing was changed" in answer.text or "cannot be reached" in answer.text


def test_a_load_balancer_asks_without_a_login(app):
    answer = app.test_client().get("/health/")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers


def test_a_database_that_does_not_answer_is_503_too():
    application = make_app("postgresql+psycopg://nobody@127.0.0.1:1/none")
    client = application.test_client()
    with client.session_transaction() as cookie:
        cookie["token"] = "a"
    for url in ("/leads/", "/", "/login/", "/health/"):
        answer = client.get(url)
        assert answer.status_code == 503, url
        headers_of(answer)
    assert client.get("/static/favicon.svg").status_code == 200
    answer = client.post("/login/", data={"username": "a", "password": "b"})
    assert answer.status_code == 503


def test_when_all_connections_are_in_use_it_is_503(client_of, monkeypatch):
    admin = client_of("admin")

    def full(*_args, **_kwargs):
        raise TimeoutError("QueuePool limit")

    monkeypatch.setattr(sessions, "load", full)
    assert admin.get("/leads/").status_code == 503


def test_cookies_are_closed_to_scripts_and_other_sites(app, client_of, server_url):
    cookie = app.test_client().get("/login/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    admin = client_of("admin")
    with admin.session_transaction() as session:
        session.permanent = True  # as after the login page
    admin.get("/leads/")
    assert "Set-Cookie" not in admin.get("/leads/").headers, "it lives as long as the login, and is sent once"
    secure = make_app(
        "postgresql+psycopg://nobody@127.0.0.1:1/none",
        PUBLIC_URL="https://school.example",
        SESSION_COOKIE_SECURE=True,
    )
    answer = secure.test_client().get("/static/favicon.svg", base_url="https://school.example")
    assert "max-age" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("username", ["super_admin", "public"])
def test_every_post_without_the_token_is_refused(guarded_app, guarded, actors, username):
    """Also a token of another session, or one that is made up."""
    world = make_world(actors.admin, actors.staff.id)
    client, other = guarded(username), guarded("staff")
    token = re.search(r'name="csrf-token" content="([^"]+)"', other.get("/").text).group(1)
    before = checksums()
    for rule, name in rules(guarded_app):
        if "POST" not in rule.methods:
            continue
        url = address(guarded_app, rule, name, world)
        for given in ({}, {"csrf_token": token}):
            answer = client.post(url, data=world.form(rule.endpoint) | given)
            assert answer.status_code == 400, f"{url} {given}"
    assert client.post("/leads/board/move", json={}).status_code == 400
    assert client.post("/inbox/read-all", headers={"X-CSRFToken": "made-up"}).status_code == 400
    assert changed(before, checksums()) == []


def test_with_the_token_it_works(guarded, db_session):
    admin = guarded("admin")
    token = re.search(r'name="csrf-token" content="([^"]+)"', admin.get("/").text).group(1)
    assert admin.post("/tags/new", data={"name": "Fair", "csrf_token": token}).status_code == 302
    assert admin.post("/inbox/read-all", headers={"X-CSRFToken": token}).status_code == 302


def test_a_form_that_outlived_its_session_says_what_happened_and_what_to_do(guarded, db_session):
    for who in ("public", "staff"):
        client = guarded(who)
        answer = client.post("/leads/new", data={"first_name": "Ada", "csrf_token": "of a session before"})
        assert answer.status_code == 400
        assert "This form has expired" in answer.text
        for said in ("Nothing was saved", "Sign in in another tab", "What you typed is still in the form"):
            assert said in answer.text, said
        assert ('target="_blank"' in answer.text) == (who == "public")
        nonce = re.search(r'<script type="importmap" nonce="([^"]+)"', answer.text)
        assert nonce and f"'nonce-{nonce[1]}'" in answer.headers["Content-Security-Policy"]
        told = client.post("/leads/new", headers={"X-Fragment": "1"})
        assert (told.status_code, told.is_json) == (400, True)
        assert "Nothing was saved" in told.text


def test_a_form_of_visitors_that_outlived_its_session_asks_nobody_to_sign_in(guarded_app, guarded, db_session):
    asked = set()
    for rule in guarded_app.url_map.iter_rules():
        view = rule.endpoint.partition(".")[0]
        if view in errors._OF_VISITORS and "POST" in rule.methods:
            url = rule.rule.replace("<token>", "x").replace("<string:token>", "x")
            answer = guarded("public").post(url, data={"csrf_token": "of a session before"})
            assert answer.status_code == 400
            assert "Go back, reload it and try again." in answer.text
            assert "Sign in in another tab" not in answer.text
            asked.add(view)
    assert asked == errors._OF_VISITORS


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "/\t/evil.example",
        "/\n/evil",
        "http:evil.example",
        "///evil.example",
        "",
        "evil.example",
        "/\r\nSet-Cookie: a=b",
        "/%0d%0aX: y",
    ],
)
def test_nobody_is_sent_to_another_site(client_of, app, target):
    assert security.safe_next(target) in ("/", target)
    safe = security.safe_next(target)
    assert safe == "/" or (safe.startswith("/") and not safe.startswith(("//", "/\\")))
    for url in ("/inbox/read", "/settings/look"):
        answer = client_of("staff").post(url, data={"next": target})
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/")
        assert not answer.headers["Location"].startswith(("//", "/\\"))
        assert "X" not in dict(answer.headers)
    answer = client_of("staff").get("/login/", query_string={"next": target})
    assert answer.headers["Location"].startswith("/")
    assert "evil" not in answer.headers["Location"].split("?")[0].removeprefix("/").split("/")[0] or target.startswith(
        "/%"
    )


def test_the_way_back_after_the_login_is_kept(client_of):
    answer = client_of("public").get("/leads/?q=a&f=source:is:ads")
    assert answer.headers["Location"] == "/login/?next=/leads/?q%3Da%26f%3Dsource:is:ads"
    page = client_of("public").get(answer.headers["Location"]).text
    assert 'name="next" value="/leads/?q=a&amp;f=source:is:ads"' in page


def without_reference(text: str) -> str:
    return re.sub(
        r'<code>[0-9a-f]{8}</code>|csrf-token" content="[^"]+"|name="csrf_token"[^>]*value="[^"]+"|nonce="[^"]+"',
        "",
        text,
    )


def test_a_foreign_record_answers_as_one_that_does_not_exist(client_of, actors):
    foreign = lead(assigned_teacher_id=actors.teacher2.id, last_name="Hidden", phone="+442071838750")
    gone = lead(assigned_teacher_id=actors.teacher.id)
    from app.services.leads import actions

    actions.delete([gone.id], actor=actors.admin)
    teacher = client_of("teacher")
    for path in ("/leads/{}",):
        unknown = teacher.get(path.format(uuid.uuid4()))
        for key in (foreign.id, gone.id, "not-a-key", str(foreign.id).upper()):
            answer = teacher.get(path.format(key))
            assert (answer.status_code, unknown.status_code) == (404, 404)
            assert without_reference(answer.text) == without_reference(unknown.text)
            assert "Hidden" not in answer.text
    listed = teacher.get("/leads/", query_string={"q": "Hidden"}).text
    assert str(foreign.id) not in listed
    assert teacher.get("/leads/", query_string={"f": "phone:is:+442071838750"}).text.count("Hidden") == 0
    assert teacher.get("/leads/?deleted=1").text.count(gone.last_name) == 0, (
        "deleted ones are for those who may restore"
    )


def test_every_page_has_a_language_a_main_part_and_one_heading(client_of, actors):
    made = lead()
    admin = client_of("admin")
    pages = [
        "/",
        "/leads/",
        f"/leads/{made.id}",
        f"/leads/{made.id}/edit",
        f"/leads/{made.id}/history",
        "/leads/new",
        "/leads/board/",
        "/inbox/",
        "/tags/",
        "/leads/worklist/",
        "/lead-stages/",
        "/accounts/",
        "/job-runs/",
        "/lead-imports/",
        "/settings/",
        "/search/?q=a",
        "/nowhere",
    ]
    for url in pages:
        page = admin.get(url).text
        assert re.search(r'<html lang="en" dir="ltr"', page), url
        assert page.count("<main") == 1, url
        assert len(re.findall(r"<h1[ >]", page)) == 1, url
        unlabelled = [
            tag
            for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page)
            if not re.search(r'type="(?:hidden|submit|button)"|aria-label|\bid="', tag)
        ]
        assert [tag for tag in unlabelled if 'type="checkbox"' not in tag and 'type="radio"' not in tag] == [], url
