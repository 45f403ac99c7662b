"""The roster of the help desk.

Revision: 0007
Follows: 0006
"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"
# table -> columns that its row history leaves out
HISTORY = {
    "rosters": NOISE + ",status,gap,progress,solve_key",
    "roster_shifts": NOISE + ",week_minutes",
    "shift_demands": NOISE,
    "shift_assignments": NOISE + ",week_minutes",
    "published_shifts": NOISE,
}
TYPES = ("roster_published",)

# The time of a shift stands at each of its assignments too, for the constraint that nobody is in two places at once.
# When the shift moves, its foreign key moves them along.
FUNCTIONS = """
CREATE FUNCTION shift_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT roster_id, week_minutes INTO NEW.roster_id, NEW.week_minutes FROM roster_shifts WHERE id = NEW.shift_id;
    RETURN NEW;
END $$;

CREATE TRIGGER shift_times BEFORE INSERT OR UPDATE OF shift_id ON shift_assignments
    FOR EACH ROW EXECUTE FUNCTION shift_times();
"""


def upgrade() -> None:
    op.create_table(
        "rosters",
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "solving",
                "solved",
                "published",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            sa.Computed(
                "CASE WHEN solve_key IS NOT NULL THEN 'solving' WHEN published_at IS NOT NULL THEN 'published' WHEN solved_at IS NOT NULL THEN 'solved' ELSE 'draft' END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("objective", sa.Integer(), nullable=True),
        sa.Column("bound", sa.Integer(), nullable=True),
        sa.Column(
            "gap",
            sa.Numeric(precision=5, scale=2),
            sa.Computed(
                "CASE WHEN objective > 0 THEN 100 * (objective - bound)::numeric / objective ELSE 0 * objective END",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("solved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publication", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("solve_key", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("progress", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(length=500), server_default="", nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint(
            "starts_on BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", name=op.f("ck_rosters_starts_on")
        ),
        sa.CheckConstraint("(solve_key IS NULL) = (asked_at IS NULL)", name=op.f("ck_rosters_asked_at")),
        sa.CheckConstraint("bound BETWEEN 0 AND objective", name=op.f("ck_rosters_bound")),
        sa.CheckConstraint("extract(isodow FROM starts_on) = 1", name=op.f("ck_rosters_starts_on_monday")),
        sa.CheckConstraint("num_nonnulls(solved_at, objective, bound) IN (0, 3)", name=op.f("ck_rosters_solved_at")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_rosters_progress")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["ab_user.id"], name=op.f("fk_rosters_asked_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_rosters_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_rosters_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rosters")),
    )
    op.create_index("uq_rosters_starts_on", "rosters", ["starts_on"], unique=True)
    op.create_table(
        "roster_shifts",
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.SmallInteger(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=True),
        sa.Column(
            "week_minutes",
            postgresql.INT4RANGE(),
            sa.Computed(
                "int4range(day * 1440 + (extract(epoch FROM start_time) / 60)::integer, day * 1440 + (extract(epoch FROM end_time) / 60)::integer)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("btrim(place) <> ''", name=op.f("ck_roster_shifts_place_not_blank")),
        sa.CheckConstraint(
            "extract(second FROM start_time) + extract(second FROM end_time) = 0",
            name=op.f("ck_roster_shifts_whole_minutes"),
        ),
        sa.CheckConstraint("day BETWEEN 0 AND 6", name=op.f("ck_roster_shifts_day")),
        sa.CheckConstraint("end_time > start_time", name=op.f("ck_roster_shifts_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_roster_shifts_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["rosters.id"], name=op.f("fk_roster_shifts_roster_id_rosters"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_roster_shifts_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_shifts")),
    )
    op.create_index(
        "uq_roster_shifts_id_roster_id_week_minutes", "roster_shifts", ["id", "roster_id", "week_minutes"], unique=True
    )
    op.create_index(
        "uq_roster_shifts_period",
        "roster_shifts",
        ["roster_id", "day", "start_time", "end_time", sa.literal_column("lower(coalesce(place, ''))")],
        unique=True,
    )
    op.create_table(
        "published_shifts",
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("assistant_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_published_shifts_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["help_desk_assistants.id"],
            name=op.f("fk_published_shifts_assistant_id_help_desk_assistants"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_published_shifts_course_id_courses"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_published_shifts_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["rosters.id"], name=op.f("fk_published_shifts_roster_id_rosters"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["shift_id"],
            ["roster_shifts.id"],
            name=op.f("fk_published_shifts_shift_id_roster_shifts"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_published_shifts_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_shifts")),
    )
    op.create_index(
        "ix_published_shifts_assistant_id_starts_at", "published_shifts", ["assistant_id", "starts_at"], unique=False
    )
    op.create_index("ix_published_shifts_course_id", "published_shifts", ["course_id"], unique=False)
    op.create_index("ix_published_shifts_roster_id", "published_shifts", ["roster_id"], unique=False)
    op.create_index("ix_published_shifts_starts_at_id", "published_shifts", ["starts_at", "id"], unique=False)
    op.create_index(
        "uq_published_shifts_shift_id_assistant_id", "published_shifts", ["shift_id", "assistant_id"], unique=True
    )
    op.create_table(
        "shift_demands",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("tutors_required", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("weight", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("tutors_required BETWEEN 1 AND 50", name=op.f("ck_shift_demands_tutors_required")),
        sa.CheckConstraint("weight BETWEEN 1 AND 100", name=op.f("ck_shift_demands_weight")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_shift_demands_course_id_courses"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_shift_demands_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["roster_shifts.id"], name=op.f("fk_shift_demands_shift_id_roster_shifts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_shift_demands_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_demands")),
    )
    op.create_index("ix_shift_demands_course_id", "shift_demands", ["course_id"], unique=False)
    op.create_index("uq_shift_demands_shift_id_course_id", "shift_demands", ["shift_id", "course_id"], unique=True)
    op.create_table(
        "shift_assignments",
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("week_minutes", postgresql.INT4RANGE(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("assistant_id", sa.Uuid(), nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("roster_id"), "="),
            (sa.column("assistant_id"), "="),
            (sa.column("week_minutes"), "&&"),
            using="gist",
            name="ex_shift_assignments_overlap",
        ),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["help_desk_assistants.id"],
            name=op.f("fk_shift_assignments_assistant_id_help_desk_assistants"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_shift_assignments_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["shift_id", "course_id"],
            ["shift_demands.shift_id", "shift_demands.course_id"],
            name="fk_shift_assignments_shift_id_shift_demands",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shift_id", "roster_id", "week_minutes"],
            ["roster_shifts.id", "roster_shifts.roster_id", "roster_shifts.week_minutes"],
            name="fk_shift_assignments_shift_id_roster_shifts",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_shift_assignments_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_assignments")),
    )
    op.create_index("ix_shift_assignments_assistant_id", "shift_assignments", ["assistant_id"], unique=False)
    op.create_index(
        "uq_shift_assignments_shift_id_assistant_id", "shift_assignments", ["shift_id", "assistant_id"], unique=True
    )
    op.get_bind().connection.driver_connection.execute(FUNCTIONS)
    for table, excluded in HISTORY.items():
        op.execute(f"SELECT keep_history('{table}', '{excluded}')")
        op.execute(f"SELECT keep_stamps('{table}')")
    for table in ("notification_events", "notifications", "notification_preferences"):
        add_types(table)


def add_types(table: str) -> None:
    """Let a table take the new kind of notice, beside those that it takes. Read by VALIDATE, which lets others write
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
    for table in reversed(HISTORY):
        op.drop_table(table)
        op.execute(f"DROP FUNCTION record_update_of_{table}()")
    op.execute("DROP FUNCTION shift_times()")
