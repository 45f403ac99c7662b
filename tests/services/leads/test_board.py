"""Cards of the board: moved by people who do not see one another's moves."""

from __future__ import annotations

import uuid

import pytest

from app.extensions import db
from app.models.leads import LeadAuditEvent
from app.services.errors import Invalid, NotAllowed, NotFound
from app.services.leads import actions, board, figures, stages
from app.services.listing import Query
from tests.factories.leads import lead, stage


def moves(made):
    return db.session.query(LeadAuditEvent).filter_by(lead_id=made.id, type="stage_changed").count()


def test_a_card_moves_once(db_session, actors):
    made, there = lead(), stage("Contacted").id
    move = {"actor": actors.admin, "stage_id": there, "seen_in": made.stage_id}
    assert not board.move(made.id, **move).unchanged
    assert board.move(made.id, **move).unchanged, "it is where it shall be, whoever put it there"
    db.session.refresh(made)
    assert made.stage_id == there
    assert moves(made) == 1


def test_another_persons_move_is_not_overwritten(db_session, actors):
    made = lead(owner_id=actors.staff.id)
    seen, theirs = made.stage_id, stage("Onboarded").id
    actions.change_stage([made.id], actor=actors.admin, stage_id=theirs)
    with pytest.raises(board.Moved, match=f"{made.name} was moved to Onboarded meanwhile") as refused:
        board.move(made.id, actor=actors.staff, stage_id=stage("Contacted").id, seen_in=seen)
    assert refused.value.details() == {"column": str(theirs)}
    db.session.refresh(made)
    assert made.stage_id == theirs
    assert moves(made) == 1


def test_who_may_not_move_a_card(db_session, actors):
    made = lead(owner_id=actors.admin.id)
    move = {"stage_id": stage("Contacted").id, "seen_in": made.stage_id}
    with pytest.raises(NotAllowed):
        board.move(made.id, actor=actors.staff, **move)
    with pytest.raises(NotFound):
        board.move(made.id, actor=actors.teacher, **move)
    with pytest.raises(NotFound):
        board.move(uuid.uuid4(), actor=actors.admin, **move)
    with pytest.raises(Invalid):
        board.move(made.id, actor=actors.admin, **move | {"stage_id": uuid.uuid4()})
    assert moves(made) == 0


def test_a_stage_out_of_use_is_a_column_while_it_holds_leads(db_session, actors, client_of):
    """Its cards go to the active stages; none comes into it."""
    old, active = stage("Contacted"), stage("Trial Scheduled")
    made = lead(stage_id=old.id)
    stages.update(old.id, {"active": False}, actor=actors.admin)
    columns = {each.id: each for each in board.columns(actors.admin, Query())}
    assert [row.id for row in columns[old.id].rows] == [made.id]
    assert (columns[old.id].total, columns[old.id].active, columns[active.id].active) == (1, False, True)
    assert active.id in columns[old.id].moves
    assert all(old.id not in each.moves for each in columns.values())
    assert {each.name: each.total for each in figures.by_stage(actors.admin)}["Contacted"] == 1
    assert "Contacted (not in use any more)" in client_of("admin").get("/leads/board/").text

    assert not board.move(made.id, actor=actors.admin, stage_id=active.id, seen_in=old.id).unchanged
    assert old.id not in {each.id for each in board.columns(actors.admin, Query())}
    assert "Contacted" not in {each.name for each in figures.by_stage(actors.admin)}
    with pytest.raises(Invalid):
        board.move(made.id, actor=actors.admin, stage_id=old.id, seen_in=active.id)


def test_the_screen_tells_where_the_card_is(client_of, actors, db_session):
    made = lead(owner_id=actors.staff.id)
    new, contacted, trial = (str(stage(name).id) for name in ("New", "Contacted", "Trial Scheduled"))
    staff, admin = client_of("staff"), client_of("admin")

    def move(client, one, other):
        return client.post("/leads/board/move", json={"id": str(made.id), "from": one, "to": other})

    assert move(staff, new, contacted).json == {"message": f"{made.name} was moved.", "changed": True}
    assert move(admin, contacted, trial).json["changed"]
    undone = move(staff, contacted, new)  # the undo of the first move
    assert undone.status_code == 409
    assert undone.json["message"] == f"{made.name} was moved to Trial Scheduled meanwhile."
    assert undone.json["column"] == trial
    assert move(admin, trial, contacted).status_code == 200
    db.session.refresh(made)
    assert str(made.stage_id) == contacted
