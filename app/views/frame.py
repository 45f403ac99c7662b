"""What the layout shows around every page."""

from __future__ import annotations

from functools import lru_cache

from flask import current_app, get_template_attribute, request
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.policies.actor import NOBODY, Actor
from app.policies.roles import Role
from app.services import demo, search
from app.services.errors import Text
from app.views import render
from app.views.page import Choice, Frame, MenuItem, MenuSection
from app.views.security import current_actor

Permissions = frozenset[tuple[str, str]]

MOST_UNFOLDED = 30  # entries

# section -> (label, address, icon, permission that shows it, resource)
MENU: tuple[tuple[Text, tuple[tuple[Text, str, str, str, str], ...]], ...] = (
    (
        _l("Today"),
        (
            (_l("Home"), "/", "house", "show", "Home"),
            (_l("Inbox"), "/inbox/", "inbox", "list", "Inbox"),
            (_l("Timetable"), "/timetable/", "calendar-days", "show", "Timetable"),
            (_l("Broadcasts"), "/broadcasts/", "megaphone", "list", "Broadcasts"),
            (_l("News"), "/news/", "globe", "show", "Home"),
            (_l("My page"), "/me/student", "user-round", "show", "My page"),
            (_l("My tests"), "/me/seats", "clipboard-list", "show", "My page"),
            (_l("My enrollments"), "/me/enrollments/", "route", "show", "My enrollments"),
            (_l("My help desk"), "/me/assistant", "life-buoy", "show", "My assistant page"),
        ),
    ),
    (
        _l("Leads"),
        (
            (_l("Leads"), "/leads/", "users", "list", "Leads"),
            (_l("Board"), "/leads/board/", "columns-3", "board", "Leads"),
            (_l("Follow-ups"), "/leads/worklist/", "calendar-clock", "worklist", "Leads"),
            (_l("Imports"), "/lead-imports/", "upload", "list", "Lead imports"),
        ),
    ),
    (
        _l("Enrollment"),
        (
            (_l("Enrollments"), "/enrollments/", "route", "list", "Enrollments"),
            (_l("Board"), "/enrollments/board/", "columns-3", "board", "Enrollments"),
            (_l("Invitations"), "/enrollment-invitations/", "send", "list", "Enrollment invitations"),
            (_l("Documents"), "/enrollment-documents/", "file-text", "list", "Enrollment documents"),
            (_l("Imports"), "/enrollment-invitation-imports/", "upload", "list", "Enrollment invitation imports"),
            (_l("Types of documents"), "/document-types/", "list-checks", "edit", "Document types"),
        ),
    ),
    (
        _l("Admissions"),
        (
            (_l("Students"), "/students/", "user-round", "list", "Students"),
            (_l("Admissions"), "/admissions/", "graduation-cap", "list", "Admissions"),
            (_l("Waitlist"), "/waitlist/", "clock", "list", "Waitlist"),
        ),
    ),
    (
        _l("Student records"),
        (
            (_l("Record creation"), "/record-creation/", "activity", "show", "Record creation"),
            (_l("Guardians"), "/guardians/", "users", "list", "Guardians"),
            (_l("At schools"), "/school-associations/", "school", "list", "School associations"),
            (_l("Program"), "/program-extensions/", "flag", "list", "Program extensions"),
            (_l("Roster"), "/oneroster-users/", "id-card", "list", "OneRoster users"),
            (_l("Imports of students"), "/student-record-imports/", "upload", "list", "Student record imports"),
            (_l("Organizations"), "/organizations/", "building-2", "list", "Organizations"),
            (_l("Terms"), "/terms/", "calendar-days", "list", "Terms"),
        ),
    ),
    (
        _l("Classroom"),
        (
            (_l("Classes"), "/classroom/", "school", "list", "Classroom"),
            (_l("Attendance"), "/attendance/", "clipboard-check", "list", "Attendance"),
            (_l("Requests to move"), "/reschedule-requests/", "arrow-right-left", "list", "Reschedule requests"),
            (_l("Class credits"), "/class-credits/", "receipt", "list", "Class credits"),
            (_l("Attendance policies"), "/attendance-policies/", "scale", "edit", "Attendance policies"),
        ),
    ),
    (
        _l("Help desk"),
        (
            (_l("Applications"), "/registrations/", "clipboard-check", "list", "Registrations"),
            (_l("Assistants"), "/assistants/", "life-buoy", "list", "Assistants"),
            (_l("Roster"), "/rosters/", "calendar-check", "list", "Rosters"),
            (_l("Published shifts"), "/published-shifts/", "calendar-days", "list", "Published shifts"),
        ),
    ),
    (
        _l("Tests"),
        (
            (_l("Test sessions"), "/test-sessions/", "calendar-check", "list", "Test sessions"),
            (_l("Registrations"), "/test-registrations/", "clipboard-check", "add", "Test registrations"),
            (_l("Seats"), "/roomallocation/", "id-card", "add", "Room allocations"),
            (_l("Allocation runs"), "/allocation-runs/", "history", "list", "Allocation runs"),
            (_l("Imports"), "/test-registration-imports/", "upload", "list", "Test registration imports"),
            (_l("Venues"), "/venues/", "building-2", "list", "Venues"),
            (_l("Rooms"), "/rooms/", "door-open", "list", "Rooms"),
            (_l("Years"), "/test-years/", "calendar", "list", "Test years"),
        ),
    ),
    (_l("Reports"), ((_l("Reports"), "/reports/", "chart-column", "show", "Reports"),)),
    (
        _l("Set-up"),
        (
            (_l("Courses"), "/courses/", "book-open", "list", "Courses"),
            (_l("Classroom slots"), "/classroom-slots/", "door-open", "list", "Classroom slots"),
            (_l("Plans"), "/course-plans/", "tag", "list", "Course plans"),
            (_l("Instruments"), "/instruments/", "music", "list", "Instruments"),
            (_l("Times"), "/time-slots/", "clock", "list", "Time slots"),
            (_l("Opening days"), "/operating-days/", "calendar", "list", "Operating days"),
            (_l("Closures"), "/closures/", "calendar-x", "list", "Closures"),
            (_l("Stages"), "/lead-stages/", "flag", "list", "Lead stages"),
            (_l("Tags"), "/tags/", "tag", "list", "Tags"),
            (_l("Accounts"), "/accounts/", "user-cog", "list", "Accounts"),
            (_l("Requests for access"), "/access-requests/", "user-plus", "list", "Access requests"),
            (_l("Second factors"), "/second-factors/", "shield", "edit", "Second factors"),
            (_l("Groups"), "/groups/", "users", "list", "Groups"),
            (_l("Imports of accounts"), "/account-imports/", "upload", "list", "Account imports"),
        ),
    ),
    (
        _l("Content"),
        (
            (_l("Announcements"), "/announcements/", "megaphone", "list", "Announcements"),
            (_l("Pages"), "/content-pages/", "file-text", "list", "Content pages"),
            (_l("Downloads"), "/downloadable-resources/", "download", "list", "Downloadable resources"),
        ),
    ),
    (
        _l("Standards"),
        (
            (_l("OneRoster exports"), "/oneroster-exports/", "download", "list", "OneRoster exports"),
            (_l("Roster clients"), "/oauth-clients/", "key-round", "list", "OAuth clients"),
            (_l("Imports of bundles"), "/oneroster-imports/", "upload", "list", "OneRoster imports"),
            (_l("Ed-Fi"), "/edfi/", "share-2", "show", "Ed-Fi"),
            (_l("Pushes"), "/edfi-pushes/", "send", "list", "Ed-Fi pushes"),
            (_l("Servers"), "/edfi-servers/", "server", "list", "Ed-Fi servers"),
            (_l("Descriptors"), "/descriptor-mappings/", "tags", "list", "Descriptor mappings"),
        ),
    ),
    (
        _l("Operations"),
        (
            (_l("Overview"), "/operations/", "activity", "show", "Operations"),
            (_l("Integrity"), "/operations/integrity/", "shield-check", "show", "Integrity"),
            (_l("Job runs"), "/job-runs/", "history", "list", "Job runs"),
            (_l("Deliveries"), "/deliveries/", "mail", "list", "Deliveries"),
        ),
    ),
)


