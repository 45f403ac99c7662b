"""What may be typed about an account, whoever types it: a form, a file, a command."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr
from pydantic_core import PydanticCustomError

from app.services import phones, school
from app.services.contact import NO_ADDRESS
from app.services.errors import explain
from app.services.inputs import Input, blank_is_none, storable

_USERNAME_SIGNS = frozenset("._-+@")
LONGEST_USERNAME = 128
_TAKEN = _l("Another account already has this username.")
_EMAIL_TAKEN = _l("Another account already has this e-mail address.")

explain(
    {
        "uq_ab_user_username": ("username", _TAKEN),
        "uq_ab_user_username_ci": ("username", _TAKEN),
        "uq_ab_user_email": ("email", _EMAIL_TAKEN),
        "uq_ab_user_email_ci": ("email", _EMAIL_TAKEN),
        "uq_user_profiles_main_portal_id": (
            "main_portal_id",
            _l("Another account already has this portal id."),
        ),
    }
)


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("account", "account", {"sentence": sentence})


def _username(value: str) -> str:
    """NFKC, so that look-alike forms of a letter are one name; letters, digits and few signs."""
    value = unicodedata.normalize("NFKC", value)
    if not all(unicodedata.category(letter)[0] in "LMN" or letter in _USERNAME_SIGNS for letter in value):
        raise _wrong(_("Letters, digits and . _ - + @ only."))
    return value


def plain_username(email: str) -> str:
    """A username for who has this address: itself, or what stands before the @ where it has other signs."""
    if all(letter.isalnum() or letter in _USERNAME_SIGNS for letter in email) and len(email) <= LONGEST_USERNAME:
        return email
    kept = "".join(letter for letter in email.partition("@")[0] if letter.isalnum() or letter in _USERNAME_SIGNS)
    return kept[:LONGEST_USERNAME]


def _email(value: str | None) -> str | None:
    try:
        return value and validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError:
        raise _wrong(str(NO_ADDRESS)) from None


def _phone(value: str | None) -> str | None:
    try:
        return value and phones.normalise(value, school.phone_region())
    except ValueError as error:
        raise _wrong(str(error)) from None


def _secret(value: Any) -> SecretStr:
    """As typed: white space around a password is part of it."""
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "string_type")
    return SecretStr(value)


Secret = Annotated[SecretStr, PlainValidator(_secret, json_schema_input_type=str)]


Stored = BeforeValidator(storable)
Blank = BeforeValidator(blank_is_none)
Name = Annotated[str | None, Field(max_length=64), Blank, Stored]
Username = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_username), Stored]
EmailAddress = Annotated[str, Field(min_length=1, max_length=254), AfterValidator(_email), Stored]
Phone = Annotated[str | None, Field(max_length=40), AfterValidator(_phone), Blank, Stored]


class AccountInput(Input):
    """Everything about an account but its password. Blanks are no value."""

    username: Username
    email: Annotated[str | None, Field(max_length=320), AfterValidator(_email), Blank, Stored] = None
    first_name: Name = None
    last_name: Name = None
    phone: Phone = None
    department: Annotated[str | None, Field(max_length=100), Blank, Stored] = None
    main_portal_id: Name = None
    roles: list[str] = []
    groups: list[str] = []
