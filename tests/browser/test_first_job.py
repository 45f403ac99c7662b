"""The first job of a member of staff, from the file to the reminder, by mouse and by keyboard."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from app.extensions import db
from app.models.leads import Lead, LeadAuditEvent, LeadEvent, LeadStage
from app.services import jobs, school

BAD = 12


def csv_of(path: Path, rows: int = 200) -> Path:
    """A file of 200 leads, 12 of which cannot be imported, each for another reason. The others are due in a month: who is
    due earlier stands out.
    """
    later = school_today() + timedelta(days=30)
    lines = ["first_name,last_name,phone,email,source,follow_up_date"]
    wrong = [
        ",Nameless,+447700900999,,web,",
        "Ann,,+447700900998,,web,",
        "Bea,Short,12,,web,",
        "Cyd,Mail,+447700900997,no-at-sign,web,",
        "Dan,Source,+447700900996,,television,",
        "Eve,Past,+447700900995,,web,2001-01-01",
        "Fay,Date,+447700900994,,web,tomorrow",
        "Gil,Letters,not a phone,,web,",
        "Hal,Blank,,,web,",
        f"{'x' * 200},Long,+447700900993,,web,",
        "Ida,Month,+447700900992,,web,2031-13-01",
        "Jon,Mail,+447700900991,a@b@c.example,web,",
    ]
    assert len(wrong) == BAD
    good = [f"Mira{n},Castellanos{n},+44770091{n:04d},mira{n}@family.example,web,{later}" for n in range(rows - BAD)]
    path.write_text("\n".join(lines + good[:50] + wrong + good[50:]) + "\n", encoding="utf-8")
    return path


def test_import_work_and_be_reminded(open_page, site, committed_app, do_queued_work, tmp_path, monkeypatch):
    page: Page = open_page("staff")
    page.get_by_role("link", name="Import leads").click()
    page.get_by_label("CSV file").set_input_files(csv_of(tmp_path / "fair.csv"))
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url(re.compile("/lead-imports/[0-9a-f-]{36}$"))
    do_queued_work()
    page.get_by_role("button", name="Import 188 leads").wait_for()
    assert "188" in page.locator(".counts").inner_text()
    report = page.get_by_role("link", name="Download the report")
    expect(report).to_be_visible()
    with page.expect_download() as download:
        report.click()
    lines = {
        line.split(",")[1] for line in Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()[1:]
    }
    assert len(lines) == BAD
    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 0  # the check wrote nothing

    page.get_by_role("button", name="Import 188 leads").click()
    do_queued_work()
    page.get_by_role("link", name="See the leads").click()
    expect(page.locator("tbody tr")).to_have_count(25)

    work_on_the_board(page)
    with committed_app.app_context():
        lead = db.session.scalars(select(Lead).join(LeadStage).where(LeadStage.name == "Trial Scheduled")).one()
        kinds = set(db.session.scalars(select(LeadAuditEvent.type).where(LeadAuditEvent.lead_id == lead.id)))
        assert kinds == {LeadEvent.BULK_IMPORTED, LeadEvent.STAGE_CHANGED}
        name, key = f"{lead.first_name} {lead.last_name}", lead.id

    tomorrow = follow_up_tomorrow(page, name, key)
    with committed_app.app_context(), monkeypatch.context() as next_day:
        next_day.setattr(school, "today", lambda: tomorrow)  # no job runs for a day to come
        run = jobs.run("lead_followup_due", tomorrow)
        assert run.rows
    page.goto("/")
    page.get_by_label(re.compile("^Notifications")).first.click()
    page.get_by_role("link", name=re.compile(f"{name}: follow-up due today")).first.click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def work_on_the_board(page: Page) -> None:
    """Move the first new lead two columns on, by keyboard alone."""
    page.get_by_role("link", name="Board", exact=True).first.click()
    card = page.locator("[data-card]").first
    expect(card).to_be_visible()
    card.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    with page.expect_response("**/leads/board/move") as moved:
        page.keyboard.press("Space")
    assert moved.value.ok


def follow_up_tomorrow(page: Page, name: str, key: object):
    """Set the follow-up of a lead from its page; returns the day."""
    tomorrow = school_today() + timedelta(days=1)
    page.goto(f"/leads/{key}")
    page.get_by_label("More actions").click()
    page.get_by_text("Move follow-up").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Follow-up").fill(tomorrow.isoformat())
    dialog.get_by_role("button", name="Move follow-up").click()
    expect(page.get_by_text("Follow-up changed").first).to_be_visible()
    return tomorrow


def school_today():
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo("Europe/London")).date()
