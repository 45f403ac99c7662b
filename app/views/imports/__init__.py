"""Importing records from a file: upload, check with every fault at once, confirm, progress, result, undo."""

from app.views.imports.screens import (
    AccountImportView,
    InvitationImportView,
    LeadImportView,
    StudentRecordImportView,
    TestRegistrationImportView,
)

__all__ = [
    "AccountImportView",
    "InvitationImportView",
    "LeadImportView",
    "StudentRecordImportView",
    "TestRegistrationImportView",
]
