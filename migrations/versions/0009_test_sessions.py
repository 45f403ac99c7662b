"""Venues, rooms, test sessions, registrations and the allocation of seats.

Revision: 0009
Follows: 0008
"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NOISE = "updated_at,updated_by_id"
# table -> columns that its row history leaves out
HISTORY = {
    "test_years": NOISE,
    "venues": NOISE,
    "venue_availability": NOISE,
    "rooms": NOISE,
    "test_sessions": NOISE,
    "test_registrations": NOISE,
    "allocation_runs": NOISE + ",progress",
    "room_allocations": NOISE,
    "seat_notices": NOISE,
}
STUDENT_COLUMNS = (
    "accommodation_needs",
    "needs_accessible_room",
    "school_name",
    "identity_number",
    "identity_type",
    "test_number",
)
FUNCTIONS = (
    "keep_seats()",
    "seats_of(integer, integer, integer, text[])",
    "make_test_number()",
    "luhn_holds(text)",
    "luhn_sum(text)",
)
TYPES = ("allocation_changed",)

# Called with their schema, so that CHECK constraints hold where nothing is on the search path, as when a dump is restored.
NUMBERS = """
CREATE FUNCTION luhn_sum(digits text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT sum(CASE WHEN place % 2 = 1 THEN digit WHEN digit > 4 THEN 2 * digit - 9 ELSE 2 * digit END)::integer
    FROM (SELECT place, substr(reverse(digits), place, 1)::integer AS digit FROM generate_series(1, length(digits)) place) d
$$;

CREATE FUNCTION luhn_holds(number text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT CASE WHEN number ~ '^[0-9]+$' THEN public.luhn_sum(number) % 10 = 0 ELSE false END
$$;

CREATE FUNCTION make_test_number() RETURNS text LANGUAGE sql VOLATILE PARALLEL UNSAFE AS $$
    SELECT digits || (10 - public.luhn_sum(digits || '0') % 10) % 10
    FROM (SELECT to_char(now(), 'YYYY') || lpad(nextval('public.test_number_seq')::text, 9, '0') AS digits) made
$$;
"""
# The seats of a room follow from its capacity and grid, whatever writes these. A seat that is allocated cannot go: that
# is the foreign key's to refuse, under concurrency too.
SEATS = """
CREATE FUNCTION seats_of(capacity integer, grid_rows integer, grid_columns integer, blocked text[])
RETURNS TABLE (seat_number text, place integer, grid_row integer, grid_column integer) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT seat::text, seat, NULL::integer, NULL::integer FROM generate_series(1, capacity) seat WHERE grid_rows IS NULL
    UNION ALL
    (SELECT label, (row_number() OVER (ORDER BY r, c))::integer, r, c
     FROM (SELECT r, c, CASE WHEN r > 26 THEN chr(64 + (r - 1) / 26) ELSE '' END || chr(65 + (r - 1) % 26) || c AS label
           FROM generate_series(1, grid_rows) r, generate_series(1, grid_columns) c) cells
     WHERE label <> ALL (blocked) ORDER BY r, c LIMIT capacity)
$$;

CREATE FUNCTION keep_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM room_seats s WHERE s.room_id = NEW.id AND NOT EXISTS (
        SELECT FROM seats_of(NEW.capacity, NEW.grid_rows, NEW.grid_columns, NEW.blocked_seats) w
        WHERE w.seat_number = s.seat_number);
    INSERT INTO room_seats AS s (room_id, seat_number, position, grid_row, grid_column)
    SELECT NEW.id, w.seat_number, w.place, w.grid_row, w.grid_column
    FROM seats_of(NEW.capacity, NEW.grid_rows, NEW.grid_columns, NEW.blocked_seats) w
    ON CONFLICT (room_id, seat_number) DO UPDATE
    SET position = excluded.position, grid_row = excluded.grid_row, grid_column = excluded.grid_column
    WHERE (s.position, s.grid_row, s.grid_column) IS DISTINCT FROM (excluded.position, excluded.grid_row, excluded.grid_column);
    RETURN NULL;
END $$;

CREATE TRIGGER seats AFTER INSERT OR UPDATE OF capacity, grid_rows, grid_columns, blocked_seats ON rooms
    FOR EACH ROW EXECUTE FUNCTION keep_seats();
"""
SEARCHED = """
    search_fold(first_name || ' ' || coalesce(middle_name || ' ', '') || last_name || ' ' || student_usi
    || ' ' || {0}coalesce(phone, '') || ' ' || coalesce(email, ''))
"""

STUDENT_CHECKS = {
    "test_number": "test_number ~ '^[0-9]{14}$' AND luhn_holds(test_number)",
    "identity": "(identity_type IS NULL) = (identity_number IS NULL)",
    "identity_number": "CASE identity_type WHEN 'SA_ID' THEN identity_number ~ '^[0-9]{13}$' AND luhn_holds(identity_number)"
    " WHEN 'PASSPORT' THEN identity_number ~ '^[A-Z0-9]{5,20}$' ELSE identity_number ~ '^[A-Z0-9-]{4,30}$' END",
}


def run_script(script: str) -> None:
    """Several statements at once, with their percent signs and colons left alone."""
    op.get_bind().connection.driver_connection.execute(script)


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("test_number_seq")))
    run_script(NUMBERS)
    extend_students()
    create_venues()
    create_sessions()
    create_allocations()
    run_script(SEATS)
    for table, excluded in HISTORY.items():
        op.execute(f"SELECT keep_history('{table}', '{excluded}')")
        op.execute(f"SELECT keep_stamps('{table}')")
    for table in ("notification_events", "notifications", "notification_preferences"):
        add_types(table)


def search_students_by(more: str) -> None:
    """What the search box looks through is generated, and so made anew."""
    op.drop_column("students", "search_text")
    generated = sa.Computed(SEARCHED.format(more), persisted=True)
    op.add_column("students", sa.Column("search_text", sa.Text(), generated, nullable=False))
    op.create_index(
        "ix_students_search_text",
        "students",
        ["search_text"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.execute(f"SELECT keep_history('students', '{NOISE},search_text')")


def extend_students() -> None:
    op.add_column(
        "students",
        sa.Column("test_number", sa.String(length=14), server_default=sa.text("make_test_number()"), nullable=False),
    )
    op.add_column(
        "students",
        sa.Column(
            "identity_type",
            sa.Enum(
                "SA_ID",
                "FOREIGN_ID",
                "PASSPORT",
                name="identity_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column("students", sa.Column("identity_number", sa.String(length=30), nullable=True))
    op.add_column("students", sa.Column("school_name", sa.String(length=160), nullable=True))
    op.add_column(
        "students", sa.Column("needs_accessible_room", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("students", sa.Column("accommodation_needs", sa.String(length=500), nullable=True))
    op.create_index(
        "uq_students_identity_type_identity_number",
        "students",
        ["identity_type", "identity_number"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL AND identity_number IS NOT NULL"),
    )
    op.create_index("uq_students_test_number", "students", ["test_number"], unique=True)
    for name, condition in STUDENT_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_students_{name}"), "students", condition)
    search_students_by("test_number || ' ' || ")


def create_venues() -> None:
    op.create_table(
        "venues",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "venue_type",
            sa.Enum(
                "national",
                "special_session",
                "research",
                "online",
                "other",
                name="venue_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="national",
            nullable=False,
        ),
        sa.Column("address", sa.String(length=255), nullable=True),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("province", sa.String(length=80), nullable=True),
        sa.Column("contact_name", sa.String(length=120), nullable=True),
        sa.Column("contact_phone", sa.String(length=16), nullable=True),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("accessible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "inactive",
                "under_maintenance",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="active",
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("btrim(code) <> '' AND btrim(name) <> ''", name=op.f("ck_venues_name_not_blank")),
        sa.CheckConstraint("contact_phone ~ '^\\+[1-9][0-9]{4,14}$'", name=op.f("ck_venues_phone_e164")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_venues_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["ab_user.id"], name=op.f("fk_venues_deleted_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_venues_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venues")),
    )
    op.create_index(
        "ix_venues_name_id", "venues", ["name", "id"], unique=False, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(
        "uq_venues_code",
        "venues",
        [sa.literal_column("lower(code)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "rooms",
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column(
            "room_type",
            sa.Enum(
                "classroom",
                "laboratory",
                "hall",
                "office",
                "other",
                name="room_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="classroom",
            nullable=False,
        ),
        sa.Column("computers", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("accessible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "available",
                "unavailable",
                "under_maintenance",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="available",
            nullable=False,
        ),
        sa.Column("grid_rows", sa.SmallInteger(), nullable=True),
        sa.Column("grid_columns", sa.SmallInteger(), nullable=True),
        sa.Column(
            "blocked_seats", postgresql.ARRAY(sa.String(length=20)), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(grid_rows IS NOT NULL OR blocked_seats = '{}') AND array_position(blocked_seats, NULL) IS NULL",
            name=op.f("ck_rooms_blocked_seats"),
        ),
        sa.CheckConstraint("btrim(name) <> '' AND btrim(number) <> ''", name=op.f("ck_rooms_name_not_blank")),
        sa.CheckConstraint("(grid_rows IS NULL) = (grid_columns IS NULL)", name=op.f("ck_rooms_grid")),
        sa.CheckConstraint(
            "capacity <= grid_rows * grid_columns - cardinality(blocked_seats)", name=op.f("ck_rooms_seats")
        ),
        sa.CheckConstraint("capacity BETWEEN 1 AND 10000", name=op.f("ck_rooms_capacity")),
        sa.CheckConstraint("computers BETWEEN 0 AND 10000", name=op.f("ck_rooms_computers")),
        sa.CheckConstraint(
            "grid_rows BETWEEN 1 AND 100 AND grid_columns BETWEEN 1 AND 100", name=op.f("ck_rooms_grid_size")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_rooms_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["ab_user.id"], name=op.f("fk_rooms_deleted_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_rooms_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("fk_rooms_venue_id_venues"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
    )
    op.create_index("ix_rooms_venue_id", "rooms", ["venue_id"], unique=False)
    op.create_index("uq_rooms_id_venue_id", "rooms", ["id", "venue_id"], unique=True)
    op.create_index(
        "uq_rooms_venue_id_number",
        "rooms",
        ["venue_id", sa.literal_column("lower(number)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "venue_availability",
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("available", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint(
            "date BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", name=op.f("ck_venue_availability_date")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_venue_availability_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_venue_availability_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("fk_venue_availability_venue_id_venues"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venue_availability")),
    )
    op.create_index("uq_venue_availability_venue_id_date", "venue_availability", ["venue_id", "date"], unique=True)
    op.create_table(
        "room_seats",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("seat_number", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("grid_row", sa.SmallInteger(), nullable=True),
        sa.Column("grid_column", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_room_seats_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", "seat_number", name=op.f("pk_room_seats")),
    )


def create_sessions() -> None:
    op.create_table(
        "test_years",
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("most_tests", sa.SmallInteger(), server_default=sa.text("2"), nullable=False),
        sa.Column("most_bookings", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("closing_days", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("closing_days BETWEEN 0 AND 365", name=op.f("ck_test_years_closing_days")),
        sa.CheckConstraint("most_bookings BETWEEN 1 AND 50", name=op.f("ck_test_years_most_bookings")),
        sa.CheckConstraint("most_tests BETWEEN 1 AND 50", name=op.f("ck_test_years_most_tests")),
        sa.CheckConstraint(
            "opens_on BETWEEN make_date(year - 1, 1, 1) AND make_date(year, 12, 31)",
            name=op.f("ck_test_years_opens_on"),
        ),
        sa.CheckConstraint("year BETWEEN 1900 AND 2199", name=op.f("ck_test_years_year")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_test_years_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_test_years_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_years")),
    )
    op.create_index("uq_test_years_year", "test_years", ["year"], unique=True)
    op.create_table(
        "test_sessions",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("registration_closes_on", sa.Date(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "closed",
                "completed",
                "cancelled",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="open",
            nullable=False,
        ),
        sa.Column("special", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("online", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notes", sa.String(length=2000), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("btrim(code) <> '' AND btrim(name) <> ''", name=op.f("ck_test_sessions_name_not_blank")),
        sa.CheckConstraint(
            "session_date BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", name=op.f("ck_test_sessions_session_date")
        ),
        sa.CheckConstraint("end_time > start_time", name=op.f("ck_test_sessions_ends_after_start")),
        sa.CheckConstraint(
            "registration_closes_on <= session_date", name=op.f("ck_test_sessions_registration_closes_on")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_test_sessions_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_test_sessions_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("fk_test_sessions_venue_id_venues"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_sessions")),
    )
    op.create_index("ix_test_sessions_session_date_id", "test_sessions", ["session_date", "id"], unique=False)
    op.create_index(
        "ix_test_sessions_venue_id_session_date", "test_sessions", ["venue_id", "session_date"], unique=False
    )
    op.create_index("uq_test_sessions_code", "test_sessions", [sa.literal_column("lower(code)")], unique=True)
    op.create_index("uq_test_sessions_id_venue_id", "test_sessions", ["id", "venue_id"], unique=True)
    op.create_table(
        "test_registrations",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("confirmed", "cancelled", name="status", native_enum=False, create_constraint=True, length=32),
            server_default="confirmed",
            nullable=False,
        ),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notes", sa.String(length=500), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_test_registrations_cancelled_at")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_test_registrations_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_test_registrations_import_id_imports"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["test_sessions.id"],
            name=op.f("fk_test_registrations_session_id_test_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_test_registrations_student_id_students"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_test_registrations_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_registrations")),
    )
    op.create_index("ix_test_registrations_created_at_id", "test_registrations", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_test_registrations_import_id",
        "test_registrations",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.create_index("ix_test_registrations_session_id", "test_registrations", ["session_id"], unique=False)
    op.create_index("ix_test_registrations_student_id", "test_registrations", ["student_id"], unique=False)
    op.create_index(
        "uq_test_registrations_session_id_student_id",
        "test_registrations",
        ["session_id", "student_id"],
        unique=True,
        postgresql_where=sa.text("status = 'confirmed'"),
    )


def create_allocations() -> None:
    op.create_table(
        "allocation_runs",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("everyone", "repair", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "applied",
                "undone",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column(
            "options", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "summary", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("progress", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.String(length=500), server_default="", nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.CheckConstraint("(status = 'undone') = (undone_at IS NOT NULL)", name=op.f("ck_allocation_runs_undone_at")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_allocation_runs_progress")),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_allocation_runs_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["test_sessions.id"],
            name=op.f("fk_allocation_runs_session_id_test_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_allocation_runs_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_runs")),
    )
    op.create_index("ix_allocation_runs_session_id_id", "allocation_runs", ["session_id", "id"], unique=False)
    op.create_table(
        "seat_notices",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("seat_number", sa.String(length=20), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_seat_notices_created_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_seat_notices_room_id_rooms"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["test_sessions.id"],
            name=op.f("fk_seat_notices_session_id_test_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_seat_notices_student_id_students"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["ab_user.id"], name=op.f("fk_seat_notices_updated_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_notices")),
    )
    op.create_index("ix_seat_notices_room_id", "seat_notices", ["room_id"], unique=False)
    op.create_index("ix_seat_notices_student_id", "seat_notices", ["student_id"], unique=False)
    op.create_index("uq_seat_notices_session_id_student_id", "seat_notices", ["session_id", "student_id"], unique=True)
    op.create_table(
        "room_allocations",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("seat_number", sa.String(length=20), nullable=False),
        sa.Column(
            "allocation_date",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("notes", sa.String(length=500), nullable=True),
        sa.Column("allocation_run_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_time_ordered()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), server_default=sa.text("current_actor()"), nullable=True),
        sa.ForeignKeyConstraint(
            ["allocation_run_id"],
            ["allocation_runs.id"],
            name=op.f("fk_room_allocations_allocation_run_id_allocation_runs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["ab_user.id"],
            name=op.f("fk_room_allocations_created_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["room_id", "seat_number"],
            ["room_seats.room_id", "room_seats.seat_number"],
            name="fk_room_allocations_room_id_room_seats",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["room_id", "venue_id"],
            ["rooms.id", "rooms.venue_id"],
            name="fk_room_allocations_room_id_rooms",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "venue_id"],
            ["test_sessions.id", "test_sessions.venue_id"],
            name="fk_room_allocations_session_id_test_sessions",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.id"], name=op.f("fk_room_allocations_student_id_students"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["ab_user.id"],
            name=op.f("fk_room_allocations_updated_by_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_allocations")),
    )
    op.create_index(
        "ix_room_allocations_allocation_run_id",
        "room_allocations",
        ["allocation_run_id"],
        unique=False,
        postgresql_where=sa.text("allocation_run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_room_allocations_room_id_seat_number", "room_allocations", ["room_id", "seat_number"], unique=False
    )
    op.create_index("ix_room_allocations_created_at_id", "room_allocations", ["created_at", "id"], unique=False)
    op.create_index("ix_room_allocations_student_id", "room_allocations", ["student_id"], unique=False)
    op.create_index(
        "uq_room_allocations_session_id_room_id_seat",
        "room_allocations",
        ["session_id", "room_id", "seat_number"],
        unique=True,
    )
    op.create_index(
        "uq_room_allocations_session_id_student_id", "room_allocations", ["session_id", "student_id"], unique=True
    )


def add_types(table: str) -> None:
    """Let a table take the new kind of notice, beside those that it takes. Read by VALIDATE, which lets others write
    meanwhile.
    """
    name = f"ck_{table}_type"
    definition = sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    taken = re.findall(r"'(\w+)'", op.get_bind().scalar(definition, {"name": name}))
    values = ", ".join(f"'{each}'" for each in dict.fromkeys([*taken, *TYPES]))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (type IN ({values})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    # The kinds of notices stay: those that were sent are kept.
    for table in (
        "seat_notices",
        "room_allocations",
        "allocation_runs",
        "test_registrations",
        "test_sessions",
        "test_years",
        "room_seats",
        "rooms",
        "venue_availability",
        "venues",
    ):
        op.drop_table(table)
    search_students_by("")
    for name in STUDENT_CHECKS:
        op.drop_constraint(op.f(f"ck_students_{name}"), "students")
    for column in STUDENT_COLUMNS:
        op.drop_column("students", column)
    op.execute(f"SELECT keep_history('students', '{NOISE},search_text')")
    for table in HISTORY:
        op.execute(f"DROP FUNCTION record_update_of_{table}()")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP SEQUENCE test_number_seq")
