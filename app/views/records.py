"""Screens of schools, terms, guardians, associations, program records and the roster."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.services.records import overview
from app.services.records.labels import EXTENSION_STATUSES, ROLES, ROSTER_STATUSES
from app.services.records.organization_resource import ORGANIZATIONS, TERMS
from app.services.records.resource import ASSOCIATIONS, GUARDIANS, LINKS
from app.services.records.roster_resource import EXTENSIONS, ROSTER_USERS
from app.views import render
from app.views.base import RecordView
from app.views.page import Cell, Column, Empty, Link, Panel, RecordPage, Row, Table
from app.views.security import current_actor


class OrganizationView(RecordView):
    resource = ORGANIZATIONS
    list_columns = ("name", "type", "identifier", "parent", "grades", "active")
    show_groups = (
        ("", ("name", "type", "identifier", "parent", "active")),
        (_l("For other systems"), ("school_id", "grades", "sourced_id")),
    )
    form_groups = (
        ("", ("name", "type", "identifier", "parent_id", "active")),
        (_l("For other systems"), ("school_id", "grades")),
    )
    form_helps = {
        "identifier": _l("The code by which the authorities know it."),
        "school_id": _l("Needed for Ed-Fi; each organization has its own."),
        "grades": _l("The grades that are taught there."),
    }
    description = _l("Schools, and what they belong to.")

    def defaults(self) -> dict[str, Any]:
        return {"type": "school", "active": True}

    def fact(self, record: Any, name: str) -> Cell:
        return Cell(", ".join(record.grades)) if name == "grades" else super().fact(record, name)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        if record.type == "school" and current_actor().may("list", ASSOCIATIONS.name):
            page.panels = [_students_of(record)]
        return page


class TermView(RecordView):
    resource = TERMS
    list_columns = ("title", "type", "start_date", "end_date", "school_year", "parent")
    show_groups = (("", ("title", "type", "start_date", "end_date", "school_year", "parent", "sourced_id")),)
    form_groups = (("", ("title", "type", "start_date", "end_date", "school_year", "parent_id")),)
    form_helps = {
        "end_date": _l("The day after the last."),
        "school_year": _l("The year in which it ends: 2026/27 is 2027."),
    }
    description = _l("School years and their parts.")

    def related_title(self, related: Any) -> str:
        return str(related.title)


class GuardianView(RecordView):
    resource = GUARDIANS
    list_columns = ("name", "email", "phone", "account")
    show_groups = (("", ("name", "email", "phone", "account", "contact_unique_id")),)
    form_groups = (("", ("first_name", "last_name", "email", "phone", "user_id")),)
    form_helps = {"user_id": _l("With it they see their own children here.")}
    description = _l("Parents and guardians of students.")

    def related_title(self, related: Any) -> str:
        return str(related.username)

    def fact(self, record: Any, name: str) -> Cell:
        return Cell(self.resource.title(record)) if name == "name" else super().fact(record, name)

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.initials = render.initials(record.first_name, record.last_name)
        rows = [
            Row(
                str(each.id),
                f"/student-guardians/{each.link_id}",
                each.name,
                [
                    Cell(each.name, "link", f"/students/{each.id}"),
                    Cell(each.relation_descriptor or ""),
                    Cell(_("First to be called"), "badge", tone="info") if each.primary_contact else Cell(),
                ],
            )
            for each in overview.children_of(record.id, actor)
        ]
        heads = [Column("student", _("Student")), Column("relation", _("Relation")), Column("first", "")]
        page.panels = [Panel(_("Students"), Table(heads, rows, Empty(_("No student yet"))))]
        return page


class _OfStudent(RecordView):
    """A record that belongs to a student, from whose page one comes."""

    from_address = ("student_id",)
    kept = ("student_id",)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        if current_actor().may("show", "Students") and record.student.deleted_at is None:
            name = f"{record.student.first_name} {record.student.last_name}"
            page.list_url, page.list_title = f"/students/{record.student_id}", name
        return page


class StudentGuardianView(_OfStudent):
    resource = LINKS
    list_columns = ("student", "guardian", "relation_descriptor", "primary_contact")
    show_groups = (("", ("student", "guardian", "relation_descriptor", "primary_contact")),)
    form_groups = (("", ("student_id", "guardian_id", "relation_descriptor", "primary_contact")),)
    description = _l("Who is guardian of whom.")


class SchoolAssociationView(_OfStudent):
    resource = ASSOCIATIONS
    list_columns = ("student", "school", "entry_date", "entry_grade_level_descriptor", "school_year", "exit_date")
    show_groups = (
        ("", ("student", "school", "school_year", "primary_school")),
        (_l("Entry"), ("entry_date", "entry_grade_level_descriptor", "entry_type_descriptor")),
        (_l("Exit"), ("exit_date", "exit_type_descriptor")),
    )
    form_groups = (
        ("", ("student_id", "school_id", "school_year", "primary_school")),
        (_l("Entry"), ("entry_date", "entry_grade_level_descriptor", "entry_type_descriptor")),
        (_l("Exit"), ("exit_date", "exit_type_descriptor")),
    )
    form_helps = {
        "school_year": _l("The year in which it ends; empty: that of the first day."),
        "primary_school": _l("A student has one in a year."),
    }
    description = _l("Which students are, or were, at which school.")

    def defaults(self) -> dict[str, Any]:
        return {"primary_school": True} | super().defaults()


class ProgramExtensionView(_OfStudent):
    resource = EXTENSIONS
    list_columns = (
        "student",
        "enrollment_status",
        "sport_interests",
        "assigned_program_track",
        "expected_start_date",
        "completed_on",
    )
    show_groups = (
        ("", ("student", "enrollment_status", "sport_interests", "assigned_program_track", "grade_at_enrollment")),
        (_l("On the way"), ("referring_coach", "consultation_completed", "shadow_day", "documents_complete")),
        (_l("Start"), ("expected_start_date", "completed_on", "deposit_paid", "deposit_amount", "deposit_paid_on")),
    )
    form_groups = (("", ("sport_interests", "assigned_program_track", "expected_start_date", "custom_data")),)
    form_helps = {
        "sport_interests": _l("Separated by commas."),
        "custom_data": _l("An object in JSON. It never leaves this system."),
    }
    description = _l("What the school's own program knows of each student.")

    def form(self, record: Any, values: Any) -> Any:
        listed = values.get("sport_interests")
        return super().form(
            record, {**values, "sport_interests": ", ".join(listed)} if isinstance(listed, list) else values
        )

    def fact(self, record: Any, name: str) -> Cell:
        return Cell(", ".join(record.sport_interests)) if name == "sport_interests" else super().fact(record, name)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(EXTENSION_STATUSES, record.enrollment_status)
        return page


class RosterUserView(RecordView):
    resource = ROSTER_USERS
    list_columns = ("name", "username", "role", "org_ids", "grades", "status")
    show_groups = (
        ("", ("name", "username", "role", "enabled_user", "identifier")),
        (_l("Where"), ("org_ids", "grades")),
        (_l("Contact"), ("email", "phone", "birth_date", "sourced_id")),
    )
    description = _l("Everybody whom other systems are told of, with their classes.")

    def fact(self, record: Any, name: str) -> Cell:
        if name == "name":
            return Cell(self.resource.title(record))
        if name == "org_ids":
            return Cell(", ".join(overview.organizations_of(record.org_ids)))
        return Cell(", ".join(record.grades)) if name == "grades" else super().fact(record, name)

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.initials = render.initials(record.given_name, record.family_name)
        page.badge = render.badge(ROSTER_STATUSES, record.status)
        if record.student_id is not None and actor.may("show", "Students"):
            page.actions.append(Link(_("Student"), f"/students/{record.student_id}", "user-round"))
        if record.guardian_id is not None and actor.may("show", "Guardians"):
            page.actions.append(Link(_("Guardian"), f"/guardians/{record.guardian_id}", "users"))
        page.panels = [_classes(record), _agents(record)]
        return page


def _classes(record: Any) -> Panel:
    rows = [
        Row(each.key, "", each.title, [Cell(each.title), Cell(each.role), Cell(each.school or "")])
        for each in overview.classes_of(record.sourced_id)
    ]
    heads = [Column("class", _("Class")), Column("role", _("As")), Column("school", _("School"))]
    return Panel(_("Classes"), Table(heads, rows, Empty(_("In no class yet"))))


def _agents(record: Any) -> Panel:
    names = {option.value: str(option.label) for option in ROLES}
    rows = [
        Row(
            str(each.id),
            f"/oneroster-users/{each.id}",
            each.name,
            [Cell(each.name, "link", f"/oneroster-users/{each.id}"), Cell(names[each.role.value])],
        )
        for each in overview.agents_of(record.id)
    ]
    heads = [Column("name", _("Name")), Column("role", _("Role"))]
    return Panel(_("Stands for, or is looked after by"), Table(heads, rows, Empty(_("Nobody"))))


def _students_of(record: Any) -> Panel:
    count = overview.students_at(record.id)
    heads = [Column("year", _("School year")), Column("students", _("Students"), align="end")]
    url = f"/school-associations/?f=school:is:{record.id}&f=exit_date:empty"
    rows = [
        Row(
            str(each.school_year),
            f"{url}&f=school_year:is:{each.school_year}",
            str(each.school_year),
            [
                Cell(
                    f"{each.school_year - 1}/{each.school_year % 100:02}",
                    "link",
                    f"{url}&f=school_year:is:{each.school_year}",
                ),
                Cell(render.number(each.students), "number"),
            ],
        )
        for each in count
    ]
    return Panel(_("Students who are there"), Table(heads, rows, Empty(_("No student yet"))), url)
