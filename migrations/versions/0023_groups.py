"""When a group was last changed, so that nobody overwrites what another has changed.

Revision: 0023
Follows: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    op.add_column("ab_group", moment)
    op.execute("SELECT keep_history('ab_group', 'updated_at')")


def downgrade() -> None:
    op.drop_column("ab_group", "updated_at")
    op.execute("SELECT keep_history('ab_group')")
