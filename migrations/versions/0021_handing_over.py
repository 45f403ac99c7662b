"""An enrollment is handed over to another coach, which is a kind of event of its own.

Revision: 0021
Follows: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TYPES = (
    "invitation_sent",
    "invitation_opened",
    "invitation_accepted",
    "invitation_revoked",
    "step_saved",
    "step_completed",
    "step_corrected",
    "decided",
    "document_submitted",
    "document_removed",
    "document_verified",
    "document_rejected",
    "payment_recorded",
    "records_created",
    "record_creation_failed",
    "message_sent",
    "enrolled",
    "withdrawn",
    "rejected",
    "reopened",
)
NAME = "ck_enrollment_events_type"


def upgrade() -> None:
    op.drop_constraint(op.f(NAME), "enrollment_events", type_="check")
    op.create_check_constraint(op.f(NAME), "enrollment_events", sa.column("type").in_((*TYPES, "handed_over")))


def downgrade() -> None:
    pass  # The kind stays: what is in a log that is only appended to is kept.
