"""Looking after what runs beside the pages: running a job by hand, trying failed e-mail again, the overview."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from app.extensions import db
from app.models.jobs import JobRun
from app.models.notifications import NotificationDelivery, NotificationType
from app.services import deliveries, jobs, school
from app.services.notifications import Notice, notify
from app.tasks import jobs as tasks


def test_an_admin_runs_a_job_again_through_a_worker(db_session, client_of):
    client = client_of("admin")
    assert "Run a job now" in client.get("/job-runs/").text
    today = school.today()
    answer = client.post("/job-runs/new", data={"name": "rate_limits_clean_up", "day": str(today)})
    record = db.session.query(JobRun).one()
    assert answer.headers["Location"] == f"/job-runs/{record.id}"
    assert record.finished_at is None
    asked = db.session.scalar(text("SELECT args ->> 'run_id' FROM procrastinate_jobs WHERE task_name = 'jobs.run'"))
    tasks.run(asked)
    db.session.expire_all()
    assert record.finished_at is not None and record.error is None
    finished = record.finished_at
    tasks.run(asked)
    assert db.session.get(JobRun, record.id).finished_at == finished, "once"
    late = client.post("/job-runs/new", data={"name": "nothing", "day": str(today + timedelta(days=1))})
    assert late.status_code == 422
    assert client_of("engineer").get("/job-runs/new").status_code == 403
    assert "Run a job now" not in client_of("engineer").get("/job-runs/").text


def test_a_frequent_run_that_found_nothing_is_no_history(db_session):
    jobs.run("email_delivery", school.today())
    assert jobs.history("email_delivery") == []


def test_failed_mail_is_tried_again_and_sent_mail_is_not(db_session, actors, client_of):
    notices = [Notice(actors.staff.id, key, "A lead") for key in "ab"]
    notify(NotificationType.LEAD_ASSIGNED, "leads", notices)
    failed, sent = db.session.query(NotificationDelivery).order_by(NotificationDelivery.id).all()
    db.session.execute(
        text("UPDATE notification_deliveries SET status = 'failed', attempts = 10, error = '550 No' WHERE id = :id"),
        {"id": failed.id},
    )
    db.session.execute(
        text("UPDATE notification_deliveries SET status = 'sent', sent_at = now() WHERE id = :id"), {"id": sent.id}
    )
    db.session.expire_all()
    page = client_of("admin").get("/deliveries/").text
    assert "550 No" in page and "Staff Tester" in page
    result = deliveries.retry([failed.id, sent.id], actor=actors.admin)
    assert [outcome.state for outcome in result.outcomes] == ["ok", "refused"]
    db.session.expire_all()
    assert (failed.status.value, failed.attempts) == ("queued", 0)
    assert client_of("engineer").get("/deliveries/").status_code == 403


def test_the_overview_is_for_those_who_look_after_the_machine(db_session, client_of):
    jobs.run("rate_limits_clean_up", school.today())
    for name in ("engineer", "amc_admin", "admin"):
        page = client_of(name).get("/operations/")
        assert page.status_code == 200
        assert "Daily at 03:10" in page.text and "Every 10 minutes" in page.text
        assert "No scheduler leads" in page.text
    assert client_of("teacher").get("/operations/").status_code == 403
