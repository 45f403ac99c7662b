"""When a group was last changed, so that nobody overwrites what another has changed; and no hours of assistants that
nobody writes down: they are counted from the shifts.

Revision: 0023
Follows: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"


def upgrade() -> None:
    moment = sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    op.add_column("ab_group", moment)
    op.execute("SELECT keep_history('ab_group', 'updated_at')")
    op.drop_column("help_desk_assistants", "hours_worked")
    op.execute(f"SELECT keep_history('help_desk_assistants', '{NOISE}')")


def downgrade() -> None:
    worked = sa.Column("hours_worked", sa.Numeric(precision=9, scale=2), server_default=sa.text("0"), nullable=False)
    op.add_column("help_desk_assistants", worked)
    name = op.f("ck_help_desk_assistants_hours_worked")
    op.create_check_constraint(name, "help_desk_assistants", "hours_worked >= 0")
    op.execute(f"SELECT keep_history('help_desk_assistants', '{NOISE}')")
    op.drop_column("ab_group", "updated_at")
    op.execute("SELECT keep_history('ab_group')")
