"""What pages and exports of large schools read: students who cannot sit anywhere, and demographics, without reading all.

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
WITH_DEMOGRAPHICS = sa.text("student_id IS NOT NULL OR birth_date IS NOT NULL")


def _index(**more: list[str]) -> None:
    op.drop_index("ix_oneroster_users_demographics", table_name="oneroster_users")
    op.create_index(
        "ix_oneroster_users_demographics",
        "oneroster_users",
        ["sourced_id"],
        unique=False,
        postgresql_where=WITH_DEMOGRAPHICS,
        **more,
    )


def upgrade() -> None:
    op.create_index("ix_students_needing", "students", ["id"], unique=False, postgresql_where=NEEDING)
    _index(postgresql_include=["student_id", "birth_date"])


def downgrade() -> None:
    _index()
    op.drop_index("ix_students_needing", table_name="students")
