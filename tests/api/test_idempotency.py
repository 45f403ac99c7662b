from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import func, select, text

from app.api.once import HEADER, REPLAYED
from app.extensions import db
from app.models.access import IdempotencyKey
from app.models.leads import Lead, LeadNote
from app.services import idempotency
from tests.api.conftest import Caller, token_of
from tests.api.test_records import body
from tests.factories.leads import lead

KEY = {HEADER: "7c1b0c2e"}


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def test_sent_again_it_has_no_second_effect_and_the_first_answer(api):
    first = api("staff").post("/leads", body(), headers=KEY)
    again = api("staff").post("/leads", body(), headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201) and again.json == first.json
    assert again.headers["Location"] == first.headers["Location"] and again.headers["ETag"] == first.headers["ETag"]
    assert REPLAYED not in first.headers and again.headers[REPLAYED] == "true"
    assert count(Lead) == 1


def test_the_first_answer_stays_the_first(api):
    first = api("staff").post("/leads", body(), headers=KEY)
    api("staff").patch(first.headers["Location"], {"age": 50})
    assert api("staff").post("/leads", body(), headers=KEY).json == first.json


def test_another_request_with_the_same_key_is_refused(api):
    made = api("staff").post("/leads", body(), headers=KEY)
    for path, other in (("/leads", body(first_name="Other")), ("/tags", {"name": "Choir"})):
        refused = api("staff").post(path, other, headers=KEY)
        assert refused.status_code == 422 and list(refused.json["fields"]) == [HEADER], path
    assert api("staff").post(f"{made.headers['Location']}/notes", {"body": "x"}, headers=KEY).status_code == 422
    assert count(Lead) == 1 and count(LeadNote) == 0


def test_what_there_was_not_to_do_is_not_done_later_either(api, actors):
    """The lead was the staff's already. That somebody gave it to another one since is not taken back by sending it again."""
    made = lead(owner_id=actors.staff.id)
    sent = {"ids": [str(made.id)], "owner_id": actors.staff.id}
    path = "/leads/actions/assign_owner"
    first = api("admin").post(path, sent, headers=KEY)
    assert (first.json["ok"], first.json["unchanged"]) == (0, 1)
    api("admin").post(path, sent | {"owner_id": actors.staff2.id})
    again = api("admin").post(path, sent, headers=KEY)
    assert again.headers[REPLAYED] == "true" and again.json == first.json
    assert api("admin").get(f"/leads/{made.id}").json["owner_id"] == actors.staff2.id


def test_keys_are_ones_own(api):
    api("staff").post("/leads", body(), headers=KEY)
    other = api("staff2").post("/leads", body(accept_duplicates=True), headers=KEY)
    assert other.status_code == 201 and REPLAYED not in other.headers and count(Lead) == 2


def test_a_refusal_keeps_nothing(api):
    assert api("staff").post("/leads", body(phone="x"), headers=KEY).status_code == 422
    assert count(IdempotencyKey) == 0
    assert api("staff").post("/leads", body(), headers=KEY).status_code == 201


def test_notes_and_actions_too(api, actors):
    made = lead(owner_id=actors.staff.id)
    staff = api("staff")
    for path, key in ((f"/leads/{made.id}/notes", "a"), (f"/leads/{made.id}/actions/add_note", "b")):
        answers = [staff.post(path, {"body": "Called."}, headers={HEADER: key}) for _twice in range(2)]
        assert answers[0].json == answers[1].json
    bulk = {"ids": [str(made.id)], "body": "Called."}
    for _twice in range(2):
        assert staff.post("/leads/actions/add_note", bulk, headers={HEADER: "c"}).json["ok"] == 1
    assert count(LeadNote) == 3
    dry = staff.post("/leads/actions/add_note", bulk | {"dry_run": True}, headers={HEADER: "d"})
    assert dry.status_code == 200 and count(IdempotencyKey) == 3 and count(LeadNote) == 3


def test_keys_are_visible_ascii_of_bounded_length(api):
    for key in ("", " ", "x" * 256, "\xe9"):
        assert api("staff").post("/leads", body(), headers={HEADER: key}).status_code == 422, key


def test_keys_are_forgotten_after_a_day(api):
    api("staff").post("/leads", body(), headers=KEY)
    db.session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"))
    anew = api("staff").post("/leads", body(accept_duplicates=True), headers=KEY)
    assert anew.status_code == 201 and REPLAYED not in anew.headers and count(Lead) == 2
    db.session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"))
    assert idempotency.clean_up() == 1 and count(IdempotencyKey) == 0


def test_many_at_once_make_one(committed_app):
    """Real commits and connections: the first makes the lead, the others wait for its answer."""
    app, at_once = committed_app, 12
    with app.app_context():
        token, sent = token_of(app, "staff"), body()
        db.session.remove()
    barrier = Barrier(at_once)

    def send(_number: int) -> tuple[int, str]:
        barrier.wait(timeout=20)
        answer = Caller(app.test_client(), token).post("/leads", sent, headers=KEY)
        return answer.status_code, answer.json.get("id", answer.text)

    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(send, range(at_once)))
    assert {status for status, _key in answers} == {201} and len({key for _status, key in answers}) == 1
    with app.app_context():
        assert count(Lead) == 1
        db.session.remove()
