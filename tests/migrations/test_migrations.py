"""Migrations: from nothing to here, back, and here again; models and migrations agree."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import text

from app.extensions import db, migrate
from app.models.imports import Import, ImportIssue, IssueKind
from app.models.student_records import Guardian, StudentGuardian, StudentSchoolAssociation
from app.models.test_sessions import SeatNotice
from app.services import accounts, deployment, sessions
from tests.conftest import at, clone, connect, make_app
from tests.factories import seating
from tests.factories.leads import lead
from tests.factories.oneroster import roster, user
from tests.factories.records import organization
from tests.factories.students import student

OBJECTS = text("""
    SELECT 'table ' || tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL SELECT 'function ' || p.oid::regprocedure::text FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT 'type ' || typname FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
""")
SHAPE = text("""
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
           || coalesce(column_default, '') || coalesce(generation_expression, '')
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tgrelid::regclass || ' ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
""")
CHECKSUM = "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} AS t"


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    name = f"registrar_migrations_{uuid.uuid4().hex[:12]}"
    with connect(server_url) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield at(server_url, name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def running(url: str) -> Iterator[None]:
    with make_app(url).app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def everything(statement) -> list[str]:
    with db.engine.connect() as connection:
        return sorted(connection.scalars(statement))


def test_up_down_and_up_again_gives_the_same_schema(server_url):
    with empty_database(server_url) as url, running(url):
        configuration = migrate.get_config()
        command.upgrade(configuration, "head")
        first = everything(SHAPE)
        command.downgrade(configuration, "base")
        assert everything(OBJECTS) == []
        command.upgrade(configuration, "head")
        assert everything(SHAPE) == first


def test_a_roster_survives_going_back_and_forth(server_url, template):
    """Those who are gone may have had one name; before 0013 no two had."""
    with clone(server_url, template) as url, running(url):
        configuration = migrate.get_config()
        roster(sessions.system())
        for key, status in (("a", "tobedeleted"), ("b", "tobedeleted"), ("c", "active")):
            user(sourced_id=key, username="Same", status=status)
        kept = text("SELECT sourced_id || ' ' || status FROM oneroster_users")
        before = everything(kept)
        db.session.remove()
        command.downgrade(configuration, "0012")
        assert everything(kept) == before
        names = everything(
            text("SELECT sourced_id || ' ' || username FROM oneroster_users WHERE sourced_id IN ('a', 'b', 'c')")
        )
        assert names[2] == "c Same" and all(name[2:].startswith("Same.") for name in names[:2])
        command.upgrade(configuration, "head")
        assert everything(kept) == before
        command.check(configuration)


def test_the_roster_is_brought_up_to_today(server_url, template):
    """Before 0020 a last day was taken for one that had passed, and grades and telephones stayed as they were first."""
    with clone(server_url, template) as url, running(url):
        configuration = migrate.get_config()
        place = organization()
        for key, last in (("leaves", date(2199, 6, 30)), ("left", date(2020, 6, 30))):
            known = student(phone="+442079460018")
            one = user(sourced_id=key, enabled_user=key == "left", student_id=known.id, grades=["01"])
            db.session.add(
                StudentSchoolAssociation(
                    student_id=one.student_id,
                    school_id=place.id,
                    entry_date=date(2019, 9, 1),
                    exit_date=last,
                    entry_grade_level_descriptor="Ninth grade",
                    school_year=2020,
                )
            )
        brought = student(phone="+442079460018").id
        user(sourced_id="brought", student_id=brought, enabled_user=False, phone="1", source_system="sis")
        for key, gone in (("guardian", None), ("deleted", datetime(2026, 1, 1, tzinfo=UTC))):
            person = Guardian(first_name="Bo", last_name="Ek", deleted_at=gone)
            db.session.add(person)
            db.session.flush()
            user(sourced_id=key, role="guardian", guardian_id=person.id)
        shape = everything(SHAPE)
        db.session.commit()
        db.session.remove()
        command.downgrade(configuration, "0019")
        with db.engine.begin() as connection:  # as it was told until then
            connection.execute(text("UPDATE oneroster_users SET phone = NULL WHERE source_system IS NULL"))
        command.upgrade(configuration, "head")
        assert everything(SHAPE) == shape
        told = text("SELECT concat_ws(' ', sourced_id, phone, grades) FROM oneroster_users WHERE role = 'student'")
        assert everything(told) == ["brought 1 []", 'leaves +442079460018 ["09"]', 'left +442079460018 ["01"]']
        enabled = text("SELECT sourced_id FROM oneroster_users WHERE enabled_user")
        assert everything(enabled) == ["leaves"]
        gone = text("SELECT sourced_id FROM oneroster_users WHERE status = 'tobedeleted'")
        assert everything(gone) == ["deleted"]
        orgs = text("SELECT org_ids ->> 0 FROM oneroster_users WHERE sourced_id = 'leaves'")
        assert everything(orgs) == [place.sourced_id]


def test_who_taught_before_is_read_from_the_history(server_url, template):
    """Before 0025 a slot knew the teacher of today alone."""
    with clone(server_url, template) as url, running(url):
        configuration = migrate.get_config()
        made = roster(sessions.system())
        slot_id, other = made.slots[0].id, accounts.find("teacher2").id
        give = text("UPDATE classroom_slots SET teacher_id = :teacher WHERE id = :id")
        for teacher_id in (other, made.teacher.id, other):
            db.session.execute(give, {"teacher": teacher_id, "id": slot_id})
            db.session.commit()
        told = text(
            "SELECT concat_ws(' ', classroom_slot_id, teacher_id, since IS NULL, until IS NULL) FROM"
            " classroom_slot_teachers"
        )
        before, shape = everything(told), everything(SHAPE)
        assert len([each for each in before if each.startswith(str(slot_id))]) == 4
        db.session.remove()
        command.downgrade(configuration, "0024")
        command.upgrade(configuration, "head")
        assert everything(told) == before
        assert everything(SHAPE) == shape
        together = text(
            "SELECT range_agg(tstzrange(since, until))::text FROM classroom_slot_teachers GROUP BY classroom_slot_id"
        )
        assert set(everything(together)) == {"{(,)}"}, "without gaps"


IS_LEFT = """
    UPDATE seat_notices SET ends_at = NULL, place = NULL;
    UPDATE import_issues SET kind = 'duplicate';
    INSERT INTO classroom_enrollments (student_id, classroom_slot_id, admission_id, status)
    SELECT student_id, classroom_slot_id, admission_id, 'paused' FROM classroom_enrollments;
    UPDATE oneroster_users SET org_ids = '["here", "there"]', enabled_user = true WHERE guardian_id IS NOT NULL;
