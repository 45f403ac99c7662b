"""The integrity page and its REST: counts, rows, dry run, repair, and who may."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from tests.api.conftest import token_of
from tests.factories.broken import break_profiles, run

BASE = "/operations/integrity"
API = "/api/v1/integrity"


@pytest.fixture
def people(db_session, actors):
    return break_profiles()


def headers_of(app, username):
    return {"Authorization": f"Bearer {token_of(app, username)}"}


def test_every_rule_is_shown_with_its_count(client_of, people):
    page = client_of("super_admin").get(f"{BASE}/")
    assert page.status_code == 200
    assert "None" not in page.text
    for told in ("An account has a profile", "5 rows", "Holds", "Can be repaired", "Nothing was repaired yet"):
        assert told in page.text


def test_a_rule_leads_to_its_rows_then_dry_run_then_repair(client_of, people):
    client, url = client_of("super_admin"), f"{BASE}/profile_missing"
    page = client.get(url).text
    assert f'href="/accounts/{people["staff"]}"' in page
    assert f"{url}/try" in page and f"{url}/repair" not in page, "first one looks"
    tried = client.post(f"{url}/try").text
    assert "A repair would leave 0 of 1" in tried and f"{url}/repair" in tried
    assert db.session.scalar(text("SELECT count(*) FROM integrity_repairs")) == 0
    done = client.post(f"{url}/repair", follow_redirects=True).text
    assert "Repaired: 1 before, 0 after." in done
    assert "The rule holds" in done and "Super Admin Tester" in done
    assert "Super Admin Tester" in client.get(f"{BASE}/").text


@pytest.mark.parametrize("username", ["admin", "engineer", "amc_admin"])
def test_others_only_look(client_of, people, username):
    client = client_of(username)
    assert client.get(f"{BASE}/").status_code == 200
    page = client.get(f"{BASE}/profile_missing").text
    assert f"{BASE}/profile_missing/try" not in page
    assert (f"/accounts/{people['staff']}" in page) is (username == "admin")
    for action in ("try", "repair"):
        assert client.post(f"{BASE}/profile_missing/{action}").status_code == 403


def test_many_rows_are_paged_and_odd_addresses_are_answered(client_of, people):
    run(
        "SET LOCAL session_replication_role = replica",
        "INSERT INTO notifications (recipient_id, type, title, entity_type, entity_id, dedup_day)"
        " SELECT 999999, 'broadcast', 'x', 'x', n::text, current_date FROM generate_series(1, 60) n",
        "SET LOCAL session_replication_role = origin",
    )
    client, url = client_of("super_admin"), f"{BASE}/notice_without_recipient"
    first = client.get(url).text
    following = first.split(f'href="{url}?after=')[1].split('"')[0]
    assert client.get(f"{url}?after={following}").text.count("<tr") >= 10
    for after in ("%00", "x" * 5000, "'", "%ff"):
        assert client.get(f"{url}?after={after}").status_code == 200
    assert client.get(f"{BASE}/nothing").status_code == 404
    assert client.post(f"{BASE}/nothing/repair").status_code == 404
    assert client.post(f"{BASE}/portal_id_shared/repair").status_code == 409


def test_the_same_by_rest(app, people):
    client = app.test_client()
    boss, reader = headers_of(app, "super_admin"), headers_of(app, "engineer")
    items = {each["name"]: each for each in client.get(API, headers=reader).json["items"]}
    assert (items["profile_missing"]["broken"], items["profile_missing"]["repairable"]) == (1, True)
    assert items["portal_id_shared"]["repairable"] is False
    [row] = client.get(f"{API}/profile_missing", headers=boss).json["items"]
    assert row == {"key": str(people["staff"]), "title": "staff", "link": f"/accounts/{people['staff']}", "detail": ""}
    [row] = client.get(f"{API}/profile_missing", headers=reader).json["items"]
    assert row["title"] == ""
    assert client.post(f"{API}/profile_missing/repair", headers=reader).status_code == 403
    expected = {"name": "profile_missing", "before": 1, "after": 0}
    assert client.post(f"{API}/profile_missing/try", headers=boss).json == expected
    assert client.post(f"{API}/profile_missing/repair", headers=boss).json == expected
    assert client.post(f"{API}/profile_missing/repair", headers=boss).json == expected | {"before": 0}
    [repair] = client.get(f"{API}/repairs", headers=reader).json["items"]
    assert (repair["invariant"], repair["rows_before"], repair["rows_after"]) == ("profile_missing", 1, 0)
    assert client.get(f"{API}/nothing", headers=boss).status_code == 404
