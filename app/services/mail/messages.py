"""What an e-mail says: one notice, or several as a digest; as plain text and as simple HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask import current_app
from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.services import school
from app.services.notifications import texts

MOST_LISTED = 50  # the rest is in the inbox
POLICY = SMTP.clone(max_line_length=78)


@dataclass(frozen=True)
class Reader:
    """To whom a message goes."""

    name: str
    email: str
    locale: str | None
    time_zone: str | None


def compose(message_id: str, reader: Reader, rows: Sequence[Any]) -> EmailMessage:
    """The message with these notices (title, body, payload, link, created_at), the gravest first as given, in the
    reader's language. Raises ValueError for an address that cannot be one.
    """
    with force_locale(reader.locale if reader.locale in current_app.config["LANGUAGES"] else texts.SOURCE):
        zone = ZoneInfo(reader.time_zone) if reader.time_zone else school.zone()
        notices = [(*texts.said(row, zone=zone), _address(row.link), row.created_at) for row in rows[:MOST_LISTED]]
        message = _addressed(message_id, reader, _subject(notices[0][0], len(rows)))
        message.set_content(_plain(reader, notices, len(rows)), cte="quoted-printable")
        message.add_alternative(str(_html(reader, notices, len(rows))), subtype="html", cte="quoted-printable")
        return message


def compose_letter(message_id: str, reader: Reader, subject: str, paragraphs: Sequence[str]) -> EmailMessage:
    """The message with this text, in the reader's language already; a paragraph that is an address becomes a link.
    Raises ValueError for an address that cannot be one.
    """
    with force_locale(reader.locale or texts.SOURCE):
        locale = get_locale() or Locale(texts.SOURCE)
        message = _addressed(message_id, reader, f"{current_app.config['SCHOOL_NAME']}: {subject}")
        greeting = _greeting(reader)
        message.set_content("\n\n".join((greeting, *paragraphs)) + "\n", cte="quoted-printable")
        public = current_app.config["PUBLIC_URL"]
        shown = [
            Markup('<p><a href="{0}">{0}</a></p>' if each.startswith(public) else "<p>{0}</p>").format(each)
            for each in (greeting, *paragraphs)
        ]
        page = Markup('<!doctype html><html lang="{}" dir="{}"><body>{}</body></html>').format(
            str(locale).replace("_", "-"), locale.text_direction, Markup("").join(shown)
        )
        message.add_alternative(str(page), subtype="html", cte="quoted-printable")
        return message


def _addressed(message_id: str, reader: Reader, subject: str) -> EmailMessage:
    """A message with its head."""
    message = EmailMessage(policy=POLICY)
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(localtime())
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = _recipient(reader)
    message["Subject"] = _one_line(subject)
    message["Auto-Submitted"] = "auto-generated"  # no automatic answers, RFC 3834
    return message


def _recipient(reader: Reader) -> Address:
    try:
        return Address(_one_line(reader.name), addr_spec=reader.email)
    except (IndexError, MessageError) as error:
        raise ValueError(f"{reader.email} is no e-mail address.") from error


def _subject(first: str, count: int) -> str:
    school_name = current_app.config["SCHOOL_NAME"]
    if count == 1:
        return f"{school_name}: {first}"
    return f"{school_name}: " + ngettext("%(num)s notice", "%(num)s notices", count)


def _one_line(text: str) -> str:
    """No line break and no control character: nothing that could begin another header."""
    return " ".join("".join(" " if ord(sign) < 32 or sign in "\x7f\x85\u2028\u2029" else sign for sign in text).split())


def _address(link: str) -> str:
    return f"{current_app.config['PUBLIC_URL']}{link}" if link.startswith("/") else ""


def _greeting(reader: Reader) -> str:
    return _("Hello %(name)s,", name=_one_line(reader.name)) if reader.name.strip() else _("Hello,")


def _left_out(count: int) -> str:
    more = count - MOST_LISTED
    return ngettext("%(num)s more is in your inbox.", "%(num)s more are in your inbox.", more) if more > 0 else ""


def _footer() -> tuple[tuple[str, str], ...]:
    return (
        (_("Your inbox"), _address("/inbox/")),
        (_("Choose what you are told by e-mail"), _address("/settings/notices")),
    )


Notices = Sequence[tuple[str, str, str, datetime]]


def _plain(reader: Reader, notices: Notices, count: int) -> str:
    parts = [_greeting(reader)]
    for title, body, link, _moment in notices:
        parts.append("\n".join(filter(None, (title, body, link))))
    parts += filter(None, [_left_out(count)])
    parts.append("-- \n" + "\n".join(f"{label}: {url}" for label, url in _footer()))
    return "\n\n".join(parts) + "\n"


def _html(reader: Reader, notices: Notices, count: int) -> Markup:
    locale = get_locale() or Locale(texts.SOURCE)
    items = Markup("").join(
        Markup("<li><p><strong>{}</strong>{}</p></li>").format(
            Markup('<a href="{}">{}</a>').format(link, title) if link else title,
            Markup("<br>") + Markup("<br>").join(escape(line) for line in body.splitlines()) if body else "",
        )
        for title, body, link, _moment in notices
    )
    footer = Markup(" &middot; ").join(Markup('<a href="{}">{}</a>').format(url, label) for label, url in _footer())
    page = '<!doctype html><html lang="{}" dir="{}"><body><p>{}</p><ul>{}</ul><p>{}</p><p><small>{}</small></p></body></html>'
    left_out = _left_out(count)
    language = str(locale).replace("_", "-")
    return Markup(page).format(language, locale.text_direction, _greeting(reader), items, left_out, footer)
