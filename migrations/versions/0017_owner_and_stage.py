"""Leads of an owner in a stage are counted in the index.

Revision: 0017
Follows: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAME = "ix_leads_owner_id_created_at_id"


def _index(**more: list[str]) -> None:
    op.drop_index(NAME, table_name="leads")
    where = sa.text("deleted_at IS NULL")
    op.create_index(NAME, "leads", ["owner_id", "created_at", "id"], unique=False, postgresql_where=where, **more)


def upgrade() -> None:
    _index(postgresql_include=["stage_id"])


def downgrade() -> None:
    _index()
