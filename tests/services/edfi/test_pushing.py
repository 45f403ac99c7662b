"""Pushing to a server: order, upsert, what has not changed, what vanished, what is wrong, and what goes wrong there."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.extensions import db
from app.models.edfi import EdFiConnection, EdFiPush, EdFiPushItem, EdFiPushStatus, EdFiRecord
from app.services import jobs
from app.services.alone import alone
from app.services.edfi import client, connections, outcomes, pushing, schema
from app.services.edfi.connections import lock_name
from app.services.errors import Busy, WrongState
from app.services.school import today
from tests.factories.edfi import at_school, connection, extension, family, guardian_of, pupil, saved, school


def log(push: EdFiPush) -> dict[tuple[str, str], tuple[str, int | None, str]]:
    items = db.session.scalars(select(EdFiPushItem).where(EdFiPushItem.push_id == push.id).order_by(EdFiPushItem.id))
    return {(each.resource, each.natural_key): (each.outcome.value, each.status_code, each.message) for each in items}


def test_everything_arrives_in_the_order_of_what_refers_to_what(push, ods):
    place = school()
    for _number in range(3):
        family(place)
    done = push()
    assert (done.status, done.counts, done.total) == (EdFiPushStatus.DONE, {"created": 16}, 16)
    assert ods.counts() == {name: 1 if name == "schools" else 3 for name in schema.RESOURCES}
    order = [list(schema.RESOURCES).index(name) for name in ods.posts()]
    assert order == sorted(order)
    assert Counter(outcome for outcome, _status, _message in log(done).values()) == {"created": 16}
    assert done.started_at <= done.finished_at


def test_what_has_not_changed_is_not_sent_again(push, ods):
    place = school()
    student = family(place)
    push()
    ods.requests.clear()
    done = push()
    assert (done.counts, ods.requests, log(done)) == ({"unchanged": 6}, [], {})
    student.first_name = "Nour"
    db.session.commit()
    done = push()
    assert (done.counts, ods.posts()) == ({"unchanged": 5, "updated": 1}, ["students"])
    assert ods.of("students")[0]["firstName"] == "Nour"


def test_an_association_that_vanished_is_deleted_and_the_person_stays(push, ods):
    place, other = school(), school()
    student = family(place)
    second = at_school(student, other, primary_school=False, entry_date=date(2026, 9, 1))
    push()
    assert ods.counts()["studentSchoolAssociations"] == 2
    db.session.delete(second)
    db.session.commit()
    done = push()
    assert done.counts["deleted"] == 2  # at the school, and what the school knows of the student
    assert (ods.counts()["studentSchoolAssociations"], ods.counts()["students"]) == (1, 1)
    assert [path.split("/")[-2] for method, path in ods.requests if method == "DELETE"] == [
        "studentEducationOrganizationAssociations",
        "studentSchoolAssociations",
    ]
    assert "deleted" not in push().counts, "once"


def test_a_student_who_is_deleted_here_is_at_no_school_there(push, ods):
    student = family(school())
    push()
    student.deleted_at = student.created_at
    db.session.commit()
    assert push().counts == {"unchanged": 1, "deleted": 3}
    assert ods.counts() == dict.fromkeys(schema.RESOURCES, 0) | {"schools": 1, "students": 1, "contacts": 1}


def test_what_is_deleted_there_already_is_deleted(push, ods):
    student = family(school())
    push()
    ods.records["studentContactAssociations"].clear()
    student.deleted_at = student.created_at
    db.session.commit()
    done = push()
    assert done.counts["deleted"] == 3
    key = next(key for key in log(done) if key[0] == "studentContactAssociations")
    assert log(done)[key][:2] == ("deleted", 404)


def test_the_entry_date_is_settled_before_it_is_sent(push, ods):
    student = family(school())
    made = extension(student, expected_start_date=date(2026, 9, 7))
    push()
    assert [each["entryDate"] for each in ods.of("studentSchoolAssociations")] == ["2026-09-07"]
    made.expected_start_date = date(2026, 9, 14)
    db.session.commit()
    done = push()
    assert done.counts == {"unchanged": 5, "created": 1, "deleted": 1}, "another date is another key"
    assert [each["entryDate"] for each in ods.of("studentSchoolAssociations")] == ["2026-09-14"]


def test_what_is_invalid_never_leaves_and_neither_does_what_refers_to_it(push, ods):
    place = school()
    wrong, right = family(place), family(place)
    wrong.birth_date = None
    db.session.commit()
    done = push()
    assert done.counts == {"created": 7, "invalid": 1, "blocked": 3}
    told = log(done)
    assert told["students", wrong.student_unique_id] == ("invalid", None, "birthDate: Required, and empty.")
    key = ("studentSchoolAssociations", f"{wrong.student_unique_id}/{place.school_id}/2026-08-20")
    assert told[key][0] == "blocked"
    assert wrong.student_unique_id in told[key][2]
    assert [each["studentUniqueId"] for each in ods.of("students")] == [right.student_unique_id]
    assert wrong.student_unique_id not in str(ods.records)
    wrong.birth_date = date(2010, 1, 1)
    db.session.commit()
    assert push().counts == {"unchanged": 7, "created": 4}


def test_what_the_server_refuses_is_told_and_blocks_what_refers_to_it(push, ods):
    place = school()
    student = family(place)
    student.birth_country = "Atlantis"
    db.session.commit()
    done = push()
    assert done.status is EdFiPushStatus.DONE
    assert done.counts == {"created": 2, "refused": 1, "blocked": 3}
    outcome, status, message = log(done)["students", student.student_unique_id]
    assert (outcome, status) == ("refused", 400)
    assert "uri://localhost/CountryDescriptor#Atlantis" in message, "the server's own words"
    ods.codes.add("localhost")  # the server learns the code
    assert push().counts == {"unchanged": 2, "created": 4}, "what was refused is tried again"


def test_a_server_that_keeps_its_schools_to_itself(push, ods):
    place = school()
    family(place)
    ods.records["schools"]["its own"] = {"schoolId": place.school_id, "id": "0" * 32}
    ods.forbidden.add("schools")
    assert push().counts == {"refused": 1, "created": 5}


def test_a_reference_that_is_missing_there(push, ods):
    place = school()
    student = family(place)
    push()
    ods.records["schools"].clear()
    at_school(student, place, entry_date=date(2027, 1, 4), primary_school=False)
    done = push()
    assert done.counts["refused"] == 1
    assert log(done)["studentSchoolAssociations", f"{student.student_unique_id}/{place.school_id}/2027-01-04"][1] == 409


def test_a_token_that_ends_is_renewed(push, ods):
    for _number in range(2):
        family(school())
    ods.uses = 3
    assert push().counts == {"created": 12}
    assert [path for _method, path in ods.requests].count("/oauth/token") == 4


def test_a_busy_server_is_waited_for_as_long_as_it_says(push, ods, waits):
    family(school())
    ods.faults = [("students", 429, {"Retry-After": "7"}), ("contacts", 503, {})]
    assert push().counts == {"created": 6}
    assert waits[0] == 7
    assert 0.5 <= waits[1] <= 1


def test_a_record_with_which_the_server_fails_is_told_and_the_others_go_on(push, ods, waits):
    family(school())
    ods.faults = [("contacts", 500, {})] * client.MOST_TRIES
    done = push()
    assert (done.status, done.counts) == (EdFiPushStatus.DONE, {"created": 4, "failed": 1, "blocked": 1})
    assert len(waits) == client.MOST_TRIES - 1
    assert push().counts == {"unchanged": 4, "created": 2}


def test_a_server_that_goes_away_ends_the_push_and_the_next_goes_on(push, ods):
    family(school())
    ods.faults = [("studentSchool", 503, {})] * client.MOST_TRIES
    done = push()
    assert (done.status, done.counts) == (EdFiPushStatus.FAILED, {"created": 2})
    assert "503" in done.message
    assert push().counts == {"unchanged": 2, "created": 4}


def test_a_server_that_fails_with_everything_is_left_alone(push, ods):
    place = school()
    for _number in range(8):
        family(place)
    ods.faults = [("students", 500, {})] * 1000
    done = push()
    assert done.status is EdFiPushStatus.FAILED
    assert done.counts == {"created": 1, "failed": 4}


def test_a_wrong_secret(push, ods, state, actors):
    school()
    connections.update(state.id, {"secret": connections.SecretStr("wrong")}, actor=actors.admin)
    done = push()
    assert (done.status, done.counts) == (EdFiPushStatus.FAILED, {})
    assert "401" in done.message


def test_the_year_stands_in_the_address_where_the_server_wants_it(push, ods, state, actors):
    connections.update(state.id, {"school_year": 2027}, actor=actors.admin)
    ods.year = "/2027"
    family(school())
    assert push().counts == {"created": 6}


def test_the_extension_goes_where_the_server_knows_it(push, ods, state, actors):
    student = family(school())
    extension(student, sport_interests=["Football"], custom_data={"note": "secret"}, deposit_amount=500)
    push()
    assert "_ext" not in ods.of("students")[0]
    connections.update(state.id, {"extension": "tsa"}, actor=actors.admin)
    assert push().counts == {"unchanged": 5, "updated": 1}
    assert ods.of("students")[0]["_ext"]["tsa"]["sportInterests"] == [{"sportInterest": "Football"}]


def test_all_again_for_a_server_that_lost_its_data(push, ods, state, actors):
    family(school())
    push()
    for known in ods.records.values():
        known.clear()
    assert push().counts == {"unchanged": 6}
    assert connections.send_all_again([state.id], actor=actors.admin).outcomes[0].state == "ok"
    assert push().counts == {"created": 6}
    assert connections.send_all_again([state.id], actor=actors.admin).outcomes[0].state == "ok"
    assert connections.send_all_again([state.id], actor=actors.admin).outcomes[0].state == "unchanged"


def test_another_address_is_another_server(push, ods, state, actors):
    family(school())
    push()
    values = {"base_url": ods.url.replace("127.0.0.1", "localhost"), "secret": connections.SecretStr("t0p-s3cret")}
    connections.update(state.id, values, actor=actors.admin)
    assert db.session.scalars(select(EdFiRecord)).all() == []
    assert push().counts == {"updated": 6}


def test_one_push_at_a_time_and_only_to_servers_in_use(state, actors):
    assert pushing.push([state.id], actor=actors.admin).outcomes[0].state == "ok"
    assert "already" in str(pushing.push([state.id], actor=actors.admin).outcomes[0].refusal)
    assert "Wait" in str(connections.delete([state.id], actor=actors.admin).outcomes[0].refusal)
    found = db.session.scalars(select(EdFiPush)).one()
    assert pushing.cancel([found.id], actor=actors.admin).outcomes[0].state == "ok"
    assert "over" in str(pushing.cancel([found.id], actor=actors.admin).outcomes[0].refusal)
    state.active = False
    db.session.commit()
    assert "out of use" in str(pushing.push([state.id], actor=actors.admin).outcomes[0].refusal)
    assert connections.delete([state.id], actor=actors.admin).outcomes[0].state == "ok"
    assert db.session.scalars(select(EdFiConnection)).all() == []


def test_while_one_that_was_called_off_still_works_the_next_waits(state, actors):
    """Else it would note what it sent to the old address for the new one."""
    pushing.push([state.id], actor=actors.admin, queued=False)
    found = db.session.scalars(select(EdFiPush)).one()
    values = {"base_url": "https://new.example", "secret": SecretStr("fresh")}
    with alone(lock_name(state.id)) as held:
        assert held
        with pytest.raises(Busy, match="already"):
            pushing.run(found.id)
        pushing.cancel([found.id], actor=actors.admin)
        with pytest.raises(WrongState, match="Wait"):
            connections.update(state.id, values, actor=actors.admin)
        assert "Wait" in str(connections.send_all_again([state.id], actor=actors.admin).outcomes[0].refusal)
    assert connections.update(state.id, values, actor=actors.admin).base_url == "https://new.example"


def test_a_push_that_is_over_is_not_run_again(push, ods):
    family(school())
    done = push()
    ods.requests.clear()
    pushing.run(done.id)
    assert ods.requests == []


def test_a_push_that_is_called_off_stops_after_the_records_at_hand(state, ods, actors, monkeypatch):
    monkeypatch.setattr(pushing, "CHUNK", 2)
    place = school()
    for _number in range(3):
        family(place)
    pushing.push([state.id], actor=actors.admin, queued=False)
    found = db.session.scalars(select(EdFiPush)).one()
    write = outcomes.write

    def cancelled(*args, **kwargs):
        pushing.cancel([found.id], actor=actors.admin)
        return write(*args, **kwargs)

    monkeypatch.setattr(outcomes, "write", cancelled)
    pushing.run(found.id)
    db.session.expire_all()
    assert found.status is EdFiPushStatus.CANCELLED
    assert len(ods.posts()) == 2
    assert len(db.session.scalars(select(EdFiRecord)).all()) == 2, "what was sent is known"


def test_another_worker_goes_on_where_a_killed_one_stopped(state, ods, actors, monkeypatch):
    monkeypatch.setattr(pushing, "CHUNK", 2)
    family(school())
    pushing.push([state.id], actor=actors.admin, queued=False)
    found = db.session.scalars(select(EdFiPush)).one()
    sends, write = iter([client.Client.send] * 3), outcomes.write

    def killed(self, resource, body):
        return next(sends, stop)(self, resource, body)

    def stop(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr(client.Client, "send", killed)
        killing.setattr(outcomes, "write", lambda *args, **kwargs: len(args[2]) == 2 and write(*args, **kwargs))
        with pytest.raises(KeyboardInterrupt):
            pushing.run(found.id)
    db.session.expire_all()
    assert (found.status, len(ods.posts())) == (EdFiPushStatus.RUNNING, 3)
    assert len(db.session.scalars(select(EdFiRecord)).all()) == 2, "the third arrived, and nobody wrote it down"
    assert pushing.sweep() == 0, "it may be alive"
    db.session.execute(db.text("ALTER TABLE edfi_pushes DISABLE TRIGGER stamps"))
    db.session.execute(db.text("UPDATE edfi_pushes SET updated_at = now() - interval '1 hour'"))
    assert pushing.sweep() == 1
    pushing.run(found.id)
    db.session.expire_all()
    assert (found.status, found.counts) == (EdFiPushStatus.DONE, {"created": 5, "updated": 1})
    assert sum(ods.counts().values()) == 6


def test_every_night_those_are_pushed_to_that_want_it(push, state, ods, actors):
    family(school())
    assert pushing.push_nightly() == 0, "nobody asked for it"
    state.nightly = True
    other = connection("https://away.example", actor=actors.admin, name="Out of use", nightly=True, active=False)
    db.session.commit()
    assert jobs.run("edfi_push", today()).rows == 1
    [found] = db.session.scalars(select(EdFiPush)).all()
    assert (found.connection_id, found.status) == (state.id, EdFiPushStatus.QUEUED) and other.id
    assert db.session.scalar(db.text("SELECT args ->> 'push_id' FROM procrastinate_jobs")) == str(found.id)
    assert pushing.push_nightly() == 0, "it waits"
    pushing.run(found.id)
    db.session.expire_all()
    assert (found.status, found.counts) == (EdFiPushStatus.DONE, {"created": 6})
    assert pushing.push_nightly() == 1


def test_at_night_a_server_that_cannot_be_asked_tells_so_in_its_push(state, app, monkeypatch):
    state.nightly = True
    db.session.commit()
    monkeypatch.setitem(app.config, "SECRET_KEY", "another " * 8)
    assert pushing.push_nightly() == 1
    found = db.session.scalars(select(EdFiPush)).one()
    pushing.run(found.id)
    db.session.expire_all()
    assert found.status is EdFiPushStatus.FAILED and "SECRET_KEY" in found.message


def test_a_changed_secret_key_is_told(push, state, app, monkeypatch, actors):
    pushing.push([state.id], actor=actors.admin, queued=False)
    found = db.session.scalars(select(EdFiPush)).one()
    monkeypatch.setitem(app.config, "SECRET_KEY", "another " * 8)
    pushing.run(found.id)
    db.session.expire_all()
    assert found.status is EdFiPushStatus.FAILED
    assert "SECRET_KEY" in found.message


def test_old_logs_are_deleted(push):
    done = push()
    assert outcomes.clean_up() == 0
    done.finished_at -= outcomes.KEPT * 2
    db.session.commit()
    assert outcomes.clean_up() == 1


def test_more_records_than_a_batch(push, ods, monkeypatch):
    from app.services.edfi import reading

    monkeypatch.setattr(reading, "BATCH", 2)
    place = school()
    for _number in range(5):
        guardian_of(family(place), primary=False)
    assert push().counts == {"created": 1 + 5 * 7}


def test_who_has_no_id_or_no_school_is_not_told_of(push, ods):
    at_school(pupil(student_unique_id=None), place := school())
    pupil()
    saved(place)
    assert push().counts == {"created": 1}
