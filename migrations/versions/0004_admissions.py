"""Students, courses and the calendar, admissions, the classroom, and the ways of notices.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"
# table -> columns that its row history leaves out
HISTORY = {
    "students": NOISE + ",search_text",
    "instruments": NOISE,
    "courses": NOISE,
    "course_teachers": NOISE,
    "course_plans": NOISE + ",total_classes",
    "operating_days": NOISE,
    "closures": NOISE,
    "time_slot_templates": NOISE + ",duration_minutes,week_minutes",
    "classroom_slots": NOISE + ",week_minutes,enrolled,offered",
    "admissions": NOISE + ",final_classes,total",
    "admission_slots": NOISE,
    "admission_payments": NOISE,
    "classroom_enrollments": NOISE,
    "waitlist_entries": NOISE,
    "attendance": NOISE + ",ends_at",
    "attendance_policies": NOISE,
    "reschedule_requests": NOISE,
    "notification_preferences": NOISE,
}
APPEND_ONLY = ("admission_audit_events", "class_credits")
OLD_TYPES = (
    "lead_assigned",
    "lead_stage_changed",
    "lead_walkin_assigned",
    "lead_followup_due",
    "lead_followup_status_changed",
)
NEW_TYPES = (
    "admission_created",
    "admission_blocked_capacity",
    "waitlist_offered",
    "waitlist_expired",
    "classes_remaining_4",
    "classes_completed",
    "class_moved",
    "class_cancelled",
    "reschedule_requested",
    "reschedule_result",
    "attendance_missing",
    "role_changed",
    "account_blocked",
    "broadcast",
    "closure_announcement",
)
PLANS = ((1, 100), (3, 285), (6, 540), (9, 765), (12, 960))  # months, price

# The counters of a classroom slot are kept by the database, whatever writes the rows they count; ck_classroom_slots_places
# then makes overbooking impossible. Routines lock the slots in key order first, so that these updates cannot deadlock.
FUNCTIONS = """
CREATE FUNCTION slot_minutes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT week_minutes INTO NEW.week_minutes FROM time_slot_templates WHERE id = NEW.time_slot_id;
    RETURN NEW;
END $$;

CREATE FUNCTION count_enrolled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE classroom_slots s SET enrolled = s.enrolled + d.places
        FROM (SELECT classroom_slot_id, count(*) AS places FROM new_rows WHERE status = 'active' GROUP BY 1) d
        WHERE s.id = d.classroom_slot_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE classroom_slots s SET enrolled = s.enrolled - d.places
        FROM (SELECT classroom_slot_id, count(*) AS places FROM old_rows WHERE status = 'active' GROUP BY 1) d
        WHERE s.id = d.classroom_slot_id;
    ELSE
        UPDATE classroom_slots s SET enrolled = s.enrolled + d.places
        FROM (SELECT classroom_slot_id, sum(place) AS places FROM (
                SELECT classroom_slot_id, 1 AS place FROM new_rows WHERE status = 'active'
                UNION ALL SELECT classroom_slot_id, -1 FROM old_rows WHERE status = 'active') moved GROUP BY 1) d
        WHERE s.id = d.classroom_slot_id AND d.places <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION count_offered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE classroom_slots s SET offered = s.offered + d.places
        FROM (SELECT classroom_slot_id, count(*) AS places FROM new_rows WHERE status = 'offered' GROUP BY 1) d
        WHERE s.id = d.classroom_slot_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE classroom_slots s SET offered = s.offered - d.places
        FROM (SELECT classroom_slot_id, count(*) AS places FROM old_rows WHERE status = 'offered' GROUP BY 1) d
        WHERE s.id = d.classroom_slot_id;
    ELSE
        UPDATE classroom_slots s SET offered = s.offered + d.places
        FROM (SELECT classroom_slot_id, sum(place) AS places FROM (
                SELECT classroom_slot_id, 1 AS place FROM new_rows WHERE status = 'offered'
                UNION ALL SELECT classroom_slot_id, -1 FROM old_rows WHERE status = 'offered') moved GROUP BY 1) d
        WHERE s.id = d.classroom_slot_id AND d.places <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER slot_minutes BEFORE INSERT OR UPDATE OF time_slot_id ON classroom_slots
    FOR EACH ROW EXECUTE FUNCTION slot_minutes();

-- Not stamped when only its counters change: nobody edited it.
CREATE TRIGGER stamps BEFORE UPDATE OF time_slot_id, course_id, teacher_id, room, capacity, active, deleted_at ON classroom_slots
    FOR EACH ROW EXECUTE FUNCTION stamp_update();

CREATE FUNCTION keep_count(target regclass, counter text) RETURNS void LANGUAGE plpgsql AS $keep$
BEGIN
    EXECUTE format('CREATE TRIGGER %2$s_insert AFTER INSERT ON %1$s REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION %2$s()', target, counter);
    EXECUTE format('CREATE TRIGGER %2$s_update AFTER UPDATE ON %1$s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION %2$s()', target, counter);
    EXECUTE format('CREATE TRIGGER %2$s_delete AFTER DELETE ON %1$s REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION %2$s()', target, counter);
END $keep$;
SELECT keep_count('classroom_enrollments', 'count_enrolled');
SELECT keep_count('waitlist_entries', 'count_offered');
DROP FUNCTION keep_count(regclass, text);

