"""The languages of Connect: messages, one TOML file each, and what a locale knows: countries, numbers, plurals, lists.

A message is a text with placeholders in braces, or a table of texts by plural form. Nothing is built from pieces of
sentences. Country names, number formats and plural rules come from Unicode's CLDR by way of Babel.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from carwire.core._iso3166 import COUNTRIES

LANGUAGES: Final = (
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("nl", "Nederlands"),
    ("it", "Italiano"),
)
DEFAULT: Final = "en"
Message = str | dict[str, str]  # one text, or one for each plural form
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class Translation:
    """Messages in one language. Called with a key and values it gives safe HTML: text and values are escaped, unless
    a value is `Markup` already.
    """

    def __init__(self, language: str, messages: Mapping[str, Message]) -> None:
        self.language = language
        self._messages = messages
        self._locale = Locale.parse(language)

    def __call__(self, key: str, /, **values: object) -> Markup:
        """Return a message. Numbers are written as the language does; ``count`` chooses the plural form.

        Raises `KeyError` for an unknown key and for a placeholder without a value.
        """
        message = self._messages[key]
        if not isinstance(message, str):
            count: Any = values["count"]
            message = message.get(self._locale.plural_form(count), message["other"])
        return self._filled(message, values)

    def forms(self, key: str) -> dict[str, str]:
        """Return the texts of a message that a script fills in: by plural form, with their placeholders."""
        message = self._messages[key]
        return {"other": message} if isinstance(message, str) else dict(message)

    def country(self, code: str) -> str:
        """Return the name of a country, its code when there is none."""
        return self._locale.territories.get(code) or COUNTRIES.get(code, code)

    def listed(self, items: Sequence[str]) -> str:
        """Join items as the language lists them: *a, b and c*."""
        return format_list(items, "standard", locale=self._locale)

    def _filled(self, text: str, values: Mapping[str, object]) -> Markup:
        written = str(escape(text))
        return Markup(_PLACEHOLDER.sub(lambda found: str(escape(self._written(values[found[1]]))), written))  # noqa: S704  # escaped piece by piece

    def _written(self, value: object) -> object:
        if isinstance(value, int | float):
            return format_decimal(value, locale=self._locale)
        return value


@cache
def messages(language: str) -> Mapping[str, Message]:
    """Return all messages of one of our languages by key: ``preamble.heading``."""
    table = tomllib.loads((files(__package__) / f"{language}.toml").read_text("utf-8"))
    return {f"{group}.{name}": text for group, texts in table.items() for name, text in texts.items()}


@cache
def translation(language: str) -> Translation:
    """Return one of our languages."""
    return Translation(language, messages(language))


def choose_language(wanted: Sequence[str]) -> str:
    """Return the first of our languages among BCP 47 tags in order of preference, English when there is none.

    >>> choose_language(["pt-BR", "de-AT", "en"]), choose_language(["ja", "*"])
    ('de', 'en')
    """
    ours = dict(LANGUAGES)
    for tag in wanted:
        primary = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
        if primary in ours:
            return primary
    return DEFAULT


@cache
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """Return code and name of every country of ISO 3166-1, in the order of the alphabet, accents aside."""
    names = ((code, translation(language).country(code)) for code in COUNTRIES)
    return tuple(sorted(names, key=lambda country: folded(country[1])))


def folded(text: str) -> str:
    """Return a text without accents and case, for sorting and searching.

    >>> folded("Škoda"), folded("Österreich")
    ('skoda', 'osterreich')
    """
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)).casefold()
