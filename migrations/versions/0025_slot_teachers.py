"""Who taught a slot until when, so that past classes stay with whoever held them.

Revision: 0025
Follows: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLE = "classroom_slot_teachers"
FUNCTIONS = """
CREATE FUNCTION note_slot_teacher() RETURNS trigger LANGUAGE plpgsql AS $$
-- Whoever teaches a slot first has it from the beginning; who follows has it from the moment of the change. By the clock:
-- a transaction that waited for another one's change began before it.
DECLARE
    moment timestamptz := greatest(clock_timestamp(), (
        SELECT since FROM classroom_slot_teachers WHERE classroom_slot_id = NEW.id AND until IS NULL
    ));
BEGIN
    IF TG_OP = 'INSERT' THEN
        moment := NULL;
    ELSE
        UPDATE classroom_slot_teachers SET until = moment WHERE classroom_slot_id = NEW.id AND until IS NULL;
    END IF;
    INSERT INTO classroom_slot_teachers (classroom_slot_id, teacher_id, since) VALUES (NEW.id, NEW.teacher_id, moment);
    RETURN NULL;
END $$;

CREATE TRIGGER slot_teacher_first AFTER INSERT ON classroom_slots FOR EACH ROW EXECUTE FUNCTION note_slot_teacher();
CREATE TRIGGER slot_teacher_next AFTER UPDATE OF teacher_id ON classroom_slots FOR EACH ROW
    WHEN (OLD.teacher_id <> NEW.teacher_id) EXECUTE FUNCTION note_slot_teacher();
"""
# What the row history knows of teachers before today's. A change that began before one that it waited for counts from that
# one on; of accounts that are gone nothing is known.
KNOWN = """
INSERT INTO classroom_slot_teachers (classroom_slot_id, teacher_id, since, until)
WITH changes AS (
    SELECT s.id AS slot_id, u.id AS teacher_id, h.id, max(h.at) OVER (PARTITION BY s.id ORDER BY h.id) AS until
    FROM row_history h JOIN classroom_slots s ON s.id::text = h.row_id
    JOIN ab_user u ON u.id = (h.before ->> 'teacher_id')::integer
    WHERE h.table_name = 'classroom_slots' AND h.operation = 'update' AND h.before ? 'teacher_id'
), tenures AS (
    SELECT slot_id, teacher_id, lag(until) OVER (PARTITION BY slot_id ORDER BY id) AS since, until FROM changes
    UNION ALL
    SELECT s.id, s.teacher_id, (SELECT max(c.until) FROM changes c WHERE c.slot_id = s.id), NULL FROM classroom_slots s
)
SELECT slot_id, teacher_id, since, until FROM tenures
"""


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("classroom_slot_id", sa.Uuid(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("until >= since", name=op.f("ck_classroom_slot_teachers_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["classroom_slot_id"],
            ["classroom_slots.id"],
            name=op.f("fk_classroom_slot_teachers_classroom_slot_id_classroom_slots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["teacher_id"],
            ["ab_user.id"],
            name=op.f("fk_classroom_slot_teachers_teacher_id_ab_user"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classroom_slot_teachers")),
    )
    op.create_index(
        "uq_classroom_slot_teachers_classroom_slot_id",
        TABLE,
        ["classroom_slot_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index("ix_classroom_slot_teachers_classroom_slot_id", TABLE, ["classroom_slot_id"], unique=False)
    op.create_index("ix_classroom_slot_teachers_teacher_id", TABLE, ["teacher_id"], unique=False)
    op.execute(KNOWN)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute("DROP TRIGGER slot_teacher_next ON classroom_slots")
    op.execute("DROP TRIGGER slot_teacher_first ON classroom_slots")
    op.execute("DROP FUNCTION note_slot_teacher()")
    op.drop_table(TABLE)
