"""Passwords: what is accepted, how they are kept and compared.

The rule is that of OWASP ASVS 5.0, section 6.2: 12 to 128 characters, common and guessable ones refused,
nothing else demanded. Hashing takes the same work whether or not there is anything to compare with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from werkzeug.security import check_password_hash, generate_password_hash

from app.services.errors import Invalid

SHORTEST: Final = 12
LONGEST: Final = 128
METHOD: Final = "scrypt:32768:8:3"
# Compared when there is no hash, so that it takes as long. Its digest belongs to no password.
FAKE_HASH: Final = f"{METHOD}$registrar-no-one${'0' * 128}"

_STRONG: Final = 3  # of 4: more than 10^8 guesses
_ESTIMATED: Final = 32  # the estimate takes seconds for long ones; what follows can only add strength
_OWN_CHARACTERS: Final = 8  # how much must be left without the person's own words
_EVERYBODY_KNOWS: Final = ("registrar", "school", "password")

RULE: Final = _l("12 to 128 characters. A few unrelated words are good.")


def check(password: str, *, personal: Iterable[str] = (), field: str = "password") -> str:
    """The password as it will be kept (NFC). `personal` are names and addresses that must not make it up.

    Raises Invalid at `field`.
    """
    password = unicodedata.normalize("NFC", password)
    if (problem := _problem(password, _words(personal))) is not None:
        raise Invalid(fields={field: [problem]})
    return password


def hash_password(password: str) -> str:
    """What is kept of a password that `check` accepted."""
    return generate_password_hash(password, METHOD)


def verify(hashed: str | None, password: str) -> bool:
    """Whether the password is the one that was kept. False without a hash, after the same time."""
    candidate = unicodedata.normalize("NFC", password[: LONGEST + 1]).encode("utf-8", "replace").decode()
    matches = check_password_hash(hashed or FAKE_HASH, candidate)
    return matches and bool(hashed) and len(candidate) <= LONGEST


def _problem(password: str, own: set[str]) -> Any:
    if len(password) < SHORTEST:
        return _l("At least %(count)s characters.", count=SHORTEST)
    if len(password) > LONGEST:
        return _l("At most %(count)s characters.", count=LONGEST)
    if "\0" in password or any("\ud800" <= letter <= "\udfff" for letter in password):
        return _l("Contains a character that cannot be stored.")
    if len(_without(own, password)) < _OWN_CHARACTERS:
        return _l("This is mostly a name or address that others know. A few unrelated words are good.")
    if _score(password, own) < _STRONG:
        return _l("This is too easy to guess. A few unrelated words are good.")
    return None


def _without(own: set[str], password: str) -> str:
    """The password without the person's own words, the longest taken out first."""
    longest_first = sorted(own, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "", password.casefold())


def _words(texts: Iterable[str]) -> set[str]:
    """Names and addresses, whole and in pieces."""
    found = {piece for text in texts for piece in (text, *re.split(r"[\W_]+", text)) if len(piece) >= 3}
    return {word.casefold() for word in found | set(_EVERYBODY_KNOWS)}


def _score(password: str, own: set[str]) -> int:
    from zxcvbn import zxcvbn  # late: it loads a dictionary of 100,000 words, for few requests

    return int(zxcvbn(password[:_ESTIMATED], user_inputs=sorted(own))["score"])
