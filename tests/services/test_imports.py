"""The life of an import, with real commits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.models.leads import Lead
from app.services import accounts, import_reports, import_run, import_undo, imports, sessions
from app.services.errors import Busy, Invalid, NotFound, WrongState
from app.services.leads import importing
from tests.conftest import ROOT

GOOD = b"first_name,last_name,phone\nAnna,Smith,020 7946 0018\nOmar,Khan,020 7946 0019\n"


@pytest.fixture
def staff(committed_app):
    with committed_app.app_context():
        yield actor("staff")


def actor(username):
    return sessions.load_by_id(accounts.find(username).id)


def uploaded(who, content=GOOD, *, until=ImportStatus.QUEUED):
    """An import that has come as far as `until`."""
    job = imports.start("leads", "leads.csv", content, actor=who)
    if until is not ImportStatus.QUEUED:
        imports.check(job.id)
    if until not in (ImportStatus.QUEUED, ImportStatus.CHECKED):
        imports.confirm(job.id, actor=who)
    if until is ImportStatus.DONE:
        imports.carry_out(job.id)
    return job.id


def status(import_id):
    return db.session.get_one(Import, import_id, populate_existing=True).status


def set_status(import_id, value):
    db.session.execute(
        text("UPDATE imports SET status = :status, updated_at = now() WHERE id = :id"),
        {"status": value, "id": import_id},
    )
    db.session.commit()


def written():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Lead))


def waiting(task):
    return db.session.scalar(
        text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task AND status = 'todo'"), {"task": task}
    )


def test_each_step_is_queued_once_and_done_once(staff):
    import_id = uploaded(staff)
    assert waiting("imports.check") == 1
    assert [imports.check(import_id), imports.check(import_id)] == [True, False]
    assert imports.carry_out(import_id) is False  # nobody has confirmed it
    assert imports.confirm(import_id, actor=staff).status is ImportStatus.CONFIRMED
    assert imports.confirm(import_id, actor=staff).status is ImportStatus.CONFIRMED
    assert waiting("imports.carry_out") == 1
    assert [imports.carry_out(import_id), imports.carry_out(import_id), imports.check(import_id)] == [
        True,
        False,
        False,
    ]
    assert imports.confirm(import_id, actor=staff).status is ImportStatus.DONE
    assert written() == 2


def test_what_cannot_be_done_is_refused(staff):
    import_id = uploaded(staff)
    for refused in (imports.confirm, import_undo.undo):
        with pytest.raises(WrongState):
            refused(import_id, actor=staff)
    empty = uploaded(staff, b"first_name,last_name,phone\n", until=ImportStatus.CHECKED)
    with pytest.raises(WrongState, match="nothing to import"):
        imports.confirm(empty, actor=staff)
    with pytest.raises(Invalid):
        imports.start("leads", "big.csv", b"x" * (32 * 1024 * 1024 + 1), actor=staff)
    with pytest.raises(NotFound):
        imports.check(uuid4())


def test_an_import_of_somebody_else_is_not_there(staff):
    import_id = uploaded(staff, until=ImportStatus.DONE)
    other = actor("staff2")
    for hidden in (
        lambda: imports.confirm(import_id, actor=other),
        lambda: import_undo.undo(import_id, actor=other),
        lambda: import_reports.get(import_id, other),
        lambda: import_reports.issues(import_id, other),
    ):
        with pytest.raises(NotFound):
            hidden()
    assert import_reports.history("leads", other) == []
    assert [job.id for job in import_reports.history("leads", actor("admin"))] == [import_id]


def test_a_fault_of_ours_fails_the_import_and_writes_nothing(staff, monkeypatch):
    import_id = uploaded(staff, until=ImportStatus.CONFIRMED)
    monkeypatch.setattr(importing, "_tell_owners", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        imports.carry_out(import_id)
    assert (status(import_id), written()) == (ImportStatus.FAILED, 0)
    assert "nothing was imported" in import_reports.get(import_id, staff).message


def test_a_busy_database_leaves_it_to_be_tried_again(staff, monkeypatch):
    import_id = uploaded(staff, until=ImportStatus.CONFIRMED)
    with monkeypatch.context() as patch:

        def busy(*_):
            raise Busy("later")

        patch.setattr(importing, "_tell_owners", busy)
        with pytest.raises(Busy):
            imports.carry_out(import_id)
    assert written() == 0
    assert imports.carry_out(import_id) is True
    assert written() == 2


def test_the_account_that_asked_must_still_exist(staff):
    import_id = uploaded(staff)
    db.session.execute(text("UPDATE imports SET created_by_id = NULL WHERE id = :id"), {"id": import_id})
    db.session.commit()
    imports.check(import_id)
    assert status(import_id) is ImportStatus.FAILED


def test_progress_is_seen_by_others_while_the_import_runs(staff, monkeypatch):
    rows = "".join(f"A,B,020 7946 {number:04d}\n" for number in range(1500))
    import_id = uploaded(staff, b"first_name,last_name,phone\n" + rows.encode(), until=ImportStatus.CONFIRMED)
    seen = []
    monkeypatch.setattr(import_run, "EVERY", 0)
    real = importing._tell_owners

    def look(*args):
        with db.engine.connect() as other:
            seen.extend(
                other.execute(
                    text("SELECT status, done_rows, total_rows, (SELECT count(*) FROM leads) FROM imports")
                ).all()
            )
        real(*args)

    monkeypatch.setattr(importing, "_tell_owners", look)
    imports.carry_out(import_id)
    assert [tuple(row) for row in seen] == [("importing", 1500, 1500, 0)]


def race(app, import_id, workers=4):
    """Carry the import out in several threads at the same moment; what each answered."""
    start, answers = threading.Barrier(workers), []

    def work():
        with app.app_context():
            start.wait()
            try:
                answers.append(imports.carry_out(import_id))
            except WrongState as refused:
                answers.append(refused)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_several_workers_at_once_import_once(staff, committed_app):
    import_id = uploaded(staff, until=ImportStatus.CONFIRMED)
    answers = race(committed_app, import_id)
    assert (answers.count(True), written(), status(import_id)) == (1, 2, ImportStatus.DONE)


def test_without_the_guards_they_would_import_several_times(staff, committed_app, monkeypatch):
    """The proof that the race above is one."""
    import_id = uploaded(staff, until=ImportStatus.CONFIRMED)
    db.session.execute(text("""UPDATE imports SET options = options || '{"duplicates": "import"}'"""))
    db.session.commit()
    monkeypatch.setattr(imports, "_claim", lambda *_: True)
    monkeypatch.setattr(imports, "_finish", lambda *_: None)
    race(committed_app, import_id)
    assert written() == 8


def test_the_final_change_of_status_alone_stops_a_second_import(staff, committed_app, monkeypatch):
    import_id = uploaded(staff, until=ImportStatus.CONFIRMED)
    set_status(import_id, "importing")
    monkeypatch.setattr(imports, "_claim", lambda *_: True)
    answers = race(committed_app, import_id)
    assert (answers.count(True), written()) == (1, 2)


def test_a_confirmation_twice_at_once_is_one_import(staff, committed_app):
    import_id = uploaded(staff, until=ImportStatus.CHECKED)
    start = threading.Barrier(4)

    def work():
        with committed_app.app_context():
            start.wait()
            imports.confirm(import_id, actor=staff)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (status(import_id), waiting("imports.carry_out")) == (ImportStatus.CONFIRMED, 1)


KILLED = """
    import sys, time
    from uuid import UUID
    from app.services import imports
    from app.services.leads import importing
    from tests.conftest import make_app

    def hang(*_):
        print("written", flush=True)
        time.sleep(60)

    importing._tell_owners = hang
    with make_app(sys.argv[1]).app_context():
        imports.carry_out(UUID(sys.argv[2]))
