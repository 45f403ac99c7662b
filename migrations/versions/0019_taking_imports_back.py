"""Imports are taken back by a worker, in the name of whoever asked for it.

Revision: 0019
Follows: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STATUSES = ("queued", "checking", "checked", "confirmed", "importing", "done", "failed", "undone")
LEFT_OUT = "updated_at,updated_by_id,sample,done_rows"
FK = "fk_imports_undone_by_id_ab_user"


def _allow(*statuses: str) -> None:
    op.drop_constraint(op.f("ck_imports_status"), "imports", type_="check")
    op.create_check_constraint(op.f("ck_imports_status"), "imports", sa.column("status").in_(statuses))


def upgrade() -> None:
    op.add_column("imports", sa.Column("undone_by_id", sa.Integer(), nullable=True))
    op.create_foreign_key(FK, "imports", "ab_user", ["undone_by_id"], ["id"], ondelete="SET NULL")
    _allow(*STATUSES, "undoing")
    op.execute(f"SELECT keep_history('imports', '{LEFT_OUT}')")


def downgrade() -> None:
    op.execute("UPDATE imports SET status = 'done' WHERE status = 'undoing'")
    _allow(*STATUSES)
    op.drop_constraint(FK, "imports", type_="foreignkey")
    op.drop_column("imports", "undone_by_id")
    op.execute(f"SELECT keep_history('imports', '{LEFT_OUT}')")
