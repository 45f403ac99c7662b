"""What erasing finds beside the records themselves, and whom it spares."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import IdempotencyKey, User, UserSession
from app.models.admissions import AdmissionPayment
from app.models.assistants import HelpDeskAssistant, RegistrationRequest
from app.models.classroom import Attendance, ClassCredit
from app.models.credentials import Letter
from app.models.enrollments import DocumentType, EnrollmentDocument, EnrollmentStep
from app.models.history import RowHistory
from app.models.leads import Lead
from app.models.notifications import Notification, NotificationEvent, NotificationType
from app.models.requests import AccessRequest
from app.models.student_records import Guardian
from app.models.test_sessions import AllocationRun, RoomAllocation
from app.models.venues import RoomStatus
from app.services import accounts, idempotency, school
from app.services.admissions import actions, waitlist
from app.services.allocation_plans import runs
from app.services.assistants import deciding
from app.services.enrollments import documents
from app.services.leads import merging as leads_merging
from app.services.notifications import Notice, notify
from app.services.records import creation, erasing, giving_out, merging, monitoring
from app.services.transaction import transactional
from tests.factories import seating
from tests.factories.admissions import admission
from tests.factories.assistants import registration
from tests.factories.courses import course, slot
from tests.factories.leads import lead
from tests.factories.records import STUDENT, enrollment
from tests.factories.students import student
from tests.services.records.test_merging import everywhere

pytestmark = pytest.mark.usefixtures("db_session")
NOTICE = NotificationType.ENROLLMENT_STEP_COMPLETED


def enrolled(actors, **changes):
    one = enrollment(student=STUDENT | changes, steps=6, status="in_progress")
    transactional(creation.create_records)(one, actor=actors.guardian)
    db.session.execute(
        text("UPDATE enrollments SET status = 'enrolled', enrolled_at = now() WHERE id = :id"), {"id": one.id}
    )
    db.session.commit()
    db.session.refresh(one)
    return one


def erase(key, actors):
    result = erasing.erase([key], actor=actors.admin, reason="asked")
    db.session.expire_all()
    return result


def document(one, content=b"%PDF-1.4 Qwertz", stored=True):
    code = db.session.scalars(select(DocumentType.code).order_by(DocumentType.code)).first()
    made = EnrollmentDocument(
        enrollment_id=one.id,
        document_type=code,
        file_name="birth.pdf",
        content_type="application/pdf",
        size=len(content),
        sha256=documents.store(content) if stored else "0" * 64,
    )
    db.session.add(made)
    db.session.commit()
    return made


@pytest.mark.parametrize("stored", [True, False])
def test_a_person_gets_their_documents_or_is_told_which_are_missing(actors, app, tmp_path, monkeypatch, stored):
    monkeypatch.setitem(app.config, "UPLOADS_DIR", str(tmp_path))
    one = enrolled(actors)
    document(one, stored=stored)
    _name, content = giving_out.archive(one.student_id, actors.admissions)
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        missing = json.loads(bundle.read("data.json"))["missing_files"]
        kept = [name for name in bundle.namelist() if name != "data.json"]
        assert (kept, missing) == ((["documents/01-birth.pdf"], []) if stored else ([], ["documents/01-birth.pdf"]))
        assert not stored or bundle.read(kept[0]) == b"%PDF-1.4 Qwertz"


def test_notices_of_steps_documents_and_classes_are_gone(actors):
    one, other = enrolled(actors), student()
    step = db.session.scalars(select(EnrollmentStep.id).where(EnrollmentStep.enrollment_id == one.id)).first()
    for key in (step, document(one, stored=False).id, one.id, other.id):
        transactional(notify)(NOTICE, "enrollments", [Notice(actors.coach.id, key, f"Zoë {key}", "", "/")])
    erase(one.student_id, actors)
    assert [each.entity_id for each in db.session.scalars(select(Notification))] == [str(other.id)]
    assert db.session.scalar(select(NotificationEvent.id).limit(1)) is not None  # events stay, without names


def test_notes_of_money_seats_and_classes_are_gone(actors):
    known = admission([slot(course([actors.teacher.id]), actors.teacher.id, 1, "16:00")], actor=actors.admin)
    mark = db.session.scalars(select(Attendance).where(Attendance.admission_id == known.id)).first()
    transactional(notify)(
        NotificationType.CLASS_MOVED, "attendance", [Notice(actors.teacher.id, f"{mark.id}:2", "Qwertz", "", "/")]
    )
    payment = db.session.scalars(select(AdmissionPayment).where(AdmissionPayment.admission_id == known.id)).one()
    payment.note = "Qwertz pays"
    credit = ClassCredit(admission_id=known.id, classes=1, reason="granted", note="Qwertz was ill")
    hall = seating.venue()
    room = seating.room(hall, 2)
    held, to_come = (seating.session(hall, status=status) for status in ("completed", "open"))
    seat, left, given_up = (
        seating.allocation(each, room, known.student_id, "1", notes="Qwertz sits in front")
        for each in (held, to_come, seating.session(hall))
    )
    kept, gone = seat.id, left.id
    db.session.delete(given_up)
    db.session.add(credit)
    db.session.execute(text("UPDATE admissions SET status = 'cancelled' WHERE id = :id"), {"id": known.id})
    db.session.commit()
    erase(known.student_id, actors)
    assert (payment.note, credit.note, db.session.get(RoomAllocation, kept).notes) == (None, None, None)
    assert db.session.get(RoomAllocation, gone) is None
    assert everywhere("qwertz") == []
    assert db.session.scalars(select(Notification).where(Notification.title == "Qwertz")).all() == []
    said = select(RowHistory).where(RowHistory.table_name.in_(["admission_payments", "room_allocations"]))
    assert db.session.scalars(said).all() == []


def test_a_lead_that_was_merged_and_a_place_in_a_waitlist_are_gone(actors):
    classroom = slot(course([actors.teacher.id]), actors.teacher, 1, "16:00", capacity=1)
    first = admission([classroom], actor=actors.staff, starts_on=school.today())
    kept, between, gone = (lead(first_name="Zyx", last_name=f"Qwertz {name}").id for name in ("one", "two", "three"))
    leads_merging.merge([gone], actor=actors.admin, into_id=between)
    leads_merging.merge([between], actor=actors.admin, into_id=kept)
    waitlist.join({"classroom_slot_id": classroom.id, "lead_id": kept, "notes": "Qwertz is ill"}, actor=actors.staff)
    actions.cancel([first.id], actor=actors.staff)
    known = admission([classroom], actor=actors.staff, lead_id=kept)
    actions.cancel([known.id], actor=actors.staff)
    other = lead(last_name="Other").id
    told = giving_out.collect(known.student_id, actors.admin)["tables"]
    assert [row["notes"] for row in told["waitlist_entries"]] == ["Qwertz is ill"] and len(told["leads"]) == 3
    assert {"leads", "waitlist_entries", "notifications", "row_history"} <= set(everywhere("qwertz"))
    erase(known.student_id, actors)
    assert everywhere("qwertz") == []
    phones = [db.session.get(Lead, key).phone for key in (kept, between, gone)]
    assert phones == ["+10000"] * 3 and db.session.get(Lead, other).last_name == "Other"


def test_a_lead_that_another_student_came_from_too_stays_with_those_merged_into_it(actors):
    classroom = slot(course([actors.teacher.id]), actors.teacher, 1, "16:00")
    kept, gone = lead(last_name="Shared").id, lead(last_name="Merged").id
    leads_merging.merge([gone], actor=actors.admin, into_id=kept)
    known = admission([classroom], actor=actors.staff, lead_id=kept)
    actions.cancel([known.id], actor=actors.staff)
    other = admission([classroom], actor=actors.staff)
    db.session.execute(text("UPDATE admissions SET lead_id = :lead WHERE id = :id"), {"lead": kept, "id": other.id})
    db.session.commit()
    erase(known.student_id, actors)
    assert [db.session.get(Lead, key).last_name for key in (kept, gone)] == ["Shared", "Merged"]


def test_notes_on_seats_are_gone_from_the_runs_that_emptied_them(actors):
    hall = seating.venue()
    lost, _other = seating.room(hall, 3), seating.room(hall, 3)
    to_come = seating.session(hall)
    erased, removed, stays = seating.registered(to_come, 3)
    for number, key in enumerate((erased, removed, stays), 1):
        seating.allocation(to_come, lost, key, str(number), notes=f"Qwertz {number}")
    seating.cancel(to_come.id, removed)
    lost.status = RoomStatus.UNAVAILABLE
    db.session.commit()
    runs.repair_allocation([to_come.id], actor=actors.admin)
    erase(erased, actors)
    erase(removed, actors)
    assert everywhere("qwertz 1") == everywhere("qwertz 2") == []
    summary = db.session.scalars(select(AllocationRun)).one().summary
    assert [row["notes"] for row in summary["removed"]] == [None]
    assert {row["student_id"]: row["notes"] for row in summary["moved"]} == {str(erased): None, str(stays): "Qwertz 3"}
    assert summary["moved"][0]["seat_number"] == "1"


def applied(actors, **values):
    """The keys of an assistant's student and of the application."""
    made = registration(first_name="Zoë", last_name="Qwertz", email="zoe@qwertz.org", username="qwertz", **values)
    deciding.approve([made.id], actor=actors.admin)
    db.session.expire_all()
    return db.session.get(HelpDeskAssistant, made.assistant_id), made


