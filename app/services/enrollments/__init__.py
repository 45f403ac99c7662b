"""Guardian enrollment: a coach invites a family, which does six steps."""

from app.services.enrollments.document_resource import DOCUMENT_TYPES, DOCUMENTS
from app.services.enrollments.invitation_resource import INVITATIONS
from app.services.enrollments.resource import ENROLLMENTS

__all__ = ["DOCUMENTS", "DOCUMENT_TYPES", "ENROLLMENTS", "INVITATIONS"]
