import re
import unicodedata

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat as Format

from app.services.phones import grouped, normalise

E164 = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FORMATS = (Format.E164, Format.INTERNATIONAL, Format.NATIONAL, Format.RFC3966)
LOOKS_LIKE_A_NUMBER = st.text(alphabet="0123456789+ -()./'\u0660\u0661\u0665x#\u200e\u00a0", max_size=40)


@pytest.mark.parametrize("typed", [
    "+442079460018", "020 7946 0018", "(020) 7946-0018", "020.7946.0018", "020/79460018", "  02079460018  ", "0044 20 7946 0018",
    "+44 (0)20 7946 0018", "44 20 7946 0018", "tel:+44-20-7946-0018", "'+442079460018", "' 020 7946 0018", "٠٢٠ ٧٩٤٦ ٠٠١٨", "+٤٤٢٠٧٩٤٦٠٠١٨",
    "\uff0b\uff14\uff14 20 7946 0018", "\u202a+44 20 7946 0018\u202c", "020\u00a07946\u20110018", "020 7946 0018 ext. 12",
    "020 7946 0018 x12",
])  # fmt: skip
def test_what_people_type(typed):
    assert normalise(typed, "GB") == "+442079460018"


@pytest.mark.parametrize(("typed", "region", "expected"), [
    ("(212) 555-0100", "US", "+12125550100"), ("011 44 20 7946 0018", "US", "+442079460018"), ("0044 20 7946 0018", "US", "+442079460018"),
    ("06 698 12345", "IT", "+390669812345"), ("0049 30 123456", "IT", "+4930123456"), ("050 123 4567", "AE", "+971501234567"),
    ("8 (912) 345-67-89", "RU", "+79123456789"), ("011 15-2345-6789", "AR", "+5491123456789"), ("+800 1234 5678", "GB", "+80012345678"),
    ("0044 20 7946 0018", "ZZ", "+442079460018"), ("+1 (205) 555-0100", "ZZ", "+12055550100"),
])  # fmt: skip
def test_numbers_of_other_countries(typed, region, expected):
    assert normalise(typed, region) == expected


@pytest.mark.parametrize(("typed", "sentence"), [
    ("", "Enter a phone number."), (" \t ", "Enter a phone number."), ("ask her mother", "only digits"),
    ("+", "only digits"), ("'", "only digits"),
    ("123", "too short"), ("020 7946", "no such"), ("020 7", "too short"), ("+44 20", "too short"), ("+999 123 4567", "No country"),
    ("00999 1234567", "No country"),
    ("020 7946 0018 / 07700 900123", "too long"), ("1" * 200, "only digits"), ("020 7946 0018 or 07700 900123", "only digits"),
    ("++442079460018", "only digits"), ("+44 4444 444444", "no such"), ("\0", "only digits"), ("\ud800", "only digits"),
])  # fmt: skip
def test_what_is_no_number_is_refused_with_a_sentence(typed, sentence):
    with pytest.raises(ValueError, match=sentence):
        normalise(typed, "GB")


def test_a_region_that_is_none_needs_the_country_code():
    with pytest.raises(ValueError, match="country code"):
        normalise("020 7946 0018", "ZZ")


@pytest.mark.parametrize("region", REGIONS)
def test_every_kind_of_number_of_every_country_in_every_format(region):
    examples = (phonenumbers.example_number_for_type(region, kind) for kind in range(11))
    for number in filter(None, examples):
        expected = phonenumbers.format_number(number, Format.E164)
        for form in FORMATS:
            assert normalise(phonenumbers.format_number(number, form), region) == expected


def test_numbers_are_shown_in_groups():
    assert grouped("+442079460018") == "+44 20 7946 0018"
    assert grouped("+12125550100") == "+1 212-555-0100"
    for other in ("", "020 7946 0018", "reception, 12", "+0123456", "+999123456789"):
        assert grouped(other) == other


@pytest.mark.parametrize("region", REGIONS)
def test_what_is_shown_may_be_typed(region):
    for number in filter(None, (phonenumbers.example_number_for_type(region, kind) for kind in range(11))):
        stored = phonenumbers.format_number(number, Format.E164)
        assert normalise(grouped(stored), "ZZ") == stored


@given(st.sampled_from(REGIONS), st.data())
def test_any_valid_number_in_any_format_gives_the_same(region, data):
    example = phonenumbers.example_number(region)
    tail = data.draw(st.integers(0, 9999))
    number = phonenumbers.PhoneNumber(
        country_code=example.country_code,
        national_number=example.national_number // 10_000 * 10_000 + tail,
        italian_leading_zero=example.italian_leading_zero,
        number_of_leading_zeros=example.number_of_leading_zeros,
    )
    if not phonenumbers.is_valid_number_for_region(number, region):
        return
    expected = phonenumbers.format_number(number, Format.E164)
    for form in FORMATS:
        assert normalise(phonenumbers.format_number(number, form), region) == expected


@given(LOOKS_LIKE_A_NUMBER | st.text(max_size=30), st.sampled_from([*REGIONS, "ZZ"]))
def test_junk_raises_nothing_but_valueerror_and_what_comes_out_stays(typed, region):
    try:
        number = normalise(typed, region)
    except ValueError:
        return
    assert E164.fullmatch(number)
    for again in REGIONS[::40]:
        assert normalise(number, again) == number
    assert normalise("'" + number, region) == number


@given(LOOKS_LIKE_A_NUMBER)
def test_the_form_of_unicode_does_not_matter(typed):
    def outcome(text):
        try:
            return normalise(text, "GB")
        except ValueError:
            return None

    assert len({outcome(unicodedata.normalize(form, typed)) for form in ("NFC", "NFD", "NFKC", "NFKD")}) == 1
