"""Taking an import back, asked for by people and done by a worker, with real commits."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.imports import ImportStatus
from app.models.leads import Lead, LeadAuditEvent, LeadEvent
from app.services import import_handlers, import_reports, import_undo
from app.services.errors import Busy, NotAllowed, NotFound, WrongState
from app.services.leads import actions, stages
from tests.services.test_imports import actor, set_status, staff, status, sweep_later, uploaded, waiting  # noqa: F401

TASK = "imports.take_back"


@pytest.fixture
def imported(staff):  # noqa: F811
    return uploaded(staff, until=ImportStatus.DONE)


def live():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Lead).where(Lead.deleted_at.is_(None)))


def handler(monkeypatch, undo):
    """Let something else take leads back."""
    module, real = import_handlers.HANDLERS["leads"]
    monkeypatch.setitem(import_handlers.HANDLERS, "leads", (module, undo))
    return real


def test_it_is_asked_for_and_done_once(staff, imported):  # noqa: F811
    assert import_undo.take_back(imported) is False, "nobody has asked for it"
    for _again in range(2):
        assert import_undo.ask(imported, actor=staff).status is ImportStatus.UNDOING
    assert (waiting(TASK), live()) == (1, 2)
    assert [import_undo.take_back(imported), import_undo.take_back(imported)] == [True, False]
    assert (status(imported), live()) == (ImportStatus.UNDONE, 0)
    assert import_undo.ask(imported, actor=staff).message == "Taken back: 2 leads deleted, 0 kept."
    assert waiting(TASK) == 1


def test_that_their_stage_was_deleted_is_no_work_with_them(imported, committed_app):
    """It is if somebody had chosen that stage, or chose another one afterwards."""
    admin, stage = actor("admin"), stages.create({"name": "Passing"}, actor=actor("admin"))
    first = db.session.scalars(stages.FIRST).one()
    worked = db.session.scalars(select(Lead.id).order_by(Lead.id).limit(1)).one()
    stages.update(stage.id, {"position": 0}, actor=admin)
    actions.change_stage([worked], actor=admin, stage_id=stage.id)
    stages.delete([stage.id], actor=admin, fallback_id=first)
    moved = stages.create({"name": "First"}, actor=admin)
    stages.delete([first], actor=admin, fallback_id=moved.id)
    import_undo.ask(imported, actor=admin)
    import_undo.take_back(imported)
    assert db.session.scalars(select(Lead.id).where(Lead.deleted_at.is_(None))).all() == [worked]


def test_it_is_done_in_the_name_of_whoever_asked(imported, committed_app):
    admin = actor("admin")
    import_undo.ask(imported, actor=admin)
    import_undo.take_back(imported)
    assert set(db.session.scalars(select(Lead.deleted_by_id))) == {admin.id}
    deleted = select(LeadAuditEvent.actor_id).where(LeadAuditEvent.type == LeadEvent.DELETED)
    assert db.session.scalars(deleted).all() == [admin.id] * 2


def test_what_cannot_be_asked_for(staff):  # noqa: F811
    import_id = uploaded(staff, until=ImportStatus.CHECKED)
    with pytest.raises(WrongState):
        import_undo.ask(import_id, actor=staff)
    with pytest.raises(NotFound):
        import_undo.ask(import_id, actor=actor("staff2"))
    with pytest.raises(NotFound):
        import_undo.take_back(uuid4())
    assert waiting(TASK) == 0


def test_a_refusal_leaves_the_import_done_and_says_why(staff, imported, monkeypatch):  # noqa: F811
    def refuse(_job, _actor):
        db.session.execute(text("DELETE FROM lead_notes"))
        raise NotAllowed("They are not yours.")

    real = handler(monkeypatch, refuse)
    import_undo.ask(imported, actor=staff)
    assert import_undo.take_back(imported) is True
    assert (status(imported), live()) == (ImportStatus.DONE, 2)
    assert import_reports.get(imported, staff).message == "Nothing was taken back. They are not yours."
    handler(monkeypatch, real)
    import_undo.ask(imported, actor=staff)
    assert import_undo.take_back(imported) and live() == 0, "it can be asked for again"


def test_a_fault_leaves_the_import_done_and_is_raised(staff, imported, monkeypatch):  # noqa: F811
    handler(monkeypatch, lambda *_: 1 / 0)
    import_undo.ask(imported, actor=staff)
    with pytest.raises(ZeroDivisionError):
        import_undo.take_back(imported)
    assert (status(imported), live()) == (ImportStatus.DONE, 2)
    assert "nothing was taken back" in import_reports.get(imported, staff).message


def test_a_busy_database_leaves_it_to_be_tried_again(staff, imported, monkeypatch):  # noqa: F811
    def busy(*_):
        raise Busy("later")

    real = handler(monkeypatch, busy)
    import_undo.ask(imported, actor=staff)
    with pytest.raises(Busy):
        import_undo.take_back(imported)
    assert status(imported) is ImportStatus.UNDOING
    handler(monkeypatch, real)
    assert import_undo.take_back(imported) is True


def test_whoever_asked_must_still_be_active(staff, imported):  # noqa: F811
    import_undo.ask(imported, actor=staff)
    db.session.execute(text("UPDATE ab_user SET active = false WHERE id = :id"), {"id": staff.id})
    db.session.commit()
    import_undo.take_back(imported)
    assert (status(imported), live()) == (ImportStatus.DONE, 2)


def test_what_a_killed_worker_left_is_asked_for_again(staff, imported):  # noqa: F811
    set_status(imported, "undoing")
    assert sweep_later() == 1
    assert waiting(TASK) == 1
