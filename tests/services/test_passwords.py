"""Which passwords are accepted, and how they are compared."""

from __future__ import annotations

import time
import unicodedata

import pytest
from werkzeug.security import generate_password_hash

from app.services import passwords
from app.services.errors import Invalid
from tests.conftest import REAL_METHOD

GOOD = "purple walruses on ice"


@pytest.fixture(autouse=True)
def _in_application(app):
    with app.app_context():
        yield


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "kdJ2!vPq9zLm",
        "ثلاثة أفيال زرقاء",
        "  spaces count too  ",
        "🦀🐙🦑🐡🐠🐟🐬🐳🦈🐊🐅🐆",
        "q7" + "walrus " * 18,
    ],
)
def test_good_passwords_are_accepted(password):
    assert passwords.check(password) == unicodedata.normalize("NFC", password)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", "At least 12"),
        ("kdJ2!vPq9zL", "At least 12"),
        ("x1" * 65, "At most 128"),
        ("password1234", "mostly a name"),
        ("passwordpassword", "mostly a name"),
        ("123456789012", "easy to guess"),
        ("qwertyuiop12", "easy to guess"),
        ("aaaaaaaaaaaaaaa", "easy to guess"),
        ("iloveyouiloveyou", "easy to guess"),
        ("Registrar2026!", "mostly a name"),
        ("purple walruses\0", "cannot be stored"),
        ("purple walruses\ud800", "cannot be stored"),
    ],
)
def test_bad_passwords_are_refused(password, problem):
    with pytest.raises(Invalid) as refused:
        passwords.check(password)
    assert problem in str(refused.value.fields["password"][0])


@pytest.mark.parametrize("password", ["amelia.clarke2024", "AmeliaClarke!", "clarke-amelia-1", "a.clarke@example.org"])
def test_ones_own_name_makes_no_password(password):
    personal = ("aclarke", "a.clarke@example.org", "Amelia", "Clarke")
    with pytest.raises(Invalid):
        passwords.check(password, personal=personal)
    assert passwords.check(f"{password} likes purple walruses", personal=personal)


def test_no_kind_of_character_is_demanded():
    assert passwords.check("onlysmallletterswithoutanything")


def test_the_same_password_matches_however_it_is_composed():
    composed, decomposed = "crème brûlée à volonté", unicodedata.normalize("NFD", "crème brûlée à volonté")
    assert composed != decomposed
    hashed = passwords.hash_password(passwords.check(decomposed))
    assert passwords.verify(hashed, composed)
    assert passwords.verify(hashed, decomposed)
    assert not passwords.verify(hashed, "creme brulee a volonte")


def test_the_hash_costs_what_the_rule_says(monkeypatch):
    monkeypatch.setattr(passwords, "METHOD", REAL_METHOD)
    assert passwords.hash_password(GOOD).startswith("scrypt:32768:8:3$")
    monkeypatch.undo()
    assert passwords.FAKE_HASH.split("$")[0] == generate_password_hash("x", passwords.METHOD).split("$")[0]


def test_there_is_no_password_for_no_hash():
    assert not passwords.verify(None, "")
    assert not passwords.verify("", GOOD)
    assert not passwords.verify(None, GOOD)


def test_what_cannot_be_a_password_is_compared_all_the_same(monkeypatch):
    compared = []
    monkeypatch.setattr(passwords, "check_password_hash", lambda hashed, given: compared.append(len(given)) or True)
    assert not passwords.verify(passwords.FAKE_HASH, "x" * 5_000_000)
    assert compared == [passwords.LONGEST + 1], "a huge password costs no more than a long one"
    passwords.verify(passwords.FAKE_HASH, "\ud800\0")
    assert len(compared) == 2


def test_no_password_takes_long():
    """Signs that stand for many letters each cost the estimate most; unbounded, this one takes it seconds."""
    before = time.process_time()
    passwords.check("4@8(6<9$31!|0$5+7%2" * 6)
    assert time.process_time() - before < 1.5
