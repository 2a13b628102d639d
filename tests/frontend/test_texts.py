"""Words: every text is translated, and no script has a word of its own."""

from __future__ import annotations

import configparser
import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from ward_hub.displays.strings import page_strings

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "dashboards" / "static" / "js").glob("*.js"))
TEMPLATES = sorted((ROOT / "dashboards" / "templates").glob("*.html"))
KEYS = page_strings(lambda text: text)
FIELD = re.compile(r"\{(\w+)\}")


def catalogue(language: str) -> dict[str, str]:
    """msgid to text."""
    path = ROOT / "ward_hub" / "locale" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as source:
        entries = read_po(source, locale=language)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}


def extracted() -> set[str]:
    """Every msgid that templates and the screens' Python use, found as Babel finds it."""
    mapping = configparser.ConfigParser()
    mapping.read(ROOT / "babel.cfg")
    methods = [tuple(section.split(": ")) for section in mapping.sections()]
    options = {pattern: dict(mapping[f"{how}: {pattern}"]) for how, pattern in methods}
    found: set[str] = set()
    for folder in ("dashboards/templates", "ward_hub/displays"):
        below = [(pattern.removeprefix(f"{folder}/"), how) for how, pattern in methods]
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, below, options):
            found |= {message} if isinstance(message, str) else set(message)
    return found


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
def test_every_text_is_in_the_catalogue_and_translated(language: str) -> None:
    words = catalogue(language)
    used = extracted()
    assert len(used) > 140
    assert used - set(words) == set()
    assert [msgid for msgid, text in words.items() if not text.strip()] == []
    assert set(words) - used == set()


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
def test_translations_keep_the_fields(language: str) -> None:
    wrong = [
        msgid
        for msgid, text in catalogue(language).items()
        if sorted(FIELD.findall(msgid)) != sorted(FIELD.findall(text))
    ]
    assert wrong == []


def test_vietnamese_is_not_english() -> None:
    same = {msgid for msgid, text in catalogue("vi").items() if msgid == text}
    assert same == {
        "HR", "PI", "PR", "RR", "ST II", "SpO₂", "FiO₂", "etCO₂", "T°", "T° 2", "Ward hub"
    }  # fmt: skip


def string_literals(script: str) -> list[str]:
    """The literals of a script, comments left out; a template literal's holes become `|`."""
    found: list[str] = []
    _scan(script, 0, "", found)
    return [each for each in found if each]


def _scan(script: str, at: int, until: str, found: list[str]) -> int:
    """Collect literals from `at` to the character `until`; returns the place after it."""
    depth = 0
    while at < len(script):
        here = script[at]
        if here == until and depth == 0:
            return at + 1
        depth += {"{": 1, "}": -1}.get(here, 0)
        comment = re.compile(r"//[^\n]*|/\*.*?\*/|/(?![/* ])(?:[^/\\\n]|\\.)+/[gis]*\b", re.DOTALL)
        skipped = comment.match(script, at)
        if skipped:
            at = skipped.end()
        elif here in "\"'`":
            at = _literal(script, at, found)
        else:
            at += 1
    return at


def _literal(script: str, at: int, found: list[str]) -> int:
    quote, text, at = script[at], "", at + 1
    while script[at] != quote:
        if quote == "`" and script.startswith("${", at):
            at, text = _scan(script, at + 2, "}", found), text + "|"
        else:
            text, at = text + script[at], at + 1 + (script[at] == "\\")
    found.append(text)
    return at + 1


TECHNICAL = re.compile(
    r"""[a-z0-9_.:/?=&|#@\[\]()<>*+~ -]*          # names, selectors, addresses, classes
      | [A-Z][A-Za-z]*-[A-Za-z-]+                 # header names
      | Arrow(?:Left|Right|Up|Down) | Escape | POST | en-GB | userSpaceOnUse | viewBox
      | patternUnits | patternTransform
      | [ML|hVZ ,0-9-]* | [.·–?≥≤<>!/() |:%°C+s-]* | mmHg | \{\}
      | (?:.*\|)?\[?(?:data-|svg|/api/|button\[).*
      | http://www\.w3\.org/.*
      | missing\ \| | empty\ template\ \| | no\ canvas""",
    re.VERBOSE,
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_a_word_of_its_own(script: Path) -> None:
    odd = [each for each in string_literals(script.read_text()) if not TECHNICAL.fullmatch(each)]
    assert odd == []


def test_a_word_in_a_script_would_be_found() -> None:
    assert string_literals('say("No alarms"); `a${say("b", {c: `d`})}e`') == [
        "No alarms", "b", "d", "a|e"
    ]  # fmt: skip
    assert not TECHNICAL.fullmatch("No alarms")
    assert not TECHNICAL.fullmatch("Nhận")
    assert not TECHNICAL.fullmatch("Bed | is empty")


def test_every_key_a_script_asks_for_is_there() -> None:
    asked = {
        (script.name, key)
        for script in SCRIPTS
        for key in re.findall(r"\bsay\(\s*\"([^\"]+)\"", script.read_text())
    }
    assert len(asked) > 20
    assert {each for each in asked if each[1] not in KEYS} == set()


def test_every_text_for_scripts_is_used() -> None:
    scripts = "\n".join(script.read_text() for script in SCRIPTS)
    composed = set(re.findall(r"`([a-z]+)\.\$\{", scripts)) | {"beds", "patients"}
    unused = [
        key
        for key in KEYS
        if f'"{key}"' not in scripts and key.split(".", maxsplit=1)[0] not in composed
    ]
    assert unused == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_word_of_its_own(template: Path) -> None:
    text = template.read_text()
    text = re.sub(r"\{% block body_attributes %\}.*?\{% endblock %\}", "", text)
    text = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<(?:svg|kbd).*?</(?:svg|kbd)>", "", text, flags=re.DOTALL
    )
    words = set(re.findall(r"[^\W\d_]{2,}", re.sub(r"<[^>]*>", " ", text)))
    assert words - {"VI", "FR", "EN", "Apache", "mm"} == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_inline_style_script_or_handler(template: Path) -> None:
    text = template.read_text()
    assert re.findall(r"\sstyle=|\son[a-z]+=|<style|javascript:", text) == []
    scripts = re.findall(r"<script[^>]*>", text)
    assert [each for each in scripts if "src=" not in each and "application/json" not in each] == []
    assert "| safe" not in text
    assert "|safe" not in text


def test_catalogues_are_in_a_stable_order() -> None:
    for language in ("vi", "fr", "en"):
        path = ROOT / "ward_hub" / "locale" / language / "LC_MESSAGES" / "messages.po"
        order = [str(entry.id) for entry in read_po(io.BytesIO(path.read_bytes())) if entry.id]
        assert order == sorted(order)
