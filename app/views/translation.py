"""Texts in the reader's language. A page has hundreds, so what is the same for all of them is found once: the catalogue
per request, and a text of a template, as HTML, per language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from flask import Flask, g
from flask_babel import Domain, get_locale
from markupsafe import Markup

REMEMBERED = 8192  # texts, in all languages
# Latin words with something else at an end, which a sentence from right to left would take to their other end: "3 months".
# Not an address, which is copied with what surrounds it.
_TURNED: Final = re.compile(r"(?!.*://)(?=.*[A-Za-z])([^A-Za-z].*|.*[^A-Za-z])", re.DOTALL)
_ISOLATED: Final = "\u2068{}\u2069"  # by its own direction, and as one


def init_app(app: Flask) -> None:
    """Teach Flask-Babel, which is set up, and the templates."""
    babel = app.extensions["babel"]
    domain = babel.instance.domain_instance = ReadersDomain(domain=babel.default_domain)

    def gettext(message: str, **variables: Any) -> Markup:
        text = _text(domain.get_translations(), message)
        return text % isolated(variables) if "%" in text else text

    def ngettext(singular: str, plural: str, num: int, **variables: Any) -> Markup:
        return Markup(domain.get_translations().ungettext(singular, plural, num)) % ({"num": num} | isolated(variables))  # noqa: S704

    # Jinja's own go through four functions for each text. Templates are HTML here, all of them.
    app.jinja_env.globals |= {"_": gettext, "gettext": gettext, "ngettext": ngettext}


@lru_cache(REMEMBERED)
def _text(catalogue: Any, message: str) -> Markup:
    return Markup(catalogue.ugettext(message))  # noqa: S704 - texts of ours may hold markup, as with Jinja's


def isolated(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a sentence, so that they stay as they are where it is read from right to left."""
    locale = get_locale()
    if locale is None or locale.text_direction == "ltr":
        return dict(variables)
    return {
        name: _ISOLATED.format(value) if type(value) is str and _TURNED.fullmatch(value) else value
        for name, value in variables.items()
    }


class ReadersDomain(Domain):
    """Finds the catalogue once per request: Flask-Babel does it anew for every text."""

    def gettext(self, string: str, **variables: Any) -> Any:
        return super().gettext(string, **isolated(variables))

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> Any:
        return super().ngettext(singular, plural, num, **isolated(variables))

    def get_translations(self) -> Any:
        context = g.get("_flask_babel")
        known = getattr(context, "babel_translations", None)  # what `force_locale` clears
        if known is None:
            known = super().get_translations()
            if context is not None:
                context.babel_translations = known
        return known
