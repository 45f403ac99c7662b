"""The translations: complete, correct, compiled, and shown to whoever asked for the language."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Callable, Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, ngettext
from flask_babel import gettext as flask_gettext
from sqlalchemy import select

from app.models.imports import Import
from app.services import errors

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
LANGUAGES = sorted(path.name for path in (APP / "translations").iterdir() if path.is_dir())
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")
EXACT = 3  # the Arabic forms of none, one and two say the number in words


def folder(language: str) -> Path:
    return APP / "translations" / language / "LC_MESSAGES"


def read(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def texts(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """All texts of the code, as `make translations` finds them."""
    path = tmp_path_factory.mktemp("translations") / "messages.pot"
    keywords = ["-k", "_l", "-k", "_", "-k", "ngettext:1,2"]
    command = ["pybabel", "-q", "extract", "-F", str(ROOT / "pyproject.toml"), *keywords, "-o", str(path), str(APP)]
    CommandLineInterface().run(command)
    return read(path)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def translated(language: str) -> Catalog:
    return read(folder(language) / "messages.po", language)


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def test_arabic_is_there() -> None:
    assert "ar" in LANGUAGES


def test_no_text_of_the_code_is_missing(extracted: Catalog, translated: Catalog) -> None:
    known = {tuple(texts(message.id)) for message in messages(translated)}
    wanted = {tuple(texts(message.id)) for message in messages(extracted)}
    assert len(wanted) > 500
    missing = sorted(each[0] for each in wanted - known)
    assert not missing, "run `make translations` and translate:\n" + "\n".join(missing)


def test_nothing_is_empty_or_fuzzy(translated: Catalog) -> None:
    unfinished = [message.id for message in messages(translated) if message.fuzzy or not all(texts(message.string))]
    assert not unfinished, unfinished


def test_plurals_have_all_forms(translated: Catalog) -> None:
    wrong = [
        message.id
        for message in messages(translated)
        if message.pluralizable and len(texts(message.string)) != translated.num_plurals
    ]
    assert not wrong, wrong


def test_placeholders_are_the_same_on_both_sides(translated: Catalog) -> None:
    wrong = []
    for message in messages(translated):
        wanted = sorted(PLACEHOLDER.findall(texts(message.id)[-1]))
        for form, text in enumerate(texts(message.string)):
            in_words = message.pluralizable and form < EXACT
            found = sorted(PLACEHOLDER.findall(text))
            if found != wanted and not (in_words and set(found) <= set(wanted)):
                wrong.append((message.id, text))
    assert not wrong, wrong


def test_the_compiled_file_is_up_to_date(language: str, translated: Catalog) -> None:
    with (folder(language) / "messages.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    wanted: dict[str | tuple[str, int], str] = {}
    for message in messages(translated):
        if message.pluralizable:
            wanted |= {(message.id[0], form): text for form, text in enumerate(message.string)}
        else:
            wanted[message.id] = str(message.string)
    del compiled[""]
    assert compiled == wanted, "run `make translations`"


def test_no_text_is_translated_while_a_module_is_imported() -> None:
    """Such a text would have the language of whoever came first; `lazy_gettext` waits."""
    early = []
    for path in APP.rglob("*.py"):
        waiting: list[ast.AST] = [ast.parse(path.read_text())]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "gettext", "ngettext"}:
                early.append(f"{path.relative_to(ROOT)}:{node.lineno}")
            waiting += ast.iter_child_nodes(node)
    assert not early, early


@pytest.mark.parametrize("accepted", ["ar", "ar-EG,ar;q=0.9,en;q=0.8", "sv, ar;q=0.5"])
def test_the_login_page_is_arabic_for_an_arabic_browser(app: Flask, accepted: str) -> None:
    page = app.test_client().get("/login/", headers={"Accept-Language": accepted}).text
    assert '<html lang="ar" dir="rtl"' in page
    assert "تسجيل الدخول" in page
    assert "كلمة المرور" in page
    assert "Sign in" not in page


@pytest.mark.parametrize("accepted", ["en-GB, ar;q=0.5", "sv", ""])
def test_the_login_page_is_english_for_others(app: Flask, accepted: str) -> None:
    page = app.test_client().get("/login/", headers={"Accept-Language": accepted}).text
    assert '<html lang="en" dir="ltr"' in page
    assert "Sign in" in page


def test_two_readers_of_one_process_each_have_their_language(app: Flask) -> None:
    for code, words in [("ar", "تسجيل الدخول"), ("en", "Sign in"), ("ar", "تسجيل الدخول")]:
        assert words in app.test_client().get("/login/", headers={"Accept-Language": code}).text


def test_a_refusal_follows_its_reader(app: Flask) -> None:
    refusal = errors.NotFound()
    with app.app_context():
        with force_locale("ar"):
            assert str(refusal) == "لا يوجد سجل كهذا، أو لا يحق لك الاطلاع عليه."
        with force_locale("en"):
            assert str(refusal) == "There is no such record, or you may not see it."


@pytest.mark.parametrize(("code", "words"), [("ar", "هذا الحقل مطلوب."), ("en", "This field is required.")])
def test_errors_at_fields_follow_the_reader(client_of: Callable[[str], FlaskClient], code: str, words: str) -> None:
    page = client_of("staff").post("/leads/new", data={"first_name": ""}, headers={"Accept-Language": code})
    assert page.status_code == 422
    assert words in page.text


def test_the_chosen_language_comes_before_that_of_the_browser(client_of: Callable[[str], FlaskClient]) -> None:
    client = client_of("staff")
    client.post("/settings/look", data={"locale": "ar"})
    assert '<html lang="ar" dir="rtl"' in client.get("/settings/", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "هناك مشكلة واحدة يجب إصلاحها"),
        (2, "هناك مشكلتان يجب إصلاحهما"),
        (3, "هناك 3 مشكلات يجب إصلاحها"),
        (11, "هناك 11 مشكلة يجب إصلاحها"),
        (103, "هناك 103 مشكلات يجب إصلاحها"),
    ],
)
def test_arabic_plurals(app: Flask, number: int, words: str) -> None:
    with app.app_context(), force_locale("ar"):
        assert ngettext("There is %(num)s problem to mend", "There are %(num)s problems to mend", number) == words


def test_the_faults_of_an_import_are_in_the_language_of_whoever_uploads(
    client_of: Callable[[str], FlaskClient], db_session: Any
) -> None:
    file = (BytesIO(b"first_name\n"), "leads.csv")
    answer = client_of("staff").post("/lead-imports/new", data={"file": file}, headers={"Accept-Language": "ar"})
    assert answer.status_code == 302
    assert db_session.scalars(select(Import.options["locale"].astext)).all() == ["ar"]


def test_days_and_clock_follow_the_reader(client_of: Callable[[str], FlaskClient]) -> None:
    client = client_of("staff")
    address = "/leads/?f=created_at:between:2026-03-01..2026-03-31"
    assert "Mar 31, 2026" in client.get(address, headers={"Accept-Language": "en"}).text
    page = client.get(address, headers={"Accept-Language": "ar"}).text
    assert format_date(date(2026, 3, 31), "medium", "ar") in page
    assert "Mar 31" not in page
    client.post("/settings/", data={"locale": "ar", "time_format": "12h"})
    sessions = client.get("/settings/sessions").text
    assert re.search(r"\d\d:\d\d [صم]<", sessions)
    assert not re.search(r"\d\d:\d\d [AP]M", sessions)


@pytest.mark.parametrize(
    ("value", "isolated"),
    [
        ("3 months", True),
        ("Room (2)", True),
        ("Ada Byron", False),
        ("https://x.example/2", False),
        ("٣ أشهر", False),
        ("42", False),
        (42, False),
    ],
)
def test_a_value_that_a_sentence_from_right_to_left_would_turn_around_is_isolated(
    app: Flask, value: Any, isolated: bool
) -> None:
    """By gettext, by ngettext and in templates; a sentence from left to right is left as it is."""
    shown = f"\u2068{value}\u2069" if isolated else str(value)
    template = app.jinja_env.from_string(
        "{{ _('%(value)s', value=value) }}{{ ngettext('%(value)s', '%(value)s', 2, value=value) }}"
    )
    with app.test_request_context():
        with force_locale("ar"):
            assert flask_gettext("%(value)s", value=value) == shown
            assert ngettext("%(value)s", "%(value)s", 2, value=value) == shown
            assert template.render(value=value) == shown * 2
        with force_locale("en"):
            assert flask_gettext("%(value)s", value=value) == str(value)