"""


def test_a_worker_killed_in_the_middle_leaves_no_rows_and_another_finishes(staff, committed_app):
    import_id = uploaded(staff, until=ImportStatus.CONFIRMED)
    url = committed_app.config["SQLALCHEMY_DATABASE_URI"]
    command = [sys.executable, "-c", textwrap.dedent(KILLED), url, str(import_id)]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert worker.stdout.readline() == b"written\n"
    assert (status(import_id), written()) == (ImportStatus.IMPORTING, 0)
    assert imports.carry_out(import_id) is False  # the other one is at it
    assert sweep_later() == 0
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    until = time.monotonic() + 10
    while sweep_later() == 0 and time.monotonic() < until:
        time.sleep(0.05)  # until the server notices
    assert waiting("imports.carry_out") == 1
    assert (imports.carry_out(import_id), written(), status(import_id)) == (True, 2, ImportStatus.DONE)
    assert sweep_later() == 0


def sweep_later():
    """The sweep as it is a few minutes later. The trigger that stamps the row must not set the clock again."""
    db.session.execute(text("ALTER TABLE imports DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE imports SET updated_at = now() - interval '5 minutes'"))
    db.session.execute(text("ALTER TABLE imports ENABLE TRIGGER stamps"))
    db.session.commit()
    return imports.sweep()
