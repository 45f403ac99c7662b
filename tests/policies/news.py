"""Content and papers for the matrix of roles, and what their forms are sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.extensions import db
from app.models.content import ContentStatus
from app.services import school
from tests.factories import seating
from tests.factories.content import announcement, download, page

KINDS = ("Announcement", "ContentPage", "DownloadableResource")


class News:
    """Of each kind of content one that is published and one that is deleted, and a session with a seat. The file of the
    download is not there: reading it would count.
    """

    def __init__(self) -> None:
        published, gone = {"status": ContentStatus.PUBLISHED}, {"deleted_at": datetime.now(school.zone())}
        self.published = announcement(**published), page(slug="rules", **published), download(**published)
        self.deleted = dict(zip(KINDS, (announcement(**gone), page(**gone), download(**gone)), strict=True))
        venue = seating.venue()
        self.session = seating.session(venue)
        [sitting] = seating.registered(self.session, 1)
        seating.allocation(self.session, seating.room(venue, 2), sitting, "1")
        db.session.execute(
            db.text("UPDATE students SET email = 's@example.org' WHERE email IS NULL")
        )  # for seat notices
        db.session.commit()
        self.keys: dict[str, Any] = {}
        for kind, made in zip(KINDS, self.published, strict=True):
            self.keys |= dict.fromkeys((f"{kind}View", f"{kind}Api"), made.id)

    def record(self, endpoint: str) -> Any:
        """Restoring asks for what is deleted."""
        view, _dot, method = endpoint.partition(".")
        kind = view.removesuffix("View").removesuffix("Api")
        return self.deleted[kind].id if kind in KINDS and method == "restore" else None

    def arguments(self, endpoint: str) -> dict[str, Any]:
        """What the addresses of these routes are filled with, and not by `pk`."""
        view = endpoint.partition(".")[0]
        if view in ("PaperView", "PaperApi"):
            return {"session_id": self.session.id, "paper": "door-list"}
        if view == "DownloadsView":
            return {"key": self.published[2].id, "file_name": "rules.pdf"}
        return {"key": self.published[0].id, "slug": "rules"}

    def form(self, endpoint: str) -> dict[str, Any]:
        whole: dict[str, Any] = {"title": "Changed", "body": "# Changed", "slug": "changed"}
        forms: dict[str, dict[str, Any]] = {
            "AnnouncementView": whole | {"publication_date": str(school.today()), "featured": "1"},
            "ContentPageView": whole,
            "DownloadableResourceView": {"title": "Changed"},
        }
        return forms.get(endpoint.partition(".")[0], {})
