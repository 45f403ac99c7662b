"""Every kind of page, checked with axe in light and dark, at a desk and on a phone, from left to right and from right
to left.
"""

from __future__ import annotations

import pytest

from app.extensions import db
from app.models.access import UserSettings
from app.services import accounts, sessions
from app.services.leads import actions
from tests.browser.looks import DESK, PHONE, axe, faults
from tests.factories.content import announcement, download
from tests.factories.content import page as content_page
from tests.factories.leads import lead, stage

PLACES_OF_LETTERS = """link => [0, 2].map(at => {
  const letter = document.createRange();
  letter.setStart(link.firstChild, at);
  letter.setEnd(link.firstChild, at + 1);
  return letter.getBoundingClientRect().left;
})"""
# Between the right side of a cell and of what is in it.
GAPS = """cells => cells.map(cell => {
  const text = document.createRange();
  text.selectNodeContents(cell);
  return cell.getBoundingClientRect().right - text.getBoundingClientRect().right;
})"""
PAGES = (
    "/",
    "/leads/",
    "/leads/?q=nobody-of-this-name",
    "/leads/new",
    "/leads/{lead}",
    "/leads/{lead}/edit",
    "/leads/{lead}/history",
    "/leads/board/",
    "/leads/worklist/",
    "/leads/actions/log_contact?id={lead}",
    "/lead-imports/",
    "/lead-imports/new",
    "/inbox/",
    "/settings/",
    "/search/?q=rao",
    "/classroom-slots/new",
    "/admissions/new",
    "/classroom/",
    "/classroom/week",
    "/settings/notices",
    "/no-such-page",
)


@pytest.fixture
def some_leads(committed_app) -> str:
    """A few leads in several stages, one with a history; returns its key."""
    with committed_app.app_context():
        owner = accounts.find("admin").id
        made = [
            lead(owner_id=owner, stage_id=stage(name).id)
            for name in ("New", "Contacted", "Trial Scheduled")
            for _ in range(3)
        ]
        admin = sessions.load_by_id(owner)
        actions.add_note([made[0].id], actor=admin, body="Asked about evening lessons.")
        actions.change_stage([made[0].id], actor=admin, stage_id=stage("Contacted").id)
        return str(made[0].id)


def test_every_page_is_accessible_and_fits_a_phone(open_page, some_leads):
    page = open_page("admin")
    found = {}
    for path in PAGES:
        page.goto(path.format(lead=some_leads))
        if here := faults(page):
            found[path] = here
    assert found == {}


@pytest.fixture
def arabic_page(open_page, committed_app):
    """Of the admin, who reads Arabic."""
    with committed_app.app_context():
        settings = db.session.query(UserSettings).filter_by(user_id=accounts.find("admin").id).one()
        settings.locale = "ar"
        db.session.commit()
    page = open_page(None)
    page.goto("/login/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill("correct horse battery 9")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    return page


def test_right_to_left(arabic_page, some_leads):
    page = arabic_page
    page.goto("/leads/")
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("html").get_attribute("lang") == "ar"
    side = page.locator("nav").first.bounding_box()
    assert side is not None and side["x"] > 640  # the side bar is on the right
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert axe(page) == []


def test_public_pages(open_page, committed_app):
    with committed_app.app_context():
        told = announcement(
            status="published",
            title="Closed on Friday",
            body="# Why\n\nThe roof is mended.\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        )
        about = content_page(
            status="published", slug="about-us", title="About us", body="Who we are: [write](mailto:a@example.org)."
        )
        download(status="published", title="What to bring")
        key, slug = told.id, about.slug
        db.session.commit()
    page = open_page(None)
    found = {}
    for path in ("/news/", f"/news/{key}", f"/pages/{slug}", "/downloads/"):
        assert page.goto(path).status == 200, path
        if here := faults(page):
            found[path] = here
    assert found == {}


def test_login_page(open_page):
    page = open_page(None)
    page.goto("/login/")
    assert faults(page) == []


def test_a_value_keeps_its_order_from_right_to_left(arabic_page):
    """ "3 months" is not read as "months 3"; and cells begin where their column does, at a desk and on a phone."""
    page = arabic_page
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        page.goto("/course-plans/")
        digit, letter = page.get_by_role("link", name="3 months", exact=True).evaluate(PLACES_OF_LETTERS)
        assert digit < letter
        gaps = page.locator("tbody td[data-l]:not(.n)").evaluate_all(GAPS)
        assert gaps
        assert max(gaps) - min(gaps) <= 1, (size, gaps)
