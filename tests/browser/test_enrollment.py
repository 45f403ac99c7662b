"""Enrollment in a browser: a coach invites, the family does six steps on a phone, the office verifies and takes the money.
The four scenarios: complete; partial; records that cannot be made, and are made later; missing fields named.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.extensions import db
from app.services import school
from app.services.records import creation
from tests.browser.looks import faults
from tests.factories import enrollments as make

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PATIENCE = 20_000  # an action that enrolls somebody, and the page loaded anew, on a machine that is busy
PDF = {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": make.PDF}


@pytest.fixture(autouse=True)
def uploads(committed_app, tmp_path, monkeypatch):
    monkeypatch.setitem(committed_app.config, "UPLOADS_DIR", str(tmp_path))


def at_step(app: Any, step: int) -> str:
    """The address of an enrollment of `guardian` at this step."""
    with app.app_context():
        url = f"/me/enrollments/{make.enrollment_at(step).id}"
        db.session.remove()
        return url


def fill_in_student(page: Page) -> None:
    for label, value in (("First name", "Noor"), ("Last name", "Haddad"), ("Birth date", "2011-05-04")):
        page.get_by_label(label, exact=False).first.fill(value)
    page.get_by_label("Sex at birth").select_option("Female")
    page.get_by_label("Grade level").select_option("Ninth grade")
    page.get_by_label("No", exact=True).check()
    page.get_by_label("White").check()
    for label, value in (("Your first name", "Amina"), ("Your last name", "Haddad")):
        page.get_by_label(label).fill(value)
    page.get_by_label("Your e-mail").fill("amina@home.example")
    page.get_by_label("Your phone").fill("+44 20 7946 0018")


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Save and go on").click()


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, level=2)).to_be_visible()


def act(page: Page, name: str) -> None:
    """Press a button of a record, and confirm its dialog as it is."""
    page.get_by_role("link", name=name, exact=True).click()
    with page.expect_response(lambda answer: "/actions/" in answer.url and answer.request.method == "POST"):
        page.get_by_role("dialog").locator(".dialog-foot :is(.primary, .solid)").click()
    expect(page.locator(".toast.success, [data-stage=done]").first).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Escape")  # closes a result that is to be read, after which the page is loaded anew


def fine(page: Page) -> None:
    """Accessible, and as wide as it was."""
    size = page.viewport_size
    assert faults(page) == []
    assert size is not None
    page.set_viewport_size(size)


def test_from_the_invitation_to_the_enrolled_student(committed_app, open_page, site):
    with committed_app.app_context():
        make.hill_school()
        db.session.remove()
    coach = open_page("coach")
    coach.goto("/enrollment-invitations/new")
    coach.get_by_label("First name of the student").fill("Noor")
    coach.get_by_label("Last name of the student").fill("Haddad")
    coach.get_by_label("E-mail of the parent or guardian").fill("amina@home.example")
    coach.get_by_role("button", name="Save", exact=True).click()
    said = coach.locator(".toast", has_text="shown only now").inner_text()
    link = "/enroll/" + said.partition("/enroll/")[2].split()[0]

    family = open_page(None, **PHONE)
    family.goto(link)
    fine(family)
    family.get_by_role("button", name="Begin").click()
    family.get_by_label("Your first name").fill("Amina")
    family.get_by_label("Your last name").fill("Haddad")
    family.get_by_label("Choose a password").fill(make.PASSWORD)
    family.get_by_label("Password once more").fill(make.PASSWORD)
    family.get_by_role("button", name="Make the account and begin").click()
    heading(family, "1. Program information")
    fine(family)
    family.get_by_label("Tennis").check()
    family.get_by_label("How shall we reach you?").select_option("phone")
    go_on(family)
    heading(family, "2. Phone consultation")
    family.get_by_label("Day of the consultation").fill(school_day(committed_app, 2))
    family.get_by_label("Kind of consultation").select_option("phone")
    go_on(family)
    expect(family.get_by_text("Your coach will talk to you on that day")).to_be_visible()

    coach.goto("/enrollments/")
    coach.get_by_role("link", name="Noor Haddad").first.click()
    record = coach.url.removeprefix(site)
    act(coach, "Consultation completed")
    family.reload()
    heading(family, "3. Shadow day")
    family.locator("#f-shadow_day").fill(school_day(committed_app, 5))
    family.get_by_label("I have read the waivers and sign them").check()
    go_on(family)
    expect(family.get_by_text("Your coach has to approve")).to_be_visible()
    act(coach, "Approve")
    family.reload()
    fill_in_student(family)
    go_on(family)
    heading(family, "5. Documents")
    fine(family)
    for code in ("birth_certificate", "proof_of_address", "immunization_record"):
        line = family.locator(f"#{code}")
        expect(line.locator(".enr-upload button")).to_be_hidden()
        line.locator("input[type=file]").set_input_files(PDF)
        expect(line.get_by_text("paper.pdf")).to_be_visible()
    family.get_by_role("button", name="All documents are there: go on").click()
    heading(family, "6. Payment")
    family.get_by_label("How you pay").select_option("bank_transfer")
    family.locator("#f-deposit_amount").fill("250")
    go_on(family)
    expect(family.get_by_text("The office will record your payment")).to_be_visible()

    office = open_page("admissions")
    office.goto("/enrollment-documents/?f=status:is:submitted")
    office.get_by_label("Select all on this page").check()
    office.get_by_role("button", name="Verify").click()
    dialog = office.get_by_role("dialog")
    dialog.locator("button.primary").click()
    expect(dialog.locator("[data-stage=done]")).to_contain_text("3 done", timeout=PATIENCE)
    office.goto(record)
    act(office, "Record payment")
    expect(office.get_by_text("Enrolled").first).to_be_visible()
    fine(office)
    family.reload()
    expect(family.get_by_text("Welcome! The enrollment is complete.")).to_be_visible()
    assert family.evaluate("document.documentElement.scrollWidth <= innerWidth")


def school_day(app: Any, later: int) -> str:
    with app.app_context():
        return (school.today() + timedelta(days=later)).isoformat()


def test_what_was_entered_in_part_is_there_on_another_day(committed_app, open_page):
    url = at_step(committed_app, 4)
    page = open_page("guardian", **PHONE)
    page.goto(url)
    page.get_by_label("Middle name").fill("Jo")
    expect(page.locator("[data-draft-state]")).to_have_text("Saved")
    again = open_page("guardian", **PHONE)
    again.goto(url)
    expect(again.get_by_label("Middle name")).to_have_value("Jo")
    expect(again.get_by_text("3 of 6 steps")).to_be_visible()


def test_who_leaves_at_once_has_lost_nothing(committed_app, open_page):
    """Also what was typed in the moment before the page went."""
    url = at_step(committed_app, 4)
    page = open_page("guardian", **PHONE)
    page.goto(url)
    page.get_by_label("First name", exact=False).first.fill("Noor")
    page.goto("/me/enrollments/")
    page.goto(url)
    expect(page.get_by_label("First name", exact=False).first).to_have_value("Noor")


def test_without_scripts_a_button_saves(committed_app, open_page):
    url = at_step(committed_app, 1)
    page = open_page("guardian", **PHONE)
    plain = page.context.browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    other = plain.new_page()
    other.goto(page.url.partition("/login")[0].rstrip("/") + url)
    other.get_by_label("Message").fill("Half")
    other.get_by_role("button", name="Save for later").click()
    expect(other.get_by_label("Message")).to_have_value("Half")
    plain.close()


def test_missing_fields_are_named_and_what_was_typed_stays(committed_app, open_page):
    page = open_page("guardian", **PHONE)
    page.goto(at_step(committed_app, 4))
    fill_in_student(page)
    page.get_by_label("Birth date").fill("")
    page.get_by_label("White").uncheck()
    go_on(page)
    problems = page.locator("[data-problems]")
    expect(problems).to_contain_text("Birth date")
    expect(problems).to_contain_text("Races")
    expect(page.get_by_label("Your e-mail")).to_have_value("amina@home.example")
    fine(page)
    page.get_by_label("Birth date").fill("2011-05-04")
    page.get_by_label("White").check()
    go_on(page)
    heading(page, "5. Documents")


def test_records_that_cannot_be_made_do_not_stop_the_family_and_are_made_later(committed_app, open_page, monkeypatch):
    url = at_step(committed_app, 4)
    page = open_page("guardian", **PHONE)
    page.goto(url)
    fill_in_student(page)

    def fault(*_arguments: Any, **_values: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(creation.sets, "write", fault)
        go_on(page)
        heading(page, "5. Documents")
    office = open_page("admissions")
    office.goto(url.removeprefix("/me"))
    expect(office.get_by_text("Records missing")).to_be_visible()
    fine(office)
    act(office, "Retry record creation")
    expect(office.get_by_text("Records missing")).to_have_count(0)
