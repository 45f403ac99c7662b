"""A state machine over everything that is done with the records of students: their enrollments, guardians, schools and
merges, and what OneRoster is told. Whatever the order, what must hold holds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import text

from app.extensions import db
from app.models.student_records import Guardian
from app.services import accounts, school, sessions
from app.services.enrollments import deciding
from app.services.records import creation, erasing, links, merging, unmerging
from app.services.records.following import follow, follow_guardians
from app.services.students import records
from app.services.transaction import transactional
from tests.concurrency.racing import actor
from tests.factories.records import STUDENT, enrollment, organization
from tests.factories.students import student
from tests.services.machine import Machine, hold_in_any_order, none_found

RUNS_FOR_WHO_IS_GONE = """
    SELECT count(*) FROM enrollments e JOIN students s ON s.id = e.student_id
    WHERE e.status IN ('in_progress', 'registered') AND s.deleted_at IS NOT NULL
"""
MADE_AND_NOT_THERE = """
    SELECT count(*) FROM enrollments e WHERE (e.student_id IS NULL) = EXISTS (
        SELECT FROM record_creation_attempts t WHERE t.enrollment_id = e.id AND t.succeeded)
"""
PROGRAM_SAYS_ANOTHER_THING = """
    SELECT count(*) FROM student_program_extensions x JOIN enrollments e ON e.student_id = x.student_id
    JOIN students s ON s.id = e.student_id AND s.deleted_at IS NULL
    WHERE x.invitation_id = e.invitation_id
      AND (e.status IN ('withdrawn', 'rejected')) <> (x.enrollment_status = 'withdrawn')
"""
AT_SCHOOL_AFTER_THE_END = """
    SELECT count(*) FROM enrollments e
    JOIN record_creation_attempts t ON t.enrollment_id = e.id AND t.succeeded
    JOIN enrollment_events v ON v.enrollment_id = e.id AND v.type = e.status AND v.details ? 'association'
    JOIN student_school_associations a ON CAST(a.id AS text) = v.details ->> 'association'
    WHERE e.status IN ('withdrawn', 'rejected') AND a.exit_date IS NULL AND a.updated_at <= v.at
"""
LIVE_AND_TOLD_AS_GONE = """
    SELECT count(*) FROM oneroster_users u JOIN students s ON s.id = u.student_id
    WHERE s.deleted_at IS NULL AND u.status <> 'active'
"""
MERGED_AND_TOLD_AS_THERE = """
    SELECT count(*) FROM oneroster_users u JOIN student_merges m ON m.duplicate_id = u.student_id AND m.undone_at IS NULL
    WHERE u.status = 'active' OR u.enabled_user
"""
ERASED_AND_KNOWN = """
    SELECT count(*) FROM student_erasures x JOIN students s ON s.id = x.student_id
    LEFT JOIN oneroster_users u ON u.student_id = s.id
    WHERE s.first_name <> 'Erased' OR s.deleted_at IS NULL OR u.given_name <> 'Erased' OR u.status = 'active' OR u.enabled_user
       OR EXISTS (SELECT FROM student_guardians g WHERE g.student_id = s.id)
"""
GUARDIAN_OF_NOBODY_THERE = """
    SELECT count(*) FROM oneroster_users u JOIN guardians g ON g.id = u.guardian_id AND g.deleted_at IS NULL
    WHERE u.enabled_user <> EXISTS (
        SELECT FROM student_guardians sg JOIN students s ON s.id = sg.student_id AND s.deleted_at IS NULL
        WHERE sg.guardian_id = g.id)
"""
GUARDIAN_ELSEWHERE = """
    SELECT count(*) FROM oneroster_users u JOIN LATERAL (
        SELECT jsonb_agg(DISTINCT org) AS orgs FROM student_guardians sg
        JOIN oneroster_users c ON c.student_id = sg.student_id AND c.status = 'active'
        CROSS JOIN jsonb_array_elements(c.org_ids) AS org WHERE sg.guardian_id = u.guardian_id
    ) children ON children.orgs <> u.org_ids
