"""The frame around every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

INSIDE = """link => {
  const [line, bar] = [link.getBoundingClientRect(), link.closest("nav").getBoundingClientRect()];
  return line.top >= bar.top && line.bottom <= bar.bottom && bar.bottom <= innerHeight;
}"""
TIP = """link => {
  const [line, tip, bar] = [link, link.querySelector("span"), link.closest("aside")].map(each => each.getBoundingClientRect());
  const beside = document.dir === "rtl" ? tip.right <= bar.left : tip.left >= bar.right;
  return beside && tip.top < line.bottom && tip.bottom > line.top && getComputedStyle(link.querySelector("span")).opacity === "1";
}"""


@pytest.fixture
def page(open_page) -> Page:
    opened: Page = open_page("admin")
    opened.get_by_role("button", name="Menu", exact=True).click()
    return opened


def holds(page: Page, question: str) -> None:
    """Of the last link of the menu."""
    link = page.locator("#side a").last
    page.wait_for_function(question, arg=link.element_handle(), timeout=5000)


def test_a_collapsed_menu_is_reached_to_its_end(page):
    page.mouse.move(30, 400)
    page.mouse.wheel(0, 5000)
    holds(page, INSIDE)
    page.locator("#side a").last.hover()
    holds(page, TIP)


def test_a_collapsed_menu_shows_where_the_focus_is(page):
    page.locator("#side nav a").first.focus()
    for _step in range(page.locator("#side nav a").count() - 1):
        page.keyboard.press("Tab")
    expect(page.locator("#side a").last).to_be_focused()
    holds(page, INSIDE)
    holds(page, TIP)


def test_sections_of_a_long_menu_are_folded_and_stay_as_they_are_left(open_page):
    page = open_page("admin")
    side = page.locator("#side")
    head = side.get_by_role("button", name="Leads", exact=True)
    expect(side.get_by_role("link", name="Home", exact=True)).to_be_visible()
    expect(head).to_have_attribute("aria-expanded", "false")
    expect(side.get_by_role("link", name="Follow-ups")).to_be_hidden()
    head.press("Enter")
    side.get_by_role("link", name="Follow-ups").click()
    page.wait_for_url("**/leads/worklist/")
    side.get_by_role("button", name="Today", exact=True).click()
    page.goto("/students/")
    expect(side.get_by_role("link", name="Follow-ups")).to_be_visible()
    expect(side.get_by_role("link", name="Home", exact=True)).to_be_hidden()
    expect(side.get_by_role("link", name="Students", exact=True)).to_be_visible()


def test_folding_a_section_keeps_the_one_in_which_the_reader_is_as_it_was_left(open_page):
    page = open_page("admin")
    side = page.locator("#side")
    page.goto("/students/")  # its section was folded, and is shown open
    expect(side.get_by_role("link", name="Students", exact=True)).to_be_visible()
    side.get_by_role("button", name="Today", exact=True).click()
    page.goto("/leads/")
    expect(side.get_by_role("link", name="Students", exact=True)).to_be_hidden()
