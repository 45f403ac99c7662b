"""Importing records from a file: upload, check with every fault at once, confirm, progress, result, undo."""

from app.views.imports.screens import AccountImportView, LeadImportView, TestRegistrationImportView

__all__ = ["AccountImportView", "LeadImportView", "TestRegistrationImportView"]