# Pages of a record of one's own, and who has one.
OWN_RECORDS: Permissions = frozenset({("can_show", "My page"), ("can_show", "My assistant page")})
OWNERS = (Role.STUDENT, Role.ASSISTANT)


def frame() -> Frame:
    """Filled for every page; without a database or a login it still says where one is."""
    actor = current_actor()
    made = Frame(
        app_name="Registrar",
        school=current_app.config["SCHOOL_NAME"],
        lang=render.language(),
        dir=render.direction(),
        theme=actor.theme,
        signed_in=actor is not NOBODY,
        login_url="/login/",
        home_url="/",
    )
    return _signed_in(made, actor) if made.signed_in else made


def _signed_in(made: Frame, actor: Actor) -> Frame:
    made.demo = demo.is_on()
    made.user, made.initials = (
        actor.name,
        render.initials(actor.first_name, actor.last_name) or actor.username[:1].upper(),
    )
    made.roles = ", ".join(sorted(role for role in actor.roles if role != Role.PUBLIC))
    made.menu = _menu(actor)
    made.unread = unread(actor)
    made.inbox_url, made.bell_url, made.bell_count_url = "/inbox/", "/inbox/bell", "/inbox/count"
    made.search_url = "/search/" if search.resources(actor) else ""
    made.logout_url, made.settings_url, made.password_url = "/logout/", "/settings/", "/settings/password"
    made.settings_post_url = "/settings/look"
    current = render.language()
    made.locales = [
        Choice(code, language["name"], code == current) for code, language in current_app.config["LANGUAGES"].items()
    ]
    return made