def test_an_assistant_is_erased_with_account_application_and_times(actors):
    found, request = applied(actors, phone="+442079460018", degree="Qwertz studies")
    assistant, student_id, user_id, request_id = found.id, found.student_id, request.user_id, request.id
    result = erase(student_id, actors)
    assert everywhere("qwertz") == [] and everywhere("442079460018") == []
    assert db.session.get(RegistrationRequest, request_id) is None
    account = db.session.get(User, user_id)
    assert (account.active, account.password, account.username) == (False, None, f"erased-{user_id}")
    assert not db.session.get(HelpDeskAssistant, assistant).active  # the shifts stay, of somebody without a name
    assert db.session.execute(text("SELECT FROM availability UNION ALL SELECT FROM course_capabilities")).all() == []
    assert "shifts at the help desk" in str(result.outcomes[0].message)
    again = erasing.erase([student(last_name="Other").id], actor=actors.admin, reason="asked")
    assert "help desk" not in str(again.outcomes[0].message)


def test_an_assistant_who_also_works_here_keeps_the_account(actors):
    found, request = applied(actors)
    user_id = request.user_id
    accounts.set_roles(user_id, ["Assistant", "Staff"], actor=actors.super_admin)
    erase(found.student_id, actors)
    assert db.session.get(User, user_id).active


