"""Row history of many rows costs the same whatever a connection did before.

The function that records updates pairs the old rows with the new ones. Its plan is kept for the connection: made after a few
changes of single rows it compared each old row with each new one, so that a change of 1,000 took four times as long, and one of
10,000 a hundred times as much work as that. Without nested loops rows are paired by hashing, also a single one, at no measurable cost.

Revision: 0026
Follows: 0025
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

PLAIN = "RETURNS trigger LANGUAGE plpgsql AS"
HASHED = "RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS"
REPLACE = """
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('keep_history(regclass, text)'::regprocedure), '{old}', '{new}');
END $$
"""
EACH = """
DO $$ DECLARE recorder regprocedure; BEGIN
    FOR recorder IN SELECT oid::regprocedure FROM pg_proc
        WHERE proname LIKE 'record\\_update\\_of\\_%' AND pronamespace = 'public'::regnamespace
    LOOP EXECUTE format('ALTER FUNCTION %s {change}', recorder); END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute(REPLACE.format(old=PLAIN, new=HASHED))
    op.execute(EACH.format(change="SET enable_nestloop = off"))


def downgrade() -> None:
    op.execute(REPLACE.format(old=HASHED, new=PLAIN))
    op.execute(EACH.format(change="RESET enable_nestloop"))
