"""Extensions, functions that the tables use, and the queue's own tables.

Revision: 0001
Follows: nothing
"""

from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy import text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist")

FUNCTIONS = """
CREATE FUNCTION uuid_time_ordered() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    -- RFC 9562 version 7: 48 bits of milliseconds, then random bits; also on servers that have no uuidv7() of their own.
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION current_actor() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- The account in whose name this transaction works; the application sets it.
    SELECT nullif(current_setting('registrar.actor', true), '')::integer
$$;

CREATE FUNCTION search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    -- Without accents and capitals, so that a search finds both spellings. Immutable because the dictionary is named.
    SELECT lower(public.unaccent('public.unaccent'::regdictionary, value))
$$;

CREATE FUNCTION stamp_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    NEW.updated_by_id := coalesce(current_actor(), NEW.updated_by_id);
    RETURN NEW;
END $$;

CREATE FUNCTION record_history() RETURNS trigger LANGUAGE plpgsql AS $$
-- Inserts and deletes: one statement per changing statement, however many rows it changes. The argument lists columns that are left out.
DECLARE
    excluded text[] := string_to_array(TG_ARGV[0], ',');
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO row_history (table_name, row_id, operation, after)
        SELECT TG_TABLE_NAME, n.id::text, 'insert', jsonb_strip_nulls(to_jsonb(n)) - excluded FROM new_rows n;
    ELSE
        INSERT INTO row_history (table_name, row_id, operation, before)
        SELECT TG_TABLE_NAME, o.id::text, 'delete', jsonb_strip_nulls(to_jsonb(o)) - excluded FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION keep_history(target regclass, excluded text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $keep$
-- Updates are recorded by a function of the table's own, which names its columns: comparing values is many times faster than comparing
-- rows as JSON. So call this again after adding or dropping a column.
DECLARE
    recorder text := quote_ident('record_update_of_' || target::text);
    changed text := 'CASE WHEN o.%1$I IS DISTINCT FROM n.%1$I THEN jsonb_build_object(%1$L, ';
    old_values text;
    new_values text;
BEGIN
    SELECT string_agg(format(changed || 'o.%1$I) ELSE ''{}'' END', attname), ' || ' ORDER BY attnum),
           string_agg(format(changed || 'n.%1$I) ELSE ''{}'' END', attname), ' || ' ORDER BY attnum)
    INTO old_values, new_values
    FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname <> ALL (string_to_array(excluded, ','));
    EXECUTE format($create$
        CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            INSERT INTO row_history (table_name, row_id, operation, before, after)
            SELECT TG_TABLE_NAME, id::text, 'update', before, after
            FROM (SELECT o.id, %s AS before, %s AS after FROM old_rows o JOIN new_rows n ON n.id = o.id OFFSET 0) difference
            WHERE after <> '{}';
            RETURN NULL;
        END $body$ $create$, recorder, old_values, new_values);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%L)', target, excluded);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION %s(%L)', target, recorder, excluded);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%L)', target, excluded);
END $keep$;

CREATE FUNCTION keep_stamps(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER stamps BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION stamp_update()', target);
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('registrar.erasing', true), '') = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION keep_append_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_change()', target);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', target);
END $$;

CREATE FUNCTION move_permission_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE permission_stamp SET stamp = stamp + 1;
    RETURN NULL;
END $$;
"""

SIGNATURES = (
    "move_permission_stamp()",
    "keep_append_only(regclass)",
    "refuse_change()",
    "keep_stamps(regclass)",
    "keep_history(regclass, text)",
    "record_history()",
    "stamp_update()",
    "search_fold(text)",
    "current_actor()",
    "uuid_time_ordered()",
)

DROP_RECORDERS = """
DO $$ DECLARE item record; BEGIN
    FOR item IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'record_update_of_%' AND pronamespace = 'public'::regnamespace
    LOOP EXECUTE format('DROP FUNCTION %s', item.name); END LOOP;
END $$
"""
DROP_QUEUE = """
DO $$ DECLARE item record; BEGIN
    FOR item IN SELECT oid::regclass AS name FROM pg_class WHERE relkind = 'r' AND relname LIKE 'procrastinate_%' AND relnamespace = 'public'::regnamespace
    LOOP EXECUTE format('DROP TABLE %s CASCADE', item.name); END LOOP;
    FOR item IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate_%' AND pronamespace = 'public'::regnamespace
    LOOP EXECUTE format('DROP FUNCTION %s CASCADE', item.name); END LOOP;
    FOR item IN SELECT t.oid::regtype AS name FROM pg_type t WHERE t.typname LIKE 'procrastinate_%' AND t.typtype IN ('e', 'c') AND t.typnamespace = 'public'::regnamespace
    LOOP EXECUTE format('DROP TYPE %s CASCADE', item.name); END LOOP;
END $$
"""


def upgrade() -> None:
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    run_script(FUNCTIONS)
    run_script(SchemaManager.get_schema())


def run_script(script: str) -> None:
    """Several statements at once, with their percent signs and colons left alone."""
    op.get_bind().connection.driver_connection.execute(script)


def downgrade() -> None:
    op.execute(text(DROP_QUEUE))
    op.execute(text(DROP_RECORDERS))
    for signature in SIGNATURES:
        op.execute(f"DROP FUNCTION {signature}")
