"""Bad input of every kind, to every form, action and list: a 4xx in words, nothing changed, never a fault of ours."""

from __future__ import annotations

import uuid

import pytest

from app.views import once
from tests.factories.leads import lead, stage
from tests.policies.test_matrix import address, rules, undone
from tests.policies.world import changed, checksums, make_world

pytestmark = pytest.mark.slow

BAD = {
    "nul": "a\0b",
    "too long": "x" * 20_001,
    "2^31": str(2**31),
    "2^63": str(2**63),
    "many digits": "9" * 5000,
    "negative": "-1",
    "not a number": "NaN",
    "exponent": "1e999999",
    "unknown id": str(uuid.uuid4()),
    "markup": "<script>alert(1)</script>",
    "quotes": "' OR 1=1; --",
    "wildcards": "%_\\",
    "right to left": "\u202eevil",
    "blank": " \t ",
    "date": "2026-02-30",
    "far date": "9999-12-31T23:59",
    "first date": "0001-01-01T00:00",
    "replacement": "\ufffd",
    "emoji": "👩🏽‍🏫" * 30,
}
ODD_NAMES = ["Jose\u0301", "José", "İstanbul", "محمد", "\u200bAnn", "👩🏽‍🏫", "O'Brien; DROP", "Ⅳ", "ﬀ"]


@pytest.mark.parametrize("turn", range(4))
def test_bad_values_in_every_form(app, client_of, db_session, actors, turn):
    """Every field of every POST with a bad value, of which each turn takes others."""
    world = make_world(actors.admin, actors.staff.id)
    client, values = client_of("admin"), list(BAD.values())
    faults = []
    for rule, name in rules(app):
        if "POST" not in rule.methods or rule.endpoint in ("LogoutView.logout", "LoginView.login"):
            continue
        url, form = address(app, rule, name, world), world.form(rule.endpoint)
        bad = {field: values[(place * 4 + turn) % len(values)] for place, field in enumerate(form)}
        known = {"id": form["id"]} if turn % 2 else {}
        with undone():
            answer = client.post(url, data=bad | {"_stage": "do"} | known)
            if answer.status_code >= 500:
                faults.append(f"{url}: {answer.status_code}")
    assert faults == []


KEY = f'--x\r\nContent-Disposition: form-data; name="{once.FIELD}"\r\n\r\n{uuid.uuid4()}\r\n'.encode()
NAMELESS = (
    KEY + b"--x\r\nContent-Disposition: form-data\r\n\r\nwhat is this\r\n--x--\r\n",
    KEY + b'--x\r\nContent-Disposition: form-data; filename="a.csv"\r\n\r\na,b\r\n--x--\r\n',
)


@pytest.mark.parametrize("body", NAMELESS, ids=["field", "file"])
def test_a_part_of_a_form_that_has_no_name(app, client_of, db_session, actors, body, monkeypatch):
    """Such a part made forms that are saved once, and uploads, a fault of ours."""
    world = make_world(actors.admin, actors.staff.id)
    client, before = client_of("admin"), checksums()

    def wrong(url: str) -> bool:
        answer = client.post(url, data=body, content_type="multipart/form-data; boundary=x")
        return answer.status_code != 422 or "A part of the form has no name." not in answer.text

    assert not wrong("/leads/new")
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)  # as in use: the token is looked for first, in each form
    urls = [address(app, rule, name, world) for rule, name in rules(app) if "POST" in rule.methods]
    assert [url for url in urls if wrong(url)] == []
    assert changed(before, checksums()) == []


NEW_LEAD = (
    "first_name",
    "last_name",
    "phone",
    "email",
    "age",
    "expected_budget",
    "stage_id",
    "owner_id",
    "assigned_teacher_id",
    "follow_up_date",
    "next_follow_up_at",
    "walk_in_date",
    "demo_date",
    "source",
    "follow_up_status",
    "interest",
    "address",
)
REFUSED = {  # what is refused in which field
    "nul": set(NEW_LEAD),
    "too long": set(NEW_LEAD),
    "2^31": {"age", "owner_id", "assigned_teacher_id", "stage_id", "follow_up_date"},
    "negative": {"age", "expected_budget", "owner_id"},
    "not a number": {"age", "expected_budget", "owner_id", "phone"},
    "unknown id": {"stage_id", "owner_id"},
    "blank": {"first_name", "last_name", "phone", "follow_up_date"},
    "date": {"follow_up_date", "walk_in_date", "demo_date"},
    "far date": {"next_follow_up_at"},
    "first date": {"next_follow_up_at", "follow_up_date"},
    "exponent": {"age", "expected_budget"},
    "markup": {"email", "source", "phone"},
}


