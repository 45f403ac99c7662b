"""The exam officer's job, in a browser: a venue, its rooms, a session, 300 registrations from a file, seats for everyone,
two moved by keyboard, the door list, and all of it undone. And the pages without a mouse, scripts or sight.
"""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.extensions import db
from tests.concurrency.racing import count
from tests.factories.seating import allocation, registered, room, session, venue

PHONE = {"width": 390, "height": 844}
SEATED = "SELECT count(*) FROM room_allocations"


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"main [name={name}]:not([type=hidden])").fill(value)


def save(page: Page, title: str) -> None:
    page.locator("[data-submit]").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def choose(page: Page, label: str, words: str) -> None:
    page.get_by_role("combobox", name=label).fill(words)
    page.get_by_role("option", name=re.compile(words)).first.click()


def a_file(path, code: str) -> str:
    rows = [f"{code},FOREIGN_ID,TEST-{n:04},Given{n:03},Family{n:03}" for n in range(300)]
    path.write_text("\n".join(["session_code,identity_type,identity_number,first_name,last_name", *rows]))
    return str(path)


def seated(app) -> int:
    with app.app_context():
        return count(SEATED)


def test_from_a_venue_to_a_door_list(open_page, site, committed_app, do_queued_work, tmp_path):
    page = open_page("exam_officer")
    page.goto("/venues/new")
    fill(page, code="JHB", name="Johannesburg")
    save(page, "Johannesburg")
    for number, capacity in (("1", "150"), ("2", "150"), ("3", "100")):
        page.goto("/rooms/new")
        choose(page, "Venue", "Johannesburg")
        fill(page, name="Hall", number=number, capacity=capacity)
        save(page, "Hall")
    page.goto("/test-sessions/new")
    choose(page, "Venue", "Johannesburg")
    # A session of this year, so that registration for it is open.
    fill(
        page, code="JHB-AM", name="Mathematics", session_date=soon(committed_app), start_time="09:00", end_time="12:00"
    )
    save(page, "JHB-AM")
    where = page.url

    page.goto("/test-registration-imports/new")
    page.get_by_label("CSV file").set_input_files(a_file(tmp_path / "june.csv", "JHB-AM"))
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url(re.compile("/test-registration-imports/[0-9a-f-]{36}$"))
    do_queued_work()
    page.get_by_role("button", name="Register 300 students").click()
    do_queued_work()
    page.get_by_role("link", name="See the registrations").wait_for()

    page.goto(where)
    expect(page.get_by_role("link", name=re.compile("Without a seat|Registered")).first).to_contain_text("300")
    page.get_by_role("link", name="Allocate everyone").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("300 students into 2 rooms. 0 seats stay empty")
    assert seated(committed_app) == 0
    dialog.get_by_role("button", name="Allocate everyone").click()
    expect(page.get_by_text("Everybody has a seat")).to_be_visible()
    assert seated(committed_app) == 300

    move_two(page, committed_app)
    page.goto(where)
    page.locator("summary[aria-label='More actions']").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Door lists").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")

    page.get_by_role("link", name="Undo allocation").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo allocation").click()
    page.get_by_role("dialog").get_by_role("link", name="Close").click()
    expect(page.get_by_role("link", name=re.compile("^Give a seat")).first).to_be_visible()
    assert seated(committed_app) == 0


def soon(app) -> str:
    from datetime import timedelta

    from app.services import school

    with app.app_context():
        return str(school.today() + timedelta(days=20))


