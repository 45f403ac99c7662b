"""Accounts, guardians, roster users, invitations and enrollments are found by their names without reading all of them.

Revision: 0016
Follows: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SEARCHED = {
    "ab_user": ("username", "first_name", "last_name", "email"),
    "guardians": ("first_name", "last_name", "email", "phone"),
    "oneroster_users": ("given_name", "family_name", "username"),
    "enrollment_invitations": ("student_first_name", "student_last_name", "guardian_email"),
    "enrollments": ("student_first_name", "student_last_name", "enrollment_code"),
}


def upgrade() -> None:
    op.execute("ALTER FUNCTION search_fold(text) COST 400")  # measured: the planner took it for four times as quick
    for table, columns in SEARCHED.items():
        joined = " || ' ' || ".join(f"coalesce({column}, '')" for column in columns)
        expression = sa.text(f"search_fold({joined}) gin_trgm_ops")
        op.create_index(f"ix_{table}_searched", table, [expression], unique=False, postgresql_using="gin")


def downgrade() -> None:
    for table in reversed(SEARCHED):
        op.drop_index(f"ix_{table}_searched", table_name=table)
    op.execute("ALTER FUNCTION search_fold(text) COST 100")
