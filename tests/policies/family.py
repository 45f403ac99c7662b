"""Enrollment for the matrix of roles: invitations, enrollments at several steps, documents, and what forms are sent."""

from __future__ import annotations

from typing import Any

from app.extensions import db
from app.models.enrollments import DocumentType, EnrollmentDocument
from app.services import accounts
from app.services.enrollments import deciding
from tests.factories import enrollments as make


class Family:
    """Enrollments of somebody who has every right, so that the pages of families do something for them."""

    def __init__(self) -> None:
        owner = accounts.find("super_admin")
        assert owner is not None
        self.invitation = make.invitation()
        self.first, second, third, self.fifth, closed = (make.enrollment_at(step) for step in (1, 2, 3, 5, 1))
        deciding.withdraw([closed.id], actor=make.actor("admissions"), reason="Moved")
        self.all = [self.first.id, second.id, third.id, closed.id]
        for each in (self.first, self.fifth):
            each.guardian_id = owner.id
        codes = ("birth_certificate", "proof_of_address")
        self.documents = [
            EnrollmentDocument(
                enrollment_id=self.fifth.id,
                document_type=code,
                file_name=f"{code}.pdf",
                size=9,
                sha256="0" * 64,  # of no file that is there
                content_type="application/pdf",
            )
            for code in codes
        ]
        self.unused = DocumentType(code="photo", name="Photo", required=False)
        db.session.add_all([*self.documents, self.unused])
        db.session.commit()
        self.school, self.coach = make.hill_school(), accounts.find("coach")
        views = {"Invitation": self.invitation.id, "Enrollment": self.first.id, "DocumentType": self.unused.id}
        views |= {"EnrollmentDocument": self.documents[0].id}
        self.keys: dict[str, Any] = {f"{name}View": key for name, key in views.items()}
        self.keys |= {f"{name}Api": key for name, key in views.items()}
        self.keys["EnrollmentInvitationApi"] = self.invitation.id

    def arguments(self, endpoint: str) -> dict[str, Any]:
        """What the addresses of these routes are filled with, and not by `pk`."""
        view, _dot, method = endpoint.partition(".")
        known: dict[str, Any] = {"step": 1, "code": "birth_certificate", "document": self.documents[0].id}
        if view == "InvitationLinkView":
            known["token"] = make.token(self.invitation)
        elif endpoint in ("EnrollmentView.remove", "MyEnrollmentsView.remove"):
            known |= {"pk": self.fifth.id, "key": self.fifth.id}
        elif view in ("MyEnrollmentsView", "MyEnrollmentApi"):
            known["key"] = self.documents[0].id if method in ("file", "remove") else self.first.id
        elif view in ("EnrollmentApi", "EnrollmentDocumentView"):
            known["key"] = self.first.id if view == "EnrollmentApi" else self.documents[0].id
        return known

    def form(self, endpoint: str) -> dict[str, Any]:
        assert self.coach is not None
        view = endpoint.partition(".")[0].removesuffix("View").removesuffix("Api")
        step = make.program() | {"message": "Changed"}
        said = make.payment() | {"consultation_date": "2026-03-31", "consultation_type": "video", "paid": "1"}
        said |= {"shadow_day": "2026-04-01", "reason": "Changed", "note": "Changed", "coach_id": str(self.coach.id)}
        invited = {"student_first_name": "Changed", "student_last_name": "Changed", "coach_id": str(self.coach.id)}
        invited |= {"guardian_email": "changed@home.example", "school_id": str(self.school.id)}
        forms: dict[str, dict[str, Any]] = {
            "Invitation": invited,
            "EnrollmentInvitation": invited,
            "Enrollment": step | said,
            "MyEnrollments": step,
            "MyEnrollment": step,
            "EnrollmentDocument": said,
            "DocumentType": {"code": "changed", "name": "Changed"},
            "InvitationLink": {"first_name": "A", "last_name": "B"},
        }
        made = forms.get(view, {})
        if endpoint == "EnrollmentView.perform":
            made = made | {"id": [str(key) for key in self.all]}
        return made
