"""The demo school: the same for everybody, consistent in itself, loaded once, and over when it should be."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind
from app.policies.roles import Role
from app.services import accounts, demo, health, imports, login, passwords, phones, sessions
from app.services.errors import Invalid, WrongState
from tests.conftest import ROOT, clone, make_app, moved, rolled_back, sign_in

SATURDAY = datetime(2026, 3, 28, 15, 20, tzinfo=UTC)  # the night after, clocks change
MONDAY = datetime(2026, 10, 26, 7, 5, tzinfo=UTC)  # closed, and not open yet
EMPTY = (
    "DELETE FROM ab_user_role",
    "DELETE FROM ab_user_group",
    "UPDATE ab_user SET created_by_fk = NULL, changed_by_fk = NULL",
    "DELETE FROM ab_user WHERE username <> 'system'",
    "ALTER SEQUENCE ab_user_id_seq RESTART WITH 1000",
)
# Every column that a person could see, in an order of its own.
CONTENT = {
    "ab_user": "id, username, first_name, last_name, email, active, last_login, created_on, password",
    "user_profiles": "user_id, phone, department, main_portal_id",
    "instruments": "instruments::text",
    "courses": "courses::text",
    "course_teachers": "course_teachers::text",
    "classroom_slots": "week_minutes, id, course_id, teacher_id, room, capacity, active",
    "closures": "closures::text",
    "leads": "leads::text",
    "tags": "tags::text",
    "lead_tags": "lead_tags::text",
    "lead_notes": "lead_notes::text",
    "lead_contact_attempts": "lead_contact_attempts::text",
    "lead_audit_events": "lead_audit_events::text",
    "notifications": "notifications::text",
    "notification_events": "notification_events::text",
    "imports": "imports::text",
    "import_files": "import_files::text",
    "import_issues": 'import_id, line, "column", value, kind, rule, fix',
    "saved_filters": "saved_filters::text",
    "job_runs": "job_runs::text",
    "registration_requests": "registration_requests::text",
    "registration_availability": "registration_availability::text",
    "help_desk_assistants": "help_desk_assistants::text",
    "course_capabilities": "course_capabilities::text",
    "availability": "availability::text",
    "announcements": "announcements::text",
    "content_pages": "content_pages::text",
    "downloadable_resources": "downloadable_resources::text",
}


@contextmanager
def on_new(application: Flask, server_url: str, template: str) -> Iterator[Flask]:
    """The application on a database of its own without accounts."""
    with clone(server_url, template) as url, moved(application, url):
        with application.app_context():
            for statement in EMPTY:
                db.session.execute(text(statement))
            db.session.commit()
        yield application


class Loaded(NamedTuple):
    application: Flask
    moment: datetime
    content: dict[str, list[str]]


@pytest.fixture(scope="module", params=[SATURDAY, MONDAY], ids=["saturday", "monday"])
def loaded(request: pytest.FixtureRequest, server_url: str, template: str) -> Iterator[Loaded]:
    with on_new(make_app(server_url), server_url, template) as application:
        with application.app_context():
            demo.load(request.param)
            found = content()
            db.session.remove()
        yield Loaded(application, request.param, found)


@pytest.fixture
def now(loaded: Loaded) -> Iterator[datetime]:
    """The moment of loading, inside the application's context."""
    with loaded.application.app_context():
        yield loaded.moment
        db.session.remove()


def rows(statement: str, **values: Any) -> list[Any]:
    return list(db.session.execute(text(statement), values))


def one(statement: str, **values: Any) -> Any:
    return db.session.scalar(text(statement), values)


def content() -> dict[str, list[str]]:
    return {
        table: sorted(str(tuple(row)) for row in rows(f"SELECT {what} FROM {table}")) for table, what in CONTENT.items()
    }


