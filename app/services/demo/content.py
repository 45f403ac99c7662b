"""What the demo school tells everybody: news, two pages, and a file to download."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from app.services.content import files
from app.services.demo.school import School, chance, key, write

TABLES: Final = ("announcements", "content_pages", "downloadable_resources")

# title, summary, category, days ago, featured, published
NEWS: Final = (
    (
        "Registration for the next test is open",
        "Ask the office for a place; your seat will stand on your page.",
        "Tests",
        2,
        True,
        True,
    ),
    ("Concert of the choir", "Everybody is welcome, and nobody pays.", "Events", 9, False, True),
    ("New times for piano", None, "Courses", 30, False, True),
    ("Summer course", "Not settled yet.", "Courses", 0, False, False),
)
TEXT: Final = """We are glad to tell you more about it.

## What to know

- Come ten minutes before it begins.
- Bring what you need to write.

Questions? **The office** answers them.
"""
RULES: Final = """## Before the test

1. Look up your room and seat on your page.
2. Bring your identity document: without it nobody is let in.

## During the test

| Allowed | Not allowed |
|---|---|
| pencils, water | telephones, watches |

> Who comes more than half an hour late is not let in.
"""
ABOUT: Final = "We teach music to everybody, from the first note on. Come and listen."
LIST: Final = b"What to bring to a test\r\n\r\n- your identity document\r\n- two pencils\r\n- a bottle of water\r\n"


def load(school: School) -> None:
    luck, admin = chance("content"), school.named("admin").id
    at = school.now - timedelta(days=40)
    stamps = {"created_at": at, "updated_at": at, "created_by_id": admin, "updated_by_id": admin}
    write(
        "announcements",
        [
            {
                "id": key(at, luck),
                "title": title,
                "summary": summary,
                "body": TEXT,
                "category": category,
                "publication_date": school.today - timedelta(days=days),
                "status": "published" if published else "draft",
                "featured": featured,
            }
            | stamps
            for title, summary, category, days, featured, published in NEWS
        ],
    )
    write(
        "content_pages",
        [
            {"id": key(at, luck), "slug": slug, "title": title, "body": body, "status": "published"} | stamps
            for slug, title, body in (("rules-of-the-test", "Rules of the test", RULES), ("about", "About us", ABOUT))
        ],
    )
    digest = hashlib.sha256(LIST).hexdigest()
    files.keep(LIST, digest)
    facts = {"file_name": "what-to-bring.txt", "file_type": "text/plain", "size": len(LIST), "sha256": digest}
    about = {"title": "What to bring to a test", "description": "To print and keep.", "category": "Tests"}
    counted = {"status": "published", "download_count": 37}
    write("downloadable_resources", [{"id": key(at, luck)} | about | facts | counted | stamps])
