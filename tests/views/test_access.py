"""Access on the screens: asking for it, passwords by link, the second step of a login, profile and logins."""

from __future__ import annotations

import re
from html import unescape

import pyotp
import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.requests import AccessRequest
from app.policies.actor import NOBODY
from app.services import accounts, password_links, second_factor, sessions, settings
from app.services.second_factor import codes
from tests.conftest import PASSWORD
from tests.services.access.conftest import ASKER, _no_counters, ask, post, token_in
from tests.services.access.test_links import issue
from tests.services.access.test_second_factor import clock, code_of, enrolled

__all__ = ["_no_counters", "clock", "enrolled", "post"]
NEW = "purple walruses on ice"


def field_error(page: str, name: str) -> str:
    found = re.search(rf'id="[a-z]-{name}-e">.*?<span>(.*?)</span>', page, re.DOTALL)
    return unescape(found[1]) if found else ""


def test_asking_for_access_answers_alike_for_all(client_of, actors):
    visitor = client_of("public")
    assert 'href="/access-request"' in visitor.get("/login/").text
    answers = {
        (answer.status_code, answer.location, answer.text)
        for email in ("new@example.org", "staff@school.example", "new@example.org")
        if (answer := visitor.post("/access-request", data=ASKER | {"email": email}))
    }
    assert {(status, place) for status, place, _text in answers} == {(302, "/access-request/sent")}
    assert len(answers) == 1
    assert visitor.get("/access-request/sent").status_code == 200
    assert db.session.query(AccessRequest).count() == 2


def test_wrong_requests_come_back_with_what_was_typed(client_of, actors):
    answer = client_of("public").post("/access-request", data=ASKER | {"email": "nonsense", "first_name": ""})
    assert answer.status_code == 422
    assert "Must be an e-mail address" in field_error(answer.text, "email")
    assert 'value="nonsense"' in answer.text
    assert "Byron" in answer.text
    assert db.session.query(AccessRequest).count() == 0


def test_too_many_requests_are_told_so(client_of, actors):
    visitor = client_of("public")
    statuses = [visitor.post("/access-request", data=ASKER).status_code for _number in range(6)]
    assert statuses == [302] * 5 + [429]


def test_a_super_admin_approves_and_is_shown_the_link_once(client_of, actors):
    request = ask()
    boss, url = client_of("super_admin"), "/access-requests/actions/approve"
    asked = boss.get(url, query_string={"id": request.id})
    assert 'value="Ada@example.org"' in asked.text
    data = {"id": str(request.id), "_stage": "preview", "role": "Teacher", "username": "ada", "review_note": ""}
    done = boss.post(url, data=data)
    assert done.status_code == 200
    assert "data-quick" not in done.text, "it stays open until it is read"
    token = token_in(unescape(done.text).replace("<", " "))
    assert token not in boss.get(f"/access-requests/{request.id}").text
    visitor = client_of("public")
    assert "Choose a password" in visitor.get(f"/password/{token}").text
    refused = visitor.post(f"/password/{token}", data={"password": NEW, "password_again": "other"})
    assert (refused.status_code, field_error(refused.text, "password_again")) == (422, "This is not the same as above.")
    form = {"password": NEW, "password_again": NEW}
    assert visitor.post(f"/password/{token}", data=form).location == "/login/"
    assert visitor.post(f"/password/{token}", data=form).status_code == 410
    assert visitor.get(f"/password/{token}").status_code == 410
    assert visitor.post("/login/", data={"username": "ada", "password": NEW}).location == "/"


def test_a_taken_username_is_told_at_its_field(client_of, actors):
    request = ask()
    data = {"id": str(request.id), "_stage": "preview", "username": "staff"}
    answer = client_of("super_admin").post("/access-requests/actions/approve", data=data)
    assert answer.status_code == 409
    assert "already has this username" in field_error(answer.text, "username")


def test_many_are_approved_with_a_preview_and_without_links(client_of, actors):
    first, second = ask(), ask(email="staff@school.example")
    boss, data = client_of("super_admin"), {"id": [str(first.id), str(second.id)]}
    preview = boss.post("/access-requests/actions/approve", data=data | {"_stage": "preview"})
    assert "already has this e-mail" in preview.text
    assert accounts.find("ada@example.org") is None
    done = boss.post("/access-requests/actions/approve", data=data | {"_stage": "do"})
    assert "/password/" not in done.text
    assert accounts.find("ada@example.org") is not None


