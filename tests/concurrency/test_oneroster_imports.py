"""Two bundles at once: the second waits, and finds what the first has written."""

from __future__ import annotations

from functools import partial

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.services import imports, sessions
from app.services.oneroster import exporting
from app.services.oneroster.importing import confirming, run
from app.services.oneroster.oauth import clients, tokens
from tests.concurrency.racing import Meeting, actor, between, count, meet_after, race
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


def test_a_new_secret_ends_the_token_that_is_being_given_out(crowd, monkeypatch, locked):
    boss = sessions.system()
    made = clients.create({"name": "Reader", "scopes": ["roster-core"]}, actor=boss)
    key = made.id
    secret = str(clients.new_secret([key], actor=boss).outcomes[0].message).split("secret ")[1].split(".")[0]
    credentials = tokens.Credentials(made.client_id, secret, "127.0.0.1")
    db.session.remove()
    renew = between(monkeypatch, tokens, "_client", partial(clients.new_secret, [key], actor=boss))
    race(crowd, partial(tokens.issue, credentials, ""), renew)
    assert count("SELECT count(*) FROM oauth_tokens") == (0 if locked else 1)


def test_an_export_that_runs_is_not_begun_beside_itself(crowd, monkeypatch):
    export = exporting.start({"version": "1.2", "mode": "bulk"}, actor=actor("admin"))
    key = export.id
    db.session.remove()
    written = []
    monkeypatch.setattr(exporting.checks, "faults", lambda *args: written.append(args) or [])
    meet_after(monkeypatch, exporting, "write", Meeting(patience=0.5))  # who comes second does not wait: it goes
    assert sorted(race(crowd, *[partial(exporting.carry_out, key)] * 2)) == [False, True]
    assert (len(written), count("SELECT count(*) FROM oneroster_export_files")) == (1, 1)
