"""Two bundles at once: the second waits, and finds what the first has written."""

from __future__ import annotations

from functools import partial

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.services import imports
from app.services.oneroster.importing import confirming, run
from tests.concurrency.racing import actor, count, meet_after, race
from tests.factories import bundles


def confirmed(content, who):
    job = imports.start("oneroster", "bundle.zip", content, actor=who, queued=False)
    imports.check(job.id)
    confirming.confirm(job.id, actor=who, queued=False)
    return job.id


def test_two_bundles_at_once(crowd, monkeypatch):
    who = actor("admin")
    keys = [confirmed(bundles.bundle(bundles.rows()), who) for _each in range(2)]
    db.session.remove()
    meet_after(monkeypatch, run.rules, "check")
    assert race(crowd, *[partial(imports.carry_out, key) for key in keys]) == [True, True]
    assert {db.session.get_one(Import, key).status for key in keys} == {ImportStatus.DONE}
    assert sorted(db.session.get_one(Import, key).new_rows for key in keys) == [0, 18]
    assert count("SELECT count(*) FROM oneroster_users") == 4
    assert count("SELECT count(*) FROM students") == 2


def test_the_same_import_twice_at_once(crowd):
    who = actor("admin")
    key = confirmed(bundles.bundle(bundles.rows()), who)
    db.session.remove()
    assert sorted(race(crowd, *[partial(imports.carry_out, key)] * 2)) == [False, True]
    assert count("SELECT count(*) FROM oneroster_users") == 4
