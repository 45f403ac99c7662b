"""A real SMTP server that keeps what it is handed, and can be told to answer otherwise."""

from __future__ import annotations

import email
import email.policy
import socket
from typing import Any

import pytest
from aiosmtpd.controller import Controller


class Mailbox:
    """What arrived. `answers` are given to the next recipients instead of accepting them, `refused` is one of them and
    what they are answered whenever they come, `to_sender` goes to whoever sends, `to_helo` to whoever comes; `after` runs at each message.
    """

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.answers: list[str] = []
        self.to_sender = self.to_helo = ""
        self.refused = "", ""
        self.after: Any = None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
        session.host_name = hostname
        return [self.to_helo] if self.to_helo else responses

    async def handle_HELO(self, server, session, envelope, hostname):  # noqa: N802 - aiosmtpd's name
        session.host_name = hostname
        return self.to_helo or "250 OK"

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        envelope.mail_from = address
        return self.to_sender or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.refused[0] == address:
            return self.refused[1]
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mailbox(app, monkeypatch):
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{controller.port}")
    yield box
    controller.stop()
