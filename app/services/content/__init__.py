"""Announcements, pages and downloads: written by admins, read by everybody."""

from app.services.content.resource import ANNOUNCEMENTS, DOWNLOADS, PAGES

__all__ = ["ANNOUNCEMENTS", "DOWNLOADS", "PAGES"]
