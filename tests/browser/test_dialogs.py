"""What somebody has typed is not lost by accident."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.test_leads import make

TYPED = "Asked for a call after the holidays"


@pytest.fixture
def page(committed_app: Any, open_page: Any) -> Page:
    """The record of a lead."""
    key = make(committed_app)
    opened: Page = open_page("staff")
    opened.goto(f"/leads/{key}")
    return opened


def log_contact(page: Page) -> Locator:
    page.get_by_role("link", name="Log contact").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Channel")).to_be_visible()
    return dialog


def test_a_dialog_keeps_what_was_typed(page):
    asked = []

    def answer(accept: bool) -> None:
        def note(question: Dialog) -> None:
            asked.append(question.message)
            question.accept() if accept else question.dismiss()

        page.once("dialog", note)

    dialog = log_contact(page)
    note = dialog.get_by_label("Note")
    note.fill(TYPED)
    box = note.bounding_box()
    # To select text, one presses in it and lets go anywhere.
    page.mouse.move(box["x"] + 40, box["y"] + 15)
    page.mouse.down()
    page.mouse.move(5, box["y"] + 15, steps=4)
    page.mouse.up()
    expect(note).to_have_value(TYPED)
    page.mouse.click(5, 400)
    expect(note).to_have_value(TYPED)
    assert asked == []
    ways = (
        lambda: page.keyboard.press("Escape"),
        lambda: page.keyboard.press("Escape"),
        lambda: dialog.get_by_role("link", name="Cancel").click(),
        lambda: dialog.get_by_role("button", name="Close").click(),
    )
    for leave in ways:
        answer(False)
        leave()
        expect(note).to_have_value(TYPED)
    assert asked == ["What you typed is not saved. Close anyway?"] * len(ways)
    answer(True)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # What was thrown away is not asked about again.
    log_contact(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert len(asked) == len(ways) + 1


def test_a_dialog_in_which_nothing_was_typed_closes_at_once(page):
    dialog = log_contact(page)
    page.mouse.click(5, 400)
    expect(dialog).to_have_count(0)
    log_contact(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    log_contact(page)
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_have_count(0)


def test_a_note_half_typed_outlives_an_action(page):
    note = page.locator("form.quick textarea")
    note.fill(TYPED)
    dialog = log_contact(page)
    dialog.get_by_role("button", name="Log contact").click()
    toast = page.locator(".toast").filter(has_text="Log contact: done")
    expect(toast).to_be_visible()
    expect(note).to_have_value(TYPED)
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".toast").filter(has_text="done")).to_be_visible()
    expect(page.locator(".events")).to_contain_text(TYPED)
    expect(note).to_have_value("")


def test_who_leaves_a_record_with_a_note_half_typed_is_asked(page):
    page.locator("form.quick textarea").fill(TYPED)
    asked = []

    def stay(question: Dialog) -> None:
        asked.append(question.type)
        question.dismiss()

    page.once("dialog", stay)
    with page.expect_event("dialog"):
        page.locator("#side").get_by_role("link", name="Leads", exact=True).click(no_wait_after=True)
    expect(page.locator("form.quick textarea")).to_have_value(TYPED)
    assert asked == ["beforeunload"]