"""
THERE_AND_AT_NO_SCHOOL = """
    SELECT count(*) FROM oneroster_users u
    WHERE u.status = 'active' AND u.enabled_user AND u.student_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM student_school_associations a WHERE a.student_id = u.student_id
          AND (a.exit_date IS NULL OR a.exit_date > greatest(:today, a.entry_date)))
"""
ROSTER = """
    SELECT jsonb_build_object(
        'id', u.id, 'grades', u.grades, 'enabled', u.enabled_user,
        'orgs', (SELECT jsonb_agg(org ORDER BY org) FROM jsonb_array_elements(u.org_ids) AS org),
        'agents', (SELECT jsonb_agg(x.agent_id ORDER BY x.agent_id) FROM oneroster_agents x WHERE x.oneroster_user_id = u.id))
    FROM oneroster_users u ORDER BY u.id
"""


class Office(Machine):
    """Two schools, families who enroll, and everybody who does something with their records."""

    def __init__(self) -> None:
        super().__init__()
        self.office, self.admin = actor("admissions"), actor("admin")
        self.schools = [organization().id for _n in range(2)]
        self.students = [student(last_name="Plain").id]
        self.enrollments: list[Any] = []
        self.merges: list[Any] = []
        self.came: dict[str, list[Any]] = {}

    def some(self, table: str, number: int) -> Any:
        """The key of the row that this number hits, in the order in which they came; None when there is none."""
        found = db.session.scalars(text(f"SELECT id FROM {table} ORDER BY id")).all()
        known = self.came.setdefault(table, [])
        known += [key for key in found if key not in known]
        there = [key for key in known if key in found]
        return there[number % len(there)] if there else None

    numbers = st.integers(0, 12)

    @rule(at=st.integers(0, 1), family=st.sampled_from(["Ångström", "Haddad"]))
    def enroll(self, at: int, family: str) -> None:
        if len(self.enrollments) == 4 or accounts.find("guardian") is None:  # who is erased with their last child
            return
        given = STUDENT | {"guardian_last_name": family, "guardian_email": f"{family[1:4]}@example.org"}
        made = enrollment(student=given, school_id=self.schools[at])
        transactional(creation.create_records)(made, actor=sessions.system())
        self.enrollments.append(made.id)
        self.students.append(made.student_id)
        db.session.expire_all()

    @rule(which=numbers, name=st.sampled_from(["reject", "withdraw", "reopen"]))
    def decide(self, which: int, name: str) -> None:
        keys = [self.enrollments[which % len(self.enrollments)]] if self.enrollments else []
        more = {} if name == "reopen" else {"reason": "They move away."}
        self.tried(lambda: getattr(deciding, name)(keys, actor=self.office, **more))

    @rule(one=numbers, other=numbers)
    def merge(self, one: int, other: int) -> None:
        gone, kept = (self.students[each % len(self.students)] for each in (one, other))
        done = self.tried(lambda: merging.merge([gone], actor=self.office, into_id=kept))
        self.merges += [done.batch_id] if done else []

    @rule(which=numbers)
    def unmerge(self, which: int) -> None:
        if self.merges:
            self.tried(lambda: unmerging.undo(self.merges[which % len(self.merges)], actor=self.office))

    @rule(who=numbers, name=st.sampled_from(["delete", "restore"]))
    def leave_or_return(self, who: int, name: str) -> None:
        key = self.students[who % len(self.students)]
        self.tried(lambda: getattr(records, name)([key], actor=self.admin))

    @rule(who=numbers)
    def erase(self, who: int) -> None:
        key = self.students[who % len(self.students)]
        self.tried(lambda: erasing.erase([key], actor=self.admin, reason="They asked for it."))

    @rule(who=numbers, guardian=numbers, first=st.booleans())
    def link(self, who: int, guardian: int, first: bool) -> None:
        values = {
            "student_id": self.students[who % len(self.students)],
            "guardian_id": self.some("guardians", guardian),
            "relation_descriptor": "Mother",
            "primary_contact": first,
        }
        self.tried(lambda: links.create_link(values, actor=self.office))

    @rule(which=numbers)
    def unlink(self, which: int) -> None:
        if key := self.some("student_guardians", which):
            self.tried(lambda: links.delete_links([key], actor=self.office))

    @rule()
    def another_guardian(self) -> None:
        if db.session.query(Guardian).count() < 4:
            self.tried(lambda: links.create_guardian({"first_name": "Maj", "last_name": "Berg"}, actor=self.office))

    @rule(which=numbers, name=st.sampled_from(["delete_guardians", "restore_guardians"]))
    def delete_or_restore_guardian(self, which: int, name: str) -> None:
        if key := self.some("guardians", which):
            self.tried(lambda: getattr(links, name)([key], actor=self.office))

    @rule(who=numbers, at=st.integers(0, 1), days=st.integers(-30, 30), first=st.booleans())
    def enter(self, who: int, at: int, days: int, first: bool) -> None:
        values = {
            "student_id": self.students[who % len(self.students)],
            "school_id": self.schools[at],
            "entry_date": school.today() + timedelta(days=days),
            "entry_grade_level_descriptor": "Second grade",
            "primary_school": first,
        }
        self.tried(lambda: links.create_association(values, actor=self.office))

    @rule(which=numbers, days=st.one_of(st.none(), st.integers(-10, 10)))
    def leave_school(self, which: int, days: int | None) -> None:
        values = {"exit_date": None if days is None else school.today() + timedelta(days=days)}
        if key := self.some("student_school_associations", which):
            self.tried(lambda: links.update_association(key, values, actor=self.office))

    @rule(which=numbers)
    def never_entered(self, which: int) -> None:
        if key := self.some("student_school_associations", which):
            self.tried(lambda: links.delete_associations([key], actor=self.office))

    @invariant()
    def what_must_hold(self) -> None:
        none_found(
            RUNS_FOR_WHO_IS_GONE=RUNS_FOR_WHO_IS_GONE,
            MADE_AND_NOT_THERE=MADE_AND_NOT_THERE,
            PROGRAM_SAYS_ANOTHER_THING=PROGRAM_SAYS_ANOTHER_THING,
            AT_SCHOOL_AFTER_THE_END=AT_SCHOOL_AFTER_THE_END,
            LIVE_AND_TOLD_AS_GONE=LIVE_AND_TOLD_AS_GONE,
            MERGED_AND_TOLD_AS_THERE=MERGED_AND_TOLD_AS_THERE,
            ERASED_AND_KNOWN=ERASED_AND_KNOWN,
            GUARDIAN_OF_NOBODY_THERE=GUARDIAN_OF_NOBODY_THERE,
            GUARDIAN_ELSEWHERE=GUARDIAN_ELSEWHERE,
            THERE_AND_AT_NO_SCHOOL=THERE_AND_AT_NO_SCHOOL,
        )

    @invariant()
    def the_roster_follows(self) -> None:
        """Following everybody anew finds nothing to do."""
        before = db.session.scalars(text(ROSTER)).all()
        tried = db.session.begin_nested()
        follow(db.session.scalars(text("SELECT id FROM students WHERE deleted_at IS NULL")).all())
        follow_guardians(db.session.scalars(text("SELECT id FROM guardians WHERE deleted_at IS NULL")).all())
        after = db.session.scalars(text(ROSTER)).all()
        tried.rollback()
        assert len(after) == len(before)
        assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.hypothesis  # for `make fuzz`
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("server_url")
def test_what_must_hold_holds_in_any_order(app):
    hold_in_any_order(Office, app, examples=10, steps=40)