@pytest.mark.parametrize("username", ["admin", "staff", "public"])
def test_others_do_not_see_requests(client_of, actors, username):
    request, client = ask(), client_of(username)
    for url in ("/access-requests/", f"/access-requests/{request.id}"):
        assert client.get(url).status_code in (302, 403)
    assert "/access-requests/" not in client.get("/").text


def test_requests_over_the_api(app, db_session, actors, post):
    from tests.api.conftest import Caller, token_of

    boss, admin = (Caller(app.test_client(), token_of(app, name)) for name in ("super_admin", "admin"))
    first, second = ask(), ask(email="b@example.org")
    assert {row["id"] for row in boss.get("/access-requests").json["items"]} == {str(first.id), str(second.id)}
    assert boss.get(f"/access-requests/{first.id}").json["requested_role"] == "Staff"
    assert admin.get("/access-requests").status_code == 403
    assert admin.post(f"/access-requests/{first.id}/actions/approve").status_code == 403
    rehearsed = boss.post(f"/access-requests/{first.id}/actions/approve", {"dry_run": True})
    assert (rehearsed.status_code, rehearsed.json["message"]) == (200, "")
    done = boss.post(f"/access-requests/{first.id}/actions/approve", {"role": "Teacher", "username": "ada"})
    assert done.status_code == 200
    password_links.use(token_in(done.json["message"]), NEW, actor=NOBODY)
    assert boss.post(f"/access-requests/{first.id}/actions/approve").json["state"] == "unchanged"
    assert boss.post(f"/access-requests/{second.id}/actions/reject").status_code == 422
    assert boss.post(f"/access-requests/{second.id}/actions/reject", {"review_note": "No"}).status_code == 200
    assert boss.post(f"/access-requests/{second.id}/actions/approve").status_code == 409
    wrong = boss.post("/access-requests/actions/approve", {"ids": [str(first.id)], "group_id": 2**31})
    assert wrong.status_code == 422


def test_forgotten_passwords_answer_alike(client_of, actors, post):
    visitor = client_of("public")
    assert "/password/forgotten" in visitor.get("/login/").text
    answers = {
        re.sub(r'nonce="[^"]*"', "", visitor.post("/password/forgotten", data={"email": email}).text)
        for email in ("staff@school.example", "nobody@example.org")
    }
    assert len(answers) == 1
    [(to, _subject, body)] = post()
    assert to == "staff@school.example"
    assert visitor.get("/password/" + token_in(body)).status_code == 200
    assert visitor.post("/password/forgotten", data={"email": "x\0"}).status_code == 422


def test_a_page_of_a_link_changes_nothing_when_it_is_only_opened(client_of, actors):
    token = issue(actors.staff.id)
    for _number in range(3):  # as programs do that look at mail
        assert client_of("public").get(f"/password/{token}").status_code == 200
    assert client_of("public").get("/password/é%00" + "a" * 3000).status_code == 410


def test_the_login_asks_for_the_code_and_opens_nothing_before(client_of, enrolled, clock, actors):
    client = client_of("public")
    answer = client.post("/login/", data={"username": "staff", "password": PASSWORD, "next": "/leads/?q=a"})
    assert answer.location == "/login/code?next=%2Fleads%2F%3Fq%3Da"
    for url in ("/", "/leads/", "/settings/second-factor", "/inbox/count"):
        assert "/login/" in client.get(url).location
    assert client.get("/login/").location == "/login/code"
    wrong = client.post("/login/code", data={"code": "000000"})
    assert (wrong.status_code, "This code is not right" in field_error(wrong.text, "code")) == (422, True)
    right = {"code": code_of(actors.staff.id, clock[0]), "next": "/leads/?q=a"}
    assert client.post("/login/code", data=right).location == "/leads/?q=a"
    assert client.get("/leads/").status_code == 200
    assert client.get("/login/code").location == "/login/"
    other = client_of("public")
    other.post("/login/", data={"username": "staff", "password": PASSWORD})
    assert other.post("/login/code", data=right).status_code == 422, "a code works once"


def test_a_login_that_waits_is_left_by_logging_out(client_of, enrolled):
    client = client_of("public")
    client.post("/login/", data={"username": "staff", "password": PASSWORD})
    with client.session_transaction() as cookie:
        token = cookie["token"]
    client.post("/logout/")
    assert sessions.waiting(token) is None
    assert client.get("/login/").status_code == 200
    assert client.get("/login/code").location == "/login/"
    assert client.post("/login/code", data={"code": enrolled[0]}).location == "/login/"


