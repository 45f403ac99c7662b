"""Back to a form that was sent, and the same again: one record."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from app.extensions import db
from app.models.leads import Lead, LeadNote
from tests.browser.test_leads import make


def count(app: Any, model: type) -> int:
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(model))
        db.session.remove()
        return found


def fill(page: Page, first_name: str) -> None:
    page.get_by_label("First name").fill(first_name)
    page.get_by_label("Last name").fill("Haddad")
    page.get_by_label("Phone").fill("+44 20 7946 0018")


def test_back_and_save_again_makes_no_second_record(committed_app, open_page):
    page = open_page("staff")
    page.goto("/leads/new")
    fill(page, "Amina")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Amina Haddad")
    there = page.url
    page.go_back()
    fill(page, "Amina")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Amina Haddad was saved before, and is not saved again.")).to_be_visible()
    assert page.url == there and count(committed_app, Lead) == 1
    # Somebody else is asked about, and may be meant.
    page.go_back()
    fill(page, "Omar")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This form was sent before, with something else in it")).to_be_visible()
    page.get_by_label("Phone").fill("+44 20 7946 0019")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Omar Haddad")
    assert count(committed_app, Lead) == 2


def test_one_note_after_another(committed_app, open_page):
    """The page that is loaded anew after a note is a new form."""
    key, page = make(committed_app), open_page("staff")
    page.goto(f"/leads/{key}")
    for number, text in enumerate(("Called.", "Called.", "Wrote."), 1):
        page.locator("form.quick textarea").fill(text)
        page.get_by_role("button", name="Add note").click()
        expect(page.get_by_text("Add note: done")).to_be_visible()
        expect(page.locator("form.quick textarea")).to_have_value("")
        assert count(committed_app, LeadNote) == number
        page.reload()