def unread(actor: Actor) -> str:
    """What stands at the bell."""
    return "" if not actor.unread else "99+" if actor.unread > 99 else str(actor.unread)


def _menu(actor: Actor) -> Markup:
    here: list[str] = []
    offered, path = actor.permissions, request.path
    if actor.has(Role.SUPER_ADMIN) and not actor.has(*OWNERS):  # who holds every permission has no such record for it
        offered -= OWN_RECORDS
    for _label, entries in _shown(offered):
        # The longest address that fits is where the reader is: the board lies under the leads.
        fitting = (url for _text, url, _icon in entries if path.startswith(url) and (url != "/" or path == "/"))
        here.append(max(fitting, key=len, default=""))
    return _drawn(offered, render.language(), tuple(here), _folded(offered, request.cookies.get("folded")))


@lru_cache(1024)
def _folded(permissions: Permissions, said: str | None) -> frozenset[int]:
    """Which sections are folded: those that the reader folded, or else, of a long side bar, all but the first."""
    sections = _shown(permissions)
    if said is not None:
        given = {int(each) for each in said.split(".") if each.isascii() and each.isdecimal() and len(each) < 3}
        return frozenset(given.intersection(range(len(sections))))
    is_long = sum(len(entries) for _label, entries in sections) > MOST_UNFOLDED
    return frozenset(range(1, len(sections))) if is_long else frozenset()


@lru_cache(256)
def _shown(permissions: Permissions) -> list[tuple[Text, list[tuple[Text, str, str]]]]:
    """What somebody with these permissions finds in the side bar."""
    sections = [
        (
            label,
            [
                (text, url, icon)
                for text, url, icon, word, resource in entries
                if (f"can_{word}", resource) in permissions
            ],
        )
        for label, entries in MENU
    ]
    return [(label, entries) for label, entries in sections if entries]


@lru_cache(1024)
def _drawn(permissions: Permissions, _language: str, here: tuple[str, ...], folded: frozenset[int]) -> Markup:
    """The side bar, drawn once for all who have the same one: it is a third of what a page is made of. The section in which
    the reader is stays open.
    """
    sections = [
        MenuSection(
            str(label),
            [MenuItem(str(text), url, icon, url == active) for text, url, icon in entries],
            folded=at in folded,
            is_here=bool(active),
        )
        for at, ((label, entries), active) in enumerate(zip(_shown(permissions), here, strict=True))
    ]
    return Markup(get_template_attribute("macros/frame.html", "side")(sections))  # noqa: S704 - a template of ours
