"""From a lead to a moved class, in a browser: admitted by staff, refused when full, marked by the teacher, asked for by
the student, approved by the admin; and what each of them is told.
"""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import Admission
from app.services import accounts, school
from tests.concurrency.racing import actor, count
from tests.factories.admissions import admission
from tests.factories.courses import course, slot
from tests.factories.leads import lead


def a_school(app) -> dict[str, str]:
    """A course with three slots of the teacher, the first of them full; a lead of the member of staff."""
    with app.app_context():
        teacher, staff = actor("teacher"), actor("staff")
        made = course([teacher.id], name="Piano I")
        today = school.today().weekday()
        days = sorted({today, (today + 2) % 7, (today + 4) % 7})
        db.session.execute(text("UPDATE operating_days SET open = true"))
        slots = [slot(made, teacher.id, day, "16:00", capacity=1 if day != today else 3) for day in days]
        now = next(each for each, day in zip(slots, days, strict=True) if day == today)
        slot(made, teacher.id, today, "18:00", capacity=3)  # where a class can be moved to
        full = next(each for each in slots if each is not now)
        free = next(each for each in slots if each not in (now, full))
        admission([full], actor=staff)
        asked = lead(first_name="Nadia", last_name="Osei", owner_id=staff.id)
        keys = {"lead": str(asked.id), "now": str(now.time_slot_id)}
        keys |= {"full": str(full.time_slot_id), "free": str(free.time_slot_id)}
        keys["slot"] = str(now.id)
        db.session.commit()
        db.session.remove()
        return keys


def tick(page: Page, time_slot: str) -> None:
    page.locator(f"[data-slots] input[value^='{time_slot}']").check()


def choose(page: Page, label: str, words: str, name: str) -> None:
    page.get_by_role("combobox", name=label).fill(words)
    page.get_by_role("option", name=re.compile(name)).first.click()


def notices_of(page: Page) -> str:
    page.goto("/inbox/")
    return page.locator("main").inner_text()


def test_from_a_lead_to_a_moved_class(committed_app, open_page):
    keys = a_school(committed_app)
    staff = open_page("staff")
    staff.goto(f"/leads/{keys['lead']}")
    staff.get_by_role("link", name="Convert to admission").click()
    choose(staff, "Course", "Piano", "Piano I")
    choose(staff, "Plan", "3 m", "3 months")
    tick(staff, keys["now"])
    tick(staff, keys["full"])
    staff.get_by_role("button", name="Preview").click()
    refused = staff.get_by_role("alert")
    expect(refused).to_contain_text("is full: 1 of 1")
    expect(refused.get_by_role("link", name="Put on the waitlist")).to_be_visible()
    assert count_in(committed_app, "SELECT count(*) FROM admissions") == 1
    refused.get_by_role("checkbox").last.check()  # the nearest free place, instead of the full one
    staff.get_by_role("button", name="Preview").click()
    plan = staff.get_by_role("region", name="This will be written")
    expect(plan.locator("li")).to_have_count(24)
    staff.get_by_role("button", name="Admit", exact=True).click()
    expect(staff.get_by_role("heading", level=1)).to_contain_text("Nadia Osei, Piano I")
    assert count_in(committed_app, "SELECT count(*) FROM attendance") == 36
    give_a_login(committed_app)

    teacher = open_page("teacher")
    teacher.goto(f"/classroom/{keys['slot']}/{today(committed_app)}")
    teacher.get_by_role("button", name="Present", exact=True).first.click()
    expect(teacher.get_by_role("button", name="Present", exact=True).first).to_have_attribute("aria-pressed", "true")
    assert count_in(committed_app, "SELECT count(*) FROM attendance WHERE status = 'present'") == 1

    student = open_page("student")
    student.goto("/me/student")
    expect(student.get_by_role("heading", level=1)).to_contain_text("Nadia Osei")
    student.goto(f"/attendance/{next_class(committed_app)}")
    student.get_by_role("link", name="Ask to move").click()
    student.locator(".place").first.click()
    student.get_by_label("Reason").fill("A concert")
    student.get_by_role("button", name="Ask to move").click()
    expect(student.get_by_text("Pending")).to_be_visible()

    admin = open_page("admin")
    told = notices_of(admin)
    assert "Nadia Osei was admitted to Piano I" in told
    assert "could not be admitted" not in told  # a preview tells nobody
    admin.goto(student.url)
    admin.get_by_role("link", name="Approve").click()
    admin.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(admin.locator(".title-row .badge")).to_have_text("Approved")
    assert count_in(committed_app, "SELECT count(*) FROM attendance WHERE original_date IS NOT NULL") == 1
    assert "Nadia Osei" in notices_of(teacher)
    assert "moved" in notices_of(student).lower()


def count_in(app, statement: str) -> int:
    with app.app_context():
        return count(statement)


def today(app) -> str:
    with app.app_context():
        return school.today().isoformat()


def give_a_login(app) -> None:
    """The account of the student is that of Nadia."""
    with app.app_context():
        user = accounts.find("student")
        newest = db.session.scalars(select(Admission).order_by(Admission.number.desc())).first()
        db.session.execute(
            text("UPDATE students SET user_id = :user WHERE id = :id"), {"user": user.id, "id": newest.student_id}
        )
        db.session.commit()
        db.session.remove()


def next_class(app) -> str:
    """A class of Nadia in the coming weeks."""
    with app.app_context():
        found = db.session.scalar(
            text(
                "SELECT a.id FROM attendance a JOIN students s ON s.id = a.student_id"
                " WHERE s.user_id IS NOT NULL AND a.class_date > :day AND a.deleted_at IS NULL ORDER BY a.starts_at LIMIT 1"
            ),
            {"day": school.today() + timedelta(days=1)},
        )
        return str(found)
