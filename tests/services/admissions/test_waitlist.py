"""The waitlist: who comes first is offered first, one offer per free place, and offers end."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.models.admissions import Admission, WaitlistEntry
from app.models.courses import CourseTeacher
from app.models.leads import Lead
from app.models.notifications import Notification
from app.services import school
from app.services.admissions import actions, waitlist
from app.services.admissions.admit import admit
from app.services.admissions.places import Choice
from app.services.admissions.refusals import PlacesRefused
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.leads import actions as lead_actions
from app.services.leads import merging
from app.services.leads import unmerging as lead_unmerging
from app.services.records import erasing, unmerging
from app.services.records import merging as student_merging
from app.services.students import records as students
from tests.factories.admissions import admission
from tests.factories.courses import slot
from tests.factories.leads import lead
from tests.factories.students import student


@pytest.fixture
def full(db_session, actors, studio):
    """Both slots full; the two admissions."""
    return [admission(studio.slots, actor=actors.staff) for _n in range(2)]


def wait(studio, actor, who=None, slot=None):
    values = {"classroom_slot_id": (slot or studio.tuesday).id, "lead_id": (who or lead()).id}
    return waitlist.join(values, actor=actor)


def statuses(db_session):
    db_session.expire_all()
    return [each.status.value for each in db_session.scalars(select(WaitlistEntry).order_by(WaitlistEntry.position))]


def test_a_freed_place_is_offered_to_who_came_first(db_session, actors, studio, full):
    asked = lead(owner_id=actors.staff2.id)
    first, _second = wait(studio, actors.staff, asked), wait(studio, actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    assert statuses(db_session) == ["offered", "waiting"]
    assert first.expires_at is not None
    told = set(db_session.scalars(select(Notification.recipient_id).where(Notification.type == "waitlist_offered")))
    assert {actors.staff2.id, actors.admin.id} <= told


def test_who_freed_the_place_is_told_that_it_is_offered(db_session, actors, studio, full):
    """They may be the only one who can tell whoever waits."""
    wait(studio, actors.admin)
    db_session.execute(text("UPDATE ab_user SET active = false WHERE username <> 'admin'"))
    actions.cancel([full[0].id], actor=actors.admin)
    assert statuses(db_session) == ["offered"]
    told = db_session.scalars(select(Notification.recipient_id).where(Notification.type == "waitlist_offered"))
    assert list(told) == [actors.admin.id]


def test_an_offered_place_is_held(db_session, actors, studio, full):
    asked = lead()
    wait(studio, actors.staff, asked)
    actions.cancel([full[0].id], actor=actors.staff)
    with pytest.raises(PlacesRefused) as refused:
        admission(studio.slots, actor=actors.staff)
    [problem] = refused.value.problems
    assert (problem.code, problem.place.offered) == ("full", 1)
    made = admission(studio.slots, actor=actors.staff, lead_id=asked.id)
    assert statuses(db_session) == ["accepted"]
    assert db_session.scalars(select(WaitlistEntry.admission_id)).one() == made.id
    counted = db_session.execute(
        text("SELECT enrolled, offered FROM classroom_slots WHERE id = :id"), {"id": studio.tuesday.id}
    ).one()
    assert tuple(counted) == (2, 0)


def test_an_offer_that_nobody_takes_goes_to_the_next(db_session, actors, studio, full):
    wait(studio, actors.staff)
    wait(studio, actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    assert waitlist.expire() == 0
    db_session.execute(text("UPDATE waitlist_entries SET expires_at = now() - interval '1 s' WHERE status = 'offered'"))
    assert waitlist.expire() == 1
    assert statuses(db_session) == ["expired", "offered"]
    assert waitlist.expire() == 0


def test_withdrawing_gives_the_place_to_the_next(db_session, actors, studio, full):
    first = wait(studio, actors.staff)
    wait(studio, actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    assert [each.state for each in waitlist.withdraw([first.id], actor=actors.staff).outcomes] == ["ok"]
    assert statuses(db_session) == ["withdrawn", "offered"]
    assert [each.state for each in waitlist.withdraw([first.id], actor=actors.staff).outcomes] == ["unchanged"]


def test_pausing_offers_the_places_too(db_session, actors, studio, full):
    wait(studio, actors.staff)
    actions.pause([full[0].id], actor=actors.staff)
    assert statuses(db_session) == ["offered"]


def test_the_waitlist_is_for_full_slots(db_session, actors, studio):
    with pytest.raises(WrongState):
        wait(studio, actors.staff)


def test_nobody_waits_twice_for_one_slot(db_session, actors, studio, full):
    asked = lead()
    wait(studio, actors.staff, asked)
    with pytest.raises(Conflict) as refused:
        wait(studio, actors.staff, asked)
    assert "lead_id" in refused.value.fields
    wait(studio, actors.staff, asked, studio.friday)


def test_what_is_typed_wrong_is_told(db_session, actors, studio, full):
    with pytest.raises(Invalid):
        waitlist.join({"classroom_slot_id": studio.tuesday.id}, actor=actors.staff)
    with pytest.raises(Invalid):
        waitlist.join(
            {"classroom_slot_id": studio.tuesday.id, "lead_id": lead().id, "student_id": student().id},
            actor=actors.staff,
        )
    with pytest.raises(NotAllowed):
        wait(studio, actors.teacher)


def test_never_more_offers_than_free_places(db_session, actors, studio, full):
    for _n in range(4):
        wait(studio, actors.staff)
    actions.cancel([each.id for each in full], actor=actors.staff)
    assert statuses(db_session) == ["offered", "offered", "waiting", "waiting"]


def test_nobody_who_is_gone_or_has_a_place_is_offered_one(db_session, actors, studio, full):
    gone, waiting = lead(), lead()
    wait(studio, actors.staff, gone)
    wait(studio, actors.staff, waiting)
    lead_actions.delete([gone.id], actor=actors.admin)
    actions.cancel([full[0].id], actor=actors.staff)
    assert statuses(db_session) == ["waiting", "offered"]


def test_who_has_a_place_does_not_wait_for_it(db_session, actors, studio, full):
    with pytest.raises(WrongState, match="already has a place"):
        waitlist.join({"classroom_slot_id": studio.tuesday.id, "student_id": full[0].student_id}, actor=actors.staff)


def test_an_offer_to_a_lead_serves_the_student_that_they_became(db_session, actors, studio, full):
    asked = lead()
    other = admission([studio.saturday], actor=actors.staff, lead_id=asked.id)
    wait(studio, actors.staff, asked)
    actions.cancel([full[0].id], actor=actors.staff)
    admission(studio.slots, actor=actors.staff, student_id=other.student_id)
    assert statuses(db_session) == ["accepted"]


def test_any_teacher_means_first_the_one_whose_place_is_held(db_session, actors, studio, full):
    asked = lead()
    wait(studio, actors.staff, asked)
    actions.cancel([full[0].id], actor=actors.staff)
    db_session.add(CourseTeacher(course_id=studio.course.id, teacher_id=actors.teacher2.id))
    db_session.commit()
    empty = slot(studio.course, actors.teacher2.id, 1, "16:00", capacity=8)
    any_teacher = [Choice(studio.tuesday.time_slot_id), Choice(studio.friday.time_slot_id)]
    values = {
        "course_id": studio.course.id,
        "plan_id": studio.plan.id,
        "starts_on": school.today(),
        "slots": any_teacher,
    }
    made = admit(values | {"lead_id": asked.id}, actor=actors.staff)
    assert studio.tuesday.id in {each.id for each in made.slots}
    assert empty.id not in {each.id for each in made.slots}


def test_a_students_offer_leads_to_their_own_page(db_session, actors, client_of, studio, full):
    own = student(user_id=actors.student.id)
    entry = waitlist.join({"classroom_slot_id": studio.tuesday.id, "student_id": own.id}, actor=actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    told = db_session.scalars(
        select(Notification).where(
            Notification.type == "waitlist_offered", Notification.recipient_id == actors.student.id
        )
    ).one()
    page = client_of("student").get(told.link, follow_redirects=True)
    assert page.status_code == 200
    assert studio.course.name in page.text
    assert client_of("student").get(f"/waitlist/{entry.id}").status_code in (403, 404)


def test_only_entries_that_are_there_are_withdrawn(db_session, actors, studio, full):
    [outcome] = waitlist.withdraw([uuid4()], actor=actors.staff).outcomes
    assert isinstance(outcome.refusal, NotFound)
    with pytest.raises(NotAllowed):
        waitlist.withdraw([uuid4()], actor=actors.teacher)


def test_merged_leads_wait_as_one_and_stay_one_student(db_session, actors, studio, full):
    gone, kept = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff.id)
    first = admission([studio.saturday], actor=actors.staff, lead_id=gone.id)
    wait(studio, actors.staff, gone)
    wait(studio, actors.staff, gone, studio.friday)
    wait(studio, actors.staff, kept, studio.friday)
    [done] = merging.merge([gone.id], actor=actors.staff, into_id=kept.id).outcomes
    assert statuses(db_session) == ["waiting", "withdrawn", "waiting"]
    assert "Admissions 1, Places in waitlists 1. Where both wait for the same class, one goes on" in str(done.message)
    actions.cancel([full[0].id], actor=actors.staff)
    assert admission(studio.slots, actor=actors.staff, lead_id=kept.id).student_id == first.student_id
    lead_unmerging.undo_merge([gone.id], actor=actors.staff)
    assert db_session.get(Admission, first.id).lead_id == gone.id


@pytest.mark.parametrize("freed", [False, True])
def test_who_waited_before_a_merge_waits_again_when_it_is_undone(db_session, actors, studio, full, freed):
    gone, kept = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff.id)
    wait(studio, actors.staff, gone)
    wait(studio, actors.staff, kept)
    ended = wait(studio, actors.staff, gone, studio.friday)
    waitlist.withdraw([ended.id], actor=actors.staff)
    merging.merge([gone.id], actor=actors.staff, into_id=kept.id)
    assert statuses(db_session) == ["withdrawn", "waiting", "withdrawn"]
    if freed:
        actions.cancel([each.id for each in full], actor=actors.staff)
    lead_unmerging.undo_merge([gone.id], actor=actors.staff)
    state = "offered" if freed else "waiting"
    assert statuses(db_session) == [state, state, "withdrawn"]
    entries = db_session.scalars(select(WaitlistEntry).order_by(WaitlistEntry.position)).all()
    assert [each.lead_id for each in entries] == [gone.id, kept.id, gone.id]


def places_of(db_session, slot):
    statement = text("SELECT capacity, enrolled, offered FROM classroom_slots WHERE id = :id")
    return tuple(db_session.execute(statement, {"id": slot.id}).one())


def who_waits(db_session):
    """Whose each entry is, and how it stands, in the order in which they came."""
    db_session.expire_all()
    entries = db_session.scalars(select(WaitlistEntry).order_by(WaitlistEntry.position))
    return [(each.lead_id or each.student_id, each.status.value) for each in entries]


@pytest.fixture(params=["lead", "student"])
def people(request, actors):
    """Who waits, how they join, are merged into another and back, and are deleted."""
    if request.param == "lead":
        made, parts, delete = lead, (merging.merge, lead_unmerging.undo_merge), lead_actions.delete
    else:
        made, delete = student, students.delete
        parts = student_merging.merge, lambda ids, *, actor: unmerging.undo_latest([into.pop()], actor=actor)
    into = []

    def join(who, slot):
        values = {"classroom_slot_id": slot.id, f"{request.param}_id": who}
        return waitlist.join(values, actor=actors.staff)

    def merge(gone, kept):
        into.append(kept)
        parts[0]([gone], actor=actors.admin, into_id=kept)

    def undo(gone):
        parts[1]([gone], actor=actors.admin)

    return SimpleNamespace(
        new=lambda: made().id, join=join, merge=merge, undo=undo, delete=lambda who: delete([who], actor=actors.admin)
    )


def test_an_offer_goes_to_the_duplicate_that_stays(db_session, actors, studio, full, people):
    """What they waited for besides is withdrawn, and on the list again when the merge is taken back."""
    gone, kept = people.new(), people.new()
    for each in (gone, kept):
        people.join(each, studio.tuesday)
    actions.cancel([full[0].id], actor=actors.staff)
    assert who_waits(db_session) == [(gone, "offered"), (kept, "waiting")]
    people.merge(gone, kept)
    assert who_waits(db_session) == [(kept, "offered"), (kept, "withdrawn")]
    assert places_of(db_session, studio.tuesday) == (2, 1, 1)
    people.undo(gone)
    assert who_waits(db_session) == [(gone, "offered"), (kept, "waiting")]


def test_who_takes_over_an_offer_may_use_it(db_session, actors, studio, full, people):
    gone, kept = people.new(), people.new()
    for each in (gone, kept):
        people.join(each, studio.tuesday)
    actions.cancel([full[0].id], actor=actors.staff)
    people.merge(gone, kept)
    person = "lead_id" if db_session.get(Lead, kept) else "student_id"
    admission([studio.tuesday], actor=actors.staff, **{person: kept})
    assert who_waits(db_session) == [(kept, "accepted"), (kept, "withdrawn")]
    assert places_of(db_session, studio.tuesday) == (2, 2, 0)


def test_of_two_offers_to_one_person_the_next_gets_one(db_session, actors, studio, full, people):
    gone, kept, third = people.new(), people.new(), people.new()
    for each in (gone, kept, third):
        people.join(each, studio.tuesday)
    actions.cancel([each.id for each in full], actor=actors.staff)
    people.merge(gone, kept)
    assert who_waits(db_session) == [(kept, "withdrawn"), (kept, "offered"), (third, "offered")]
    people.undo(gone)
    assert who_waits(db_session) == [(gone, "waiting"), (kept, "offered"), (third, "offered")]


def test_who_waits_anew_since_a_merge_is_on_the_list_once(db_session, actors, studio, full, people):
    gone, kept = people.new(), people.new()
    entry = people.join(gone, studio.tuesday)
    people.join(kept, studio.tuesday)
    actions.cancel([full[0].id], actor=actors.staff)
    people.merge(gone, kept)
    waitlist.withdraw([entry.id], actor=actors.staff)
    admission([studio.tuesday], actor=actors.staff)
    people.join(kept, studio.tuesday)
    people.undo(gone)
    assert who_waits(db_session) == [(gone, "withdrawn"), (kept, "withdrawn"), (kept, "waiting")]


def test_who_is_deleted_gives_the_place_to_the_next(db_session, actors, studio, full, people):
    gone, second = people.new(), people.new()
    for each in (gone, second):
        people.join(each, studio.tuesday)
    people.join(gone, studio.friday)
    actions.pause([full[0].id], actor=actors.staff)
    assert statuses(db_session) == ["offered", "waiting", "offered"]
    [done] = people.delete(gone).outcomes
    assert (done.state, done.message) == ("ok", "2 places that were offered go to the next who wait.")
    assert statuses(db_session) == ["withdrawn", "offered", "withdrawn"]
    assert places_of(db_session, studio.friday) == (2, 1, 0)


def test_who_is_deleted_and_only_waits_waits_again_when_restored(db_session, actors, studio, full):
    gone = lead()
    wait(studio, actors.staff, gone)
    lead_actions.delete([gone.id], actor=actors.admin)
    assert statuses(db_session) == ["waiting"]
    lead_actions.restore([gone.id], actor=actors.admin)
    actions.cancel([full[0].id], actor=actors.staff)
    assert statuses(db_session) == ["offered"]


def test_who_is_erased_gives_the_place_to_the_next(db_session, actors, studio, full):
    gone = student()
    for who in (gone, student()):
        waitlist.join({"classroom_slot_id": studio.tuesday.id, "student_id": who.id}, actor=actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    erasing.erase([gone.id], actor=actors.admin, reason="asked")
    assert statuses(db_session) == ["withdrawn", "offered"]


def test_nobody_waits_as_a_lead_and_as_the_student_that_they_became(db_session, actors, studio, full):
    asked, later = lead(), lead()
    became = {
        each.id: admission([studio.saturday], actor=actors.staff, lead_id=each.id).student_id for each in (asked, later)
    }
    wait(studio, actors.staff, asked)
    as_student = {"classroom_slot_id": studio.tuesday.id, "student_id": became[asked.id]}
    for _again in range(2):
        with pytest.raises(Conflict) as refused:
            waitlist.join(as_student, actor=actors.staff)
        assert "student_id" in refused.value.fields
    waitlist.join(as_student | {"student_id": became[later.id]}, actor=actors.staff)
    with pytest.raises(Conflict) as refused:
        wait(studio, actors.staff, later)
    assert "lead_id" in refused.value.fields
    assert statuses(db_session) == ["waiting", "waiting"]


def test_an_admission_ends_all_that_one_person_has_on_the_waitlist(db_session, actors, studio, full):
    """They joined as a lead and as a student, while that could be done: two places are held, and one is taken."""
    asked = lead()
    became = admission([studio.saturday], actor=actors.staff, lead_id=asked.id).student_id
    wait(studio, actors.staff, asked)
    db_session.add(WaitlistEntry(student_id=became, classroom_slot_id=studio.tuesday.id))
    db_session.commit()
    wait(studio, actors.staff)
    actions.cancel([each.id for each in full], actor=actors.staff)
    assert statuses(db_session) == ["offered", "offered", "waiting"]
    made = admission([studio.tuesday], actor=actors.staff, student_id=became)
    assert statuses(db_session) == ["accepted", "accepted", "offered"]
    led = db_session.scalars(select(WaitlistEntry.admission_id).order_by(WaitlistEntry.position)).all()
    assert list(led) == [made.id, made.id, None]


def test_who_only_waits_and_is_admitted_does_not_wait_any_more(db_session, actors, studio, full):
    asked = lead()
    wait(studio, actors.staff, asked)
    db_session.execute(text("UPDATE classroom_slots SET capacity = 5"))
    db_session.commit()
    admission(studio.slots, actor=actors.staff, lead_id=asked.id)
    assert statuses(db_session) == ["accepted"]
