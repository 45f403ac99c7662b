"""Leads that are due stand in the index in the order of the list, with whether they still wait.

Revision: 0024
Follows: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BEFORE, NOW = "ix_leads_follow_up_date_follow_up_status", "ix_leads_follow_up_date_id"
LIVE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.drop_index(BEFORE, table_name="leads")
    columns, more = ["follow_up_date", "id"], ["follow_up_status"]
    op.create_index(NOW, "leads", columns, unique=False, postgresql_where=LIVE, postgresql_include=more)


def downgrade() -> None:
    op.drop_index(NOW, table_name="leads")
    op.create_index(BEFORE, "leads", ["follow_up_date", "follow_up_status"], unique=False, postgresql_where=LIVE)
