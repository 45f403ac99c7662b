"""1,200 leads in all stages, with half a year of work on them; an import; saved filters."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.leads import LeadStage
from app.services.demo import lead_import, texts
from app.services.demo.lead_plans import Plan, Stage, imported_at, plans
from app.services.demo.lead_story import Book, Story
from app.services.demo.names import Person, people
from app.services.demo.notices import Notices
from app.services.demo.school import School, chance, key, write

TABLES: Final = ("leads", "tags", "imports", "saved_filters")
DOUBLES: Final = 8  # people who were entered twice, and wait to be merged


def load(school: School) -> None:
    luck = chance("leads")
    tags = _tags(school, luck)
    import_id = key(school.hours.moment(imported_at(school)), luck)
    stage_ids = {stage.name: stage.id for stage in db.session.execute(select(LeadStage.name, LeadStage.id))}
    book = Book(school, Notices(school), stage_ids, {tag["name"]: tag["id"] for tag in tags}, import_id)
    wanted = plans(school, luck)
    for plan, person in zip(wanted, _with_doubles(wanted, luck), strict=True):
        Story(book, plan, person, luck).tell()
    book.notices.tell_due(book.leads)
    lead_import.load(book, luck)
    write("leads", sorted(book.leads, key=lambda row: row["created_at"]))
    write("lead_audit_events", sorted(book.events, key=lambda row: row["at"]))
    write("lead_notes", sorted(book.notes, key=lambda row: row["created_at"]))
    write("lead_contact_attempts", sorted(book.attempts, key=lambda row: row["at"]))
    write("lead_tags", book.tags)
    book.notices.write()
    _save_filters(school, stage_ids, luck)


def _tags(school: School, luck: Random) -> list[dict[str, Any]]:
    at, admin = school.hours.moment(0), school.named("admin").id
    stamps = {"created_at": at, "updated_at": at, "created_by_id": admin, "updated_by_id": admin}
    rows = [{"id": key(at, luck), "name": name} | stamps for name in texts.TAGS]
    write("tags", rows)
    return rows


def _with_doubles(wanted: list[Plan], luck: Random) -> list[Person]:
    """A person per plan; some owners have entered the same one twice, written a little differently."""
    made = people(luck)
    found = [next(made) for _ in wanted]
    by_owner: dict[int, list[int]] = {}
    for number, plan in enumerate(wanted):
        if plan.owner and plan.follow_up and plan.stage is Stage.CONTACTED and not plan.imported:
            by_owner.setdefault(plan.owner.id, []).append(number)
    for _owner, (one, other, *_rest) in sorted(by_owner.items())[:DOUBLES]:
        first_name = found[one].first_name.upper() if luck.random() < 0.5 else f"{found[one].first_name[0]}."
        found[other] = replace(found[one], first_name=first_name, email=None, address=None, expected_budget=None)
    return found


def _save_filters(school: School, stage_ids: dict[str, UUID], luck: Random) -> None:
    staff, admin = school.named("staff"), school.named("admin")
    mine = ("f", f"owner:is:{staff.id}")
    is_open = ("f", "follow_up_status:is:open")
    filters = (
        (staff, "My open follow-ups", False, [mine, is_open, ("sort", "follow_up_date")]),
        (staff, "My trials", False, [mine, ("f", f"stage:is:{stage_ids[Stage.TRIAL_SCHEDULED]}")]),
        (admin, "Nobody's yet", True, [("f", "owner:empty:"), ("sort", "-created_at")]),
        (admin, "Walk-ins", True, [("f", "source:is:walk_in"), ("sort", "-created_at")]),
    )
    at = school.hours.moment(school.hours.end // 2)
    write(
        "saved_filters",
        [
            {
                "id": key(at, luck),
                "owner_id": owner.id,
                "resource": "leads",
                "name": name,
                "shared": shared,
                "query": urlencode(pairs),
                "created_at": at,
                "updated_at": at,
                "created_by_id": owner.id,
                "updated_by_id": owner.id,
            }
            for owner, name, shared, pairs in filters
        ],
    )
