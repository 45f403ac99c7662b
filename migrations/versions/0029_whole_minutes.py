"""Times of the week are whole minutes: a time shorter than half of one blocked nobody's week, and seconds moved a time under its classes.

Rows from before that break it stay until they are changed: only then is it not validated, and the integrity page says so. And letters that tell a seat keep the end of the session and where it is, so that a change of these is told.

Revision: 0029
Follows: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

VALIDATE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM time_slot_templates WHERE NOT ({whole})) THEN
        ALTER TABLE time_slot_templates VALIDATE CONSTRAINT ck_time_slot_templates_whole_minutes;
    END IF;
END $$
"""
NOISE = "updated_at,updated_by_id"
WHOLE = "extract(second FROM start_time) = 0 AND extract(second FROM end_time) = 0"


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_time_slot_templates_whole_minutes"), "time_slot_templates", WHOLE, postgresql_not_valid=True
    )
    op.execute(VALIDATE.format(whole=WHOLE))
    op.add_column("seat_notices", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("seat_notices", sa.Column("place", sa.Text(), nullable=True))
    op.execute(f"SELECT keep_history('seat_notices', '{NOISE}')")


def downgrade() -> None:
    op.drop_column("seat_notices", "place")
    op.drop_column("seat_notices", "ends_at")
    op.execute(f"SELECT keep_history('seat_notices', '{NOISE}')")
    op.drop_constraint(op.f("ck_time_slot_templates_whole_minutes"), "time_slot_templates", type_="check")
