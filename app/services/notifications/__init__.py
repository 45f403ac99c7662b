"""Telling people: `notify` is the one way in, whatever the channels are."""

from app.services.notifications.inbox import archive, mark_all_read, mark_read, newest
from app.services.notifications.telling import Notice, notify, tell_set

__all__ = ["Notice", "archive", "mark_all_read", "mark_read", "newest", "notify", "tell_set"]
