"""The schema as the database has it: history, stamps, names, foreign keys, checks, append-only tables."""

from __future__ import annotations

import enum
from datetime import UTC, datetime

import pytest
from sqlalchemy import CheckConstraint, Enum, insert, text
from sqlalchemy.exc import DBAPIError

from app.models.base import Base
from app.models.classroom import ClassCredit
from app.models.enrollments import Enrollment, EnrollmentEvent, EnrollmentInvitation
from app.models.history import RowHistory
from app.models.integrity import IntegrityRepair
from app.models.leads import Lead, LeadAuditEvent
from app.models.organizations import Organization
from app.models.student_records import RecordCreationAttempt
from app.services.deployment import APPEND_ONLY
from tests.factories.admissions import admission
from tests.factories.courses import course, slot
from tests.factories.leads import lead

# Tables that are no business records: why they keep no row history.
NO_HISTORY = {
    "row_history": "the history itself",
    "lead_audit_events": "append-only",
    "admission_audit_events": "append-only",
    "class_credits": "append-only",
    "integrity_repairs": "append-only",
    "notification_deliveries": "an outbox: the notice and what became of sending it",
    "calendar_feeds": "logins of a kind, kept with their end",
    "notification_events": "append-only",
    "notifications": "their events are kept; read and archived by their one reader",
    "user_sessions": "logins, kept with their end",
    "password_links": "logins of a kind, kept with their end",
    "recovery_codes": "secrets, made and ended with their factor",
    "last_pages": "overwritten by every page",
    "letters": "an outbox, cleared when it is sent",
    "rate_limits": "counters",
    "permission_stamp": "a counter",
    "job_runs": "a log",
    "import_files": "content, with its digest in imports",
    "import_issues": "made again by checking the file",
    "alembic_version": "Alembic's own",
    "room_seats": "made by the database from their room",
    "idempotency_keys": "answers kept for a day",
    "enrollment_events": "append-only",
    "record_creation_attempts": "append-only",
    "oneroster_agents": "made with the guardians of a student",
    "oneroster_former_teachers": "made with a change of classroom_slots, which has a history",
    "classroom_slot_teachers": "made with a change of classroom_slots, which has a history",
    "oneroster_export_files": "content, with its digest in oneroster_exports",
    "oauth_tokens": "logins of a kind, kept until they end",
    "edfi_push_items": "a log",
    "edfi_records": "what a server was last sent",
}
FLASK_APPBUILDER = "ab_"
QUEUE = "procrastinate_"
ACCOUNT_HISTORY = {"ab_user", "ab_user_role", "ab_user_group", "ab_group", "ab_group_role"}
# Foreign keys without an index: who made or changed a row. Accounts are never deleted.
UNINDEXED = {
    "asked_by_id",
    "created_by_id",
    "updated_by_id",
    "deleted_by_id",
    "confirmed_by_id",
    "undone_by_id",
    "marked_by_id",
    "decided_by_id",
    "processed_by_id",
    "completed_by",
    "reviewed_by",
}


def own_tables() -> list:
    return [table for table in Base.metadata.sorted_tables if not table.name.startswith((FLASK_APPBUILDER, QUEUE))]


def business_tables() -> list:
    return [table for table in own_tables() if table.name not in NO_HISTORY]


def triggers(db_session, table: str) -> set[str]:
    return set(
        db_session.scalars(
            text("SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal"),
            {"table": table},
        )
    )