def test_an_application_that_waits_goes_with_its_address_unless_another_has_it_too(actors):
    alone, shared = student(email="alone@qwertz.org").id, student(email="both@qwertz.org").id
    student(email="Both@qwertz.org")
    one, both = registration(email="Alone@qwertz.org").id, registration(email="both@qwertz.org").id
    erase(alone, actors)
    erase(shared, actors)
    assert db.session.get(RegistrationRequest, one) is None
    assert db.session.get(RegistrationRequest, both) is not None


def test_an_assistant_gets_the_application_and_the_times(actors):
    found, _request = applied(actors)
    told = giving_out.collect(found.student_id, actors.admin)["tables"]
    assert [row["email"] for row in told["registration_requests"]] == ["zoe@qwertz.org"]
    assert "password_hash" not in told["registration_requests"][0]
    assert len(told["availability"]) == 2 and len(told["course_capabilities"]) == 1
    assert [row["username"] for row in told["accounts"]] == ["qwertz"]


def test_letters_to_addresses_of_theirs_are_gone_also_to_old_ones(actors):
    one = enrolled(actors, guardian_email="first@qwertz.org")
    guardian = db.session.scalars(select(Guardian)).one()
    guardian.email = "now@qwertz.org"
    db.session.commit()
    for email in ("First@qwertz.org", "now@qwertz.org", "maj@example.org", "somebody@else.org"):
        db.session.add(Letter(kind="password_reset", email=email))
    db.session.add(Letter(kind="enrollment_invitation", email="x@y.org", payload={"id": str(one.invitation_id)}))
    db.session.commit()
    erase(one.student_id, actors)
    assert db.session.scalars(select(Letter.email)).all() == ["somebody@else.org"]