def test_who_needs_a_second_factor_is_led_to_it_before_anything_else(client_of, actors, clock):
    second_factor.require(["Staff"], actor=actors.super_admin)
    client = client_of("public")
    answer = client.post("/login/", data={"username": "staff", "password": PASSWORD})
    assert answer.location == "/login/enrol"
    assert client.get("/leads/").location.startswith("/login/")
    assert client.get("/login/").location == "/login/enrol"
    page = client.get("/login/enrol").text
    secret = re.search(r'class="mono secret" dir="ltr">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    assert "<svg" in page
    assert "style=" not in page.partition("<svg")[2].partition("</svg>")[0]
    assert client.post("/login/enrol", data={"code": "000000"}).status_code == 422
    done = client.post("/login/enrol", data={"code": pyotp.TOTP(secret).generate_otp(clock[0]), "next": "/leads/"})
    given = re.findall(r"<code class=\"mono\">([a-z2-9]{5}-[a-z2-9]{5})</code>", done.text)
    assert len(given) == 10
    assert 'href="/leads/"' in done.text
    assert client.get("/leads/").status_code == 200
    assert given[0] not in client.get("/settings/second-factor").text


def test_the_api_login_needs_the_code_too(app, enrolled, clock, actors):
    client = app.test_client()
    body = {"username": "staff", "password": PASSWORD}

    def log_in(**more):
        return client.post("/api/v1/security/login", json=body | more)

    assert (log_in().status_code, log_in().json["code"]) == (401, "code_needed")
    assert log_in(password="wrong").json["code"] == "login_refused"
    assert log_in(code="000000").status_code == 422
    code = code_of(actors.staff.id, clock[0])
    token = log_in(code=code).json["access_token"]
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).json["username"] == "staff"
    assert log_in(code=code).status_code == 422
    assert log_in(code=5).status_code == 422
    open_ones = text("SELECT count(*) FROM user_sessions WHERE ended_at IS NULL AND waits_for IS NOT NULL")
    assert db.session.scalar(open_ones) == 0
    second_factor.require(["Teacher"], actor=actors.super_admin)
    body["username"] = "teacher"
    assert (log_in().status_code, log_in().json["code"]) == (403, "second_factor_needed")


def test_the_second_factor_in_the_settings(client_of, actors, clock):
    client, url = client_of("staff"), "/settings/second-factor"
    assert client.post(url + "/begin", data={"password": "wrong"}).status_code == 422
    assert client.post(url + "/begin", data={"password": PASSWORD}).location == url
    secret = codes.secret(db.session.scalar(text("SELECT seed FROM second_factors")))
    assert secret in client.get(url).text.replace(" ", "")
    assert client.post(url + "/confirm", data={"code": "1"}).status_code == 422
    done = client.post(url + "/confirm", data={"code": code_of(actors.staff.id, clock[0])})
    assert done.text.count("<li><code") == 10
    page = client.get(url).text
    assert "10 recovery codes are left" in page
    assert secret not in page.replace(" ", "")
    clock[0] += 1
    assert client.post(url + "/codes", data={"code": code_of(actors.staff.id, clock[0])}).text.count("<li><code") == 10
    clock[0] += 1
    form = {"password": PASSWORD, "code": code_of(actors.staff.id, clock[0])}
    assert client.post(url + "/off", data={**form, "code": "0"}).status_code == 422
    assert client.post(url + "/off", data=form).location == url
    assert "Set up a second factor" in client.get(url).text


def test_super_admins_say_which_roles_need_one(client_of, actors, app):
    from tests.api.conftest import Caller, token_of

    boss = client_of("super_admin")
    assert boss.post("/second-factors/", data={"roles": ["Admin", "Staff"]}).status_code == 302
    assert 'value="Staff" checked' in boss.get("/second-factors/").text
    assert boss.post("/second-factors/", data={"roles": ["Wizard"]}).status_code == 422
    assert client_of("admin").get("/second-factors/").status_code == 403
    api = Caller(app.test_client(), token_of(app, "super_admin"))
    assert api.get("/second-factors").json == {"roles": ["Admin", "Staff"]}
    assert api.put("/second-factors", {"roles": []}).json == {"roles": []}
    assert api.put("/second-factors", {"roles": ["x\0"]}).status_code == 422


def test_the_profile_shows_what_is_the_offices_and_changes_the_rest(client_of, actors, app):
    accounts.update_account(actors.staff.id, {"department": "Strings"}, actor=actors.admin)
    client, url = client_of("staff"), "/settings/profile"
    page = client.get(url).text
    assert "Strings" in page
    assert "staff@school.example" in page
    form = {
        "first_name": "Sam",
        "last_name": "Lee",
        "phone": "020 7183 8750",
        "department": "Mine",
        "email": "x@y.example",
    }
    assert client.post(url, data=form).status_code == 302
    values = accounts.find("staff")
    assert (values.first_name, values.email) == ("Sam", "staff@school.example")
    assert "+442071838750" in client.get(url).text
    assert "Strings" in client.get(url).text
    wrong = client.post(url, data=form | {"phone": "12"})
    assert wrong.status_code == 422
    assert field_error(wrong.text, "phone")
    assert client.post(url, data={"first_name": "\0"}).status_code == 422


