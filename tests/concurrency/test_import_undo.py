"""An import that is taken back twice at once, and one of accounts while somebody begins to work with one of them."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from app.extensions import db
from app.models.imports import Import
from app.services import accounts, import_handlers, import_undo, imports, lookups
from app.services.accounts import unimporting
from app.services.errors import Invalid
from app.services.leads import actions
from app.services.records import links
from app.services.students import records
from tests.concurrency.racing import Meeting, actor, count, meet_after, race, refusals
from tests.factories.leads import lead
from tests.factories.records import organization
from tests.factories.students import student

LEADS = b"first_name,last_name,phone\nAnna,Smith,020 7946 0018\nOmar,Khan,020 7946 0019\n"


def test_two_workers_take_it_back_once(arena, monkeypatch, locked):
    who = actor("admin")
    key = imports.start("leads", "leads.csv", LEADS, actor=who, queued=False).id
    imports.check(key)
    imports.confirm(key, actor=who, queued=False)
    imports.carry_out(key)
    import_undo.ask(key, actor=who)
    db.session.remove()
    runs, inside = [], Meeting()
    module, undo = import_handlers.HANDLERS["leads"]

    def met(job, by):
        runs.append(job.id)
        if not locked:
            inside.wait()
        return undo(job, by)

    monkeypatch.setitem(import_handlers.HANDLERS, "leads", (module, met))
    if not locked:
        monkeypatch.setattr(import_undo, "alone", lambda _key: True)
    results = race(arena, *[partial(import_undo.take_back, key)] * 2)
    assert count("SELECT count(*) FROM leads WHERE deleted_at IS NULL") == 0
    message = db.session.get_one(Import, key).message
    if locked:
        assert (len(runs), sorted(results), message) == (1, [False, True], "Taken back: 2 leads deleted, 0 kept.")
    else:
        assert (len(runs), message) == (2, "Taken back: 0 leads deleted, 0 kept."), "the second hides what was done"


def brought(username, role):
    """The import of one account, and the account's key."""
    content = f"username,email,first_name,last_name,roles\n{username},,Nia,Vale,{role}\n".encode()
    who = actor("super_admin")
    key = imports.start("accounts", "people.csv", content, actor=who, queued=False).id
    imports.check(key)
    imports.confirm(key, actor=who, queued=False)
    imports.carry_out(key)
    return key, accounts.find(username).id


@pytest.mark.parametrize("kind", ["lead", "student"])
def test_an_account_that_somebody_begins_to_work_with_is_kept(committed_app, monkeypatch, locked, kind):
    with committed_app.app_context():
        key, user_id = brought("nia", "Teacher" if kind == "lead" else "Student")
        boss, one = actor("super_admin"), (lead() if kind == "lead" else student()).id
        begin = {
            "lead": partial(actions.assign_teacher, [one], actor=boss, assigned_teacher_id=user_id),
            "student": partial(records.link_account, [one], actor=boss, user_id=user_id),
        }[kind]
        db.session.remove()
        # Where both have read, and neither has written.
        both = Meeting()
        meet_after(monkeypatch, lookups, "check", both)
        meet_after(monkeypatch, unimporting, "_lines", both)
        results = race(committed_app, partial(import_undo.undo, key, actor=boss), begin)
        inactive = count("SELECT count(*) FROM ab_user WHERE id = :id AND NOT active", id=user_id)
        worked_with = count(
            "SELECT (SELECT count(*) FROM leads WHERE assigned_teacher_id = :id)"
            " + (SELECT count(*) FROM students WHERE user_id = :id)",
            id=user_id,
        )
        if not locked:
            assert (inactive, worked_with) == (1, 1), "somebody works with an account that is gone"
            return
        assert inactive + worked_with == 1
        assert all(isinstance(each, Invalid) for each in refusals(results)) and len(refusals(results)) == inactive


@pytest.mark.parametrize("kind", ["guardian", "student"])
def test_who_gets_a_link_meanwhile_is_kept_with_it(committed_app, monkeypatch, kind):
    """A guardian of the file is made guardian of another student, or a student of the file gets another guardian."""
    with committed_app.app_context():
        organization(name="Northside", identifier="N1")
        header = "first_name,last_name,birth_date,grade_level,guardian_first_name,guardian_last_name,guardian_email\n"
        who = actor("super_admin")
        key = imports.start(
            "students", "s.csv", (header + "A,Ek,2015-01-01,3,Maj,Ek,m@x.org\n").encode(), actor=who, queued=False
        ).id
        imports.check(key)
        imports.confirm(key, actor=who, queued=False)
        imports.carry_out(key)
        link = {
            "guardian_id": db.session.scalar(db.text("SELECT id FROM guardians WHERE email = 'm@x.org'")),
            "student_id": db.session.scalar(db.text("SELECT id FROM students WHERE last_name = 'Ek'")),
            "relation_descriptor": "Father",
        }
        if kind == "guardian":
            link["student_id"] = student().id
        else:
            link["guardian_id"] = links.create_guardian({"first_name": "Bo", "last_name": "Ask"}, actor=who).id
        db.session.remove()
        linked, both = threading.Event(), Meeting()
        follow = links.follow_guardians

        def late(keys):
            follow(keys)
            linked.set()
            both.wait()

        monkeypatch.setattr(links, "follow_guardians", late)

        def take_back():
            assert linked.wait(20)
            return import_undo.undo(key, actor=who)

        race(committed_app, partial(links.create_link, link, actor=who), take_back)
        pair = {name: link[name] for name in ("student_id", "guardian_id")}
        assert (
            count(
                "SELECT count(*) FROM student_guardians WHERE student_id = :student_id AND guardian_id = :guardian_id",
                **pair,
            )
            == 1
        )
