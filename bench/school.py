"""A school with students, teachers and weekly slots, made for one run of a measurement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench import databases

NAME = "registrar_bench_admissions"

SEED = """
    INSERT INTO courses (code, name) VALUES ('BENCH', 'Bench');
    INSERT INTO ab_user (id, username, first_name, last_name, email, active)
    SELECT 100000 + n, 'teacher' || n, 'Teacher', n::text, 'teacher' || n || '@bench.example', true FROM generate_series(1, {teachers}) n;
    INSERT INTO course_teachers (course_id, teacher_id) SELECT c.id, 100000 + n FROM courses c, generate_series(1, {teachers}) n;
    INSERT INTO classroom_slots (time_slot_id, course_id, teacher_id, capacity, week_minutes)
    SELECT t.id, c.id, 100000 + n, {capacity}, t.week_minutes FROM courses c, time_slot_templates t, generate_series(1, {teachers}) n;
    INSERT INTO students (first_name, last_name) SELECT 'Student', n::text FROM generate_series(1, {students}) n;
"""
# An admission per student, in two slots of one teacher; half of its classes are over.
FILL = """
    SET session_replication_role = replica;
    CREATE TEMP TABLE pick AS
    SELECT s.id AS student_id, uuid_time_ordered() AS id, row_number() OVER () AS n FROM students s;
    INSERT INTO admissions (id, student_id, course_id, plan_id, status, starts_on, ends_on, base_classes, price)
    SELECT p.id, p.student_id, c.id, l.id, 'active', current_date - 84, current_date + 100, 48, 540
    FROM pick p, courses c, course_plans l WHERE c.code = 'BENCH' AND l.duration_months = 6;
    CREATE TEMP TABLE spread AS
    SELECT x.id, x.teacher_id, t.day, t.start_time, t.end_time, row_number() OVER (ORDER BY x.teacher_id, t.id) - 1 AS n
    FROM classroom_slots x JOIN time_slot_templates t ON t.id = x.time_slot_id;
    ANALYZE spread;
    CREATE TEMP TABLE places AS
    SELECT p.id AS admission_id, p.student_id, s.id AS slot_id, s.day, s.start_time, s.end_time, which
    FROM pick p CROSS JOIN generate_series(0, 1) which JOIN spread s ON s.n = (p.n * 2 + which) % (SELECT count(*) FROM spread);
    ANALYZE places;
    INSERT INTO admission_slots (admission_id, classroom_slot_id) SELECT admission_id, slot_id FROM places;
    INSERT INTO classroom_enrollments (student_id, classroom_slot_id, admission_id) SELECT student_id, slot_id, admission_id FROM places;
    INSERT INTO admission_payments (admission_id, amount) SELECT id, 540 FROM pick;
    INSERT INTO attendance (student_id, admission_id, classroom_slot_id, class_date, starts_at, ends_at, status, marked_at)
    SELECT student_id, admission_id, slot_id, d, (d + start_time) AT TIME ZONE 'Europe/London', (d + end_time) AT TIME ZONE 'Europe/London',
           CASE WHEN d < current_date THEN 'present' ELSE 'scheduled' END, CASE WHEN d < current_date THEN now() END
    FROM (SELECT *, date_trunc('week', current_date)::date - 84 + day + 7 * w AS d FROM places, generate_series(0, 24) w) c;
    UPDATE classroom_slots s SET enrolled = e.n
    FROM (SELECT classroom_slot_id, count(*) AS n FROM classroom_enrollments GROUP BY 1) e WHERE e.classroom_slot_id = s.id;
    RESET session_replication_role;
"""


@contextmanager
def database(server: str, *, students: int, teachers: int, capacity: int) -> Iterator[str]:
    """A school with so many students, made for this run."""
    with databases.fresh(server, NAME) as url:
        with databases.connect(url) as seeding:
            seeding.execute(SEED.format(students=students, teachers=teachers, capacity=capacity))
        yield url
