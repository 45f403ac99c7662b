"""The history of a record tells of its parts too.

Revision: 0018
Follows: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NAME = "ix_row_history_parts"
PARTS = (
    "ab_group_role",
    "ab_user_group",
    "ab_user_role",
    "admission_payments",
    "admission_slots",
    "availability",
    "classroom_enrollments",
    "course_capabilities",
    "course_teachers",
    "enrollment_steps",
    "lead_contact_attempts",
    "lead_notes",
    "lead_tags",
    "registration_availability",
    "registration_courses",
    "second_factors",
    "user_profiles",
)


def upgrade() -> None:
    op.create_index(
        NAME,
        "row_history",
        [sa.func.coalesce(sa.text("after"), sa.text("before")).label("whole")],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"whole": "jsonb_path_ops"},
        postgresql_where=sa.text(f"operation <> 'update' AND table_name IN {PARTS}"),
    )


def downgrade() -> None:
    op.drop_index(NAME, table_name="row_history")
