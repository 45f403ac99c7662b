"""The process that starts scheduled jobs. Several may run: one leads, the others wait to take over."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import UTC, datetime, time

import click
import psycopg
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from flask import Flask, current_app
from flask.cli import with_appcontext

import config
from app.services import jobs, school
from app.services.leadership import Leadership

log = logging.getLogger(__name__)

RETRY_SECONDS = 3  # how soon another scheduler takes over
SWEEP_SECONDS = 900  # how often jobs that were missed or failed today are started again


@click.command("scheduler")
@with_appcontext
def command() -> None:
    """Start the scheduled jobs at their times, until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(current_app._get_current_object(), stop)  # type: ignore[attr-defined]


def serve(app: Flask, stop: threading.Event) -> None:
    """Lead when nobody else does, again and again, until told to stop."""
    address = config.libpq_url(app.config["SQLALCHEMY_DATABASE_URI"])
    while not stop.is_set():
        try:
            with Leadership(address) as leadership:
                while not stop.is_set():
                    if leadership.acquire():
                        _lead(app, leadership, stop)
                    stop.wait(RETRY_SECONDS)
        except psycopg.OperationalError as error:
            log.warning("No leadership: %s", error)
            stop.wait(RETRY_SECONDS)


def _lead(app: Flask, leadership: Leadership, stop: threading.Event) -> None:
    """Run the jobs for as long as the leadership lasts."""
    log.info("This scheduler leads.")
    scheduler = build(app, leadership)
    scheduler.start()
    try:
        since_sweep = SWEEP_SECONDS
        while not stop.is_set() and leadership.holds():
            if since_sweep >= SWEEP_SECONDS:
                since_sweep = 0
                _start_overdue(app, scheduler)
            stop.wait(RETRY_SECONDS)
            since_sweep += RETRY_SECONDS
    finally:
        log.info("This scheduler no longer leads.")
        scheduler.shutdown(wait=stop.is_set())


def build(app: Flask, leadership: Leadership) -> BackgroundScheduler:
    """Return a scheduler with every job: in code, not in a shared store, and never silently dropped."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    with app.app_context():
        zone = school.zone()
    for name, job in jobs.JOBS.items():
        trigger = CronTrigger(timezone=zone, **job.schedule)
        scheduler.add_job(fire, trigger, id=name, name=name, args=(app, leadership, name))
    return scheduler


def fire(app: Flask, leadership: Leadership, name: str) -> None:
    """Run one job for the school's day, if this scheduler still leads. A failure is logged and recorded."""
    if not leadership.holds():
        log.warning("%s not started: this scheduler no longer leads.", name)
        return
    with app.app_context():
        try:
            record = jobs.run(name, school.today())
        except Exception:
            log.exception("%s failed", name)
        else:
            log.info("%s: %s rows for %s", name, record.rows, record.day)


def overdue(now: datetime) -> list[str]:
    """Return the daily jobs whose time has passed today without a run that went well."""
    zone = school.zone()
    day = now.astimezone(zone).date()
    midnight = datetime.combine(day, time.min, zone)
    names = []
    for name, job in jobs.JOBS.items():
        if job.daily and not jobs.succeeded(name, day):
            due = CronTrigger(timezone=zone, **job.schedule).get_next_fire_time(None, midnight)
            if due is not None and due <= now:
                names.append(name)
    return names


def _start_overdue(app: Flask, scheduler: BackgroundScheduler) -> None:
    """Start what is overdue through the scheduler, which never runs one job twice at a time."""
    now = datetime.now(UTC)
    with app.app_context():
        for name in overdue(now):
            scheduler.modify_job(name, next_run_time=now)
