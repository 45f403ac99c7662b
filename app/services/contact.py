"""How somebody is reached: an e-mail address that may be one, and a phone number as it is stored.

An address with which somebody signs in is read by a library, which knows more (`accounts.inputs`) and takes too long for
a file of a hundred thousand rows.
"""

from __future__ import annotations

import re
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.services import phones, school

NO_ADDRESS: Final = _l("Must be an e-mail address, as name@example.org.")

_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def is_address(typed: str) -> bool:
    """Whether a text may be an e-mail address: a name, one @ and a host with a dot, without white space."""
    return _ADDRESS.fullmatch(typed) is not None


def normalise(
    data: dict[str, Any], known: Any = None, *, phone: str = "phone", email: str = "email"
) -> dict[str, list[Any]]:
    """Put the phone number into the form in which it is stored; returns what is wrong, by field. What the known record
    has already is left as it is.
    """
    problems: dict[str, list[Any]] = {}
    changed = {name for name in (phone, email) if data.get(name) and data[name] != getattr(known, name, None)}
    if phone in changed:
        try:
            data[phone] = phones.normalise(data[phone], school.phone_region())
        except ValueError as error:
            problems[phone] = [str(error)]
    if email in changed and not is_address(data[email]):
        problems[email] = [NO_ADDRESS]
    return problems