def test_every_table_of_the_database_is_in_the_models(db_session):
    there = set(db_session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
    known = {table.name for table in Base.metadata.sorted_tables} | {"alembic_version"}
    assert {name for name in there - known if not name.startswith(QUEUE)} == set()
    assert known - there == set()


@pytest.mark.parametrize("name", [table.name for table in business_tables()] + sorted(ACCOUNT_HISTORY))
def test_every_change_of_a_business_row_is_kept(db_session, name):
    assert {"history_insert", "history_update", "history_delete"} <= triggers(db_session, name)


@pytest.mark.parametrize(
    "table", [table for table in own_tables() if "updated_at" in table.c], ids=lambda table: table.name
)
def test_every_table_with_stamps_is_stamped_by_the_database(db_session, table):
    assert "stamps" in triggers(db_session, table.name)
    assert {"created_at", "created_by_id", "updated_by_id"} <= set(table.c.keys())


@pytest.mark.parametrize("trigger", ["history_insert", "history_update"])
@pytest.mark.parametrize("name", [table.name for table in business_tables()] + sorted(ACCOUNT_HISTORY))
def test_the_history_watches_every_column_that_is_not_left_out(db_session, name, trigger):
    """A column added by a migration is watched only when that calls keep_history again."""
    statement = """
        SELECT a.attname FROM pg_attribute a JOIN pg_trigger t ON t.tgrelid = a.attrelid AND t.tgname = :trigger
        JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attname <> ALL (string_to_array(replace(encode(t.tgargs, 'escape'), '\\000', ''), ','))
          AND p.prosrc !~ ('n\\.' || quote_ident(a.attname) || '[), ]') AND p.prosrc !~ 'to_jsonb\\(n\\)'
    """
    assert db_session.scalars(text(statement), {"name": name, "trigger": trigger}).all() == []


def test_history_leaves_out_secrets(db_session):
    statement = "SELECT tgargs FROM pg_trigger WHERE tgrelid = 'ab_user'::regclass AND tgname LIKE 'history%'"
    arguments = db_session.scalars(text(statement)).all()
    assert len(arguments) == 3
    assert all(b"password" in each for each in arguments)


def test_constraint_names_follow_the_convention(db_session):
    rows = db_session.execute(
        text("""
        SELECT conname, contype, conrelid::regclass::text AS relation FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'f', 'u', 'c')
    """)
    ).all()
    prefix = {"p": "pk_", "f": "fk_", "u": "uq_", "c": "ck_"}
    odd = [
        row.conname
        for row in rows
        if not row.relation.startswith((QUEUE, "alembic_version"))
        and not row.conname.startswith((prefix[row.contype] + row.relation)[:60])
    ]
    assert odd == []


def test_indexes_follow_the_convention(db_session):
    statement = "SELECT indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    odd = []
    for row in db_session.execute(text(statement)):
        kinds = ("uq_", "pk_") if " UNIQUE " in row.indexdef else ("ix_", "ex_")
        if row.tablename.startswith((FLASK_APPBUILDER, QUEUE, "alembic")):
            continue
        if not row.indexname.startswith(tuple(kind + row.tablename for kind in kinds)):
            odd.append(row.indexname)
    assert odd == []


def test_every_foreign_key_says_what_deleting_does():
    keys = [(table.name, key) for table in own_tables() for key in table.foreign_keys]
    odd = [f"{name}.{key.parent.name}" for name, key in keys if key.ondelete is None]
    assert odd == []


def test_every_foreign_key_is_indexed(db_session):
    """Otherwise deleting the other row reads the whole table."""
    rows = db_session.execute(
        text("""
        SELECT c.conrelid::regclass::text AS relation, a.attname AS name FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])
    """)
    ).all()
    mine = [row for row in rows if not row.relation.startswith((FLASK_APPBUILDER, QUEUE))]
    odd = [f"{row.relation}.{row.name}" for row in mine if row.name not in UNINDEXED]
    assert odd == []


def test_every_choice_is_checked_by_the_database(db_session):
    definitions = dict(
        db_session.execute(
            text("""
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'c' AND connamespace = 'public'::regnamespace
    """)
        ).all()
    )
    for table in own_tables():
        for column in table.c:
            if isinstance(column.type, Enum):
                name = f"ck_{table.name}_{column.type.name}"
                assert name in definitions, f"{table.name}.{column.name} has no CHECK {name}"
                kind = column.type.enum_class
                assert kind is not None
                assert issubclass(kind, enum.StrEnum)
                missing = [member.value for member in kind if f"'{member.value}'" not in definitions[name]]
                assert missing == [], f"{name} of the database lacks {missing}"


def test_every_named_check_of_the_models_is_in_the_database(db_session):
    there = set(db_session.scalars(text("SELECT conname FROM pg_constraint WHERE contype = 'c'")))
    constraints = [each for table in own_tables() for each in table.constraints]
    wanted = {str(each.name) for each in constraints if isinstance(each, CheckConstraint)}
    assert wanted - there == set()


def test_moments_carry_a_zone(db_session):
    odd = db_session.execute(
        text("""
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'
          AND table_name NOT LIKE 'ab\\_%'
    """)
    ).all()
    assert odd == []


def an_admission(actors):
    made = course([actors.teacher.id])
    return admission([slot(made, actors.teacher.id, day, "16:00") for day in (1, 4)], actor=actors.staff)


def an_enrollment_event(db_session, actors):
    school = Organization(name="Hill School", identifier="hill")
    db_session.add(school)
    db_session.flush()
    invitation = EnrollmentInvitation(
        coach_id=actors.coach.id,
        school_id=school.id,
        student_first_name="Noor",
        student_last_name="Haddad",
        guardian_email="haddad@example.org",
        token_hash="0" * 64,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )
    db_session.add(invitation)
    db_session.flush()
    made = Enrollment(
        enrollment_code="TSA-ENROLL-20241208-ABC123",
        invitation_id=invitation.id,
        guardian_id=actors.guardian.id,
        coach_id=actors.coach.id,
        school_id=school.id,
        student_first_name="Noor",
        student_last_name="Haddad",
    )
    db_session.add(made)
    db_session.flush()
    db_session.execute(
        insert(EnrollmentEvent).values(enrollment_id=made.id, invitation_id=invitation.id, type="step_saved")
    )
    db_session.execute(
        insert(RecordCreationAttempt).values(enrollment_id=made.id, succeeded=False, due_since=datetime.now(UTC))
    )


@pytest.mark.parametrize("name", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET actor_id = NULL", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_append_only_tables_refuse_every_change(db_session, actors, name, statement):
    from app.services.leads import actions

    made = lead(owner_id=actors.staff.id)
    actions.assign_owner([made.id], actor=actors.admin, owner_id=actors.staff2.id)  # fills those of leads
    admitted = an_admission(actors)
    db_session.execute(insert(ClassCredit).values(admission_id=admitted.id, classes=1, reason="granted"))
    an_enrollment_event(db_session, actors)
    db_session.execute(insert(IntegrityRepair).values(invariant="profile_missing", rows_before=1, rows_after=0))
    assert db_session.scalar(text(f"SELECT count(*) FROM {name}")) > 0
    with pytest.raises(DBAPIError) as refused, db_session.begin_nested():
        db_session.execute(text(statement.format(name)))
    assert "append-only" in str(refused.value.orig)


def test_history_tells_who_when_before_and_after(db_session, actors):
    from app.services.leads import actions

    made = lead(owner_id=actors.staff.id)
    actions.assign_owner([made.id], actor=actors.admin, owner_id=actors.staff2.id)
    history = db_session.query(RowHistory).filter_by(table_name="leads", row_id=str(made.id))
    rows = list(history.order_by(RowHistory.id))
    assert [row.operation for row in rows] == ["insert", "update"]
    assert (rows[1].before, rows[1].after) == ({"owner_id": actors.staff.id}, {"owner_id": actors.staff2.id})
    assert rows[1].actor_id == actors.admin.id
    assert rows[1].at is not None
    assert "search_text" not in rows[0].after


def test_the_search_text_and_the_audit_are_the_databases_own(db_session):
    """The search column is generated; the kinds of audit events are closed."""
    assert Lead.__table__.c.search_text.computed is not None
    assert isinstance(LeadAuditEvent.__table__.c.type.type, Enum)
