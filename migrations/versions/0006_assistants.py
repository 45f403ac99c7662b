"""Registration of help desk assistants: staging until the decision, assistants, what they know and when they can.

Revision: 0006
Follows: 0005
"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"
# table -> columns that its row history leaves out; children first, which is the order in which they are dropped
HISTORY = {
    "registration_courses": "",
    "registration_availability": "week_minutes",
    "registration_requests": NOISE + ",password_hash",
    "course_capabilities": NOISE,
    "availability": NOISE + ",week_minutes",
    "help_desk_assistants": NOISE,
}
STAGED = ("registration_courses", "registration_availability")
TYPES = ("registration_submitted", "registration_approved", "registration_processed")


def upgrade() -> None:
    op.create_table(
        "help_desk_assistants",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=8, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("hours_minimum", sa.Numeric(precision=5, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("hours_maximum", sa.Numeric(precision=5, scale=2), server_default=sa.text("20"), nullable=False),
        sa.Column("hours_worked", sa.Numeric(precision=9, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("hours_maximum <= 168", name=op.f("ck_help_desk_assistants_hours_maximum")),
        sa.CheckConstraint(
            "hours_minimum >= 0 AND hours_minimum <= hours_maximum", name=op.f("ck_help_desk_assistants_hours_minimum")
        ),
        sa.CheckConstraint("hours_worked >= 0", name=op.f("ck_help_desk_assistants_hours_worked")),
        sa.CheckConstraint("rate >= 0", name=op.f("ck_help_desk_assistants_rate")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_help_desk_assistants_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["students.id"],
            name=op.f("fk_help_desk_assistants_student_id_students"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_help_desk_assistants_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_desk_assistants")),
    )
    op.create_index("ix_help_desk_assistants_created_at_id", "help_desk_assistants", ["created_at", "id"], unique=False)
    op.create_index("uq_help_desk_assistants_student_id", "help_desk_assistants", ["student_id"], unique=True)
    op.create_table(
        "availability",
        sa.Column("assistant_id", sa.Uuid(), nullable=False),
        sa.Column("day_of_week", sa.SmallInteger(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column(
            "week_minutes",
            postgresql.INT4RANGE(),
            sa.Computed(
                "int4range(day_of_week * 1440 + (extract(epoch FROM start_time) / 60)::integer, day_of_week * 1440 + (extract(epoch FROM end_time) / 60)::integer)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("assistant_id"), "="), (sa.column("week_minutes"), "&&"), using="gist", name="ex_availability"
        ),
        sa.CheckConstraint("day_of_week BETWEEN 0 AND 6", name=op.f("ck_availability_day_of_week")),
        sa.CheckConstraint("end_time > start_time", name=op.f("ck_availability_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["help_desk_assistants.id"],
            name=op.f("fk_availability_assistant_id_help_desk_assistants"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_availability_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_availability_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability")),
    )
    op.create_index(
        "uq_availability_period", "availability", ["assistant_id", "day_of_week", "start_time", "end_time"], unique=True
    )
    op.create_table(
        "course_capabilities",
        sa.Column("assistant_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["help_desk_assistants.id"],
            name=op.f("fk_course_capabilities_assistant_id_help_desk_assistants"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_course_capabilities_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_course_capabilities_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_course_capabilities_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_capabilities")),
    )
    op.create_index("ix_course_capabilities_course_id", "course_capabilities", ["course_id"], unique=False)
    op.create_index(
        "uq_course_capabilities_assistant_id_course_id",
        "course_capabilities",
        ["assistant_id", "course_id"],
        unique=True,
    )
    op.create_table(
        "registration_requests",
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=True),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("degree", sa.String(length=120), nullable=True),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending", "approved", "rejected", name="status", native_enum=False, create_constraint=True, length=32
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("processed_by_id", sa.Integer(), nullable=True),
        sa.Column("rejection_reason", sa.String(length=500), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("assistant_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint(
            "(status = 'approved') = (user_id IS NOT NULL) AND (status = 'approved') = (assistant_id IS NOT NULL)",
            name=op.f("ck_registration_requests_approved"),
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (password_hash IS NOT NULL)", name=op.f("ck_registration_requests_password_hash")
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (processed_at IS NULL)", name=op.f("ck_registration_requests_processed_at")
        ),
        sa.CheckConstraint(
            "(status = 'rejected') = (rejection_reason IS NOT NULL)",
            name=op.f("ck_registration_requests_rejection_reason"),
        ),
        sa.CheckConstraint(
            "btrim(rejection_reason) <> ''", name=op.f("ck_registration_requests_rejection_reason_not_blank")
        ),
        sa.CheckConstraint(
            "btrim(username) <> '' AND btrim(first_name) <> '' AND btrim(last_name) <> '' AND btrim(email) <> ''",
            name=op.f("ck_registration_requests_name_not_blank"),
        ),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{4,14}$'", name=op.f("ck_registration_requests_phone_e164")),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["help_desk_assistants.id"],
            name=op.f("fk_registration_requests_assistant_id_help_desk_assistants"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_registration_requests_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["processed_by_id"],
            ["ab_user.id"],
            name=op.f("fk_registration_requests_processed_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_registration_requests_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_registration_requests_user_id_ab_user"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_requests")),
    )
    op.create_index(
        "ix_registration_requests_created_at_id", "registration_requests", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_registration_requests_status_created_at",
        "registration_requests",
        ["status", "created_at", "id"],
        unique=False,
    )
    op.create_index("uq_registration_requests_assistant_id", "registration_requests", ["assistant_id"], unique=True)
    op.create_index(
        "uq_registration_requests_email",
        "registration_requests",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("uq_registration_requests_user_id", "registration_requests", ["user_id"], unique=True)
    op.create_table(
        "registration_availability",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("day_of_week", sa.SmallInteger(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column(
            "week_minutes",
            postgresql.INT4RANGE(),
            sa.Computed(
                "int4range(day_of_week * 1440 + (extract(epoch FROM start_time) / 60)::integer, day_of_week * 1440 + (extract(epoch FROM end_time) / 60)::integer)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("registration_id"), "="),
            (sa.column("week_minutes"), "&&"),
            using="gist",
            name="ex_registration_availability",
        ),
        sa.CheckConstraint("day_of_week BETWEEN 0 AND 6", name=op.f("ck_registration_availability_day_of_week")),
        sa.CheckConstraint("end_time > start_time", name=op.f("ck_registration_availability_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration_requests.id"],
            name="fk_registration_availability_registration_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_availability")),
    )
    op.create_index(
        "uq_registration_availability_period",
        "registration_availability",
        ["registration_id", "day_of_week", "start_time", "end_time"],
        unique=True,
    )
    op.create_table(
        "registration_courses",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_registration_courses_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration_requests.id"],
            name="fk_registration_courses_registration_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_courses")),
    )
    op.create_index("ix_registration_courses_course_id", "registration_courses", ["course_id"], unique=False)
    op.create_index(
        "uq_registration_courses_registration_id_course_id",
        "registration_courses",
        ["registration_id", "course_id"],
        unique=True,
    )
    for table, excluded in HISTORY.items():
        op.execute(f"SELECT keep_history('{table}', '{excluded}')")
        if table not in STAGED:
            op.execute(f"SELECT keep_stamps('{table}')")
    for table in ("notification_events", "notifications", "notification_preferences"):
        add_types(table)


def add_types(table: str) -> None:
    """Let a table take the new kinds of notices, beside those that it takes. Read by VALIDATE, which lets others write
    meanwhile.
    """
    name = f"ck_{table}_type"
    definition = sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    taken = re.findall(r"'(\w+)'", op.get_bind().scalar(definition, {"name": name}))
    values = ", ".join(f"'{each}'" for each in dict.fromkeys([*taken, *TYPES]))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (type IN ({values})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    # The kinds of notices stay: those that were sent are kept.
    for table in HISTORY:
        op.drop_table(table)
        op.execute(f"DROP FUNCTION record_update_of_{table}()")
