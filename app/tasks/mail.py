"""Queued work on e-mail."""

from __future__ import annotations

from app.services.mail import deliver as send_due
from app.services.mail import letters
from app.services.mail.outbox import TASK
from app.tasks.queue import task


@task(TASK)
def deliver() -> None:
    send_due()


@task(letters.TASK)
def deliver_letters() -> None:
    letters.deliver()
