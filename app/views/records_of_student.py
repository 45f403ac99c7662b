"""A student's records on their page: guardians, schools, program, roster, merges, and what was erased."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services.records import erasing, overview, unmerging
from app.services.records.labels import EXTENSION_STATUSES
from app.services.records.links import name_of
from app.views import render
from app.views.page import Cell, Column, Empty, Fact, Group, Link, Panel, RecordPage, Row, Table


def add(page: RecordPage, record: Any, actor: Actor) -> None:
    """Add what the actor may see of the records to the page of a student."""
    if not actor.may("list", "School associations"):
        return
    live = record.deleted_at is None
    page.groups += [_standards(record), *_program(record, actor), *_erased(record)]
    page.panels = [_schools(record, actor, live), _guardians(record, actor, live), *_merges(record), *page.panels]
    if actor.may("personal_data", "Students") and live:
        page.actions.append(Link(_("Personal data"), f"/students/{record.id}/personal-data.zip", "download"))


def _standards(record: Any) -> Group:
    ethnicity = {True: _("yes"), False: _("no")}.get(record.hispanic_latino_ethnicity, "")
    facts = [
        Fact(_("Student id"), Cell(record.student_unique_id or "")),
        Fact(_("Races"), Cell(", ".join(record.races))),
        Fact(_("Hispanic or Latino"), Cell(ethnicity)),
        Fact(_("Suffix"), Cell(record.generation_suffix or "")),
        Fact(_("Source"), Cell(record.source_system_descriptor or "")),
    ]
    return Group(_("Student record"), facts)


def _program(record: Any, actor: Actor) -> list[Group]:
    known, user = overview.program_of(record.id, actor), overview.roster_user_of(record.id, actor)
    facts = []
    if known is not None:
        facts = [
            Fact(_("Enrollment"), render.badge(EXTENSION_STATUSES, known.enrollment_status)),
            Fact(_("Interests"), Cell(", ".join(known.sport_interests), "link", f"/program-extensions/{known.id}")),
            Fact(_("Track"), Cell(known.assigned_program_track or "")),
        ]
        if known.expected_start_date:
            day = known.expected_start_date
            facts.append(Fact(_("Expected start"), Cell(render.day(day), "date", title=day.isoformat())))
    if user is not None:
        facts.append(Fact(_("On the roster"), Cell(user.username, "link", f"/oneroster-users/{user.id}")))
    return [Group(_("Program"), facts)] if facts else []


def _erased(record: Any) -> list[Group]:
    erasure = erasing.of_student(record.id) if record.deleted_at is not None else None
    if erasure is None:
        return []
    kept = "; ".join(f"{erasing.KEPT[name]} ({count})" for name, count in erasure.kept.items())
    facts = [
        Fact(_("When"), Cell(render.moment(erasure.created_at), "datetime", title=erasure.created_at.isoformat())),
        Fact(_("Reason"), Cell(erasure.reason)),
        Fact(_("Kept"), Cell(kept)),
    ]
    return [Group(_("Erased on request"), facts)]


def _schools(record: Any, actor: Actor, live: bool) -> Panel:
    rows = []
    for each in overview.schools_of(record.id, actor):
        url = f"/school-associations/{each.id}"
        left = each.exit_date
        rows.append(
            Row(
                str(each.id),
                url,
                each.school,
                [
                    Cell(each.school, "link", url),
                    Cell(each.grade),
                    Cell(f"{each.school_year - 1}/{each.school_year % 100:02}"),
                    Cell(render.day(each.entry_date), "date", title=each.entry_date.isoformat()),
                    Cell(render.day(left), "date", title=left.isoformat()) if left else Cell(),
                    Cell(_("Primary"), "badge", tone="info") if each.primary_school else Cell(),
                ],
            )
        )
    heads = [
        Column("school", _("School")),
        Column("grade", _("Grade on entry")),
        Column("year", _("School year")),
        Column("from", _("First day")),
        Column("to", _("Last day")),
        Column("primary", ""),
    ]
    may_add = live and actor.may("add", "School associations")
    new = Link(_("New"), f"/school-associations/new?student_id={record.id}", "plus") if may_add else None
    return Panel(_("At schools"), Table(heads, rows, Empty(_("At no school yet"))), new=new)


def _guardians(record: Any, actor: Actor, live: bool) -> Panel:
    rows = [
        Row(
            str(each.id),
            f"/guardians/{each.id}",
            each.name,
            [
                Cell(each.name, "link", f"/guardians/{each.id}"),
                Cell(each.relation_descriptor or _("Guardian"), "link", f"/student-guardians/{each.link_id}"),
                Cell(each.email or "", "email"),
                render.phone(each.phone),
                Cell(_("First to be called"), "badge", tone="info") if each.primary_contact else Cell(),
            ],
        )
        for each in overview.guardians_of(record.id, actor)
    ]
    heads = [
        Column("name", _("Name")),
        Column("relation", _("Relation")),
        Column("email", _("E-mail")),
        Column("phone", _("Phone")),
        Column("first", ""),
    ]
    may_add = live and actor.may("add", "Student guardians")
    new = Link(_("New"), f"/student-guardians/new?student_id={record.id}", "plus") if may_add else None
    return Panel(_("Guardians"), Table(heads, rows, Empty(_("No guardian yet"))), new=new)


def _merges(record: Any) -> list[Panel]:
    merges = unmerging.merges_into(record.id)
    if not merges:
        return []
    students = unmerging.duplicates_of(merges)
    rows = []
    for each in merges:
        duplicate, moved = students[each.duplicate_id], [keys for keys in each.moved.values() if isinstance(keys, list)]
        cells = [
            Cell(name_of(duplicate)),
            render.phone(duplicate.phone),
            Cell(render.moment(each.created_at), "datetime", title=each.created_at.isoformat()),
            Cell(render.number(sum(map(len, moved))), "number"),
        ]
        rows.append(Row(str(each.id), "", name_of(duplicate), cells))
    heads = [
        Column("name", _("Name")),
        Column("phone", _("Phone")),
        Column("at", _("When")),
        Column("moved", _("What moved"), align="end"),
    ]
    return [Panel(_("Merged into this student"), Table(heads, rows, Empty("")))]
