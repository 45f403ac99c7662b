"""A little of everything, and requests that would change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from werkzeug.routing import Rule

from app.extensions import db
from app.models.imports import Import
from app.models.jobs import JobRun
from app.models.leads import Lead, Tag
from app.models.notifications import Notification, NotificationType
from app.models.screens import SavedFilter
from app.services import accounts, school
from tests.factories.leads import lead, stage
from tests.policies.centre import Centre
from tests.policies.desk import Desk
from tests.policies.door import Door
from tests.policies.edfi import EdFi
from tests.policies.family import Family
from tests.policies.news import News
from tests.policies.portal import Portal
from tests.policies.programs import Programs
from tests.policies.records import Records
from tests.policies.school import School
from tests.policies.told import Told
from tests.policies.week import Week

# Logins and counters of attempts come and go with every request that is allowed to make one.
PASSING = {"user_sessions", "rate_limits"}


@dataclass
class World:
    lead: Lead
    other: Lead
    deleted: Lead
    tag: Tag
    saved: SavedFilter
    imported: Import
    run: JobRun
    notice: Notification
    student: int
    batch: UUID
    first_stage_id: UUID
    second_stage_id: UUID
    school: School
    told: Told
    portal: Portal
    desk: Desk
    week: Week
    door: Door
    news: News
    family: Family
    edfi: EdFi
    programs: Programs
    records: Records
    centre: Centre

    def arguments(self, rule: Rule, name: str) -> dict[str, Any]:
        """What the address of a route is filled with."""
        view = rule.endpoint.partition(".")[0]
        keys = (
            {
                "LeadView": self.lead.id,
                "LeadStageView": self.first_stage_id,
                "TagView": self.tag.id,
                "AccountView": self.student,
                "JobRunView": self.run.id,
            }
            | self.school.keys
            | self.told.keys
            | self.portal.keys
            | self.desk.keys
            | self.week.keys
            | self.door.keys
            | self.news.keys
            | self.family.keys
            | self.edfi.keys
            | self.programs.keys
            | self.records.keys
            | self.centre.keys
        )
        known = (
            {
                "pk": keys.get(view),
                "name": name,
                "report": "occupancy",
                "filter_id": self.saved.id,
                "import_id": self.imported.id,
                "filename": "favicon.svg",
                "student_id": self.school.student.id,
                "teacher_id": self.school.teacher_id,
            }
            | self.school.arguments
            | self.told.arguments(rule.endpoint)
            | self.portal.arguments(rule.endpoint)
            | self.week.arguments(rule.endpoint)
            | self.door.arguments(rule.endpoint)
            | self.news.arguments(rule.endpoint)
            | self.family.arguments(rule.endpoint)
            | self.centre.arguments(rule.endpoint)
        )
        return {each: known[each] for each in rule.arguments}

    def record(self, endpoint: str) -> Any:
        """The record that an action of this view is asked for."""
        view = endpoint.partition(".")[0]
        keys = self.told.keys | self.portal.keys | self.desk.keys | self.week.keys | self.door.keys
        keys |= self.news.keys | self.centre.keys | self.family.keys
        keys |= self.edfi.keys | self.records.keys | self.programs.keys
        made = (
            self.records.record(endpoint)
            or self.centre.record(endpoint)
            or self.news.record(endpoint)
            or self.school.record(endpoint)
        )
        if known := made or keys.get(endpoint.partition(".")[0]):
            return known
        if endpoint == "LeadView.restore":
            return self.deleted.id
        return {
            "LeadStageView": self.second_stage_id,
            "TagView": self.tag.id,
            "AccountView": self.student,
        }.get(view, self.lead.id)

    def form(self, endpoint: str) -> dict[str, Any]:
        """Everything that any form asks for, so that a route that let it pass would do something."""
        return (
            {
                "id": str(self.record(endpoint)),
                "_stage": "do",
                "stage_id": str(self.second_stage_id),
                "fallback_id": str(self.first_stage_id),
                "from": str(self.first_stage_id),
                "to": str(self.second_stage_id),
                "tag_id": str(self.tag.id),
                "into_id": str(self.other.id),
                "batch": str(self.batch),
                "body": "A note",
                "channel": "call",
                "outcome": "reached",
                "follow_up_date": str(school.today() + timedelta(days=9)),
                "first_name": "Changed",
                "last_name": "Changed",
                "phone": "+442071838750",
                "name": "Changed",
                "position": "7",
                "active": "1",
                "username": "changed",
                "email": "changed@school.example",
                "password": "purple walruses on ice",
                "password_again": "purple walruses on ice",
                "roles": "Student",
                "query": "q=a",
                "theme": "dark",
                "source": "ads",
            }
            | self.school.form(endpoint)
            | self.told.form(endpoint)
            | self.portal.form(endpoint)
            | self.desk.form(endpoint)
            | self.week.form(endpoint)
            | self.door.form(endpoint)
            | self.news.form(endpoint)
            | self.family.form(endpoint)
            | self.edfi.form(endpoint)
            | self.programs.form(endpoint)
            | self.records.form(endpoint)
            | self.centre.form(endpoint)
        )


def make_world(actor: Any, owner_id: int) -> World:
    """Records of all kinds; the lead has an owner, and something that can be undone."""
    from app.services.leads import actions

    today = school.today()
    made = lead(owner_id=owner_id, interest="Piano")
    actions.assign_owner([made.id], actor=actor, owner_id=None)
    done = actions.assign_owner([made.id], actor=actor, owner_id=owner_id)
    assert done.batch_id is not None
    others = [
        Tag(name="Fair"),
        SavedFilter(owner_id=owner_id, resource="leads", name="Mine", query="q=a", shared=True),
        Import(resource="leads", file_name="leads.csv", sha256="0" * 64, created_by_id=owner_id),
        JobRun(name="lead_followup_due", day=today),
        Notification(
            recipient_id=owner_id,
            type=NotificationType.LEAD_ASSIGNED,
            title="A lead",
            entity_type="leads",
            entity_id=str(made.id),
            dedup_day=today - timedelta(days=1),
        ),
    ]
    db.session.add_all(others)
    db.session.commit()
    student = accounts.find("student")
    assert student is not None
    deleted = lead(owner_id=owner_id)
    actions.delete([deleted.id], actor=actor)
    other = lead(owner_id=owner_id)
    classroom = School(actor)
    return World(
        made,
        other,
        deleted,
        *others,
        student=student.id,
        batch=done.batch_id,
        first_stage_id=stage().id,
        second_stage_id=stage("Contacted").id,
        school=classroom,
        records=Records(classroom.student.id),
        told=Told(others[-1]),
        portal=Portal(owner_id),
        desk=Desk(),
        week=Week(),
        door=Door(),
        edfi=EdFi(),
        programs=Programs(),
        centre=Centre(),
        news=News(),
        family=Family(),
    )


def checksums() -> dict[str, str]:
    """The content of every table, but those of logins and attempts."""
    names = db.session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).all()
    parts = [
        f"SELECT '{name}', count(*) || ':' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') "
        f'FROM "{name}" AS t'
        for name in names
        if name not in PASSING
    ]
    return dict(map(tuple, db.session.execute(text(" UNION ALL ".join(parts)))))


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is taken back."""
    db.session.remove()
    savepoint = db.session.get_bind().begin_nested()
    try:
        yield
    finally:
        db.session.remove()
        savepoint.rollback()


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [name for name in after if after[name] != before.get(name)]


def grant(role: str, permission: str, resource: str) -> None:
    """Give a role a permission that the table does not give it."""
    db.session.execute(
        text("""
            INSERT INTO ab_permission_view_role (id, permission_view_id, role_id)
            SELECT nextval('ab_permission_view_role_id_seq'), pv.id, r.id FROM ab_role r, ab_permission_view pv
            JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id
            WHERE r.name = :role AND p.name = :permission AND v.name = :resource
        """),
        {"role": role, "permission": permission, "resource": resource},
    )
    db.session.commit()
