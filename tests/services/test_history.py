"""The row history, as its pages read it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import event, select, text

from app.extensions import db
from app.models.access import Group
from app.models.admissions import AdmissionPayment
from app.models.history import PARTS
from app.models.leads import ContactChannel, ContactOutcome
from app.services import accounts, history
from app.services.accounts import access, groups
from app.services.admissions import money
from app.services.assistants import records
from app.services.leads import actions, tags
from app.services.resource import RESOURCES
from app.views import render
from tests.architecture.test_schema import ACCOUNT_HISTORY, business_tables
from tests.factories.admissions import admission
from tests.factories.assistants import assistant, period
from tests.factories.courses import course, slot
from tests.factories.enrollments import enrollment_at
from tests.factories.leads import lead, stage

# Tables whose history no page tells: they are no record and no part of one. Where what they hold is seen.
SEEN_ELSEWHERE = {
    "imports": "in the list of imports",
    "saved_filters": "of one reader's own",
    "user_settings": "of one reader's own",
    "notification_preferences": "of one reader's own",
    "required_second_factors": "a setting, for whoever asks the database",
    "seat_notices": "on the page of the test session",
    "student_merges": "on the page of the student",
    "student_erasures": "on the page of the student",
    "oneroster_classes": "in the imports that make them",
    "oneroster_courses": "in the imports that make them",
    "oneroster_enrollments": "in the imports that make them",
    "oneroster_roles": "in the imports that make them",
}


def told(client, address: str) -> str:
    """The page of a history, as one line of text without the space between."""
    page = client.get(f"{address}/history")
    assert page.status_code == 200
    return " ".join(page.text.split())


def untold(page: str, *words: str) -> list[str]:
    """Which of these words are missing."""
    return [each for each in words if each not in page]


def test_changes_are_read_newest_first_and_page_by_page(db_session, actors):
    made = lead()
    for name in ("Contacted", "Trial Scheduled", "Trial Completed"):
        actions.change_stage([made.id], actor=actors.admin, stage_id=stage(name).id)
    rows = history.of_row("leads", made.id)
    assert [row.operation for row in rows] == ["update", "update", "update", "insert"]
    assert [row.who for row in rows] == ["Admin Tester"] * 3 + [None]
    assert rows[0].after == {"stage_id": str(stage("Trial Completed").id)}
    assert [row.id for row in history.of_row("leads", made.id, limit=2)] == [row.id for row in rows[:2]]
    assert [row.id for row in history.of_row("leads", made.id, before=rows[1].id)] == [row.id for row in rows[2:]]
    assert history.of_row("tags", made.id) == []


def test_the_page_tells_who_what_and_when_to_those_who_may(db_session, actors, client_of):
    made = lead(area="North")
    made.area = "<b>South</b>"
    db.session.commit()
    page = client_of("admin").get(f"/leads/{made.id}/history").text
    assert "North" in page
    assert "&lt;b&gt;South&lt;/b&gt;" in page
    assert "<b>South" not in page
    assert client_of("staff").get(f"/leads/{made.id}/history").status_code == 403


@pytest.mark.parametrize(
    "leave",
    [
        lambda user_id, actor: accounts.deactivate(user_id, actor=actor),
        lambda user_id, actor: access.set_roles(user_id, ["Coach"], actor=actor),
    ],
    ids=["the account", "the role"],
)
def test_who_left_is_still_called_by_name(db_session, actors, client_of, leave):
    made = lead()
    actions.assign_owner([made.id], actor=actors.admin, owner_id=actors.staff2.id)
    leave(actors.staff2.id, actors.super_admin)
    page = told(client_of("admin"), f"/leads/{made.id}")
    assert untold(page, "Owner", "Staff2 Tester") == []


def test_the_history_of_an_account_holds_no_password(db_session, actors, client_of):
    accounts.set_password(actors.student.id, "purple walruses on ice", actor=actors.admin)
    for row in history.of_row("ab_user", actors.student.id):
        assert "password" not in (row.before or {})
        assert "password" not in (row.after or {})
    assert "scrypt" not in client_of("admin").get(f"/accounts/{actors.student.id}/history").text


def test_every_change_that_is_kept_is_told_unless_there_is_a_reason():
    kept = {table.name for table in business_tables()} | ACCOUNT_HISTORY
    own = {resource.model.__tablename__ for resource in RESOURCES.values()}
    parts = {part.table for resource in RESOURCES.values() for part in resource.parts}
    assert kept - own - parts == set(SEEN_ELSEWHERE)
    assert parts == set(PARTS), "the index is of these tables only"


@pytest.mark.parametrize("resource", [each for each in RESOURCES.values() if each.parts], ids=lambda each: each.slug)
def test_parts_are_found_in_their_index(db_session, resource):
    """However long the history is: a table that the index does not know would be read from end to end."""
    db_session.execute(text("DROP INDEX ix_row_history_table_name_row_id"))  # it is preferred while there are few rows
    db_session.execute(text("SET LOCAL enable_seqscan = off"))
    asked = []

    def note(*told):
        asked.append(told[2:4])

    connection = db_session.connection()
    event.listen(connection, "before_cursor_execute", note)
    history._rows_of(resource.parts, 1)
    event.remove(connection, "before_cursor_execute", note)
    [(statement, values)] = asked
    plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
    assert sum("ix_row_history_parts" in line for line in plan) == len(resource.parts), plan


def test_the_history_of_an_account_tells_of_its_roles_groups_and_profile(db_session, actors, client_of):
    group = db_session.scalars(select(Group).where(Group.name == "Engineer")).one()
    groups.join([actors.staff2.id, actors.student.id], actor=actors.super_admin, group_id=group.id)
    access.set_roles(actors.staff2.id, ["Teacher"], actor=actors.super_admin)
    accounts.update_account(actors.staff2.id, {"department": "Strings"}, actor=actors.super_admin)
    rows = history.of_row("ab_user", actors.staff2.id, parts=RESOURCES["accounts"].parts, limit=10)
    assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True)
    assert [(row.table_name, row.operation) for row in rows if row.table_name in ("user_profiles", "ab_user_group")][
        :2
    ] == [("user_profiles", "update"), ("ab_user_group", "insert")]
    assert {row.who for row in rows[:4]} == {"Super Admin Tester"}
    page = told(client_of("super_admin"), f"/accounts/{actors.staff2.id}")
    missing = untold(
        page, "Role: Added", "Role: Taken away", "Group: Added", "Profile: Changed", "Teacher", "Engineer", "Strings"
    )
    assert missing == []
    other = told(client_of("super_admin"), f"/accounts/{actors.student.id}")
    assert "Group: Added" in other and "Role: Taken away" not in other and "Strings" not in other


def test_the_history_of_a_group_tells_of_its_members_and_roles(db_session, actors, client_of):
    made = groups.create({"name": "Evening desk", "roles": ["Staff"]}, actor=actors.super_admin)
    groups.add_member([made.id], actor=actors.super_admin, user_id=actors.student.id)
    groups.remove_member([made.id], actor=actors.super_admin, user_id=actors.student.id)
    page = told(client_of("super_admin"), f"/groups/{made.id}")
    assert untold(page, "Role: Added", "Member: Added", "Member: Taken away", "Student Tester", "Evening desk") == []


def test_the_history_of_a_lead_tells_of_notes_contacts_and_tags(db_session, actors, client_of):
    made, other = lead(), lead()
    tag = tags.create({"name": "Sibling"}, actor=actors.admin)
    actions.tag([made.id], actor=actors.admin, tag_id=tag.id)
    actions.tag([made.id], actor=actors.admin, tag_id=tag.id, remove=True)
    actions.add_note([made.id], actor=actors.admin, body="Prefers mornings")
    actions.log_contact([made.id], actor=actors.admin, channel=ContactChannel.CALL, outcome=ContactOutcome.REACHED)
    page = told(client_of("admin"), f"/leads/{made.id}")
    missing = untold(
        page, "Tag: Added", "Tag: Taken away", "Sibling", "Note: Added", "Prefers mornings", "Contact attempt: Added"
    )
    assert missing == []
    assert "Sibling" not in told(client_of("admin"), f"/leads/{other.id}")


def test_the_history_of_an_assistant_tells_of_the_week_in_words(db_session, actors, client_of):
    flute = course(name="Flute")
    made = assistant(courses=[flute], periods=[period(1, "09:00", "12:00")])
    changes = {"availability": [period(3, "10:00", "11:00")], "course_ids": []}
    records.update_plan(made.id, changes, actor=actors.admin)
    page = told(client_of("admin"), f"/assistants/{made.id}")
    missing = untold(
        page, "Availability: Added", "Availability: Taken away", "Course: Taken away", "Tuesday", "Thursday", "Flute"
    )
    assert missing == []


def test_the_history_of_an_admission_tells_of_places_and_payment(db_session, actors, client_of):
    place = slot(course(teachers=[actors.teacher]), actors.teacher, 1, "10:00")
    made = admission([place], actor=actors.admin)
    money.mark_paid([made.id], actor=actors.admin, note="in cash")
    assert db_session.scalars(select(AdmissionPayment.admission_id)).all() == [made.id]
    page = told(client_of("admin"), f"/admissions/{made.id}")
    missing = untold(
        page,
        "Payment: Added",
        "Payment: Changed",
        "Unpaid",
        "Paid",
        "in cash",
        "Place in a class: Added",
        "Weekly slot",
    )
    assert missing == []


def test_the_history_of_an_enrollment_tells_of_its_steps(db_session, client_of):
    made = enrollment_at(2)
    page = told(client_of("admin"), f"/enrollments/{made.id}")
    assert untold(page, "Step: Added", "Step: Changed", "Completed") == []
    entries = re.findall(r"Step: Changed.*?<strong>|Step: Changed.*?</li>", page)
    assert any("Program information" in each.split("Status")[0] for each in entries), "which step it was"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "Yes"),
        (False, "No"),
        (72, "72"),
        (2026, "2026"),
        (765.0, "765"),
        (0.25, "0.25"),
        (["White", None, 2], "White, , 2"),
        ({"days": [1, 2], "open": False}, "days: 1, 2, open: No"),
        ("2026-01-31", "2026-01-31"),
    ],
)
def test_values_read_in_one_line(app, value, shown):
    with app.test_request_context():
        assert render.plain(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-01-31", "Jan 31, 2026"),
        ("09:30:00", "09:30"),
        ("2026-01-31T09:30:00+00:00", "Jan 31, 2026, 09:30"),
        ("2026-07-31T09:30:00+00:00", "Jul 31, 2026, 10:30"),  # in the school's zone
        ("2026-07-31T09:30:00.489528", "Jul 31, 2026, 10:30"),
        ("2026-02-30", "2026-02-30"),
        ("25:00:00", "25:00:00"),
        ("the third", "the third"),
        ("", ""),
    ],
)
def test_days_times_and_moments_read_as_elsewhere(app, value, shown):
    with app.test_request_context():
        assert render.stored(value) == shown


def test_the_page_shows_no_moment_as_it_is_stored(db_session, actors, client_of):
    page = told(client_of("super_admin"), f"/accounts/{actors.staff2.id}")
    [changes] = re.findall(r"<section.*</section>", page)
    seen = re.sub(r'(datetime|title)="[^"]*"', "", changes)
    assert "Made" in seen and not re.search(r"\d{4}-\d\d-\d\dT", seen)


def test_many_rows_are_paired_by_hashing_also_after_single_ones(db_session):
    """A plan is kept for the connection. One for single rows would compare each old row with each new one: of 10,000 changed
    leads, a hundred million pairs.
    """
    made = [lead().id for _each in range(8)]
    plans: list[str] = []
    driver = db_session.connection().connection.driver_connection
    driver.add_notice_handler(lambda notice: plans.append(notice.message_primary))
    db_session.execute(text("LOAD 'auto_explain'"))
    for setting in ("log_min_duration = 0", "log_nested_statements = on", "log_analyze = on"):
        db_session.execute(text(f"SET LOCAL auto_explain.{setting}"))
    change = text("UPDATE leads SET area = area || 'x' WHERE id = ANY(:ids)")
    for key in made:  # after five plans of its own, PostgreSQL keeps one
        db_session.execute(change, {"ids": [key]})
    db_session.execute(text("SET LOCAL client_min_messages = log"))
    db_session.execute(change, {"ids": made})
    [plan] = [each for each in plans if "INSERT INTO row_history" in each]
    assert f"rows={len(made)}" in plan
    assert "Hash Join" in plan and "Nested Loop" not in plan


def kept_of_a_new_lead(db_session) -> dict:
    made = lead(last_name="Rao", area="North", expected_budget=Decimal("12.50"))
    [row] = history.of_row("leads", made.id)
    return {name: value for name, value in row.after.items() if name not in ("id", "phone", "created_at")}


def test_a_new_row_is_kept_alike_on_servers_that_cannot_leave_out_empty_values_at_once(db_session):
    """PostgreSQL 15 has no JSON_OBJECT."""
    of_newer = kept_of_a_new_lead(db_session)
    db_session.execute(
        text("""DO $$ BEGIN
            EXECUTE replace(pg_get_functiondef('recorder_of_inserts(regclass, text)'::regprocedure), '160000', '990000');
            PERFORM keep_history(tgrelid, replace(encode(tgargs, 'escape'), E'\\\\000', '')) FROM pg_trigger
            WHERE tgname = 'history_insert' AND tgrelid = 'leads'::regclass;
        END $$""")
    )
    assert "to_jsonb(n)" in db_session.scalar(
        text("SELECT prosrc FROM pg_proc WHERE proname = 'record_insert_of_leads'")
    )
    assert kept_of_a_new_lead(db_session) == of_newer
    assert of_newer["area"] == "North" and of_newer["expected_budget"] == 12.5
    assert not {"search_text", "updated_at", "email", "deleted_at"} & set(of_newer)
