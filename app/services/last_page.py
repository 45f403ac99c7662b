"""The page that somebody was on last, for those who want to begin there at the next login."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from app.extensions import db
from app.policies.actor import Actor
from app.services.transaction import transactional

LONGEST: Final = 500

# Only while it is wanted: a page that was on its way when the setting was switched off leaves nothing behind.
_NOTE = text("""
    INSERT INTO last_pages (user_id, path) SELECT user_id, :path FROM user_settings
    WHERE user_id = :user_id AND remember_last_page
    ON CONFLICT (user_id) DO UPDATE SET path = excluded.path WHERE last_pages.path <> excluded.path
""")
_OF = text("SELECT path FROM last_pages WHERE user_id = :user_id")
_FORGET = text("DELETE FROM last_pages WHERE user_id = :user_id")


@transactional
def note(path: str, *, actor: Actor) -> None:
    """Remember where the actor is now. A path that is too long is not remembered."""
    if len(path) <= LONGEST:
        db.session.execute(_NOTE, {"user_id": actor.id, "path": path})


def of(actor: Actor) -> str:
    """Where the actor was last; empty when that is not remembered."""
    return db.session.scalar(_OF, {"user_id": actor.id}) or "" if actor.remember_last_page else ""


@transactional
def forget(*, actor: Actor) -> None:
    db.session.execute(_FORGET, {"user_id": actor.id})
