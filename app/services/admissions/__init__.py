"""Admissions: everything that people do with them."""

from app.services.admissions.resource import ADMISSIONS, ENTRIES

__all__ = ["ADMISSIONS", "ENTRIES"]
