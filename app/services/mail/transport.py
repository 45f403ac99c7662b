"""Handing a message to a mail server, or, where none is configured, putting it into a file."""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from flask import current_app

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30
TOO_LARGE = 552  # at MAIL FROM, where the size is announced: RFC 1870, 6.1
# At RCPT TO, where a refusal may be of us rather than of the mailbox: RFC 3463, 3.8 has X.7 for what is not authorised. A server
# without enhanced codes says it in words.
_REFUSES_US = re.compile(r"5\.7\.\d+\b|(?!5\.\d+\.\d+\b).*(\brelay|authenticat)", re.IGNORECASE | re.DOTALL)
Send = Callable[[EmailMessage], None]


class LaterError(Exception):
    """It may go well later: the server is away or busy. `server` when that is so for every message."""

    def __init__(self, message: str, *, server: bool = False) -> None:
        super().__init__(message)
        self.server = server


class NeverError(Exception):
    """The server will not take this message for this address, however often it is asked."""


@contextmanager
def opened() -> Iterator[Send]:
    """A way to send several messages. Sending raises LaterError or NeverError; opening connects to nothing."""
    address = current_app.config["SMTP_URL"]
    if not address:
        yield _into_file
        return
    line = _Line(address)
    try:
        yield line.send
    finally:
        line.close()


class _Line:
    """A connection that is made when it is first needed, and anew after it broke."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._server: smtplib.SMTP | None = None
        self._accepted = False  # whether a message went out: what a mailbox is refused then, others need not be

    def send(self, message: EmailMessage) -> None:
        server = self._connected()
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            self._reset()
            [(recipient, (code, answer))] = error.recipients.items()
            if code >= 500 and _REFUSES_US.match(_words(answer).lower().replace(recipient.lower(), "")):
                raise LaterError(_sentence(code, answer), server=not self._accepted) from error
            _raise(code, answer)
        except smtplib.SMTPNotSupportedError as error:  # an address beyond ASCII, for a server that cannot
            raise NeverError(str(error)) from error
        except smtplib.SMTPServerDisconnected as error:
            self.close()
            raise LaterError(str(error), server=True) from error
        except (smtplib.SMTPHeloError, smtplib.SMTPSenderRefused) as error:  # us or MAIL_FROM, whatever the message
            self.close()
            if error.smtp_code == TOO_LARGE:
                _raise(error.smtp_code, error.smtp_error)
            raise LaterError(_sentence(error.smtp_code, error.smtp_error), server=True) from error
        except smtplib.SMTPResponseException as error:
            self._reset()
            _raise(error.smtp_code, error.smtp_error)
        except OSError as error:
            self.close()
            raise LaterError(f"{type(error).__name__}: {error}", server=True) from error
        self._accepted = True

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            try:
                self._server = _connect(self._address)
            except (smtplib.SMTPException, OSError) as error:  # a refused login too: it is mended here, not there
                raise LaterError(f"{type(error).__name__}: {error}", server=True) from error
        return self._server

    def _reset(self) -> None:
        """Forget the message that was refused; the next one begins anew."""
        try:
            if self._server is not None:
                self._server.rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()


def _raise(code: int, answer: bytes | str) -> None:
    sentence = _sentence(code, answer)
    raise NeverError(sentence) if 500 <= code < 600 else LaterError(sentence)


def _sentence(code: int, answer: bytes | str) -> str:
    return f"{code} {_words(answer)}"


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


def _connect(address: str) -> smtplib.SMTP:
    parts = urlsplit(address)
    secure = parts.scheme == "smtps"
    tls = parse_qs(parts.query).get("tls", [""])[0]
    host, port = parts.hostname or "", parts.port or (465 if secure else 587 if tls else 25)
    server: smtplib.SMTP
    if secure:
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        if tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _into_file(message: EmailMessage) -> None:
    """The catcher of a development machine: one file per message, named by what makes it recognisable."""
    folder = Path(current_app.config["INSTANCE_DIR"]) / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
    path.write_bytes(message.as_bytes())
    log.info("No SMTP_URL: mail to %s is in %s", message["To"], path)
