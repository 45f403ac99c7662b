"""Who is gone is told among the demographics too; documents that wait are found without reading all that were ever sent.

Revision: 0027
Follows: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KNOWN = "student_id IS NOT NULL OR birth_date IS NOT NULL"
GONE = "OR (status = 'tobedeleted' AND role = 'student')"  # of whom nothing is left but that
VIEW = """
DO $$ BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW oneroster_v_demographics AS '
        || regexp_replace(pg_get_viewdef('oneroster_v_demographics'::regclass), 'WHERE .*$', 'WHERE ' || $rule${rule}$rule$);
END $$
"""
OF_USER = "u.student_id IS NOT NULL OR u.birth_date IS NOT NULL"
GONE_USER = "OR (u.status = 'tobedeleted' AND u.role = 'student')"


def _demographics(rule: str) -> None:
    op.drop_index("ix_oneroster_users_demographics", table_name="oneroster_users")
    op.create_index(
        "ix_oneroster_users_demographics",
        "oneroster_users",
        ["sourced_id"],
        unique=False,
        postgresql_include=["student_id", "birth_date"],
        postgresql_where=sa.text(rule),
    )


def upgrade() -> None:
    op.execute(VIEW.format(rule=f"{OF_USER} {GONE_USER}"))
    _demographics(f"{KNOWN} {GONE}")
    op.create_index(
        "ix_enrollment_documents_waiting",
        "enrollment_documents",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'submitted' AND replaced_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_enrollment_documents_waiting", table_name="enrollment_documents")
    _demographics(KNOWN)
    op.execute(VIEW.format(rule=OF_USER))
