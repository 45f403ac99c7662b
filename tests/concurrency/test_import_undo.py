"""An import that is taken back twice at once, and one of accounts while somebody begins to work with one of them."""

from __future__ import annotations

from functools import partial

import pytest

from app.extensions import db
from app.models.imports import Import
from app.services import accounts, import_handlers, import_undo, imports, lookups
from app.services.accounts import unimporting
from app.services.errors import Invalid
from app.services.leads import actions
from app.services.students import records
from tests.concurrency.racing import Meeting, actor, count, meet_after, race, refusals
from tests.factories.leads import lead
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
