from __future__ import annotations

import itertools
from typing import Any

from app.extensions import db
from app.models.content import Announcement, ContentPage, DownloadableResource
from app.services import school

_numbers = itertools.count(1)


def _saved(made: Any) -> Any:
    db.session.add(made)
    db.session.commit()
    return made


def announcement(**values: Any) -> Announcement:
    """A committed draft of today."""
    number = next(_numbers)
    facts = {"title": f"News {number}", "body": f"**Text** {number}", "publication_date": school.today()}
    return _saved(Announcement(**facts | values))


def page(**values: Any) -> ContentPage:
    number = next(_numbers)
    return _saved(ContentPage(**{"slug": f"page-{number}", "title": f"Page {number}", "body": "Text"} | values))


def download(**values: Any) -> DownloadableResource:
    """A row without its file."""
    number = next(_numbers)
    facts = {"title": f"File {number}", "file_name": "rules.pdf", "file_type": "application/pdf", "size": 9}
    return _saved(DownloadableResource(**facts | {"sha256": f"{number:064x}"} | values))