def test_profile_and_logins_over_the_api(app, db_session, actors):
    from tests.api.conftest import Caller, token_of

    api = Caller(app.test_client(), token_of(app, "staff"))
    assert api.get("/me/profile").json["username"] == "staff"
    assert api.patch("/me/profile", {"phone": "+442071838750"}).json["phone"] == "+442071838750"
    assert api.patch("/me/profile", {"phone": 5}).status_code == 422
    changed = api.patch("/me/settings", {"auto_logout_minutes": 30, "remember_last_page": True})
    assert (changed.json["auto_logout_minutes"], changed.json["remember_last_page"]) == (30, True)
    token_of(app, "staff")
    rows = api.get("/me/sessions").json["items"]
    [other] = [row for row in rows if not row["current"]]
    assert api.delete(f"/me/sessions/{other['id']}").status_code == 204
    assert api.delete(f"/me/sessions/{other['id']}").status_code == 404
    assert api.get("/me").status_code == 200


def test_a_login_is_ended_from_the_list(client_of, actors):
    here, there = client_of("staff"), client_of("staff")
    page = here.get("/settings/sessions").text
    [url] = re.findall(r'action="(/settings/sessions/[0-9a-f-]{36}/end)"', page)
    assert page.count("This one") == 1
    assert client_of("admin").post(url).status_code == 404
    assert here.post(url).status_code == 302
    assert "/login/" in there.get("/settings/").location
    assert here.get("/settings/").status_code == 200


def test_a_login_begins_where_the_last_one_ended(client_of, actors):
    client, form = client_of("public"), {"username": "staff", "password": PASSWORD}
    settings.update({"remember_last_page": True}, actor=actors.staff)
    client.post("/login/", data=form)
    for url in ("/leads/?q=ann", "/inbox/count", "/inbox/bell", "/nothing-here", "/leads/export.csv"):
        client.get(url)
    client.get("/settings/", headers={"X-Fragment": "1"})
    client.post("/logout/")
    assert client.post("/login/", data=form).location == "/leads/?q=ann"
    client.post("/logout/")
    assert client.post("/login/", data=form | {"next": "/inbox/"}).location == "/inbox/", "asked for counts first"
    db.session.execute(text("UPDATE last_pages SET path = '//evil.example/x'"))
    client.post("/logout/")
    assert client.post("/login/", data=form).location == "/"


def test_the_box_of_the_last_page_can_be_unticked(client_of, actors):
    client = client_of("staff")
    assert (
        client.post("/settings/", data={"remember_last_page": ["0", "1"], "auto_logout_minutes": "15"}).status_code
        == 302
    )
    stored = settings.own(actors.staff)
    assert (stored.remember_last_page, stored.auto_logout_minutes) == (True, 15)
    client.post("/settings/", data={"remember_last_page": "0", "auto_logout_minutes": ""})
    db.session.expire_all()
    stored = settings.own(actors.staff)
    assert (stored.remember_last_page, stored.auto_logout_minutes) == (False, None)


def test_the_bell_does_not_keep_a_login_alive(client_of, actors):
    client = client_of("staff")
    db.session.execute(text("UPDATE user_sessions SET last_used_at = now() - interval '50 minutes'"))
    client.get("/inbox/count")
    ago = text("SELECT extract(epoch FROM now() - last_used_at) FROM user_sessions")
    assert db.session.scalar(ago) > 2000
    client.get("/inbox/")
    assert db.session.scalar(ago) < 10


def test_a_link_is_kept_with_no_answer(app, db_session, actors):
    """The answers that are kept for repeated requests are in every backup."""
    from app.models.access import IdempotencyKey
    from tests.api.conftest import Caller, token_of

    boss = Caller(app.test_client(), token_of(app, "super_admin"))
    made, headers = ask(), {"Idempotency-Key": "one"}
    url = f"/access-requests/{made.id}/actions/approve"
    first, again = boss.post(url, headers=headers), boss.post(url, headers=headers)
    assert "/password/" in first.json["message"]
    assert again.status_code == 200
    assert again.json == first.json | {"message": "This was told once, in the first answer."}
    assert "/password/" not in str([each.answer for each in db.session.query(IdempotencyKey)])
