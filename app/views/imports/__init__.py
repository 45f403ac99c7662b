"""Importing leads from a file: upload, check with every fault at once, confirm, progress, result, undo."""

from app.views.imports.screens import LeadImportView

__all__ = ["LeadImportView"]
