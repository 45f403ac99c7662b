"""Phone numbers as people type them, turned into E.164 (ITU-T; at most 15 digits).

A number is accepted when its digits fit the general pattern that the metadata of `phonenumbers` has for its country.
The finer test, whether the range is in use today, refuses fictitious and brand-new ranges and costs as much as reading
the number, so it is not made. Whatever is returned passes the same test unread, which makes `normalise` idempotent.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

import phonenumbers
from flask_babel import lazy_gettext as _l
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber

MOST_DIGITS = 15
LONGEST_INPUT = 60

EMPTY = _l("Enter a phone number.")
WRONG_CHARACTER = _l("A phone number has only digits, spaces and the signs + - ( ) . / in it; one number per field.")
NO_COUNTRY = _l("No country has this code. Start with + and the country code, or with the area code.")
NO_REGION = _l("Start the number with + and the country code.")
TOO_SHORT = _l("This phone number is too short.")
TOO_LONG = _l("This phone number is too long; one number per field.")
NO_SUCH_NUMBER = _l("There are no such phone numbers in this country. Check the digits.")

# Between the digits: signs, spaces, the dashes of Unicode, and marks of writing direction, which come along when Arabic
# text is copied.
_BETWEEN = r" \-.()/\t\u00a0\u00ad\u2007\u2009\u200b-\u200f\u2010-\u2015\u202a-\u202f\u2060\u2066-\u2069\u2212\ufeff"
_SHAPE = re.compile(
    rf"'?(?:tel:)?(?P<number>[{_BETWEEN}]*\+?[\d{_BETWEEN}]*\d)[{_BETWEEN}]*(?:[,;]?\s*(?:ext\.?|extension|x|#)\s*:?\s*\d{{1,7}})?",
    re.IGNORECASE,
)
DIALLED = re.compile(rf"[+\d{_BETWEEN}]+")  # a word that is nothing but a part of a number
_NOT_DIGITS = re.compile(r"[^\d]+")
_PLAIN = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)


def normalise(raw: str, region: str) -> str:
    """The number in E.164, as "+442079460018".

    `region` (ISO 3166, two letters) is the country of numbers typed without a country code. An extension is left out.
    Raises ValueError with a sentence for the person who typed it.
    """
    number = raw
    if not _PLAIN.fullmatch(raw):
        number = _digits(raw)
        if number[0] != "+":
            return _national(number, region)
    code = _country_code(number)
    national = number[1 + len(str(code)) :]
    if _fits(code, national):
        return number
    prefix = _country(COUNTRY_CODE_TO_REGION_CODE[code][0])[1]
    if prefix and national.startswith(prefix) and _fits(code, national[len(prefix) :]):  # +44 (0)20
        return f"+{code}{national[len(prefix) :]}"
    return _read(number, None)


def looked_for(typed: str, region: str) -> str:
    """What to look for in stored numbers when somebody typed a number, or the beginning of one, the way it is dialled
    from `region`: "07700 9" becomes "77009". Raises ValueError where these are no digits of a number.
    """
    try:
        return normalise(typed, region)
    except ValueError:
        digits = _digits(typed.replace("(0)", ""))
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return digits.removeprefix(_country(region)[1])


@lru_cache(10_000)
def grouped(number: str) -> str:
    """An E.164 number in the groups in which it is read out, as "+44 20 7946 0018" (ITU-T E.123); anything else as it is."""
    if not _PLAIN.fullmatch(number):
        return number
    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _digits(raw: str) -> str:
    """The digits, in ASCII, after a + where one was typed."""
    if not raw.isascii():
        raw = unicodedata.normalize("NFKC", raw)  # full-width signs and digits
    raw = raw.strip()
    if not raw:
        raise ValueError(EMPTY)
    match = _SHAPE.fullmatch(raw) if len(raw) <= LONGEST_INPUT else None
    if match is None:
        raise ValueError(WRONG_CHARACTER)
    typed = match["number"]
    digits = _NOT_DIGITS.sub("", typed)
    if not digits.isascii():
        digits = "".join(str(unicodedata.decimal(digit)) for digit in digits)
    return f"+{digits}" if "+" in typed else digits


def _national(digits: str, region: str) -> str:
    """Read digits that were typed without a +."""
    code, prefix, dials_00 = _country(region)
    if digits.startswith("00") and (dials_00 or not code):
        return normalise("+" + digits[2:], region)
    if not code:
        raise ValueError(NO_REGION)
    if prefix and digits.startswith(prefix) and _fits(code, digits[len(prefix) :]):
        return f"+{code}{digits[len(prefix) :]}"
    try:
        return _read(digits, region)
    except ValueError:
        if digits.startswith("00"):  # the international prefix of most countries, typed in one that has another
            return normalise("+" + digits[2:], region)
        raise


def _read(digits: str, region: str | None) -> str:
    """The library's own reading: slower, and knows every country's habits."""
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError(
            {
                phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: NO_COUNTRY,
                phonenumbers.NumberParseException.TOO_LONG: TOO_LONG,
            }.get(error.error_type, TOO_SHORT)
        ) from error
    code, national = number.country_code or 0, phonenumbers.national_significant_number(number)
    if not _fits(code, national):
        raise ValueError(_why_not(number, national))
    return f"+{code}{national}"


def _why_not(number: PhoneNumber, national: str) -> object:
    reason = phonenumbers.is_possible_number_with_reason(number)
    if (
        reason in (phonenumbers.ValidationResult.TOO_SHORT, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
        or len(national) < 4
    ):
        return TOO_SHORT
    return TOO_LONG if reason == phonenumbers.ValidationResult.TOO_LONG else NO_SUCH_NUMBER


def _country_code(number: str) -> int:
    """The country code at the start of "+442..."; no code is the beginning of another."""
    for length in (3, 2, 1):
        code = number[1 : 1 + length]
        if code.isdecimal() and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            return int(code)
    raise ValueError(NO_COUNTRY)


def _fits(code: int, national: str) -> bool:
    """Whether these digits after the country code may be a number of one of its countries."""
    return len(str(code)) + len(national) <= MOST_DIGITS and any(
        pattern.fullmatch(national) for pattern in _patterns(code)
    )


@cache
def _patterns(code: int) -> list[re.Pattern[str]]:
    """The general patterns of the countries that share a code, the main one first."""
    found = []
    for region in COUNTRY_CODE_TO_REGION_CODE.get(code, ()):
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        pattern = metadata and metadata.general_desc and metadata.general_desc.national_number_pattern
        if pattern:
            found.append(re.compile(pattern, re.ASCII))
    return found


@cache
def _country(region: str) -> tuple[int, str, bool]:
    """Country code, national prefix, and whether 00 dials abroad.

    The prefix is empty where it is not simply left out: the library decides there. The code is 0 for a region that is
    none.
    """
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or not metadata.country_code:
        return 0, "", False
    prefix = metadata.national_prefix or ""
    plain = (metadata.national_prefix_for_parsing or "").split("|")[
        0
    ] == prefix and not metadata.national_prefix_transform_rule
    return metadata.country_code, prefix if plain else "", metadata.international_prefix == "00"
