"""Every rule: broken on purpose it is found, and repaired where that needs nobody's word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import integrity, school
from app.services.admissions import waitlist
from app.services.records import creation
from tests.factories.admissions import admission
from tests.factories.broken import run, unguarded
from tests.factories.courses import course, slot
from tests.factories.records import enrollment
from tests.factories.students import student

AREAS = ("UPDATE admissions SET status = 'cancelled' WHERE id = :admission",)
# rule -> what breaks it; `:admission`, `:slot`, `:other`, `:student`, `:staff` name records of the test.
BREAKING = {
    "slot_counters": ["UPDATE classroom_slots SET enrolled = 3, offered = 1 WHERE id = :slot"],
    "slot_teacher": [
        "DELETE FROM classroom_slot_teachers WHERE classroom_slot_id = :slot",
        "UPDATE classroom_slots SET teacher_id = :staff WHERE id = :other",
    ],
    "place_of_the_gone": AREAS,
    "class_of_the_gone": AREAS,
    "payment_missing": ["DELETE FROM admission_payments WHERE admission_id = :admission"],
    "payment_amount": ["UPDATE admission_payments SET amount = 1 WHERE admission_id = :admission"],
    "group_without_role": ["DELETE FROM ab_group WHERE name = 'Engineer'"],
    "super_admin_outside": [],
    "staged_without_request": [
        "INSERT INTO registration_courses (registration_id, course_id) SELECT gen_random_uuid(), course_id FROM classroom_slots"
    ],
    "delivery_without_notice": [
        "INSERT INTO notification_deliveries (notification_id, recipient_id) VALUES (gen_random_uuid(), :staff)"
    ],
    "notice_without_recipient": [
        "INSERT INTO notifications (recipient_id, type, title, entity_type, entity_id, dedup_day)"
        " VALUES (999999, 'broadcast', 'Hello', 'x', 'x', current_date)"
    ],
    "records_not_due_any_more": ["UPDATE enrollments SET records_due_since = now()"],
    "records_of_enrolled": [
        "UPDATE enrollments SET status = 'enrolled', enrolled_at = now(), current_step = 7",
    ],
    "guardians_are_agents": ["DELETE FROM oneroster_agents"],
    # for people
    "records_overdue": [
        "UPDATE enrollments SET status = 'in_progress', student_id = NULL, records_due_since = now() - interval '2 days'"
    ],
    "records_without_attempt": ["DELETE FROM record_creation_attempts"],
    "records_incomplete": ["DELETE FROM student_school_associations"],
    "slot_overfull": [
        "ALTER TABLE classroom_slots DROP CONSTRAINT ck_classroom_slots_places",
        "UPDATE classroom_slots SET capacity = 1",
        "INSERT INTO classroom_enrollments (student_id, classroom_slot_id, admission_id) VALUES (:student, :slot, :admission)",
    ],
    "day_overfull": [
        "UPDATE classroom_slots SET capacity = 1",
        "INSERT INTO attendance (student_id, admission_id, classroom_slot_id, class_date, starts_at, ends_at, makeup)"
        " SELECT :student, admission_id, classroom_slot_id, class_date, starts_at, ends_at, true FROM attendance LIMIT 1",
    ],
    "room_doubled": [
        "ALTER TABLE classroom_slots DROP CONSTRAINT ex_classroom_slots_room, DROP CONSTRAINT ex_classroom_slots_teacher",
        "UPDATE classroom_slots SET room = 'Blue', week_minutes = (SELECT week_minutes FROM classroom_slots WHERE id = :slot)",
    ],
    "teacher_doubled": [
        "ALTER TABLE classroom_slots DROP CONSTRAINT ex_classroom_slots_teacher",
        "UPDATE classroom_slots SET week_minutes = (SELECT week_minutes FROM classroom_slots WHERE id = :slot)",
    ],
    "student_in_two_places": [
        "INSERT INTO attendance (student_id, admission_id, classroom_slot_id, class_date, starts_at, ends_at, makeup)"
        " SELECT student_id, admission_id, CASE classroom_slot_id WHEN :slot THEN :other ELSE :slot END, class_date,"
        " starts_at + interval '5 minutes', ends_at, true FROM attendance ORDER BY starts_at DESC LIMIT 1"
    ],
    "student_in_two_tests": [
        "INSERT INTO venues (code, name) VALUES ('V', 'Hall')",
        "INSERT INTO test_sessions (code, name, venue_id, session_date, start_time, end_time)"
        " SELECT hour, 'Test', id, current_date + 9, make_time(hour, 0, 0), make_time(hour + 2, 0, 0)"
        " FROM venues, (VALUES (9), (10)) starts (hour)",
        "INSERT INTO test_registrations (session_id, student_id) SELECT id, :student FROM test_sessions",
    ],
    "class_on_closed_day": ["UPDATE operating_days SET open = false"],
    "classes_missing": ["DELETE FROM attendance"],
    "classes_wrong": ["DELETE FROM attendance WHERE id = (SELECT id FROM attendance LIMIT 1)"],
    "classes_overplanned": [
        "INSERT INTO attendance (student_id, admission_id, classroom_slot_id, class_date, starts_at, ends_at, makeup)"
        " SELECT student_id, admission_id, :slot, class_date + 400, starts_at + interval '400 days', ends_at + interval '400 days', true"
        " FROM attendance LIMIT 1"
    ],
    "name_shared": [
        "DROP INDEX uq_ab_user_username_ci",
        "UPDATE ab_user SET username = 'STAFF' WHERE username = 'teacher2'",
    ],
    "super_admin_missing": ["UPDATE ab_user SET active = false WHERE username = 'super_admin'"],
    "reference_broken": ["UPDATE classroom_slots SET teacher_id = 999999 WHERE id = :slot"],
    "guard_missing": ["DROP INDEX uq_admissions_number"],
}


@pytest.fixture
def records(db_session, actors):
    """A student in two slots, and one who came by an enrollment."""
    creation.create_records(enrollment(), actor=actors.guardian)
    made = course([actors.teacher.id])
    slots = [slot(made, actors.teacher.id, day, "16:00") for day in (1, 4)]
    admitted = admission(slots, actor=actors.staff, starts_on=school.today() + timedelta(days=1))
    keys = {"admission": admitted.id, "slot": slots[0].id, "other": slots[1].id}
    return keys | {"student": student().id, "staff": actors.staff.id}


def broken() -> dict[str, int]:
    return {state.invariant.name: state.broken for state in integrity.examine("5s") if state.broken}


def spoil(name: str, records: dict) -> None:
    with unguarded():
        for statement in BREAKING[name]:
            used = {key: value for key, value in records.items() if f":{key}" in statement}
            run(statement, **used)


def test_every_rule_is_broken_here_or_with_the_profiles():
    others = {"staged_after_decision", "password_after_decision"}
    assert set(BREAKING) | others | {each.name for each in integrity.PROFILES} == set(integrity.INVARIANTS)


def test_a_school_in_order_breaks_none(records):
    assert broken() == {"super_admin_outside": 1}


@pytest.mark.parametrize("name", BREAKING)
def test_what_is_broken_is_found_and_repaired(records, actors, name):
    spoil(name, records)
    found = broken()
    assert found[name] >= 1
    invariant = integrity.get(name)
    rows, more = integrity.rows(invariant, actors.super_admin)
    assert (len(rows), more) == (found[name], False)
    assert all(each.key and each.title for each in rows)
    if invariant.repair is None:
        return
    [tried] = integrity.try_repair([name], actor=actors.super_admin)
    assert (tried.before, tried.after) == (found[name], 0)
    assert broken() == found, "a dry run changes nothing"
    [done] = integrity.repair([name], actor=actors.super_admin)
    assert (done.before, done.after) == (found[name], 0)
    assert name not in broken()
    [log] = integrity.history(name)
    assert (log.rows_before, log.rows_after, log.who) == (found[name], 0, "Super Admin Tester")


@pytest.mark.parametrize(
    "harmless",
    [
        "UPDATE test_sessions SET start_time = '07:00', end_time = '10:00' WHERE code = '9'",
        "UPDATE test_sessions SET session_date = current_date - 9",
        "UPDATE test_sessions SET session_date = current_date + 10 WHERE code = '9'",
        "UPDATE test_sessions SET status = 'cancelled' WHERE code = '9'",
        "UPDATE test_sessions SET status = 'completed' WHERE code = '9'",
        "UPDATE test_registrations SET status = 'cancelled', cancelled_at = now()"
        " WHERE session_id = (SELECT id FROM test_sessions WHERE code = '9')",
        "UPDATE students SET deleted_at = now() WHERE id = :student",
    ],
)
def test_tests_at_the_same_time_are_found_while_both_are_to_come(records, actors, harmless):
    spoil("student_in_two_tests", records)

    def found():
        return sorted(row.detail for row in integrity.rows(integrity.get("student_in_two_tests"), actors.admin)[0])

    assert found() == ["10 / 9", "9 / 10"]
    run(harmless, **({"student": records["student"]} if ":student" in harmless else {}))
    assert found() == []


def test_staged_rows_and_passwords_go_with_the_decision(records, actors):
    run("ALTER TABLE registration_requests DROP CONSTRAINT ck_registration_requests_password_hash")
    with unguarded():
        run(
            """
            INSERT INTO registration_requests
                (username, password_hash, first_name, last_name, email, status, processed_at, rejection_reason)
            VALUES ('noor', 'hash', 'Noor', 'Rahman', 'noor@example.org', 'rejected', now(), 'No')
            """,
            """
            INSERT INTO registration_availability (registration_id, day_of_week, start_time, end_time)
            SELECT id, 1, '10:00', '11:00' FROM registration_requests
            """,
        )
    names = ["staged_after_decision", "password_after_decision"]
    done = integrity.repair(names, actor=actors.super_admin)
    assert [(each.before, each.after) for each in done] == [(1, 0), (1, 0)]
    assert db.session.scalar(text("SELECT count(*) FROM registration_requests")) == 1


def test_who_teaches_now_is_written_down_again_without_a_gap(records, actors):
    spoil("slot_teacher", records)
    integrity.repair(["slot_teacher"], actor=actors.super_admin)
    told = text("""
        SELECT teacher_id, since IS NULL AS first, until IS NULL AS last FROM classroom_slot_teachers
        WHERE classroom_slot_id = :id ORDER BY since NULLS FIRST
    """)
    assert db.session.execute(told, {"id": records["slot"]}).all() == [(actors.teacher.id, True, True)]
    assert db.session.execute(told, {"id": records["other"]}).all() == [
        (actors.teacher.id, True, False),
        (actors.staff.id, False, True),
    ]


def test_freed_places_are_offered_to_who_waits(records, actors):
    run("UPDATE classroom_slots SET capacity = 1 WHERE id = :id", id=records["slot"])
    values = {"classroom_slot_id": records["slot"], "student_id": records["student"]}
    entry = waitlist.join(values, actor=actors.staff)
    spoil("place_of_the_gone", records)
    integrity.repair(["place_of_the_gone"], actor=actors.super_admin)
    db.session.expire_all()
    assert entry.status.value == "offered"
    assert "slot_counters" not in broken()


def test_an_overfull_slot_keeps_its_counters_until_it_has_room(records, actors):
    spoil("slot_overfull", records)
    run(
        "ALTER TABLE classroom_slots ADD CONSTRAINT ck_classroom_slots_places CHECK (enrolled + offered <= capacity) NOT VALID"
    )
    [done] = integrity.repair(["slot_counters"], actor=actors.super_admin)
    assert (done.before, done.after) == (1, 1)


def test_rows_are_read_page_by_page(db_session, actors):
    run("DELETE FROM user_profiles")
    invariant, seen, after = integrity.get("profile_missing"), [], ""
    while True:
        page, more = integrity.rows(invariant, actors.super_admin, after=after, limit=4)
        seen += [each.key for each in page]
        if not more:
            break
        after = page[-1].key
    assert len(seen) == len(set(seen)) == integrity.total(invariant) > 8


def test_without_the_permission_only_keys_are_seen(db_session, actors):
    run("DELETE FROM user_profiles WHERE user_id = :id", id=actors.staff.id)
    [row] = integrity.rows(integrity.get("profile_missing"), actors.engineer)[0]
    assert (row.key, row.title, row.link, row.detail) == (str(actors.staff.id), "", "", "")
    [row] = integrity.rows(integrity.get("profile_missing"), actors.admin)[0]
    assert (row.title, row.link) == ("staff", f"/accounts/{actors.staff.id}")


def test_what_takes_long_to_count_is_told_so(db_session, monkeypatch):
    from app.services.integrity import checking

    slow = {"slow": integrity.get("profile_missing")}
    monkeypatch.setattr(checking, "INVARIANTS", slow)
    monkeypatch.setattr(checking, "total", lambda *_: db.session.execute(text("SELECT pg_sleep(5)")))
    assert [state.broken for state in integrity.examine("20ms")] == [None]
    assert db.session.scalar(text("SELECT current_setting('statement_timeout')")) != "20ms"


def test_the_nightly_job_counts_what_is_wrong(records):
    assert integrity.check(school.today()) == 0, "a warning is no fault"
    spoil("payment_missing", records)
    assert integrity.check(school.today()) == 1
