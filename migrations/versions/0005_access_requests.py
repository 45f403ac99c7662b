"""Access requests, links to set a password, second factors, letters to addresses without an account.

Revision: 0005
Follows: 0004
"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"
# table -> columns that its row history leaves out
HISTORY = {
    "access_requests": NOISE,
    "second_factors": NOISE + ",seed,last_step",
    "required_second_factors": NOISE,
}
TYPES = ("access_request_submitted", "access_request_approved", "access_request_rejected")

# Whatever changes a password or an address, or switches an account off: its links end with it.
LINKS = """
CREATE FUNCTION end_password_links() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE password_links SET expires_at = now() WHERE user_id = NEW.id AND used_at IS NULL AND expires_at > now();
    RETURN NULL;
END $$;
CREATE TRIGGER end_password_links AFTER UPDATE OF password, active, email ON ab_user FOR EACH ROW
WHEN (OLD.password IS DISTINCT FROM NEW.password OR OLD.email IS DISTINCT FROM NEW.email OR (OLD.active AND NOT NEW.active))
EXECUTE FUNCTION end_password_links();
"""


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "sent",
                "failed",
                "dropped",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_letters_attempts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
    )
    op.create_index("ix_letters_created_at", "letters", ["created_at"], unique=False)
    op.create_index(
        "ix_letters_due", "letters", ["next_attempt_at"], unique=False, postgresql_where=sa.text("status = 'queued'")
    )
    op.create_table(
        "access_requests",
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("requested_role", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending", "approved", "rejected", name="status", native_enum=False, create_constraint=True, length=32
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_note", sa.String(length=500), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("(status = 'approved') = (user_id IS NOT NULL)", name=op.f("ck_access_requests_user_id")),
        sa.CheckConstraint(
            "(status = 'pending') = (reviewed_at IS NULL) AND (reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name=op.f("ck_access_requests_reviewed"),
        ),
        sa.CheckConstraint(
            "btrim(first_name) <> '' AND btrim(last_name) <> ''", name=op.f("ck_access_requests_name_not_blank")
        ),
        sa.CheckConstraint("email LIKE '_%@_%' AND email = btrim(email)", name=op.f("ck_access_requests_email")),
        sa.CheckConstraint("review_note IS NULL OR status <> 'pending'", name=op.f("ck_access_requests_review_note")),
        sa.CheckConstraint(
            "status <> 'rejected' OR coalesce(btrim(review_note), '') <> ''",
            name=op.f("ck_access_requests_rejected_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_access_requests_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["ab_user.id"], name=op.f("fk_access_requests_reviewed_by_ab_user"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_access_requests_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_access_requests_user_id_ab_user"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_requests")),
    )
    op.create_index("ix_access_requests_created_at_id", "access_requests", ["created_at", "id"], unique=False)
    op.create_index("ix_access_requests_reviewed_by", "access_requests", ["reviewed_by"], unique=False)
    op.create_index(
        "ix_access_requests_status_created_at", "access_requests", ["status", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_access_requests_email_pending",
        "access_requests",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("uq_access_requests_user_id", "access_requests", ["user_id"], unique=True)
    op.create_table(
        "last_pages",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_last_pages_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_last_pages")),
    )
    op.create_table(
        "password_links",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum("set", "reset", name="purpose", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_password_links_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_password_links_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_links")),
    )
    op.create_index("ix_password_links_user_id", "password_links", ["user_id"], unique=False)
    op.create_index("uq_password_links_token_hash", "password_links", ["token_hash"], unique=True)
    op.create_table(
        "required_second_factors",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_required_second_factors_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["ab_role.id"], name=op.f("fk_required_second_factors_role_id_ab_role"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_required_second_factors_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_required_second_factors")),
    )
    op.create_index("uq_required_second_factors_role_id", "required_second_factors", ["role_id"], unique=True)
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_second_factors_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_second_factors_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_second_factors_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factors")),
    )
    op.create_index("uq_second_factors_user_id", "second_factors", ["user_id"], unique=True)
    op.create_table(
        "recovery_codes",
        sa.Column("factor_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["factor_id"],
            ["second_factors.id"],
            name=op.f("fk_recovery_codes_factor_id_second_factors"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index("uq_recovery_codes_factor_id_code_hash", "recovery_codes", ["factor_id", "code_hash"], unique=True)
    op.add_column(
        "user_sessions",
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "user_sessions",
        sa.Column(
            "waits_for",
            sa.Enum("code", "enrolment", name="waits_for", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
    )
    op.execute(LINKS)
    for table, excluded in HISTORY.items():
        op.execute(f"SELECT keep_history('{table}', '{excluded}')")
        op.execute(f"SELECT keep_stamps('{table}')")
    for table in ("notification_events", "notifications", "notification_preferences"):
        add_types(table)


def add_types(table: str) -> None:
    """The kinds of notices that a table takes, these included. Read by VALIDATE, which lets others write meanwhile."""
    name = f"ck_{table}_type"
    definition = sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    taken = re.findall(r"'(\w+)'", op.get_bind().scalar(definition, {"name": name}))
    values = ", ".join(f"'{each}'" for each in dict.fromkeys([*taken, *TYPES]))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (type IN ({values})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    # The kinds of notices stay: those that were sent are kept.
    op.execute("DROP TRIGGER end_password_links ON ab_user")
    op.execute("DROP FUNCTION end_password_links()")
    op.drop_column("user_sessions", "waits_for")
    op.drop_column("user_sessions", "last_used_at")
    op.drop_index("uq_recovery_codes_factor_id_code_hash", table_name="recovery_codes")
    op.drop_table("recovery_codes")
    op.drop_index("uq_second_factors_user_id", table_name="second_factors")
    op.drop_table("second_factors")
    op.drop_index("uq_required_second_factors_role_id", table_name="required_second_factors")
    op.drop_table("required_second_factors")
    op.drop_index("uq_password_links_token_hash", table_name="password_links")
    op.drop_index("ix_password_links_user_id", table_name="password_links")
    op.drop_table("password_links")
    op.drop_table("last_pages")
    op.drop_index("uq_access_requests_user_id", table_name="access_requests")
    op.drop_index(
        "uq_access_requests_email_pending", table_name="access_requests", postgresql_where=sa.text("status = 'pending'")
    )
    op.drop_index("ix_access_requests_status_created_at", table_name="access_requests")
    op.drop_index("ix_access_requests_reviewed_by", table_name="access_requests")
    op.drop_index("ix_access_requests_created_at_id", table_name="access_requests")
    op.drop_table("access_requests")
    op.drop_index("ix_letters_due", table_name="letters", postgresql_where=sa.text("status = 'queued'"))
    op.drop_index("ix_letters_created_at", table_name="letters")
    op.drop_table("letters")
    for table in HISTORY:
        op.execute(f"DROP FUNCTION IF EXISTS record_update_of_{table}()")
