"""Imports of accounts, the history of groups, and the log of repairs.

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"
GROUPS = ("ab_group", "ab_group_role")


def upgrade() -> None:
    op.add_column("user_profiles", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_user_profiles_import_id_imports"),
        "user_profiles",
        "imports",
        ["import_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_user_profiles_import_id",
        "user_profiles",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.execute(f"SELECT keep_history('user_profiles', '{NOISE}')")
    op.create_table(
        "integrity_repairs",
        sa.Column("invariant", sa.String(length=63), nullable=False),
        sa.Column("actor_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("rows_before", sa.Integer(), nullable=False),
        sa.Column("rows_after", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.CheckConstraint("rows_before >= 0 AND rows_after >= 0", name=op.f("ck_integrity_repairs_rows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrity_repairs")),
    )
    op.create_index("ix_integrity_repairs_at_id", "integrity_repairs", ["at", "id"], unique=False)
    op.create_index("ix_integrity_repairs_invariant_at", "integrity_repairs", ["invariant", "at"], unique=False)
    op.execute("SELECT keep_append_only('integrity_repairs')")
    for table in GROUPS:
        op.execute(f"SELECT keep_history('{table}')")


def downgrade() -> None:
    for table in GROUPS:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER history_{event} ON {table}")
        op.execute(f"DROP FUNCTION record_update_of_{table}()")
    op.drop_index("ix_integrity_repairs_invariant_at", table_name="integrity_repairs")
    op.drop_index("ix_integrity_repairs_at_id", table_name="integrity_repairs")
    op.drop_table("integrity_repairs")
    op.drop_index(
        "ix_user_profiles_import_id", table_name="user_profiles", postgresql_where=sa.text("import_id IS NOT NULL")
    )
    op.drop_constraint(op.f("fk_user_profiles_import_id_imports"), "user_profiles", type_="foreignkey")
    op.drop_column("user_profiles", "import_id")
    op.execute(f"SELECT keep_history('user_profiles', '{NOISE}')")