def test_letters_to_an_address_that_another_has_too_stay(actors):
    one = enrolled(actors)
    enrolled(actors, first_name="Ida")
    db.session.add(Letter(kind="password_reset", email="maj@example.org"))
    db.session.commit()
    erase(one.student_id, actors)
    assert db.session.scalars(select(Letter.email)).all() == ["maj@example.org"]


def test_logins_of_an_erased_account_are_gone(actors):
    child, other = accounts.find("student"), accounts.find("teacher")
    for user in (child, other):
        values = {"user_id": user.id, "kind": "web", "token_hash": f"{user.id:064}", "ip_address": "192.0.2.1"}
        db.session.add(UserSession(**values, expires_at=text("now() + interval '1 day'")))
    key = student(user_id=child.id).id
    erase(key, actors)
    assert db.session.scalars(select(UserSession.user_id)).all() == [other.id]


def test_requests_for_an_account_and_the_last_page_are_gone(actors):
    one = enrolled(actors)
    guardian = db.session.scalars(select(Guardian)).one()
    db.session.execute(text("INSERT INTO last_pages VALUES (:id, '/me/')"), {"id": guardian.user_id})
    for email in (guardian.email.upper(), "other@school.example"):
        asked = {"email": email, "first_name": "Zuzu", "last_name": "Qwertz", "requested_role": "Guardian"}
        db.session.add(AccessRequest(**asked, reason="Zuzu is my child"))
    db.session.commit()
    db.session.execute(text("UPDATE enrollments SET status = 'withdrawn', enrolled_at = NULL"))
    erase(one.student_id, actors)
    assert db.session.scalars(select(AccessRequest.email)).all() == ["other@school.example"]
    assert db.session.scalar(text("SELECT count(*) FROM last_pages")) == 0
    kept = "SELECT count(*) FROM row_history WHERE table_name = 'access_requests' AND before::text LIKE '%Zuzu%'"
    assert db.session.scalar(text(kept)) == 0


def test_an_account_that_is_the_login_of_another_too_stays(actors):
    one, login = enrolled(actors), accounts.find("guardian").id
    sibling = student(user_id=login).id
    db.session.execute(text("UPDATE enrollments SET status = 'withdrawn', enrolled_at = NULL"))
    erase(one.student_id, actors)
    user = db.session.get(User, login)
    assert user.active and user.username == "guardian"
    db.session.add(Guardian(first_name="Maj", last_name="Okoye", user_id=login))
    db.session.commit()
    erase(sibling, actors)
    assert db.session.get(User, login).active


@pytest.mark.parametrize(("status", "left"), [("in_progress", 1), ("withdrawn", 0)])
def test_a_guardian_who_enrolls_another_child_stays(actors, status, left):
    one = enrolled(actors)
    enrollment(steps=2, status=status)
    erase(one.student_id, actors)
    assert db.session.query(Guardian).count() == left


def test_counts_agree_after_erasing_and_merging(actors):
    erased, gone = enrolled(actors), enrolled(actors, first_name="Ida")
    kept, away = student(student_unique_id="OWN-1").id, enrolled(actors, first_name="Ole")
    erase(erased.student_id, actors)
    merging.merge([gone.student_id], actor=actors.admin, into_id=kept)
    merging.merge([away.student_id], actor=actors.admin, into_id=kept)
    assert {(each.expected, each.found) for each in monitoring.counts()} == {(1, 1)}


def test_what_forms_and_programs_were_answered_is_gone(actors):
    """It has names, and is otherwise kept for a day."""
    one, other = student(first_name="Zebediah"), student(first_name="Kept")
    for each in (one, other):
        told = {"title": each.first_name, "url": f"/students/{each.id}", "more": ""}
        idempotency.once(str(each.id), "form", lambda told=told: told, actor=actors.admin)
    erase(one.id, actors)
    assert [each["title"] for each in db.session.scalars(select(IdempotencyKey.answer))] == ["Kept"]