-- The one definition of the classes that remain: those bought, less those used up, plus those given back. What is not
-- yet planned may still be booked.
CREATE VIEW admission_balances AS
SELECT a.id AS admission_id, a.final_classes AS purchased, coalesce(planned.consumed, 0) AS consumed,
       coalesce(credited.credits, 0) AS credits,
       a.final_classes - coalesce(planned.consumed, 0) + coalesce(credited.credits, 0) AS remaining,
       coalesce(planned.scheduled, 0) AS scheduled,
       a.final_classes - coalesce(planned.consumed, 0) + coalesce(credited.credits, 0) - coalesce(planned.scheduled, 0) AS unplanned
FROM admissions a
LEFT JOIN (
    SELECT t.admission_id, count(*) FILTER (WHERE t.status IN (SELECT status FROM attendance_policies WHERE consumes))::integer AS consumed,
           count(*) FILTER (WHERE t.status = 'scheduled')::integer AS scheduled
    FROM attendance t WHERE t.deleted_at IS NULL GROUP BY t.admission_id
) planned ON planned.admission_id = a.id
LEFT JOIN (
    SELECT c.admission_id, sum(c.classes)::integer AS credits FROM class_credits c GROUP BY c.admission_id
) credited ON credited.admission_id = a.id;
"""
SEEDS = """
INSERT INTO operating_days (day, open) SELECT day, day <> 0 FROM generate_series(0, 6) AS day;
INSERT INTO time_slot_templates (day, start_time, end_time)
SELECT day, make_time(hour, 0, 0), make_time(hour + 1, 0, 0)
FROM generate_series(1, 6) AS day, generate_series(15, 20) AS hour;
INSERT INTO attendance_policies (status, consumes, earns_credit)
VALUES ('present', true, false), ('late', true, false), ('absent', false, false), ('excused', true, true);
"""


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("student_usi_seq", start=100001)))
    op.execute(sa.schema.CreateSequence(sa.Sequence("admission_number_seq", start=1001)))
    op.create_table(
        "attendance_policies",
        sa.Column(
            "status",
            sa.Enum(
                "scheduled",
                "present",
                "late",
                "absent",
                "excused",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("consumes", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("earns_credit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("status <> 'scheduled'", name=op.f("ck_attendance_policies_marked")),
        sa.CheckConstraint("consumes OR NOT earns_credit", name=op.f("ck_attendance_policies_credit_needs_use")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_attendance_policies_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_attendance_policies_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_policies")),
    )
    op.create_index("uq_attendance_policies_status", "attendance_policies", ["status"], unique=True)
    op.create_table(
        "calendar_feeds",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_calendar_feeds_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
    )
    op.create_index("ix_calendar_feeds_user_id", "calendar_feeds", ["user_id"], unique=False)
    op.create_index("uq_calendar_feeds_token_hash", "calendar_feeds", ["token_hash"], unique=True)
    op.create_table(
        "closures",
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_closures_reason_not_blank")),
        sa.CheckConstraint("ends_on - starts_on < 366", name=op.f("ck_closures_at_most_a_year")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_closures_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_closures_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_closures_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_index("ix_closures_starts_on_ends_on", "closures", ["starts_on", "ends_on"], unique=False)
    op.create_table(
        "course_plans",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("duration_months", sa.SmallInteger(), nullable=False),
        sa.Column("classes_per_week", sa.SmallInteger(), server_default=sa.text("2"), nullable=False),
        sa.Column(
            "total_classes",
            sa.Integer(),
            sa.Computed("duration_months * 4 * classes_per_week", persisted=True),
            nullable=False,
        ),
        sa.Column("price", sa.Numeric(precision=10, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_course_plans_name_not_blank")),
        sa.CheckConstraint("classes_per_week BETWEEN 1 AND 14", name=op.f("ck_course_plans_classes_per_week")),
        sa.CheckConstraint("duration_months BETWEEN 1 AND 36", name=op.f("ck_course_plans_duration_months")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_course_plans_price")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_course_plans_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_course_plans_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_plans")),
    )
    op.create_index("uq_course_plans_name", "course_plans", [sa.literal_column("lower(name)")], unique=True)
    op.create_table(
        "instruments",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_instruments_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_instruments_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["ab_user.id"], name=op.f("fk_instruments_deleted_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_instruments_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruments")),
    )
    op.create_index(
        "uq_instruments_name",
        "instruments",
        [sa.literal_column("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "lead_assigned",
                "lead_stage_changed",
                "lead_walkin_assigned",
                "lead_followup_due",
                "lead_followup_status_changed",
                "admission_created",
                "admission_blocked_capacity",
                "waitlist_offered",
                "waitlist_expired",
                "classes_remaining_4",
                "classes_completed",
                "class_moved",
                "class_cancelled",
                "reschedule_requested",
                "reschedule_result",
                "attendance_missing",
                "role_changed",
                "account_blocked",
                "broadcast",
                "closure_announcement",
                name="type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum("in_app", "email", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_notification_preferences_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_notification_preferences_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_notification_preferences_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_preferences")),
    )
    op.create_index(
        "uq_notification_preferences_user_id_type_channel",
        "notification_preferences",
        ["user_id", "type", "channel"],
        unique=True,
    )
    op.create_table(
        "operating_days",
        sa.Column("day", sa.SmallInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("day BETWEEN 0 AND 6", name=op.f("ck_operating_days_day")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_operating_days_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_operating_days_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operating_days")),
    )
    op.create_index("uq_operating_days_day", "operating_days", ["day"], unique=True)
    op.create_table(
        "students",
        sa.Column("student_usi", sa.BigInteger(), server_default=sa.text("nextval('student_usi_seq')"), nullable=False),
        sa.Column("student_unique_id", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("first_name", sa.String(length=80), nullable=False),
        sa.Column("middle_name", sa.String(length=80), nullable=True),
        sa.Column("last_name", sa.String(length=80), nullable=False),
        sa.Column("generation_suffix", sa.String(length=10), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("guardian_name", sa.String(length=160), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("birth_city", sa.String(length=80), nullable=True),
        sa.Column("birth_state", sa.String(length=80), nullable=True),
        sa.Column("birth_country", sa.String(length=80), nullable=True),
        sa.Column("birth_sex_descriptor", sa.String(length=120), nullable=True),
        sa.Column("hispanic_latino_ethnicity", sa.Boolean(), nullable=True),
        sa.Column(
            "races", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("source_system_descriptor", sa.String(length=120), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed(
                "search_fold(first_name || ' ' || coalesce(middle_name || ' ', '') || last_name || ' ' || student_usi || ' ' || coalesce(phone, '') || ' ' || coalesce(email, ''))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("birth_date >= DATE '1900-01-01'", name=op.f("ck_students_birth_date")),
        sa.CheckConstraint(
            "btrim(first_name) <> '' AND btrim(last_name) <> ''", name=op.f("ck_students_name_not_blank")
        ),
        sa.CheckConstraint("email <> ''", name=op.f("ck_students_email_not_blank")),
        sa.CheckConstraint("jsonb_typeof(races) = 'array'", name=op.f("ck_students_races_list")),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{4,14}$'", name=op.f("ck_students_phone_e164")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_students_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["ab_user.id"], name=op.f("fk_students_deleted_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_students_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_students_user_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_students")),
    )
    op.create_index(
        "ix_students_created_at_id",
        "students",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_students_last_name_id",
        "students",
        ["last_name", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_students_search_text",
        "students",
        ["search_text"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_students_user_id", "students", ["user_id"], unique=False, postgresql_where=sa.text("user_id IS NOT NULL")
    )
    op.create_index("uq_students_student_unique_id", "students", ["student_unique_id"], unique=True)
    op.create_index("uq_students_student_usi", "students", ["student_usi"], unique=True)
    op.create_index(
        "uq_students_user_id",
        "students",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL AND user_id IS NOT NULL"),
    )
    op.create_table(
        "time_slot_templates",
        sa.Column("day", sa.SmallInteger(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column(
            "duration_minutes",
            sa.Integer(),
            sa.Computed("(extract(epoch FROM end_time - start_time) / 60)::integer", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "week_minutes",
            postgresql.INT4RANGE(),
            sa.Computed(
                "int4range(day * 1440 + (extract(epoch FROM start_time) / 60)::integer, day * 1440 + (extract(epoch FROM end_time) / 60)::integer)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("day BETWEEN 0 AND 6", name=op.f("ck_time_slot_templates_day")),
        sa.CheckConstraint("end_time > start_time", name=op.f("ck_time_slot_templates_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_time_slot_templates_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_time_slot_templates_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_slot_templates")),
    )
    op.create_index(
        "uq_time_slot_templates_day_start_time_end_time",
        "time_slot_templates",
        ["day", "start_time", "end_time"],
        unique=True,
    )
    op.create_index(
        "uq_time_slot_templates_id_week_minutes", "time_slot_templates", ["id", "week_minutes"], unique=True
    )
    op.create_table(
        "courses",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=True),
        sa.Column(
            "difficulty",
            sa.Enum(
                "beginner",
                "intermediate",
                "advanced",
                name="difficulty",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="beginner",
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("btrim(code) <> '' AND btrim(name) <> ''", name=op.f("ck_courses_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_courses_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["ab_user.id"], name=op.f("fk_courses_deleted_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_courses_instrument_id_instruments"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_courses_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
    )
    op.create_index("ix_courses_instrument_id", "courses", ["instrument_id"], unique=False)
    op.create_index(
        "uq_courses_code",
        "courses",
        [sa.literal_column("lower(code)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "notification_deliveries",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("in_app", "email", name="channel", native_enum=False, create_constraint=True, length=32),
            server_default="email",
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum("queued", "sent", "failed", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.String(length=255), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_notification_deliveries_attempts")),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["ab_user.id"],
            name=op.f("fk_notification_deliveries_recipient_id_ab_user"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_notification_deliveries_notification_id_notifications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_deliveries")),
    )
    op.create_index(
        "ix_notification_deliveries_due",
        "notification_deliveries",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_notification_deliveries_recipient_id", "notification_deliveries", ["recipient_id", "status"], unique=False
    )
    op.create_index(
        "ix_notification_deliveries_sent_at",
        "notification_deliveries",
        ["sent_at"],
        unique=False,
        postgresql_where=sa.text("status = 'sent'"),
    )
    op.create_index(
        "ix_notification_deliveries_created_at_id", "notification_deliveries", ["created_at", "id"], unique=False
    )
    op.create_index(
        "uq_notification_deliveries_notification_id_channel",
        "notification_deliveries",
        ["notification_id", "channel"],
        unique=True,
    )
    op.create_table(
        "admissions",
        sa.Column("number", sa.BigInteger(), server_default=sa.text("nextval('admission_number_seq')"), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "active",
                "paused",
                "completed",
                "cancelled",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="active",
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("base_classes", sa.Integer(), nullable=False),
        sa.Column("extra_classes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "final_classes", sa.Integer(), sa.Computed("base_classes + extra_classes", persisted=True), nullable=False
        ),
        sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column(
            "discount_type",
            sa.Enum(
                "none", "percent", "amount", name="discount_type", native_enum=False, create_constraint=True, length=32
            ),
            server_default="none",
            nullable=False,
        ),
        sa.Column("discount_value", sa.Numeric(precision=10, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "total",
            sa.Numeric(precision=10, scale=2),
            sa.Computed(
                "CASE discount_type WHEN 'percent' THEN round(price * (100 - discount_value) / 100, 2) WHEN 'amount' THEN price - discount_value ELSE price END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("renewed_from_id", sa.Uuid(), nullable=True),
        sa.Column("submission_key", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(status = 'paused') = (paused_at IS NOT NULL)", name=op.f("ck_admissions_paused_at")),
        sa.CheckConstraint(
            "discount_value >= 0 AND (discount_type <> 'percent' OR discount_value <= 100) AND (discount_type <> 'none' OR discount_value = 0) AND (discount_type <> 'amount' OR discount_value <= price)",
            name=op.f("ck_admissions_discount"),
        ),
        sa.CheckConstraint("base_classes > 0", name=op.f("ck_admissions_base_classes")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_admissions_ends_after_start")),
        sa.CheckConstraint("extra_classes BETWEEN 0 AND 500", name=op.f("ck_admissions_extra_classes")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_admissions_price")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_admissions_course_id_courses"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_admissions_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["ab_user.id"], name=op.f("fk_admissions_deleted_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_admissions_lead_id_leads"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["course_plans.id"], name=op.f("fk_admissions_plan_id_course_plans"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["renewed_from_id"],
            ["admissions.id"],
            name=op.f("fk_admissions_renewed_from_id_admissions"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_admissions_student_id_students"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_admissions_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admissions")),
    )
    op.create_index("ix_admissions_course_id", "admissions", ["course_id"], unique=False)
    op.create_index(
        "ix_admissions_created_at_id",
        "admissions",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_admissions_lead_id",
        "admissions",
        ["lead_id"],
        unique=False,
        postgresql_where=sa.text("lead_id IS NOT NULL"),
    )
    op.create_index("ix_admissions_plan_id", "admissions", ["plan_id"], unique=False)
    op.create_index(
        "ix_admissions_renewed_from_id",
        "admissions",
        ["renewed_from_id"],
        unique=False,
        postgresql_where=sa.text("renewed_from_id IS NOT NULL"),
    )
    op.create_index(
        "ix_admissions_starts_on",
        "admissions",
        ["starts_on", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_admissions_status_created_at",
        "admissions",
        ["status", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_admissions_student_id", "admissions", ["student_id"], unique=False)
    op.create_index("uq_admissions_number", "admissions", ["number"], unique=True)
    op.create_index(
        "uq_admissions_renewed_from_id",
        "admissions",
        ["renewed_from_id"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL AND status <> 'cancelled'"),
    )
    op.create_index("uq_admissions_submission_key", "admissions", ["submission_key"], unique=True)
    op.create_table(
        "classroom_slots",
        sa.Column("time_slot_id", sa.Uuid(), nullable=False),
        sa.Column("week_minutes", postgresql.INT4RANGE(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("room", sa.String(length=60), nullable=True),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("enrolled", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("offered", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("teacher_id"), "="),
            (sa.column("week_minutes"), "&&"),
            where=sa.text("deleted_at IS NULL AND active"),
            using="gist",
            name="ex_classroom_slots_teacher",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("lower(room)"), "="),
            (sa.column("week_minutes"), "&&"),
            where=sa.text("deleted_at IS NULL AND active AND room IS NOT NULL"),
            using="gist",
            name="ex_classroom_slots_room",
        ),
        sa.CheckConstraint("btrim(room) <> ''", name=op.f("ck_classroom_slots_room_not_blank")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 1000", name=op.f("ck_classroom_slots_capacity")),
        sa.CheckConstraint("enrolled + offered <= capacity", name=op.f("ck_classroom_slots_places")),
        sa.CheckConstraint("enrolled >= 0 AND offered >= 0", name=op.f("ck_classroom_slots_counted")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_classroom_slots_course_id_courses"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_classroom_slots_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"],
            ["ab_user.id"],
            name=op.f("fk_classroom_slots_deleted_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["teacher_id"], ["ab_user.id"], name=op.f("fk_classroom_slots_teacher_id_ab_user"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["time_slot_id", "week_minutes"],
            ["time_slot_templates.id", "time_slot_templates.week_minutes"],
            name="fk_classroom_slots_time_slot_id_time_slot_templates",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_classroom_slots_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classroom_slots")),
    )
    op.create_index("ix_classroom_slots_course_id", "classroom_slots", ["course_id"], unique=False)
    op.create_index("ix_classroom_slots_teacher_id", "classroom_slots", ["teacher_id"], unique=False)
    op.create_index("ix_classroom_slots_time_slot_id", "classroom_slots", ["time_slot_id"], unique=False)
    op.create_index(
        "uq_classroom_slots_time_slot_id_course_id_teacher_id",
        "classroom_slots",
        ["time_slot_id", "course_id", "teacher_id"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "course_teachers",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_course_teachers_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_course_teachers_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["teacher_id"], ["ab_user.id"], name=op.f("fk_course_teachers_teacher_id_ab_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_course_teachers_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_teachers")),
    )
    op.create_index("ix_course_teachers_teacher_id", "course_teachers", ["teacher_id"], unique=False)
    op.create_index(
        "uq_course_teachers_course_id_teacher_id", "course_teachers", ["course_id", "teacher_id"], unique=True
    )
    op.create_table(
        "admission_audit_events",
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "created",
                "updated",
                "discount_changed",
                "extra_classes_added",
                "status_changed",
                "payment_changed",
                "renewed",
                "classes_moved",
                "credit_changed",
                "deleted",
                "restored",
                name="type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["admission_id"],
            ["admissions.id"],
            name=op.f("fk_admission_audit_events_admission_id_admissions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission_audit_events")),
    )
    op.create_index(
        "ix_admission_audit_events_admission_id_at", "admission_audit_events", ["admission_id", "at"], unique=False
    )
    op.create_index(
        "ix_admission_audit_events_batch_id",
        "admission_audit_events",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_table(
        "admission_payments",
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column(
            "status",
            sa.Enum("unpaid", "paid", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="unpaid",
            nullable=False,
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_admission_payments_paid_at")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_admission_payments_amount")),
        sa.ForeignKeyConstraint(
            ["admission_id"],
            ["admissions.id"],
            name=op.f("fk_admission_payments_admission_id_admissions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_admission_payments_confirmed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_admission_payments_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_admission_payments_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission_payments")),
    )
    op.create_index(
        "ix_admission_payments_unpaid",
        "admission_payments",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'unpaid'"),
    )
    op.create_index("uq_admission_payments_admission_id", "admission_payments", ["admission_id"], unique=True)
    op.create_table(
        "admission_slots",
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column("classroom_slot_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["admission_id"],
            ["admissions.id"],
            name=op.f("fk_admission_slots_admission_id_admissions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["classroom_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_admission_slots_classroom_slot_id_classroom_slots"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_admission_slots_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_admission_slots_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission_slots")),
    )
    op.create_index("ix_admission_slots_classroom_slot_id", "admission_slots", ["classroom_slot_id"], unique=False)
    op.create_index(
        "uq_admission_slots_admission_id_classroom_slot_id",
        "admission_slots",
        ["admission_id", "classroom_slot_id"],
        unique=True,
    )
    op.create_table(
        "attendance",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column("classroom_slot_id", sa.Uuid(), nullable=False),
        sa.Column("class_date", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "scheduled",
                "present",
                "late",
                "absent",
                "excused",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="scheduled",
            nullable=False,
        ),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("marked_by_id", sa.Integer(), nullable=True),
        sa.Column("original_slot_id", sa.Uuid(), nullable=True),
        sa.Column("original_date", sa.Date(), nullable=True),
        sa.Column("makeup", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'scheduled') = (marked_at IS NULL)", name=op.f("ck_attendance_marked_at")),
        sa.CheckConstraint("(original_slot_id IS NULL) = (original_date IS NULL)", name=op.f("ck_attendance_original")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_attendance_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["admission_id"], ["admissions.id"], name=op.f("fk_attendance_admission_id_admissions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["classroom_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_attendance_classroom_slot_id_classroom_slots"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["marked_by_id"], ["ab_user.id"], name=op.f("fk_attendance_marked_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["original_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_attendance_original_slot_id_classroom_slots"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_attendance_student_id_students"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    op.create_index(
        "ix_attendance_admission_id_status",
        "attendance",
        ["admission_id", "status"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_attendance_visitors",
        "attendance",
        ["classroom_slot_id", "class_date", "student_id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL AND (makeup OR original_slot_id IS NOT NULL)"),
    )
    op.create_index(
        "ix_attendance_class_date_id",
        "attendance",
        ["class_date", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_attendance_classroom_slot_id_class_date",
        "attendance",
        ["classroom_slot_id", "class_date"],
        unique=False,
        postgresql_include=["status", "deleted_at"],
    )
    op.create_index(
        "ix_attendance_original_slot_id_original_date",
        "attendance",
        ["original_slot_id", "original_date"],
        unique=False,
        postgresql_where=sa.text("original_slot_id IS NOT NULL"),
    )
    op.create_index("ix_attendance_student_id_class_date", "attendance", ["student_id", "class_date"], unique=False)
    op.create_index(
        "ix_attendance_unmarked",
        "attendance",
        ["class_date", "classroom_slot_id"],
        unique=False,
        postgresql_where=sa.text("status = 'scheduled' AND deleted_at IS NULL"),
    )
    op.create_index(
        "uq_attendance_student_id_classroom_slot_id_class_date",
        "attendance",
        ["student_id", "classroom_slot_id", "class_date"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_attendance_student_id_starts_at",
        "attendance",
        ["student_id", "starts_at"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "classroom_enrollments",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("classroom_slot_id", sa.Uuid(), nullable=False),
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("active", "paused", "ended", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="active",
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["admission_id"],
            ["admissions.id"],
            name=op.f("fk_classroom_enrollments_admission_id_admissions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["classroom_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_classroom_enrollments_classroom_slot_id_classroom_slots"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_classroom_enrollments_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["students.id"],
            name=op.f("fk_classroom_enrollments_student_id_students"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_classroom_enrollments_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classroom_enrollments")),
    )
    op.create_index("ix_classroom_enrollments_admission_id", "classroom_enrollments", ["admission_id"], unique=False)
    op.create_index(
        "ix_classroom_enrollments_classroom_slot_id_status",
        "classroom_enrollments",
        ["classroom_slot_id", "status"],
        unique=False,
    )
    op.create_index("ix_classroom_enrollments_student_id", "classroom_enrollments", ["student_id"], unique=False)
    op.create_index(
        "uq_classroom_enrollments_student_id_classroom_slot_id",
        "classroom_enrollments",
        ["student_id", "classroom_slot_id"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "waitlist_entries",
        sa.Column("classroom_slot_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("student_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "offered",
                "accepted",
                "expired",
                "withdrawn",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("admission_id", sa.Uuid(), nullable=True),
        sa.Column("notes", sa.String(length=300), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint(
            "(status = 'offered') <= (expires_at IS NOT NULL)", name=op.f("ck_waitlist_entries_offer_expires")
        ),
        sa.CheckConstraint("num_nonnulls(lead_id, student_id) = 1", name=op.f("ck_waitlist_entries_lead_or_student")),
        sa.ForeignKeyConstraint(
            ["admission_id"],
            ["admissions.id"],
            name=op.f("fk_waitlist_entries_admission_id_admissions"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["classroom_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_waitlist_entries_classroom_slot_id_classroom_slots"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_waitlist_entries_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_waitlist_entries_lead_id_leads"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_waitlist_entries_student_id_students"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_waitlist_entries_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entries")),
    )
    op.create_index("ix_waitlist_entries_admission_id", "waitlist_entries", ["admission_id"], unique=False)
    op.create_index(
        "ix_waitlist_entries_classroom_slot_id_status_position",
        "waitlist_entries",
        ["classroom_slot_id", "status", "position"],
        unique=False,
    )
    op.create_index(
        "ix_waitlist_entries_expires_at",
        "waitlist_entries",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'offered'"),
    )
    op.create_index("ix_waitlist_entries_lead_id", "waitlist_entries", ["lead_id"], unique=False)
    op.create_index("ix_waitlist_entries_student_id", "waitlist_entries", ["student_id"], unique=False)
    op.create_index(
        "uq_waitlist_entries_lead_id_classroom_slot_id",
        "waitlist_entries",
        ["lead_id", "classroom_slot_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.create_index(
        "uq_waitlist_entries_student_id_classroom_slot_id",
        "waitlist_entries",
        ["student_id", "classroom_slot_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.create_table(
        "class_credits",
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column("attendance_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("classes", sa.SmallInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "excused",
                "corrected",
                "closure",
                "granted",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.CheckConstraint("classes <> 0", name=op.f("ck_class_credits_classes")),
        sa.ForeignKeyConstraint(
            ["admission_id"],
            ["admissions.id"],
            name=op.f("fk_class_credits_admission_id_admissions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["attendance_id"],
            ["attendance.id"],
            name=op.f("fk_class_credits_attendance_id_attendance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_credits")),
    )
    op.create_index("ix_class_credits_admission_id", "class_credits", ["admission_id"], unique=False)
    op.create_index("ix_class_credits_at_id", "class_credits", ["at", "id"], unique=False)
    op.create_index("ix_class_credits_attendance_id", "class_credits", ["attendance_id"], unique=False)
    op.create_table(
        "reschedule_requests",
        sa.Column("attendance_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("from_slot_id", sa.Uuid(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("requested_slot_id", sa.Uuid(), nullable=False),
        sa.Column("requested_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "approved",
                "rejected",
                "withdrawn",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decision_note", sa.String(length=500), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint(
            "(status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)",
            name=op.f("ck_reschedule_requests_decided_at"),
        ),
        sa.ForeignKeyConstraint(
            ["attendance_id"],
            ["attendance.id"],
            name=op.f("fk_reschedule_requests_attendance_id_attendance"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_reschedule_requests_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["ab_user.id"],
            name=op.f("fk_reschedule_requests_decided_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["from_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_reschedule_requests_from_slot_id_classroom_slots"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["requested_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_reschedule_requests_requested_slot_id_classroom_slots"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["students.id"],
            name=op.f("fk_reschedule_requests_student_id_students"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_reschedule_requests_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reschedule_requests")),
    )
    op.create_index("ix_reschedule_requests_attendance_id", "reschedule_requests", ["attendance_id"], unique=False)
    op.create_index("ix_reschedule_requests_created_at_id", "reschedule_requests", ["created_at", "id"], unique=False)
    op.create_index("ix_reschedule_requests_from_slot_id", "reschedule_requests", ["from_slot_id"], unique=False)
    op.create_index(
        "ix_reschedule_requests_requested_slot_id", "reschedule_requests", ["requested_slot_id"], unique=False
    )
    op.create_index(
        "ix_reschedule_requests_status_created_at", "reschedule_requests", ["status", "created_at", "id"], unique=False
    )
    op.create_index("ix_reschedule_requests_student_id", "reschedule_requests", ["student_id"], unique=False)
    op.create_index(
        "uq_reschedule_requests_attendance_id",
        "reschedule_requests",
        ["attendance_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    run_script(FUNCTIONS)
    for table, excluded in HISTORY.items():
        op.execute(f"SELECT keep_history('{table}', '{excluded}')")
        if table != "classroom_slots":
            op.execute(f"SELECT keep_stamps('{table}')")
    for table in APPEND_ONLY:
        op.execute(f"SELECT keep_append_only('{table}')")
    op.add_column(
        "notifications",
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    for table in ("notification_events", "notifications"):
        set_types(table, OLD_TYPES + NEW_TYPES)
    run_script(SEEDS)
    plans = sa.table("course_plans", sa.column("name"), sa.column("duration_months"), sa.column("price"))
    op.bulk_insert(
        plans,
        [
            {"name": "1 month" if months == 1 else f"{months} months", "duration_months": months, "price": price}
            for months, price in PLANS
        ],
    )


def run_script(script: str) -> None:
    """Several statements at once, with their percent signs and colons left alone."""
    op.get_bind().connection.driver_connection.execute(script)


def set_types(table: str, types: tuple[str, ...]) -> None:
    """The kinds of notices that a table takes. Read by VALIDATE, which lets others write meanwhile."""
    name, values = f"ck_{table}_type", ", ".join(f"'{each}'" for each in types)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (type IN ({values})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    # The kinds of notices stay: those that were sent are kept.
    op.execute("DROP VIEW admission_balances")
    op.drop_index(
        "uq_reschedule_requests_attendance_id",
        table_name="reschedule_requests",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_reschedule_requests_student_id", table_name="reschedule_requests")
    op.drop_index("ix_reschedule_requests_status_created_at", table_name="reschedule_requests")
    op.drop_index("ix_reschedule_requests_requested_slot_id", table_name="reschedule_requests")
    op.drop_index("ix_reschedule_requests_from_slot_id", table_name="reschedule_requests")
    op.drop_index("ix_reschedule_requests_created_at_id", table_name="reschedule_requests")
    op.drop_index("ix_reschedule_requests_attendance_id", table_name="reschedule_requests")
    op.drop_table("reschedule_requests")
    op.drop_index("ix_class_credits_attendance_id", table_name="class_credits")
    op.drop_index("ix_class_credits_at_id", table_name="class_credits")
    op.drop_index("ix_class_credits_admission_id", table_name="class_credits")
    op.drop_table("class_credits")
    op.drop_index(
        "uq_waitlist_entries_student_id_classroom_slot_id",
        table_name="waitlist_entries",
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.drop_index(
        "uq_waitlist_entries_lead_id_classroom_slot_id",
        table_name="waitlist_entries",
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.drop_index("ix_waitlist_entries_student_id", table_name="waitlist_entries")
    op.drop_index("ix_waitlist_entries_lead_id", table_name="waitlist_entries")
    op.drop_index(
        "ix_waitlist_entries_expires_at", table_name="waitlist_entries", postgresql_where=sa.text("status = 'offered'")
    )
    op.drop_index("ix_waitlist_entries_classroom_slot_id_status_position", table_name="waitlist_entries")
    op.drop_index("ix_waitlist_entries_admission_id", table_name="waitlist_entries")
    op.drop_table("waitlist_entries")
    op.drop_index(
        "uq_classroom_enrollments_student_id_classroom_slot_id",
        table_name="classroom_enrollments",
        postgresql_where=sa.text("status = 'active'"),
    )
    op.drop_index("ix_classroom_enrollments_student_id", table_name="classroom_enrollments")
    op.drop_index("ix_classroom_enrollments_classroom_slot_id_status", table_name="classroom_enrollments")
    op.drop_index("ix_classroom_enrollments_admission_id", table_name="classroom_enrollments")
    op.drop_table("classroom_enrollments")
    op.drop_index(
        "uq_attendance_student_id_starts_at", table_name="attendance", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index(
        "uq_attendance_student_id_classroom_slot_id_class_date",
        table_name="attendance",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_attendance_unmarked",
        table_name="attendance",
        postgresql_where=sa.text("status = 'scheduled' AND deleted_at IS NULL"),
    )
    op.drop_index("ix_attendance_student_id_class_date", table_name="attendance")
    op.drop_index(
        "ix_attendance_original_slot_id_original_date",
        table_name="attendance",
        postgresql_where=sa.text("original_slot_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_attendance_classroom_slot_id_class_date",
        table_name="attendance",
        postgresql_include=["status", "deleted_at"],
    )
    op.drop_index(
        "ix_attendance_visitors",
        table_name="attendance",
        postgresql_where=sa.text("deleted_at IS NULL AND (makeup OR original_slot_id IS NOT NULL)"),
    )
    op.drop_index(
        "ix_attendance_class_date_id", table_name="attendance", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index(
        "ix_attendance_admission_id_status", table_name="attendance", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_table("attendance")
    op.drop_index("uq_admission_slots_admission_id_classroom_slot_id", table_name="admission_slots")
    op.drop_index("ix_admission_slots_classroom_slot_id", table_name="admission_slots")
    op.drop_table("admission_slots")
    op.drop_index("uq_admission_payments_admission_id", table_name="admission_payments")
    op.drop_index(
        "ix_admission_payments_unpaid", table_name="admission_payments", postgresql_where=sa.text("status = 'unpaid'")
    )
    op.drop_table("admission_payments")
    op.drop_index(
        "ix_admission_audit_events_batch_id",
        table_name="admission_audit_events",
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.drop_index("ix_admission_audit_events_admission_id_at", table_name="admission_audit_events")
    op.drop_table("admission_audit_events")
    op.drop_index("uq_course_teachers_course_id_teacher_id", table_name="course_teachers")
    op.drop_index("ix_course_teachers_teacher_id", table_name="course_teachers")
    op.drop_table("course_teachers")
    op.drop_index(
        "uq_classroom_slots_time_slot_id_course_id_teacher_id",
        table_name="classroom_slots",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_classroom_slots_time_slot_id", table_name="classroom_slots")
    op.drop_index("ix_classroom_slots_teacher_id", table_name="classroom_slots")
    op.drop_index("ix_classroom_slots_course_id", table_name="classroom_slots")
    op.drop_table("classroom_slots")
    op.drop_index("uq_admissions_submission_key", table_name="admissions")
    op.drop_index(
        "uq_admissions_renewed_from_id",
        table_name="admissions",
        postgresql_where=sa.text("deleted_at IS NULL AND status <> 'cancelled'"),
    )
    op.drop_index("uq_admissions_number", table_name="admissions")
    op.drop_index("ix_admissions_student_id", table_name="admissions")
    op.drop_index(
        "ix_admissions_status_created_at", table_name="admissions", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index("ix_admissions_starts_on", table_name="admissions", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index(
        "ix_admissions_renewed_from_id",
        table_name="admissions",
        postgresql_where=sa.text("renewed_from_id IS NOT NULL"),
    )
    op.drop_index("ix_admissions_plan_id", table_name="admissions")
    op.drop_index("ix_admissions_lead_id", table_name="admissions", postgresql_where=sa.text("lead_id IS NOT NULL"))
    op.drop_index(
        "ix_admissions_created_at_id", table_name="admissions", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index("ix_admissions_course_id", table_name="admissions")
    op.drop_table("admissions")
    op.drop_column("notifications", "payload")
    op.drop_index("ix_notification_deliveries_created_at_id", table_name="notification_deliveries")
    op.drop_index(
        "ix_notification_deliveries_sent_at",
        table_name="notification_deliveries",
        postgresql_where=sa.text("status = 'sent'"),
    )
    op.drop_index("ix_notification_deliveries_recipient_id", table_name="notification_deliveries")
    op.drop_index("uq_notification_deliveries_notification_id_channel", table_name="notification_deliveries")
    op.drop_index(
        "ix_notification_deliveries_due",
        table_name="notification_deliveries",
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.drop_table("notification_deliveries")
    op.drop_index("uq_courses_code", table_name="courses", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("ix_courses_instrument_id", table_name="courses")
    op.drop_table("courses")
    op.drop_index("uq_time_slot_templates_id_week_minutes", table_name="time_slot_templates")
    op.drop_index("uq_time_slot_templates_day_start_time_end_time", table_name="time_slot_templates")
    op.drop_table("time_slot_templates")
    op.drop_index(
        "uq_students_user_id",
        table_name="students",
        postgresql_where=sa.text("deleted_at IS NULL AND user_id IS NOT NULL"),
    )
    op.drop_index("uq_students_student_usi", table_name="students")
    op.drop_index("uq_students_student_unique_id", table_name="students")
    op.drop_index("ix_students_user_id", table_name="students", postgresql_where=sa.text("user_id IS NOT NULL"))
    op.drop_index(
        "ix_students_search_text",
        table_name="students",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.drop_index("ix_students_last_name_id", table_name="students", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("ix_students_created_at_id", table_name="students", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_table("students")
    op.drop_index("uq_operating_days_day", table_name="operating_days")
    op.drop_table("operating_days")
    op.drop_index("uq_notification_preferences_user_id_type_channel", table_name="notification_preferences")
    op.drop_table("notification_preferences")
    op.drop_index("uq_instruments_name", table_name="instruments", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_table("instruments")
    op.drop_index("uq_course_plans_name", table_name="course_plans")
    op.drop_table("course_plans")
    op.drop_index("ix_closures_starts_on_ends_on", table_name="closures")
    op.drop_table("closures")
    op.drop_index("uq_calendar_feeds_token_hash", table_name="calendar_feeds")
    op.drop_index("ix_calendar_feeds_user_id", table_name="calendar_feeds")
    op.drop_table("calendar_feeds")
    op.drop_index("uq_attendance_policies_status", table_name="attendance_policies")
    op.drop_table("attendance_policies")
    for function in ("slot_minutes()", "count_enrolled()", "count_offered()"):
        op.execute(f"DROP FUNCTION {function}")
    for table in HISTORY:
        op.execute(f"DROP FUNCTION record_update_of_{table}()")
    op.execute("DROP SEQUENCE admission_number_seq")
    op.execute("DROP SEQUENCE student_usi_seq")