@pytest.mark.parametrize("kind", list(REFUSED))
def test_a_bad_field_is_named_and_nothing_is_saved(client_of, db_session, actors, kind):
    from tests.views.test_fab_types import lead_form

    client = client_of("admin")
    before = checksums()
    for field in sorted(REFUSED[kind]):
        answer = client.post("/leads/new", data=lead_form(**{field: BAD[kind]}))
        assert answer.status_code == 422, f"{field}: {answer.status_code}"
        assert f'name="{field}"' in answer.text
        assert "aria-invalid" in answer.text, field
    assert changed(before, checksums()) == []


@pytest.mark.parametrize("name", ODD_NAMES)
def test_unusual_names_are_kept_found_and_escaped(client_of, db_session, name):
    from app.models.leads import Lead
    from tests.views.test_fab_types import lead_form

    client = client_of("admin")
    assert client.post("/leads/new", data=lead_form(first_name=name)).status_code == 302
    made = db_session.query(Lead).one()
    assert made.first_name == name
    found = client.get("/leads/", query_string={"q": name}).text
    assert str(made.id) in found
    assert client.get(f"/leads/{made.id}").status_code == 200


def test_ids_of_every_kind(client_of, actors, db_session):
    """Unknown ones, those of other kinds of records, none, twice the same, too many."""
    made = lead()
    client = client_of("admin")
    form = {"_stage": "do", "body": "x"}
    for ids, statuses in (
        ([], {422}),
        (["nope"], {404}),
        ([str(stage().id)], {200}),
        ([str(uuid.uuid4())], {200}),
        ([str(made.id)] * 3, {200}),
        (["\0"], {404}),
        ([str(uuid.uuid4()) for _ in range(10_001)], {422, 413}),
    ):
        answer = client.post("/leads/actions/add_note", data=form | {"id": ids})
        assert answer.status_code in statuses, (ids[:2], answer.status_code)
    from app.models.leads import LeadNote

    assert db_session.query(LeadNote).count() == 1, "only the known lead, and it once"
    for key in (str(2**31), "0", "-1", "1.5", "9" * 400):
        assert client.get(f"/accounts/{key}").status_code == 404, key


def test_the_board_takes_json_of_any_kind(client_of, db_session):
    made = lead()
    client = client_of("admin")
    target = str(stage("Contacted").id)
    moved = {"id": str(made.id), "from": str(made.stage_id), "to": target}
    bodies = [
        [],
        "x",
        1,
        {},
        {"id": 1},
        {"id": str(made.id)},
        {"id": str(made.id), "to": None},
        {"id": str(made.id), "to": "x"},
        {"id": str(made.id), "to": ["a"]},
        {"id": str(made.id), "to": target},
        {"id": str(made.id), "to": target, "from": {}},
        moved | {"id": "\ud800"},
        moved | {"id": str(uuid.uuid4())},
        {"id": {}, "to": {}},
    ]
    before = checksums()
    for body in bodies:
        answer = client.post("/leads/board/move", json=body)
        assert answer.status_code in (400, 404, 422), body
        assert answer.json["message"]
    assert client.post("/leads/board/move", data="{", content_type="application/json").status_code in (400, 422)
    assert changed(before, checksums()) == []
    assert client.post("/leads/board/move", json=moved).status_code == 200


def test_extra_fields_of_a_form_are_ignored(client_of, db_session, actors):
    from app.models.leads import Lead
    from tests.views.test_fab_types import lead_form

    more = {
        "id": str(uuid.uuid4()),
        "deleted_at": "2026-01-01",
        "contact_attempts": "99",
        "created_by_id": "1",
        "merged_into_id": str(uuid.uuid4()),
        "import_id": str(uuid.uuid4()),
        "search_text": "x",
    }
    assert client_of("staff").post("/leads/new", data=lead_form(**more)).status_code == 302
    made = db_session.query(Lead).one()
    assert (made.contact_attempts, made.deleted_at, made.created_by_id, made.merged_into_id) == (
        0,
        None,
        actors.staff.id,
        None,
    )
    assert str(made.id) != more["id"]


def test_saved_filters_hold_only_what_a_list_understands(client_of, db_session, actors):
    from app.models.screens import SavedFilter

    staff = client_of("staff")
    form = {
        "name": "Mine",
        "query": "?q=a&f=source:is:ads&f=nope:is:1&sort=owner.password&evil=//x&next=//evil&after=x",
    }
    assert staff.post("/leads/filters", data=form).status_code == 302
    assert db_session.query(SavedFilter.query).scalar() == "q=a&f=source%3Ais%3Aads"
    for wrong in ({"name": "", "query": "q=a"}, {"name": "x" * 81}, {"name": "a\0"}, {"name": "Mine", "query": "q=b"}):
        assert staff.post("/leads/filters", data=wrong).status_code in (409, 422), wrong
    assert staff.post("/leads/filters", data={"name": "Huge", "query": "&".join(["f=a"] * 5000)}).status_code in (
        302,
        422,
    )
    key = db_session.query(SavedFilter.id).filter_by(name="Mine").scalar()
    assert client_of("admin").post(f"/leads/filters/{key}/delete").status_code == 404, "another's"
    assert staff.post(f"/leads/filters/{key}/delete").status_code == 302