@pytest.mark.parametrize("loaded", [SATURDAY], indirect=True, ids=["saturday"])
def test_two_databases_get_the_same_and_each_only_once(
    loaded: Loaded, app: Flask, server_url: str, template: str
) -> None:
    """Also the keys: only the stages and accounts that were there before decide them. The second is loaded by two at once."""
    with on_new(app, server_url, template) as application:
        results: list[Any] = []
        together = threading.Barrier(2)

        def load() -> None:
            with application.app_context():
                together.wait()
                results.append(demo.load(SATURDAY))
                db.session.remove()

        threads = [threading.Thread(target=load) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with application.app_context():
            assert len(results) == 2
            assert results[0] == results[1]
            assert one("SELECT count(*) FROM leads") == 1200
            found = content()
            for table in CONTENT:
                assert found[table] == loaded.content[table], table
                assert found[table], table
            assert not demo.wanted()
            demo.load(MONDAY)
            assert content() == found


def test_all_or_nothing(app: Flask, server_url: str, template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with on_new(app, server_url, template) as application, application.app_context():
        monkeypatch.setattr("app.services.demo.leads._save_filters", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            demo.load(SATURDAY)
        assert demo.wanted()
        assert one("SELECT count(*) FROM ab_user") == 1
        assert one("SELECT count(*) FROM row_history WHERE table_name = 'leads'") == 0


def test_a_database_in_use_is_left_alone(committed_app: Flask) -> None:
    with committed_app.app_context():
        assert not demo.wanted()  # it has accounts
        assert demo.load() == demo.logins() == []
        assert one("SELECT count(*) FROM leads") == 0
        assert not demo.is_on()


def test_wanted_in_a_new_database_only(app: Flask, server_url: str, template: str) -> None:
    with on_new(app, server_url, template) as application, application.app_context():
        assert demo.wanted()
        db.session.execute(text("INSERT INTO tags (name) VALUES ('ours')"))
        assert not demo.wanted()


@pytest.mark.parametrize("loaded", [SATURDAY], indirect=True, ids=["saturday"])  # a second for each real hash
def test_one_login_per_role(now: datetime) -> None:
    logins = demo.logins()
    assert [role for role, _name, _password in logins] == [role.value for role in Role if role is not Role.PUBLIC]
    for role, username, password in logins:
        actor, _token = login.log_in(username, password, kind=SessionKind.WEB, ip_address="127.0.0.1")
        assert actor.roles == {role}
    assert demo.is_on()


def test_the_password_satisfies_the_rules(now: datetime) -> None:
    for person in demo.LOGINS:
        personal = person.username, f"{person.username}@example.org", person.first_name, person.last_name
        assert passwords.check(demo.PASSWORD, personal=personal) == demo.PASSWORD


def test_nobody_else_can_log_in(now: datetime) -> None:
    others = rows(
        "SELECT password FROM ab_user WHERE username <> ALL(:names)",
        names=[each.username for each in demo.LOGINS],
    )
    assert len(others) == 28 + 11 + 12 + 1  # colleagues, assistants, guardians, and the system
    assert all(row.password is None for row in others)


def test_numbers(now: datetime) -> None:
    assert one("SELECT count(*) FROM ab_user") == 64
    assert one("SELECT count(*) FROM leads WHERE deleted_at IS NULL") == 1200
    by_stage = dict(
        map(
            tuple,
            rows(
                """SELECT s.name, count(l.id) FROM lead_stages s LEFT JOIN leads l ON l.stage_id = s.id
                   GROUP BY 1"""
            ),
        )
    )
    assert len(by_stage) == 5
    assert min(by_stage.values()) >= 100
    for table in (
        "lead_notes",
        "lead_contact_attempts",
        "lead_tags",
        "notifications",
        "saved_filters",
        "job_runs",
    ):
        assert one(f"SELECT count(*) FROM {table}"), table
    assert one("SELECT count(*) FROM leads WHERE owner_id IS NULL") > 20
    assert one("SELECT count(*) FROM (SELECT phone FROM leads GROUP BY phone HAVING count(*) > 1) AS twice") == 8


def test_the_help_desk(now: datetime) -> None:
    """A dozen assistants, of whom one has a login, with something to help with and times; and applications that wait."""
    assistants = rows(
        """SELECT u.username, (SELECT count(*) FROM course_capabilities c WHERE c.assistant_id = a.id) AS courses,
                  (SELECT count(*) FROM availability v WHERE v.assistant_id = a.id) AS times
           FROM help_desk_assistants a JOIN students s ON s.id = a.student_id JOIN ab_user u ON u.id = s.user_id"""
    )
    assert len(assistants) == 12
    assert "assistant" in {row.username for row in assistants}
    assert all(row.courses >= 3 and row.times >= 3 for row in assistants)
    found = dict(map(tuple, rows("SELECT status, count(*) FROM registration_requests GROUP BY 1")))
    assert found == {"approved": 12, "pending": 4, "rejected": 1}


def test_the_week(now: datetime) -> None:
    """Every course is taught, by its teachers, and every teacher has classes."""
    assert 50 <= one("SELECT count(*) FROM classroom_slots") <= 75
    assert (
        one("SELECT count(*) FROM courses c WHERE NOT EXISTS (SELECT FROM classroom_slots WHERE course_id = c.id)") == 0
    )
    strangers = """
        SELECT count(*) FROM classroom_slots s WHERE NOT EXISTS (
            SELECT FROM course_teachers t WHERE t.course_id = s.course_id AND t.teacher_id = s.teacher_id)
    """
    assert one(strangers) == 0
    assert one("SELECT count(DISTINCT teacher_id) FROM classroom_slots") == 16
    assert one("SELECT count(*) FROM closures WHERE ends_on >= :today", today=now.date()) >= 3


def test_every_member_of_staff_has_work(now: datetime) -> None:
    work = rows(
        """SELECT u.username, count(*) AS leads, count(*) FILTER (WHERE follow_up_date < :today) AS overdue,
                  count(*) FILTER (WHERE follow_up_date = :today) AS today,
                  count(*) FILTER (WHERE follow_up_date > :today) AS next
           FROM leads l JOIN ab_user u ON u.id = l.owner_id WHERE follow_up_status = 'open' GROUP BY 1""",
        today=now.date(),
    )
    assert len(work) == 14
    for row in work:
        assert 3 <= row.overdue <= 6, row
        assert 4 <= row.today <= 8, row
        assert row.next >= 8, row
    assert one("SELECT count(*) FROM leads l JOIN ab_user u ON u.id = l.owner_id WHERE u.username = 'staff'") == 40
    unread = """SELECT count(*) FROM notifications n JOIN ab_user u ON u.id = recipient_id
                WHERE u.username = 'staff' AND read_at IS NULL"""
    assert 1 <= one(unread) <= 20


# What must be true of every lead: its state is what its events say. Each statement finds exceptions.
CONTRADICTIONS = {
    "stage": """
        SELECT l.id FROM leads l LEFT JOIN LATERAL (
            SELECT after ->> 'stage_id' AS it FROM lead_audit_events e
            WHERE e.lead_id = l.id AND type = 'stage_changed' ORDER BY at DESC LIMIT 1) last ON true
        WHERE l.stage_id <> coalesce(last.it::uuid, (SELECT id FROM lead_stages WHERE name = 'New'))""",
    "owner": """
        SELECT l.id FROM leads l JOIN LATERAL (
            SELECT (after ->> 'owner_id')::integer AS it FROM lead_audit_events e
            WHERE e.lead_id = l.id AND type = 'owner_changed' ORDER BY at DESC LIMIT 1) last ON true
        WHERE l.owner_id IS DISTINCT FROM last.it""",
    "follow-up": """
        SELECT l.id FROM leads l JOIN LATERAL (
            SELECT (after ->> 'follow_up_date')::date AS it FROM lead_audit_events e
            WHERE e.lead_id = l.id AND after ? 'follow_up_date' ORDER BY at DESC LIMIT 1) last ON true
        WHERE l.follow_up_date <> last.it""",
    "links": """
        SELECT lead_id FROM (
            SELECT lead_id, before, lag(after) OVER (PARTITION BY lead_id, type ORDER BY at) AS earlier
            FROM lead_audit_events WHERE type IN ('stage_changed', 'owner_changed')) chain
        WHERE earlier <> before""",
    "follow-up in the past": """
        SELECT lead_id FROM lead_audit_events
        WHERE (after ->> 'follow_up_date')::date < (at AT TIME ZONE 'Europe/London')::date""",
    "attempts": """
        SELECT l.id FROM leads l LEFT JOIN lead_contact_attempts c ON c.lead_id = l.id GROUP BY l.id
        HAVING l.contact_attempts <> count(c.id)
            OR l.last_contacted_on IS DISTINCT FROM max((c.at AT TIME ZONE 'Europe/London')::date)""",
    "attempts have events": """
        SELECT c.id FROM lead_contact_attempts c WHERE NOT EXISTS (
            SELECT FROM lead_audit_events e WHERE e.lead_id = c.lead_id AND e.type = 'contact_attempted'
                AND e.at = c.at AND e.actor_id = c.created_by_id)""",
    "notes have events": """
        SELECT n.id FROM lead_notes n WHERE NOT EXISTS (
            SELECT FROM lead_audit_events e
            WHERE e.lead_id = n.lead_id AND e.type = 'note_added' AND e.at = n.created_at)""",
    "first event": """
        SELECT l.id FROM leads l JOIN LATERAL (
            SELECT * FROM lead_audit_events e WHERE e.lead_id = l.id ORDER BY at LIMIT 1) first ON true
        WHERE first.type NOT IN ('created', 'bulk_imported') OR first.at <> l.created_at
            OR first.actor_id <> l.created_by_id""",
    "updated": """
        SELECT l.id FROM leads l JOIN lead_audit_events e ON e.lead_id = l.id GROUP BY l.id
        HAVING l.updated_at > max(e.at) OR l.updated_at < l.created_at""",
    "finished": """
        SELECT l.id FROM leads l JOIN lead_stages s ON s.id = l.stage_id
        WHERE s.is_onboarded AND follow_up_status <> 'done'""",
    "trials": """
        SELECT id FROM leads
        WHERE demo_conducted AND (demo_date IS NULL OR assigned_teacher_id IS NULL)""",
    "teachers": """
        SELECT l.id FROM leads l JOIN ab_user_role ur ON ur.user_id = l.assigned_teacher_id
        JOIN ab_role r ON r.id = ur.role_id WHERE r.name <> 'Teacher'""",
    "keys grow with time": """
        SELECT id FROM (
            SELECT id, lag(id) OVER (ORDER BY created_at, id) AS earlier FROM notifications) n
        WHERE left(id::text, 13) < left(earlier::text, 13)""",
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_nothing_contradicts_itself(name: str, now: datetime) -> None:
    assert rows(CONTRADICTIONS[name]) == []


@pytest.mark.parametrize(
    "column",
    [
        "leads.created_at",
        "leads.updated_at",
        "lead_audit_events.at",
        "lead_notes.created_at",
        "notifications.created_at",
        "notifications.read_at",
        "imports.finished_at",
        "job_runs.finished_at",
    ],
)
def test_nothing_comes_from_the_future(column: str, now: datetime) -> None:
    table, _dot, name = column.partition(".")
    assert one(f"SELECT max({name}) FROM {table}") <= now


def test_people_act_within_their_rights(now: datetime) -> None:
    """Once a lead has an owner, only the owner and admins work with it."""
    strangers = rows(
        """SELECT e.type, u.username FROM lead_audit_events e
           JOIN leads l ON l.id = e.lead_id JOIN ab_user u ON u.id = e.actor_id
           WHERE e.type NOT IN ('created', 'bulk_imported', 'tags_changed', 'note_added')
             AND e.actor_id <> l.owner_id
             AND u.username <> 'admin'"""
    )
    assert strangers == []


def test_phones_and_addresses_belong_to_nobody(now: datetime) -> None:
    for row in rows("SELECT phone FROM leads UNION ALL SELECT phone FROM user_profiles WHERE phone IS NOT NULL"):
        assert phones.normalise(row.phone, "GB") == row.phone
        assert row.phone.startswith(("+447700900", "+4420794600", "+441632960", "+3363998", "+121255501")), row.phone
    addresses = rows(
        """SELECT email FROM leads WHERE email IS NOT NULL
           UNION ALL SELECT email FROM ab_user WHERE username <> 'system'"""
    )
    assert all(row.email.rpartition("@")[2] in ("example.org", "example.com", "example.net") for row in addresses)


def test_the_import_is_complete(now: datetime) -> None:
    (job,) = rows("SELECT i.*, f.content FROM imports i JOIN import_files f ON f.import_id = i.id")
    lines = list(csv.DictReader(io.StringIO(job.content.decode())))
    assert len(lines) == job.total_rows == job.new_rows + job.invalid_rows + job.duplicate_rows
    assert one("SELECT count(*) FROM leads WHERE import_id = :id", id=job.id) == job.new_rows == 24
    for row in rows(
        """SELECT l.phone, e.after FROM leads l JOIN lead_audit_events e ON e.lead_id = l.id
           WHERE e.batch_id = :id""",
        id=job.id,
    ):
        assert lines[row.after["line"] - 2]["phone"] == row.phone
    for issue in rows('SELECT line, "column", value FROM import_issues'):
        assert lines[issue.line - 2][issue.column] == issue.value


def test_another_password_or_deactivation_ends_the_demo(loaded: Loaded) -> None:
    with rolled_back(loaded.application):
        system = sessions.system()
        ids = {name: accounts.find(name).id for _role, name, _password in demo.logins()}  # type: ignore[union-attr]
        accounts.set_password(ids["staff"], "another long sentence here", actor=system)
        accounts.deactivate(ids["coach"], actor=system)
        assert {"staff", "coach"}.isdisjoint(name for _role, name, _password in demo.logins())
        with pytest.raises(WrongState):  # somebody must be able to look after the accounts
            accounts.deactivate(ids["superadmin"], actor=system)
        with pytest.raises(Invalid):
            accounts.set_password(ids["admin"], "admin admin admin", actor=system)


def test_the_login_page_shows_them(loaded: Loaded, committed_app: Flask) -> None:
    page = loaded.application.test_client().get("/login/").text
    assert page.count(demo.PASSWORD) >= 12
    assert demo.PASSWORD not in committed_app.test_client().get("/login/").text


def test_doctor_warns_where_others_can_reach_it(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    application = loaded.application
    with application.app_context():
        assert health._demo_accounts().level is health.Level.OK
        monkeypatch.setitem(application.config, "PUBLIC_URL", "https://school.example")
        assert health._demo_accounts().level is health.Level.FAIL
        db.session.remove()


def test_the_sample_file_of_the_documentation(loaded: Loaded) -> None:
    """Nobody in it is in the demo already."""
    with loaded.application.app_context():
        user = accounts.find("staff")
        assert user is not None
        sample = ROOT / "docs" / "leads-sample.csv"
        actor = sessions.load_by_id(user.id)
        job = imports.start("leads", sample.name, sample.read_bytes(), actor=actor, queued=False)
        assert imports.check(job.id)
        db.session.refresh(job)
        assert (job.total_rows, job.new_rows, job.invalid_rows, job.duplicate_rows) == (200, 188, 12, 0)
        db.session.remove()


@pytest.mark.parametrize("username", ["staff", "admin", "teacher"])
def test_its_records_can_be_opened(loaded: Loaded, username: str) -> None:
    application = loaded.application
    with application.app_context():
        client = sign_in(application.test_client(), username)
        user = accounts.find(username)
        assert user is not None
        leads = rows(
            """SELECT DISTINCT ON (stage_id) id FROM leads WHERE :all OR assigned_teacher_id = :id ORDER BY stage_id, id""",
            all=username != "teacher",
            id=user.id,
        )
        pages = [f"/leads/{row.id}" for row in leads] + ["/", "/inbox/"]
        if username != "teacher":
            pages += [f"/lead-imports/{row.id}" for row in rows("SELECT id FROM imports")] + ["/leads/board/"]
        db.session.remove()
    assert leads
    for page in pages:
        response = client.get(page)
        assert response.status_code == 200, page
        assert "None" not in response.text, page


def test_its_notices_are_read_in_any_language(loaded: Loaded) -> None:
    """Those of leads are stored as the services store them: message and values, days as days."""
    with loaded.application.app_context():
        stored = rows("SELECT title, payload FROM notifications WHERE entity_type = 'leads'")
    assert stored and all(row.payload["title"]["message"] for row in stored)
    late = [row for row in stored if "overdue" in row.title]
    assert late and all("day" in row.payload["title"]["values"]["day"] for row in late)


def test_its_notices_lead_somewhere(loaded: Loaded) -> None:
    """One of each kind and place that it leads to, opened by who got it."""
    application = loaded.application
    with application.app_context():
        notices = rows(
            """SELECT DISTINCT ON (n.type, regexp_replace(n.link, '[0-9a-f-]{36}', '')) n.type, n.link, u.username
               FROM notifications n JOIN ab_user u ON u.id = n.recipient_id WHERE u.active AND n.link <> ''
               ORDER BY n.type, regexp_replace(n.link, '[0-9a-f-]{36}', ''), n.id"""
        )
        clients = {row.username: sign_in(application.test_client(), row.username) for row in notices}
        db.session.remove()
    assert {"lead_assigned", "roster_published"} <= {row.type for row in notices}
    answers = {(row.type, row.username, row.link): clients[row.username].get(row.link).status_code for row in notices}
    assert {key: status for key, status in answers.items() if status != 200} == {}


def test_the_guardian_sees_the_classes_of_the_student_who_has_a_login(loaded: Loaded) -> None:
    application = loaded.application
    with application.app_context():
        client = sign_in(application.test_client(), "guardian")
        day = rows(
            """SELECT min(a.class_date) AS first FROM attendance a JOIN students s ON s.id = a.student_id
               JOIN ab_user u ON u.id = s.user_id WHERE u.username = 'student'"""
        )[0].first
        db.session.remove()
    page = client.get(f"/timetable/?day={day}")
    assert page.status_code == 200 and "Théo" in page.text and "Piano" in page.text
