"""What an admission was made of is kept as a digest beside the key of its form, so that another one under the same key is
told apart. Those made before have none.

Revision: 0022
Follows: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NAME = "submission_digest"
LEFT_OUT = "updated_at,updated_by_id,final_classes,total"


def upgrade() -> None:
    op.add_column("admissions", sa.Column(NAME, sa.String(64)))
    op.execute(f"SELECT keep_history('admissions', '{LEFT_OUT},{NAME}')")


def downgrade() -> None:
    op.drop_column("admissions", NAME)
    op.execute(f"SELECT keep_history('admissions', '{LEFT_OUT}')")
