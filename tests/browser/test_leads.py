"""Work on leads in a browser: by several people at once, and by keyboard."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Locator, Page, expect

from app.extensions import db
from app.models.leads import Lead
from app.services.leads import actions
from tests.concurrency.racing import actor as actor_of
from tests.factories.leads import lead, stage


def make(app: Any, owner: str = "staff", **values: Any) -> str:
    """The key of a new lead of `owner`."""
    with app.app_context():
        key = str(lead(owner_id=actor_of(owner).id, **values).id)
        db.session.remove()
        return key


def move_elsewhere(app: Any, key: str, name: str) -> None:
    """An admin moves the lead."""
    with app.app_context():
        actions.change_stage([db.session.get(Lead, key).id], actor=actor_of("admin"), stage_id=stage(name).id)
        db.session.remove()


def column_of(page: Page, name: str) -> Locator:
    return page.locator("[data-lane]").filter(has=page.get_by_role("heading", name=name, exact=True))


def test_cards_go_where_others_have_put_them(committed_app, open_page):
    key = make(committed_app)
    page = open_page("staff")
    page.goto("/leads/board/")
    card = page.locator(f"[data-card='{key}']")
    card.focus()

    def carry(key: str) -> None:
        for pressed in ("Space", key, "Space"):
            page.keyboard.press(pressed)

    carry("ArrowRight")
    toast = page.locator(".toast").filter(has_text="was moved.")
    expect(toast).to_be_visible()
    move_elsewhere(committed_app, key, "Onboarded")
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast.danger")).to_contain_text("was moved to Onboarded meanwhile")
    expect(column_of(page, "Onboarded").locator("[data-card]")).to_have_count(1)
    expect(card).to_be_focused()
    move_elsewhere(committed_app, key, "New")
    carry("ArrowLeft")
    expect(page.locator(".toast.danger").last).to_contain_text("was moved to New meanwhile")
    expect(column_of(page, "New").locator("[data-card]")).to_have_count(1)
    expect(column_of(page, "New").locator("[data-total]")).to_have_text("1")
    carry("ArrowRight")
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").filter(has_text="Undone.")).to_be_visible()
    expect(column_of(page, "New").locator("[data-card]")).to_have_count(1)


def test_after_a_merge_one_is_at_the_lead_that_stays(committed_app, open_page):
    gone, kept = make(committed_app, first_name="Gone"), make(committed_app, first_name="Kept", last_name="Person")
    page = open_page("staff")
    page.goto(f"/leads/{gone}")
    page.get_by_label("More actions").click()
    page.get_by_text("Merge into another").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("Kept")
    expect(dialog.get_by_role("option", name="Kept Person")).to_have_attribute("aria-selected", "true")
    dialog.get_by_role("combobox").press("Enter")
    expect(dialog.get_by_role("combobox")).to_have_value("Kept Person")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("merged into Kept Person")
    dialog.get_by_role("button", name="Merge into another").click()
    page.wait_for_url(f"**/leads/{kept}")
    expect(page.get_by_role("heading", level=1, name="Kept Person")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").filter(has_text="Undone.")).to_be_visible()
    page.goto(f"/leads/{gone}")
    expect(page.get_by_role("heading", level=1, name="Gone")).to_be_visible()


TYPES_AND_PRESSES_ENTER = """(box, typed) => {
  box.value = typed;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
}"""


def test_enter_takes_nobody_who_was_found_for_what_was_typed_before(committed_app, open_page):
    gone, _kept = make(committed_app, first_name="Gone"), make(committed_app, first_name="Kept", last_name="Person")
    page = open_page("staff")
    page.goto(f"/leads/actions/merge?id={gone}")
    box = page.get_by_role("combobox", name="Lead that stays")
    box.fill("Ke")
    expect(page.get_by_role("option", name="Kept Person")).to_have_attribute("aria-selected", "true")
    box.evaluate(TYPES_AND_PRESSES_ENTER, "Keziah")
    expect(box).to_have_value("Keziah")
    expect(page.get_by_role("option", name="Kept Person")).to_have_count(0)
    expect(box).to_have_value("Keziah")


def test_the_focus_stays_where_one_works(committed_app, open_page):
    key = make(committed_app)
    page = open_page("staff")
    page.goto(f"/leads/{key}")
    opener = page.get_by_role("link", name="Change stage")
    toast = page.locator(".toast").filter(has_text="Change stage: done")

    def change(name: str) -> None:
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Stage").select_option(name)
        dialog.get_by_role("button", name="Change stage").click()

    opener.focus()
    change("Contacted")
    expect(toast).to_be_visible()
    expect(opener).to_be_focused()
    toast.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".toast").filter(has_text="Undone.")).to_be_visible()
    expect(opener).to_be_focused()
    page.get_by_label("More actions").press("Enter")
    page.get_by_role("link", name="Follow-up done").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Follow-up done").press("Enter")
    # It cannot be done again: what undoes it has the focus.
    toast = page.locator(".toast").filter(has_text="Follow-up done: done")
    expect(toast.get_by_role("button", name="Undo")).to_be_focused()


def test_the_actions_for_selected_rows_have_a_key(committed_app, open_page):
    make(committed_app), make(committed_app)
    page = open_page("staff")
    page.goto("/leads/")
    page.keyboard.press("b")
    expect(page.locator("body")).to_be_focused()
    for pressed in ("ArrowDown", "ArrowDown", "x", "b"):
        page.keyboard.press(pressed)
    expect(page.get_by_role("button", name="Change stage")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Actions for the selected rows")


def test_on_a_phone_lists_are_sorted_and_selected_too(committed_app, open_page):
    for name in ("Zoe", "Amy"):
        make(committed_app, last_name=name)
    page = open_page("staff", viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto("/leads/")
    page.get_by_label("Select all on this page").tap()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    page.get_by_role("link", name="Name", exact=True).tap()
    page.wait_for_url("**sort=last_name*")
    expect(page.locator("tbody th").first).to_contain_text("Amy")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_way_on_stands_beside_the_warning(committed_app, open_page):
    make(committed_app, phone="+447700900777")
    page = open_page("staff")
    page.goto("/leads/new")
    for label, value in (("First name", "Ann"), ("Last name", "Other"), ("Phone", "+447700900777")):
        page.get_by_label(label).first.fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    warning = page.locator(".note.warning")
    warning.get_by_label("This is someone else: save all the same").check()
    assert warning.bounding_box()["y"] + warning.bounding_box()["height"] < 850
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Ann Other")).to_be_visible()


def test_filters_by_days_from_today_are_put_together(committed_app, open_page):
    key = make(committed_app, first_name="Duesoon", follow_up_date=datetime.now(UTC).date() + timedelta(days=1))
    page = open_page("staff")
    page.goto("/leads/")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Field").select_option("Follow-up")
    condition = page.get_by_label("Condition")
    condition.select_option("is before today")
    expect(page.get_by_label("Number of days")).to_have_count(0)
    condition.select_option("is in the next")
    page.get_by_label("Number of days").fill("3")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile("f=follow_up_date.+next.+3$"))
    expect(page.locator(".chip")).to_have_text("Follow-up is in the next 3 days")
    expect(page.get_by_role("link", name="Duesoon")).to_have_attribute("href", f"/leads/{key}")
