"""Work on leads in a browser: by several people at once, and by keyboard."""

from __future__ import annotations

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
    dialog.get_by_role("option", name="Kept Person").click()
    dialog.get_by_role("button", name="Merge into another").click()
    page.wait_for_url(f"**/leads/{kept}")
    expect(page.get_by_role("heading", level=1, name="Kept Person")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").filter(has_text="Undone.")).to_be_visible()
    page.goto(f"/leads/{gone}")
    expect(page.get_by_role("heading", level=1, name="Gone")).to_be_visible()


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
