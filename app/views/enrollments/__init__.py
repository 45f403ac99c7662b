"""Enrollment: the pages of families, coaches and the office."""

from app.views.enrollments.board import EnrollmentBoardView
from app.views.enrollments.family import MyEnrollmentsView
from app.views.enrollments.link import InvitationLinkView
from app.views.enrollments.record import EnrollmentView
from app.views.enrollments.screens import DocumentTypeView, EnrollmentDocumentView, InvitationView

__all__ = [
    "DocumentTypeView",
    "EnrollmentBoardView",
    "EnrollmentDocumentView",
    "EnrollmentView",
    "InvitationLinkView",
    "InvitationView",
    "MyEnrollmentsView",
]
