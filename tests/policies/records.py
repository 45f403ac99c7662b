"""Student records for the matrix of roles: schools, terms, guardians and whom they look after, and what forms are sent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from app.extensions import db
from app.models.organizations import Term
from app.models.student_records import (
    Guardian,
    OneRosterUser,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.services import school as school_time
from app.services import sessions
from app.services.records import merging
from tests.factories.records import organization
from tests.factories.students import student


class Records:
    """A student with all records, of whom another is a duplicate that was merged, and of what can be deleted one that is
    not used and one that is deleted.
    """

    def __init__(self, known: Any) -> None:
        gone = {"deleted_at": datetime.now(school_time.zone())}
        self.school, self.other = organization(), student()
        self.student = student()
        rows = {
            "Guardian": Guardian(first_name="Maj", last_name="Ek"),
            "Term": Term(title="2026", start_date=date(2026, 8, 1), end_date=date(2027, 8, 1), school_year=2027),
            "StudentProgramExtension": StudentProgramExtension(student_id=self.student.id),
            "OneRosterUser": OneRosterUser(
                sourced_id="student_matrix",
                username="matrix",
                given_name="M",
                family_name="X",
                role="student",
                student_id=self.student.id,
            ),
            "StudentSchoolAssociation": StudentSchoolAssociation(
                student_id=self.student.id,
                school_id=self.school.id,
                entry_date=date(2026, 9, 1),
                entry_grade_level_descriptor="First grade",
                school_year=2027,
            ),
        }
        deleted = {
            "TermView": Term(
                title="Old", start_date=date(2020, 8, 1), end_date=date(2021, 8, 1), school_year=2021, **gone
            ),
            "GuardianView": Guardian(first_name="Bo", last_name="Ek", **gone),
        }
        self.guardian = Guardian(first_name="Ida", last_name="Ek")
        db.session.add_all([*rows.values(), *deleted.values(), self.guardian])
        db.session.flush()
        link = StudentGuardian(student_id=self.student.id, guardian_id=self.guardian.id)
        db.session.add(link)
        db.session.commit()
        self.deleted = {view: row.id for view, row in deleted.items()}
        self.deleted["OrganizationView"] = organization(**gone).id
        merged = merging.merge([student().id], actor=sessions.system(), into_id=known)
        self.merge = merged.batch_id
        keys = {name: row.id for name, row in rows.items()}
        keys |= {"Organization": organization().id, "StudentGuardian": link.id}
        screens = {
            "SchoolAssociation": "StudentSchoolAssociation",
            "ProgramExtension": "StudentProgramExtension",
            "RosterUser": "OneRosterUser",
        }
        self.keys: dict[str, Any] = {f"{name}{kind}": key for name, key in keys.items() for kind in ("View", "Api")}
        self.keys |= {f"{screen}View": keys[name] for screen, name in screens.items()}

    def record(self, endpoint: str) -> Any:
        """Restoring asks for what is deleted."""
        view, _dot, method = endpoint.partition(".")
        return self.deleted.get(view) if method == "restore" else None

    def form(self, endpoint: str) -> dict[str, Any]:
        view = endpoint.partition(".")[0].replace("StudentSchool", "School").replace("StudentProgram", "Program")
        pair = {"student_id": str(self.other.id), "guardian_id": str(self.guardian.id)}
        days = {"start_date": "2030-08-01", "end_date": "2031-08-01", "school_year": "2031"}
        entry = {
            "school_id": str(self.school.id),
            "entry_date": "2030-09-01",
            "entry_grade_level_descriptor": "Second grade",
        }
        forms: dict[str, dict[str, Any]] = {
            "OrganizationView": {"identifier": "CHANGED", "type": "school", "school_id": "77"},
            "TermView": days | {"title": "Changed", "type": "term"},
            "StudentGuardianView": pair | {"relation_descriptor": "Father"},
            "SchoolAssociationView": pair | entry | {"school_year": "2031"},
            "ProgramExtensionView": {"sport_interests": "Chess", "custom_data": "{}"},
            "StudentView": {"into_id": str(self.other.id), "batch": str(self.merge), "reason": "Asked"},
        }
        return forms.get(view, {})
