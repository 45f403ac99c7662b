"""Two workers who take the same import back at once: one does it, the other finds it taken."""

from __future__ import annotations

from functools import partial

from app.extensions import db
from app.models.imports import Import
from app.services import import_handlers, import_undo, imports
from tests.concurrency.racing import Meeting, actor, count, race

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
