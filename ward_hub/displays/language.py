"""Which language a page is in, and its texts.

The order of choice: the person's own setting, the cookie of this browser, what the browser asks
for, Vietnamese. Translations are compiled from the `.po` files when the hub starts, so there is no
compiled copy that could be older than its source.
"""

from __future__ import annotations

import io
from gettext import NullTranslations
from pathlib import Path
from typing import Final

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES: Final = ("vi", "fr", "en")
DEFAULT: Final = "vi"
COOKIE: Final = "ward_language"
LOCALE: Final = Path(__file__).parents[1] / "locale"

_LONGEST_HEADER: Final = 200


class Languages:
    """The translations of the pages."""

    def __init__(self, locale: Path = LOCALE) -> None:
        self._texts = {language: _compiled(locale, language) for language in LANGUAGES}

    def texts(self, language: str) -> NullTranslations:
        """The translations of one of `LANGUAGES`."""
        return self._texts[language]


def _compiled(locale: Path, language: str) -> NullTranslations:
    source = locale / language / "LC_MESSAGES" / "messages.po"
    if not source.exists():
        return NullTranslations()
    with source.open("rb") as text:
        catalog = read_po(text, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def choose(own: str | None, cookie: str | None, accept: str | None) -> str:
    """One of `LANGUAGES`, by the order of choice above."""
    for wanted in (own, cookie):
        if wanted in LANGUAGES:
            return wanted
    found = negotiate_locale(_accepted(accept or ""), list(LANGUAGES), sep="-")
    return found or DEFAULT


def _accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header, best first; what is malformed is left out."""
    ranked: list[tuple[float, str]] = []
    for part in header[:_LONGEST_HEADER].split(","):
        tag, _, parameter = part.strip().partition(";")
        quality = _quality(parameter.strip())
        if tag and quality > 0:
            ranked.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(ranked, key=lambda each: each[0])]


def _quality(parameter: str) -> float:
    if not parameter:
        return 1.0
    name, _, number = parameter.partition("=")
    try:
        return float(number) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
