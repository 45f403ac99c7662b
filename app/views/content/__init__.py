"""Content: the screens of those who write it, and the pages that everybody may read."""

from app.views.content.public import DownloadsView, NewsView, PagesView
from app.views.content.records import AnnouncementView, ContentPageView, DownloadableResourceView

__all__ = [
    "AnnouncementView",
    "ContentPageView",
    "DownloadableResourceView",
    "DownloadsView",
    "NewsView",
    "PagesView",
]
