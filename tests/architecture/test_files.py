"""Sizes of files, and what templates, style sheets and scripts may refer to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
LONGEST = 300
# Longer ones, each with its reason. Empty is the aim.
LONGER: dict[str, str] = {}
ADDRESS = re.compile(r"""(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}""", re.IGNORECASE)
HARMLESS = ("http://www.w3.org/",)  # names of XML languages, which nothing fetches
TEXT = re.compile(r">\s*([A-Z][a-z]+(?: [a-z]+)+)[.!?]?\s*<")  # an English phrase between two tags


def screens(*endings: str) -> list[Path]:
    places = [APP / folder for folder in ("templates", "static")]
    files = [path for place in places for ending in endings for path in place.rglob(f"*.{ending}")]
    return sorted(path for path in files if "vendor" not in path.parts)


def test_no_source_is_longer_than_one_sits_through():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in APP.rglob("*.py")}
    too_long = {name: lines for name, lines in lengths.items() if lines > LONGEST and name not in LONGER}
    assert too_long == {}, "make it a package"
    assert [name for name in LONGER if lengths.get(name, 0) <= LONGEST] == [], "needs no exception any more"


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|<!--.*?-->|\{#.*?#\}", "", text, flags=re.DOTALL)


def named(path: Path) -> str:
    return str(path.relative_to(APP))


@pytest.mark.parametrize("path", screens("html", "css", "js", "svg"), ids=named)
def test_nothing_is_loaded_from_elsewhere(path: Path):
    text = without_comments(path.read_text())
    for harmless in HARMLESS:
        text = text.replace(harmless, "")
    assert ADDRESS.findall(text) == []


@pytest.mark.parametrize("path", screens("html"), ids=named)
def test_templates_hold_no_script_and_no_untranslated_phrase(path: Path):
    text = without_comments(path.read_text())
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text)
    inline = [each for each in scripts if "application/json" not in each and "nonce=" not in each]
    assert inline == [], "an inline script is refused by the policy"
    assert not re.search(r"\son[a-z]+=", re.sub(r"\{\{.*?\}\}", "", text)), "so is an inline handler"
    assert not re.search(r"\|\s*safe\b", text), "escaping is never switched off"
    assert TEXT.findall(re.sub(r"\{[{%].*?[%}]\}", "", text, flags=re.DOTALL)) == []


@pytest.mark.parametrize("path", sorted((APP / "views").rglob("*.py")), ids=named)
def test_views_do_not_answer_in_untranslated_words(path: Path):
    calls = re.findall(r"(?:flash|NotAllowed|Invalid|Conflict|WrongState)\(([^)]{0,40})", path.read_text())
    assert [call for call in calls if re.match(r"""f?["']""", call)] == []


@pytest.mark.parametrize("path", sorted((APP / "services").rglob("*.py")), ids=named)
def test_services_do_not_refuse_in_untranslated_words(path: Path):
    calls = re.findall(r"raise (?:NotAllowed|Invalid|Conflict|WrongState)\(([^)]{0,40})", path.read_text())
    assert [call for call in calls if re.match(r"""f?["']""", call)] == []


def test_the_project_does_not_say_where_it_was_made():
    secret = re.compile(r"/wor" + r"k/|/hom" + r"e/[a-z]+/|/roo" + r"t/")
    kinds = {".py", ".md", ".html", ".js", ".css", ".toml", ".txt", ".sh"}
    folders = [ROOT / name for name in ("app", "migrations", "tests", "docs", "bench")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in kinds]
    told = [
        str(path) for path in files if "vendor" not in path.parts and secret.search(path.read_text(errors="replace"))
    ]
    assert told == []
