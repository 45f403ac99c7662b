"""Several schedulers, one of them killed with -9 in the middle of a job: each notice is made exactly once. And a worker
killed in the middle of sending: the e-mail is sent at least once, under the same Message-ID.
"""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

import config
from app.services import accounts, school
from app.services.notifications import Notice, notify
from app.services.transaction import transactional
from app.tasks.scheduler import RETRY_SECONDS
from tests.factories.leads import lead
from tests.services.mail.conftest import Mailbox, free_port
from tests.tasks.test_processes import eventually

pytestmark = pytest.mark.slow
LEADS = "This scheduler leads."


def zone_where_it_is_noon():
    """A zone in which the daily jobs of the morning are overdue."""
    ahead = (12 - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/UTC"


@contextmanager
def processes(url, folder, *commands, **settings):
    """These commands of `registrar` at once, each with a log of its own."""
    environ = os.environ | {
        "DATABASE_URL": str(url),
        "SECRET_KEY": "0123456789abcdef" * 4,
        "REGISTRAR_INSTANCE": str(folder),
    }
    started = []
    for number, command in enumerate(commands):
        log = folder / f"{number}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", command],
                cwd=config.ROOT, env=environ | settings, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        started.append((process, log))
    try:
        yield started
    finally:
        for process, _log in started:
            process.kill()
            process.wait()


@contextmanager
def database(app):
    with psycopg.connect(config.libpq_url(app.config["SQLALCHEMY_DATABASE_URI"]), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.fault)])
def test_with_many_schedulers_and_one_killed_each_notice_is_made_once(committed_app, tmp_path, count):
    zone = zone_where_it_is_noon()
    committed_app.config["SCHOOL_TIME_ZONE"] = zone
    with committed_app.app_context():
        day = school.today()
        due = {str(lead(follow_up_date=day).id) for _number in range(50)}
        admins = {accounts.find(name).id for name in ("super_admin", "admin", "admin2")}
    url = committed_app.config["SQLALCHEMY_DATABASE_URI"]
    began = "SELECT count(*) FROM job_runs WHERE name = 'lead_followup_due'"
    done = f"{began} AND finished_at IS NOT NULL AND error IS NULL"
    with (
        database(committed_app) as watch,
        processes(url, tmp_path, *["scheduler"] * count, SCHOOL_TIME_ZONE=zone) as all_,
    ):

        def leading(but=()):
            return [process for process, log in all_ if process not in but and LEADS in log.read_text()]

        with database(committed_app) as holder, holder.transaction():
            holder.execute("LOCK TABLE notification_deliveries IN ACCESS EXCLUSIVE MODE")
            first = eventually(leading, seconds=120)
            assert len(first) == 1, "one leads"
            eventually(lambda: watch.execute(began).fetchone()[0], seconds=60)
            time.sleep(1)  # in the middle of the job: what it writes waits for the lock
            assert watch.execute(done).fetchone()[0] == 0
            first[0].kill()
            eventually(lambda: leading(first), seconds=60)
        eventually(lambda: watch.execute(done).fetchone()[0], seconds=120)
        time.sleep(RETRY_SECONDS * 2)  # time for yet another one to do it again, if it would
        rows = watch.execute(
            "SELECT recipient_id, entity_id, dedup_day FROM notifications WHERE type = 'lead_followup_due'"
        ).fetchall()
    assert sorted(rows) == sorted((admin, key, day) for admin in admins for key in due)


class Slow(Mailbox):
    """Takes a message, and answers only when it is let."""

    def __init__(self):
        super().__init__()
        self.hold = True

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        import asyncio

        answer = await super().handle_DATA(server, session, envelope)
        while self.hold:
            await asyncio.sleep(0.05)
        return answer


@pytest.mark.fault
def test_a_worker_killed_while_sending_loses_nothing(committed_app, tmp_path):
    from aiosmtpd.controller import Controller

    box = Slow()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    url = committed_app.config["SQLALCHEMY_DATABASE_URI"]
    settings = {"SMTP_URL": f"smtp://127.0.0.1:{controller.port}", "MAIL_FROM": "office@school.example"}
    with committed_app.app_context():
        from app.services import mail

        tell(accounts.find("staff").id)
        mail.request_delivery()
    try:
        with database(committed_app) as watch:
            with processes(url, tmp_path, "worker", **settings):
                eventually(lambda: box.messages, seconds=60)
            box.hold = False
            state = "SELECT status FROM notification_deliveries"
            assert watch.execute(state).fetchall() == [("queued",)], "killed before it could note it"
            watch.execute("UPDATE notification_deliveries SET claimed_until = now()")
            watch.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'doing'")
            with committed_app.app_context():
                mail.request_delivery()
            with processes(url, tmp_path, "worker", **settings):
                eventually(lambda: watch.execute(state).fetchall() == [("sent",)], seconds=60)
    finally:
        controller.stop()
    first, again = box.messages
    assert first["Message-ID"] == again["Message-ID"]


@transactional
def tell(recipient_id):
    from app.models.notifications import NotificationType

    notify(NotificationType.LEAD_ASSIGNED, "leads", [Notice(recipient_id, "1", "A lead")])
