"""The newest announcements as RSS 2.0."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import current_app
from flask_babel import gettext as _

from app.models.content import Announcement
from app.services import school
from app.services.content import markdown


def rss(found: Iterable[Announcement]) -> bytes:
    """The feed, in UTF-8."""
    public = current_app.config["PUBLIC_URL"]
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    name = current_app.config["SCHOOL_NAME"]
    _texts(channel, title=name, link=f"{public}/news/", description=_("News of %(school)s", school=name))
    for each in found:
        item, url = SubElement(channel, "item"), f"{public}/news/{each.id}"
        day = datetime.combine(each.publication_date, time(), school.zone())
        about = each.summary or markdown.plain(each.body, 300)
        _texts(item, title=each.title, link=url, guid=url, pubDate=format_datetime(day), description=about)
        if each.category:
            _texts(item, category=each.category)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _texts(parent: Element, **texts: str) -> None:
    for name, value in texts.items():
        SubElement(parent, name).text = "".join(sign for sign in value if sign >= " " or sign in "\t\n")
