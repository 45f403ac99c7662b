"""Becoming a help desk assistant, in a browser: a visitor paints a week and applies, an admin approves, and the new
assistant logs in and finds their courses and times.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from app.extensions import db
from app.services import accounts
from tests.browser.looks import faults
from tests.factories.assistants import PASSWORD, assistant, registration
from tests.factories.courses import course

URL = "/assistants/register"


def some_courses(app) -> None:
    with app.app_context():
        for name in ("Piano I", "Cello", "Music theory"):
            course(name=name)
        db.session.remove()


def box(page: Page, day: int, at: str):
    return page.locator(f"input[name=slot][value='{day}-{at}']")


def drag(page: Page, start, end) -> None:
    """From the middle of one half hour to the middle of another."""
    places = []
    for each in (start, end):
        each.scroll_into_view_if_needed()
        where = each.bounding_box()
        places.append((where["x"] + where["width"] / 2, where["y"] + where["height"] / 2))
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=8)
    page.mouse.up()


def fill_in(page: Page) -> None:
    for label, value in (("First name", "Nadia"), ("Last name", "Osei"), ("E-mail", "nadia@home.example")):
        page.get_by_label(label).fill(value)
    page.get_by_label("Username").fill("nadia.osei")
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_label("Piano I").check()
    page.get_by_label("Cello").check()


def test_from_a_visitor_to_an_assistant(committed_app, open_page):
    some_courses(committed_app)
    visitor = open_page(None)
    visitor.goto("/login/")
    visitor.get_by_role("link", name="Register as an assistant").click()
    fill_in(visitor)
    visitor.get_by_label("E-mail").fill("nadia@home.example")
    drag(visitor, box(visitor, 1, "09:00"), box(visitor, 2, "11:30"))
    expect(visitor.locator("[data-week-total]")).to_have_text("6 hours a week")
    box(visitor, 4, "15:00").focus()
    visitor.keyboard.press("Space")
    visitor.keyboard.press("Shift+ArrowDown")
    expect(box(visitor, 4, "15:30")).to_be_focused()
    expect(visitor.locator("[data-week-total]")).to_have_text("7 hours a week")
    visitor.get_by_role("button", name="Apply").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Thank you")

    admin = open_page("admin")
    admin.goto("/inbox/")
    assert "Nadia Osei wants to be a help desk assistant" in admin.locator("main").inner_text()
    admin.goto("/registrations/?f=status:is:pending")
    admin.get_by_role("link", name="Nadia Osei").click()
    facts = admin.locator("main")
    expect(facts).to_contain_text("Tuesday")
    expect(facts).to_contain_text("09:00–12:00")
    admin.get_by_role("link", name="Approve").click()
    admin.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(admin.locator(".title-row .badge")).to_have_text("Approved")

    visitor.goto("/login/")
    visitor.locator("input[name=username]").fill("nadia.osei")
    visitor.locator("input[name=password]").fill(PASSWORD)
    visitor.get_by_role("button", name="Sign in").click()
    visitor.get_by_role("link", name="My help desk").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Nadia Osei")
    page = visitor.locator("main")
    for said in ("Piano I", "Cello", "Wednesday", "09:00–12:00", "Friday", "15:00–16:00", "7 hours a week"):
        expect(page).to_contain_text(said)
    visitor.get_by_role("link", name="Change my times").click()
    box(visitor, 6, "10:00").check()
    visitor.get_by_role("button", name="Save").click()
    expect(page).to_contain_text("7.5 hours a week")


def test_painting(committed_app, open_page):
    """What a drag covers becomes what its first half hour becomes; dragging back gives the rest back."""
    some_courses(committed_app)
    page = open_page(None)
    page.goto(URL)
    drag(page, box(page, 0, "08:00"), box(page, 0, "09:30"))
    drag(page, box(page, 0, "09:00"), box(page, 0, "10:30"))  # from a painted one: takes away
    painted = [each.get_attribute("value") for each in page.locator("input[name=slot]:checked").all()]
    assert painted == ["0-08:00", "0-08:30"]
    box(page, 3, "12:00").click()
    box(page, 3, "12:00").click()
    expect(box(page, 3, "12:00")).not_to_be_checked()
    box(page, 0, "07:00").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(box(page, 0, "07:00")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    expect(box(page, 6, "07:30")).to_be_focused()
    assert page.locator("input[name=slot][tabindex='0']").count() == 1


def test_without_scripts(committed_app, open_page):
    some_courses(committed_app)
    page = open_page(None, java_script_enabled=False)
    page.goto(URL)
    fill_in(page)
    box(page, 1, "09:00").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def test_pages_are_accessible_and_fit_a_phone(committed_app, open_page):
    with committed_app.app_context():
        owner = accounts.find("assistant").id
        asked, known = registration([course(name="Piano I")]), assistant(owner, courses=[course(name="Cello")])
        urls = {
            None: (URL, f"{URL}/received"),
            "admin": (
                "/registrations/",
                f"/registrations/{asked.id}",
                f"/registrations/actions/reject?id={asked.id}",
                "/assistants/",
                f"/assistants/{known.id}",
                f"/assistants/{known.id}/plan",
                f"/assistants/{known.id}/edit",
            ),
            "assistant": ("/me/assistant", "/me/assistant/availability"),
        }
        db.session.remove()
    found = {}
    for who, paths in urls.items():
        page = open_page(who)
        for path in paths:
            page.goto(path)
            if here := faults(page):
                found[path] = here
            assert "None" not in re.sub(r"\s+", " ", page.locator("main").inner_text()).split(" ")
    assert found == {}
