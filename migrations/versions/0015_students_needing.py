"""Students who cannot sit anywhere are found without reading all.

Revision: 0015
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NEEDING = sa.text("deleted_at IS NOT NULL OR needs_accessible_room")


def upgrade() -> None:
    op.create_index("ix_students_needing", "students", ["id"], unique=False, postgresql_where=NEEDING)


def downgrade() -> None:
    op.drop_index("ix_students_needing", table_name="students")
