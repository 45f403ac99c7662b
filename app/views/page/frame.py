"""What the layout needs on every page."""

from __future__ import annotations

from dataclasses import dataclass, field

from markupsafe import Markup

from app.views.page.common import Choice


@dataclass(slots=True)
class MenuItem:
    label: str
    url: str
    icon: str
    active: bool = False


@dataclass(slots=True)
class MenuSection:
    label: str
    items: list[MenuItem]
    folded: bool = False  # kept so by the reader
    is_here: bool = False  # the reader is in it: it is shown open


@dataclass(slots=True)
class Frame:
    """What the layout itself needs on every page; the context processor fills it as `frame`."""

    app_name: str
    school: str
    lang: str
    dir: str  # ltr, rtl
    theme: str  # light, dark, system
    signed_in: bool
    user: str = ""
    initials: str = ""
    roles: str = ""
    menu: Markup = Markup()  # noqa: RUF009 - cannot be changed
    unread: str = ""  # "", "3", "99+"
    inbox_url: str = ""
    bell_url: str = ""  # HTML fragment with the newest notifications
    bell_count_url: str = ""  # JSON: unread, and how a screen reader says it
    search_url: str = ""  # page; with `Accept: application/json` the suggestions [{group, title, detail, url}]
    login_url: str = ""
    logout_url: str = ""
    settings_url: str = ""
    password_url: str = ""
    home_url: str = "/"
    locales: list[Choice] = field(default_factory=list)
    settings_post_url: str = ""  # POST theme=, locale=
    demo: bool = False
