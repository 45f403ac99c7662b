"""The register by mouse and keyboard, and a class that is moved, in a browser."""

from __future__ import annotations

import os
from datetime import date, timedelta

from playwright.sync_api import expect

from app.extensions import db
from tests.concurrency.racing import actor, count
from tests.factories import courses
from tests.factories.classroom import School, classes, day_after, to_today


def shot(page, name: str) -> None:
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png", full_page=True)


def a_school(app, pupils: int = 3):
    with app.app_context():
        place = School(actor("admin"), capacity=8)
        courses.closure(day_after(2), reason="Teachers' day")
        rows = [to_today(classes(place.admit([place.tuesday]).id)[0]) for _each in range(pupils)]
        own = classes(place.admit([place.tuesday], account="student").id)[0]
        keys = (
            [str(row.id) for row in rows],
            f"/classroom/{rows[0].classroom_slot_id}/{rows[0].class_date}",
            str(own.id),
        )
        db.session.remove()
        return keys


def test_a_teacher_marks_by_mouse_and_keyboard(committed_app, open_page):
    ids, register, _own = a_school(committed_app)
    page = open_page("teacher")
    page.goto("/classroom/")
    shot(page, "day")
    page.goto(register)
    first = page.locator(f'[data-pupil="{ids[0]}"]')
    first.get_by_role("button", name="Absent").click()
    expect(first.get_by_role("button", name="Absent")).to_have_attribute("aria-pressed", "true")
    expect(first.get_by_role("button", name="Absent")).to_be_focused()
    page.keyboard.press("l")
    expect(first.get_by_role("button", name="Late")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="All present").click()
    expect(page.locator("[data-summary]")).to_contain_text("Present: 2")
    first = page.locator(f'[data-pupil="{ids[0]}"]')
    first.get_by_text("History").click()
    shot(page, "register")
    first.focus()
    page.keyboard.press("c")
    expect(page.locator("[data-summary]")).to_contain_text("Scheduled: 1")
    page.set_viewport_size({"width": 390, "height": 800})
    shot(page, "register-phone")
    with committed_app.app_context():
        assert count("SELECT count(*) FROM attendance WHERE status = 'present'") == 2


def test_a_class_is_moved(committed_app, open_page):
    _ids, _register, own = a_school(committed_app)
    student = open_page("student")
    student.goto(f"/attendance/{own}")
    student.get_by_role("link", name="Ask to move").click()
    shot(student, "places")
    student.locator(".place").first.click()
    student.get_by_label("Reason").fill("An exam")
    student.get_by_role("button", name="Ask to move").click()
    expect(student.get_by_text("Pending")).to_be_visible()
    shot(student, "request")
    admin = open_page("admin")
    admin.goto(student.url)
    admin.get_by_role("link", name="Approve").click()
    shot(admin, "approve")
    admin.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(admin.locator(".title-row .badge")).to_have_text("Approved")
    with committed_app.app_context():
        assert count("SELECT count(*) FROM attendance WHERE revision = 1 AND original_date IS NOT NULL") == 1
    admin.goto("/classroom/week")
    admin.set_viewport_size({"width": 1400, "height": 900})
    shot(admin, "week")
    admin.goto("/classroom/week?day=" + str(date.today() + timedelta(days=7)))
    shot(admin, "week2")
    admin.goto(f"/attendance/{own}")
    shot(admin, "attendance")