def move_two(page: Page, app) -> None:
    """From a full room to the empty one by its form, and there by Space and arrows."""
    page.get_by_role("link", name=re.compile("^1 Hall")).click()
    for student, seat in (("Given000", "1"), ("Given001", "2")):
        page.get_by_role("link", name=re.compile(f"^Move ?: {student}")).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("combobox", name="Room").fill("3")
        dialog.get_by_role("option", name=re.compile("3")).first.click()
        dialog.get_by_label("Seat").fill(seat)
        dialog.get_by_role("button", name="Move").click()
        expect(page.get_by_role("link", name=re.compile(f"^Move ?: {student}"))).to_have_count(0)
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name=re.compile("^3 ")).click()
    for student, start, keys, end in (
        ("Given000", "1", ("ArrowRight", "ArrowRight", "ArrowDown"), "13"),
        ("Given001", "2", ("ArrowDown",), "12"),
    ):
        page.locator(f"[data-seat='{start}']").focus()
        page.keyboard.press(" ")
        expect(page.locator("#announce")).to_contain_text("picked up")
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator("#announce")).to_contain_text(f"Seat {end} is free")
        page.keyboard.press(" ")
        expect(page.locator("#announce")).to_contain_text(f"seat {end}")
        expect(page.locator(f"[data-seat='{end}']")).to_be_focused()
        expect(page.locator(f"[data-seat='{end}']")).to_contain_text(student)
    with app.app_context():
        assert count(f"{SEATED} WHERE seat_number IN ('12', '13')") == 6  # of three rooms


@pytest.fixture
def hall(committed_app):
    """A grid with one who sits and one who waits; returns the address of the session and of the room."""
    with committed_app.app_context():
        at = venue(name="Town hall")
        grid = room(at, 7, number="7", grid_rows=2, grid_columns=4, blocked_seats=["A3"], accessible=True)
        made = session(at)
        first, _second = registered(made, 2, needs=True, school="North")
        allocation(made, grid, first, "A1")
        addresses = f"/test-sessions/{made.id}", f"/test-sessions/{made.id}/rooms/{grid.id}"
        db.session.remove()
        return addresses


def test_the_map_by_keyboard_and_pointer(open_page, committed_app, hall):
    page = open_page("exam_officer")
    page.goto(hall[1])
    page.locator(".seat-student").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-seat=A2]")).to_be_focused()  # the first that is free
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#announce")).to_contain_text("Somebody else has seat A1")
    page.keyboard.press(" ")
    page.keyboard.press("Escape")
    expect(page.locator(".seat-student")).to_be_focused()
    assert seated(committed_app) == 1
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")  # over the blocked place
    expect(page.locator("[data-seat=A4]")).to_be_focused()
    page.keyboard.press(" ")
    expect(page.locator("[data-seat=A4].taken")).to_be_focused()
    expect(page.locator(".seat-student")).to_have_count(0)
    page.locator("[data-seat=A1]").drag_to(page.locator("[data-seat=B2]"))
    expect(page.locator("[data-seat=B2].taken")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator("[data-seat=A1].taken")).to_be_visible()
    assert seated(committed_app) == 2


def test_the_map_is_live(open_page, committed_app, hall):
    one, other = open_page("exam_officer"), open_page("admin")
    one.goto(hall[1])
    other.goto(hall[1])
    one.locator("[data-seat=A1]").drag_to(one.locator("[data-seat=B4]"))
    expect(other.locator("[data-seat=B4].taken")).to_be_visible(timeout=15000)


def test_without_scripts(open_page, site, committed_app, hall):
    signed_in = open_page("exam_officer").context
    bare = signed_in.browser.new_context(
        base_url=site, java_script_enabled=False, storage_state=signed_in.storage_state()
    )
    page = bare.new_page()
    page.goto(hall[0])
    page.get_by_role("link", name=re.compile("^Give a seat")).click()
    page.get_by_label("Seat", exact=True).fill("B1")
    page.get_by_role("button", name="Give a seat").click()
    expect(page.get_by_text("Everybody has a seat")).to_be_visible()
    page.goto(hall[1])
    page.get_by_role("link", name=re.compile("^Take off")).first.click()
    page.get_by_role("button", name="Delete").click()
    assert seated(committed_app) == 1
    bare.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desk", "phone"])
def test_accessible(open_page, hall, scheme, viewport):
    page = open_page("exam_officer", color_scheme=scheme)
    if viewport:
        page.set_viewport_size(viewport)
    for address in hall:
        page.goto(address)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).response
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