"""


def test_what_earlier_releases_left_is_cleared_up(server_url, template):
    with clone(server_url, template) as url, running(url):
        configuration = migrate.get_config()
        roster(sessions.system())
        place = seating.venue(address="1 High St", city="Town")
        test, hall = seating.session(place), seating.room(place, 2, number="7", name="Hall")
        seat = {"session_id": test.id, "student_id": student().id, "room_id": hall.id, "seat_number": "1"}
        db.session.add(SeatNotice(**seat, starts_at=datetime(2099, 6, 15, 9, tzinfo=UTC)))
        for duplicates in ("skip", "import"):
            job = Import(resource="leads", file_name=duplicates, sha256="0" * 64, options={"duplicates": duplicates})
            db.session.add(job)
            db.session.flush()
            db.session.add(ImportIssue(import_id=job.id, line=2, kind=IssueKind.DUPLICATE, rule="twice"))
        here, gone = (student(deleted_at=at) for at in (None, datetime(2026, 1, 1, tzinfo=UTC)))
        for each, school, status in ((here, "here", "active"), (gone, "there", "tobedeleted")):
            user(sourced_id=school, student_id=each.id, org_ids=[school], status=status)
        for key, children in (("both", (here, gone)), ("gone", (gone,))):
            guardian = Guardian(first_name=key, last_name="Ek")
            db.session.add(guardian)
            db.session.flush()
            user(sourced_id=key, role="guardian", guardian_id=guardian.id)
            db.session.add_all([StudentGuardian(student_id=each.id, guardian_id=guardian.id) for each in children])
        db.session.commit()
        standing = text("SELECT admission_id || status FROM classroom_enrollments WHERE status <> 'ended'")
        before, shape = everything(standing), everything(SHAPE)
        db.session.remove()
        command.downgrade(configuration, "0029")
        with db.engine.begin() as connection:
            connection.execute(text(IS_LEFT))
        command.upgrade(configuration, "head")
        assert everything(SHAPE) == shape
        assert everything(standing) == before != []
        told = text("SELECT ends_at AT TIME ZONE 'UTC' || ' ' || place FROM seat_notices")
        assert everything(told) == ["2099-06-15 12:00:00 Town hall, 1 High St, Town, 7, Hall"]
        kinds = text("SELECT i.file_name || ' ' || kind FROM import_issues JOIN imports i ON i.id = import_id")
        assert everything(kinds) == ["import alike", "skip duplicate"]
        guardians = text(
            "SELECT concat_ws(' ', sourced_id, org_ids, enabled_user) FROM oneroster_users WHERE role = 'guardian'"
        )
        assert everything(guardians)[:2] == ['both ["here"] t', 'gone ["here", "there"] f']


def test_the_migrations_make_what_the_models_say(server_url, template):
    with clone(server_url, template) as url, running(url):
        command.check(migrate.get_config())


def test_the_check_would_see_a_difference(server_url, template):
    with clone(server_url, template) as url, running(url):
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE leads DROP COLUMN area"))
        with pytest.raises(CommandError, match="New upgrade operations detected"):
            command.check(migrate.get_config())


def test_there_is_one_line_of_migrations():
    from alembic.script import ScriptDirectory

    from tests.conftest import ROOT

    script = ScriptDirectory(str(ROOT / "migrations"))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert all(revision.module.downgrade for revision in script.walk_revisions())


def test_data_survives_deploying_again(server_url, template):
    with clone(server_url, template) as url, running(url):
        made = lead(first_name="Survivor")
        names = everything(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))

        def checksums():
            with db.engine.connect() as connection:
                return {name: tuple(connection.execute(text(CHECKSUM.format(f'"{name}"'))).one()) for name in names}

        before = checksums()
        assert deployment.deploy() == []
        assert checksums() == before
        assert made.first_name == "Survivor"


def test_deployments_at_once_do_the_work_once(server_url):
    """From several machines: one works, the others wait for it and find nothing left to do."""
    from concurrent.futures import ThreadPoolExecutor

    with empty_database(server_url) as url:
        app = make_app(url)

        def deploy() -> list[str]:
            with app.app_context():
                return deployment.deploy()

        with ThreadPoolExecutor(2) as pool:
            results = [future.result() for future in [pool.submit(deploy) for _ in range(2)]]
        assert sorted(map(bool, results)) == [False, True]
        with app.app_context():
            db.engine.dispose()
