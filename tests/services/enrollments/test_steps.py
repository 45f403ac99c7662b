"""The six steps: completed in order, corrected until the next is completed, gated by the coach, kept as drafts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from app.models.enrollments import CoachDecision, EnrollmentEvent, EnrollmentStatus, StepStatus
from app.models.student_records import RecordCreationAttempt
from app.services import jobs, school
from app.services.enrollments import DOCUMENT_TYPES, deciding, documents, events, progress, steps
from app.services.enrollments.progress import WaitsFor
from app.services.enrollments.schemas import ConsultationType, PaymentMethod
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.records import erasing
from tests.factories import enrollments as make


def log(found) -> list[str]:
    return [each.event.type.value for each in reversed(events.of_invitation(found.invitation_id))]


def notices(db_session, who, kind="enrollment_step_completed") -> int:
    statement = text("SELECT count(*) FROM notifications WHERE recipient_id = :id AND type = :kind")
    return db_session.scalar(statement, {"id": who.id, "kind": kind})


def status(db_session, found) -> tuple:
    db_session.refresh(found)
    return found.status.value, found.current_step


def test_from_the_first_step_to_enrolled(db_session, actors, uploads):
    """Everything that happens is logged, and each next one is told."""
    found = make.enrollment_at(6)
    steps.submit(found.id, 6, make.payment(), actor=actors.guardian)
    assert status(db_session, found) == ("registered", 6)
    assert progress.of(found, progress.steps_of(found.id)).waits_for is WaitsFor.OFFICE
    make.finish(found)
    assert status(db_session, found) == ("enrolled", 7)
    assert (found.deposit_paid, found.deposit_amount, found.deposit_paid_on) == (True, Decimal(250), school.today())
    assert found.student_id is not None
    assert progress.of(found, progress.steps_of(found.id)).percent == 100
    assert {each.status for each in progress.steps_of(found.id).values()} == {StepStatus.COMPLETED}
    kinds = log(found)
    assert kinds[0] == "invitation_sent"
    assert kinds.count("step_completed") == 6
    assert {"invitation_accepted", "decided", "records_created", "document_verified", "payment_recorded"} < set(kinds)
    assert kinds[-2:] == ["enrolled", "message_sent"]
    extension = db_session.execute(
        text(
            "SELECT enrollment_status, deposit_paid, completed_on FROM student_program_extensions WHERE student_id = :id"
        ),
        {"id": found.student_id},
    ).one()
    assert tuple(extension) == ("enrolled", True, school.today())
    for who in (actors.guardian, actors.coach):
        assert notices(db_session, who, "enrollment_completed") == 1
    assert notices(db_session, actors.coach) >= 3


def test_steps_are_done_in_order(db_session, actors):
    found = make.enrollment()
    for step, raw in ((2, make.consultation()), (3, make.shadow_day()), (4, make.student_information()), (6, {})):
        with pytest.raises(WrongState, match="step before"):
            steps.submit(found.id, step, raw, actor=actors.guardian)
    with pytest.raises(NotFound):
        steps.submit(found.id, 7, {}, actor=actors.guardian)
    assert status(db_session, found) == ("in_progress", 1)


def test_the_same_step_again_is_the_same(db_session, actors):
    found = make.enrollment()
    steps.submit(found.id, 1, make.program(), actor=actors.guardian)
    before = log(found), notices(db_session, actors.coach)
    steps.submit(found.id, 1, make.program(), actor=actors.guardian)
    assert (log(found), notices(db_session, actors.coach)) == before


def test_a_completed_step_can_be_corrected_until_the_next_locks_it(db_session, actors):
    found = make.enrollment_at(4)
    with pytest.raises(WrongState, match="locks this one"):
        steps.submit(found.id, 1, make.program(contact_method="phone"), actor=actors.guardian)
    steps.submit(found.id, 3, make.shadow_day(emergency_contact="Omar"), actor=actors.guardian)
    assert log(found)[-1] == "step_corrected"
    assert status(db_session, found) == ("in_progress", 4)
    assert progress.steps_of(found.id)[3].data["emergency_contact"] == "Omar"


def test_the_consultation_is_completed_by_the_coach(db_session, actors):
    found = make.enrollment_at(2)
    steps.submit(found.id, 2, make.consultation(), actor=actors.guardian)
    assert status(db_session, found) == ("in_progress", 2)
    assert progress.of(found, progress.steps_of(found.id)).waits_for is WaitsFor.COACH
    done = {"consultation_date": school.today(), "consultation_type": ConsultationType.VIDEO}
    assert deciding.complete_consultation([found.id], actor=actors.coach, **done).count("ok") == 1
    assert status(db_session, found) == ("in_progress", 3)
    again = deciding.complete_consultation([found.id], actor=actors.coach, **done)
    assert isinstance(again.outcomes[0].refusal, WrongState)
    with pytest.raises(WrongState, match="has taken place"):
        steps.submit(found.id, 2, make.consultation(), actor=actors.guardian)


def test_the_student_information_needs_the_approval(db_session, actors):
    found = make.enrollment_at(3)
    early = deciding.approve([make.enrollment_at(2).id], actor=actors.coach).outcomes[0]
    assert isinstance(early.refusal, WrongState)
    steps.submit(found.id, 3, make.shadow_day(), actor=actors.guardian)
    with pytest.raises(WrongState, match="approve"):
        steps.submit(found.id, 4, make.student_information(), actor=actors.guardian)
    assert deciding.approve([found.id], actor=actors.coach).count("ok") == 1
    assert deciding.approve([found.id], actor=actors.coach).count("unchanged") == 1
    steps.submit(found.id, 4, make.student_information(), actor=actors.guardian)
    assert status(db_session, found) == ("registered", 5)


def test_missing_and_wrong_fields_are_named_and_nothing_changes(db_session, actors):
    found = make.enrollment_at(4)
    raw = make.student_information(birth_date="", grade_level="99", races=[], guardian_email="nobody", last_name=" ")
    with pytest.raises(Invalid) as refused:
        steps.submit(found.id, 4, raw, actor=actors.guardian)
    assert set(refused.value.fields) == {"birth_date", "grade_level", "races", "guardian_email", "last_name"}
    assert status(db_session, found) == ("in_progress", 4)


def test_a_draft_keeps_what_was_typed_right_or_not(db_session, actors):
    found = make.enrollment_at(4)
    steps.save_draft(found.id, 4, {"first_name": "Noor", "birth_date": "soon"}, actor=actors.guardian)
    kept = progress.steps_of(found.id)[4]
    assert (kept.data, kept.status) == ({"first_name": "Noor", "birth_date": "soon"}, StepStatus.IN_PROGRESS)
    for name, bad in (
        ("first_name", "a\0b"),
        ("first_name", "x" * 1001),
        ("first_name", {"a": 1}),
        ("first_name", ["x"]),
        ("races", ["x"] * 51),
        ("races", ["x" * 1001]),
        ("unknown", "x"),
        ("unknown", None),
        ("sent_at", "x"),
    ):
        with pytest.raises(Invalid) as refused:
            steps.save_draft(found.id, 4, {"last_name": "Kept?", name: bad}, actor=actors.guardian)
        assert list(refused.value.fields) == [name]
    assert progress.steps_of(found.id)[4].data == {"first_name": "Noor", "birth_date": "soon"}, "nothing is kept"
    steps.submit(found.id, 4, make.student_information(), actor=actors.guardian)
    steps.save_draft(found.id, 5, {}, actor=actors.guardian)
    with pytest.raises(WrongState):
        steps.save_draft(found.id, 4, {"first_name": "Nora"}, actor=actors.guardian)


def test_what_somebody_else_has_entered_is_not_overwritten_unseen(db_session, actors):
    found, today = make.enrollment_at(3), school.today()
    opened = progress.steps_of(found.id)[3].updated_at - timedelta(seconds=9)
    empty = {"emergency_contact": "Aunt"}
    steps.save_draft(found.id, 3, {"emergency_contact": "A"}, actor=actors.guardian, version=opened)  # one's own
    steps.save_draft(found.id, 3, empty, actor=actors.guardian, version=opened)
    deciding.set_shadow_day([found.id], actor=actors.coach, shadow_day=today)
    with pytest.raises(Conflict):
        steps.save_draft(found.id, 3, empty, actor=actors.guardian, version=opened)
    with pytest.raises(Conflict):
        steps.submit(found.id, 3, make.shadow_day(), actor=actors.guardian, version=opened)
    seen = progress.steps_of(found.id)[3]
    assert seen.data == empty | {"shadow_day": today.isoformat()}
    steps.submit(found.id, 3, make.shadow_day(), actor=actors.guardian, version=seen.updated_at)
    assert status(db_session, found) == ("in_progress", 4)


def test_a_day_that_is_over_is_taken_when_the_coach_has_set_it(db_session, actors):
    found, over = make.enrollment_at(3), school.today() - timedelta(days=1)
    wanted = make.shadow_day(shadow_day=over.isoformat())
    steps.save_draft(found.id, 3, wanted, actor=actors.guardian)
    with pytest.raises(Invalid) as refused:  # kept as a draft, and yet theirs alone
        steps.submit(found.id, 3, wanted | {"waivers_signed": False}, actor=actors.guardian)
    assert set(refused.value.fields) == {"shadow_day", "waivers_signed"}
    steps.save_draft(found.id, 3, {}, actor=actors.guardian)
    deciding.set_shadow_day([found.id], actor=actors.coach, shadow_day=over)
    other = make.shadow_day(shadow_day=(over - timedelta(days=1)).isoformat())
    with pytest.raises(Invalid):
        steps.submit(found.id, 3, other, actor=actors.guardian)
    steps.submit(found.id, 3, wanted, actor=actors.guardian)
    steps.submit(found.id, 3, wanted | {"emergency_contact": "Aunt"}, actor=actors.guardian)
    assert status(db_session, found) == ("in_progress", 4)


@pytest.mark.parametrize("who", ["coach", "teacher", "staff"])
def test_only_the_family_and_the_office_fill_in(db_session, actors, who):
    found = make.enrollment()
    with pytest.raises((NotAllowed, NotFound)):
        steps.submit(found.id, 1, make.program(), actor=getattr(actors, who))
    steps.submit(found.id, 1, make.program(), actor=actors.admissions)


def test_records_that_cannot_be_made_stop_nobody(db_session, actors, uploads, monkeypatch):
    """The step is saved, the attempt is on record, and correcting it makes the records."""
    from app.services.records import creation

    def fault(*_arguments, **_values):
        raise RuntimeError

    found = make.enrollment_at(4)
    with monkeypatch.context() as broken:
        broken.setattr(creation.sets, "write", fault)
        steps.submit(found.id, 4, make.student_information(), actor=actors.guardian)
    assert status(db_session, found) == ("in_progress", 5)
    assert found.records_due_since is not None
    assert "record_creation_failed" in log(found)
    attempts = select(func.count()).where(RecordCreationAttempt.enrollment_id == found.id)
    assert db_session.scalar(attempts) == 1
    steps.submit(found.id, 4, make.student_information(middle_name="Jo"), actor=actors.guardian)
    assert status(db_session, found) == ("registered", 5)
    assert found.records_due_since is None
    with pytest.raises(WrongState, match="records exist"):
        steps.submit(found.id, 4, make.student_information(), actor=actors.guardian)


def test_the_setting_makes_records_at_the_last_step(app, db_session, actors, uploads, monkeypatch):
    monkeypatch.setitem(app.config, "ENROLLMENT_CREATE_RECORDS_AT_STEP", 6)
    found = make.enrollment_at(6)
    assert status(db_session, found) == ("in_progress", 6)
    assert found.student_id is None
    make.finish(found)
    assert status(db_session, found) == ("enrolled", 7)
    assert found.student_id is not None


def test_the_deposit_may_be_paid_before_the_documents_are_verified(db_session, actors, uploads):
    """Whichever comes last completes the enrollment."""
    found = make.enrollment_at(6)
    paid = {"payment_method": PaymentMethod.CARD, "deposit_amount": Decimal("99.50")}
    deciding.record_payment([found.id], actor=actors.admissions, **paid)
    assert status(db_session, found) == ("registered", 6)
    documents.verify([each.id for each in progress.documents_of(found.id).values()], actor=actors.admissions)
    assert status(db_session, found) == ("enrolled", 7)


@pytest.fixture
def asked_for_more(db_session, actors, uploads):
    """A family that has paid, all of whose documents are verified, before a new type was asked for."""
    found = make.enrollment_at(6)
    new = DOCUMENT_TYPES.create(
        {"code": "photo", "name": "Photo", "required": True, "active": True}, actor=actors.admin
    )
    make.finish(found)
    assert status(db_session, found) == ("registered", 6)
    return found, new


def test_a_document_that_is_asked_for_at_the_payment_is_the_familys_part(db_session, actors, asked_for_more, client_of):
    found, new = asked_for_more
    state = progress.of(found, progress.steps_of(found.id))
    said = "Still needed, at the step of the documents: Photo."
    assert (state.waits_for, str(state.reason)) == (WaitsFor.FAMILY, said)
    for page in (f"/me/enrollments/{found.id}", "/"):
        assert said in client_of("guardian").get(page).text
    sent = documents.upload(found.id, new.code, make.file(), actor=actors.guardian)
    assert progress.of(found, progress.steps_of(found.id)).waits_for is WaitsFor.OFFICE
    assert steps.settle_paid() == 0, "nobody has looked at it"
    documents.verify([sent.id], actor=actors.admissions)
    assert status(db_session, found) == ("enrolled", 7)


@pytest.mark.parametrize("changes", [{"required": False}, {"active": False}])
def test_a_document_that_is_not_asked_for_any_more_holds_nobody_up(db_session, actors, asked_for_more, changes):
    found, new = asked_for_more
    other = make.enrollment_at(6)
    DOCUMENT_TYPES.update(new.id, changes, actor=actors.admin)
    assert jobs.run("enrollments_settle", school.today()).rows == 1
    assert status(db_session, found) == ("enrolled", 7)
    assert status(db_session, other) == ("registered", 6), "not paid"
    assert jobs.run("enrollments_settle", school.today()).rows == 0


def test_verifying_again_completes_what_lacks_nothing(db_session, actors, asked_for_more):
    found, new = asked_for_more
    verified = [each.id for each in progress.documents_of(found.id).values()]
    assert documents.verify(verified, actor=actors.admissions).count("unchanged") == len(verified)
    DOCUMENT_TYPES.delete([new.id], actor=actors.admin)
    result = documents.verify(verified, actor=actors.admissions)
    assert (result.count("ok"), result.count("unchanged")) == (1, len(verified) - 1)
    assert status(db_session, found) == ("enrolled", 7)


def test_closing_and_opening_again(db_session, actors):
    found = make.enrollment_at(4)
    late = deciding.reject([make.enrollment_at(5).id], actor=actors.coach, reason="No").outcomes[0]
    assert isinstance(late.refusal, WrongState)
    deciding.reject([found.id], actor=actors.coach, reason="Not yet")
    assert status(db_session, found) == ("rejected", 4)
    assert found.coach_decision is CoachDecision.REJECTED
    with pytest.raises(WrongState, match="closed"):
        steps.submit(found.id, 4, make.student_information(), actor=actors.guardian)
    assert isinstance(deciding.reopen([found.id], actor=actors.coach).outcomes[0].refusal, NotAllowed)
    assert deciding.reopen([found.id], actor=actors.admissions).count("ok") == 1
    assert (status(db_session, found), found.coach_decision) == (("in_progress", 4), None)
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    assert found.status is EnrollmentStatus.WITHDRAWN
    assert isinstance(
        deciding.withdraw([found.id], actor=actors.admissions, reason="x").outcomes[0].refusal, WrongState
    )


def test_withdrawing_tells_the_records_of_the_student(db_session, actors):
    found = make.enrollment_at(5)
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    of_student = text("SELECT enrollment_status FROM student_program_extensions WHERE student_id = :id")
    assert db_session.scalar(of_student, {"id": found.student_id}) == "withdrawn"
    deciding.reopen([found.id], actor=actors.admissions)
    assert db_session.scalar(of_student, {"id": found.student_id}) == "registered"
    assert status(db_session, found) == ("registered", 5)


def test_the_log_is_only_appended_to(db_session, actors):
    found = make.enrollment()
    assert db_session.scalar(select(func.count()).where(EnrollmentEvent.enrollment_id == found.id)) == 1


@pytest.mark.parametrize(
    ("step", "changes", "field"),
    [
        (1, {"program_interests": []}, "program_interests"),
        (1, {"program_interests": ["Chess"]}, "program_interests"),
        (1, {"contact_method": "pigeon"}, "contact_method"),
        (1, {"expected_start_date": "1066-01-01"}, "expected_start_date"),
        (2, {"consultation_date": "2001-01-01"}, "consultation_date"),
        (2, {"consultation_type": ""}, "consultation_type"),
        (3, {"waivers_signed": False}, "waivers_signed"),
        (3, {"shadow_day": date.max.isoformat()}, "shadow_day"),
        (4, {"birth_date": "2999-01-01"}, "birth_date"),
        (4, {"birth_sex_descriptor": "x"}, "birth_sex_descriptor"),
        (4, {"races": ["Martian"]}, "races"),
        (4, {"hispanic_latino_ethnicity": "maybe"}, "hispanic_latino_ethnicity"),
        (4, {"guardian_phone": ""}, "guardian_phone"),
        (4, {"guardian_relation": "Boss"}, "guardian_relation"),
        (4, {"first_name": "a\0"}, "first_name"),
        (4, {"last_name": "x" * 81}, "last_name"),
        (6, {"deposit_amount": "-1"}, "deposit_amount"),
        (6, {"deposit_amount": "1e400"}, "deposit_amount"),
        (6, {"payment_method": "gold"}, "payment_method"),
    ],
)
def test_what_a_step_may_hold(app, step, changes, field):
    from app.services import inputs
    from app.services.enrollments.schemas import STEP_INPUTS

    raw = {1: make.program, 2: make.consultation, 3: make.shadow_day, 4: make.student_information, 6: make.payment}
    with app.app_context():
        inputs.parse(STEP_INPUTS[step], raw[step]())
        with pytest.raises(Invalid) as refused:
            inputs.parse(STEP_INPUTS[step], raw[step](**changes))
        assert list(refused.value.fields) == [field]


def test_an_enrollment_of_an_erased_student_stays_closed(db_session, actors, uploads):
    found = make.enrollment_at(5)
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    erasing.erase([found.student_id], actor=actors.admin, reason="asked")
    assert "deleted" in str(deciding.why_not_reopen(actors.admissions, found))
    refused = deciding.reopen([found.id], actor=actors.admissions).outcomes[0].refusal
    assert isinstance(refused, WrongState)
    assert status(db_session, found) == ("withdrawn", 5)
