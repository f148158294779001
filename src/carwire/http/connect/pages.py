"""The pages of Connect as HTML: one template for each struct of `views`, in the owner's language.

Style and script stand in the page and carry the nonce, so that a page is one request and `default-src 'none'` holds
for all the rest. What comes from outside (names, search words, received values) is escaped, isolated from the writing
direction of its surroundings, and cut to a length.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from carwire.core.permissions import CONTROL
from carwire.http.connect import views
from carwire.http.connect.languages import (
    LANGUAGES,
    Translation,
    choose_language,
    countries,
    folded,
    translation,
)

__all__ = [
    "LANGUAGES",
    "REDIRECT_POLICY",
    "ConnectPages",
    "choose_language",
    "content_policy",
    "countries",
    "redirect_page",
    "redirect_script",
]

LONGEST_NAME: Final = 80
LONGEST_VALUE: Final = 300
_TEMPLATES: Final[dict[type, str]] = {
    views.Preamble: "preamble.html",
    views.Brands: "brands.html",
    views.SignIn: "sign_in.html",
    views.ExtraCheck: "check.html",
    views.MakerPermission: "maker_permission.html",
    views.NoVehicles: "no_vehicles.html",
    views.NoSubscription: "no_subscription.html",
    views.Incompatible: "incompatible.html",
    views.Grant: "grant.html",
    views.BatterySize: "battery.html",
    views.CarSteps: "car_steps.html",
    views.Done: "done.html",
    views.Failed: "failed.html",
}


class ConnectPages:
    """Renders pages. `translations` replaces some languages, for tests of the layout."""

    def __init__(self, translations: Mapping[str, Translation] | None = None) -> None:
        self._translations = {code: translation(code) for code, _ in LANGUAGES} | dict(translations or {})
        self._templates = _environment()
        self._assets = {"style": Markup(_STYLE), "script": Markup(_static("connect.js"))}  # noqa: S704  # our own files

    def render(self, page: views.Page, *, nonce: str) -> bytes:
        """Return a page as UTF-8 HTML; its policy is `content_policy` of the same nonce.

        A language that is not ours becomes English.
        """
        frame = page.frame
        template = self._templates.get_template(_TEMPLATES[type(page)])
        text = template.render(
            **self._assets,
            t=self._translations[choose_language([frame.language])],
            page=page,
            frame=frame,
            nonce=nonce,
            application=_isolated(frame.application),
        )
        return text.encode()


def content_policy(nonce: str, form_action: str = "'self'") -> str:
    """Return the Content-Security-Policy of a page: its own style and script, pictures in the page, no frame.

    `form_action` are the sources a form may lead to. Chromium also checks the redirect that answers a form, so
    the origin or scheme of the session's redirect URI has to be among them.
    """
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
        f"base-uri 'none'; form-action {form_action}; frame-ancestors 'none'"
    )


def redirect_page(language: str = "en") -> bytes:
    """Return the hosted redirect page, which hands its query to the window that opened it: `redirect_script` does."""
    template = _environment().get_template("redirect.html")
    return template.render(t=translation(choose_language([language])), style=Markup(_STYLE)).encode()  # noqa: S704  # our own file


def redirect_script() -> bytes:
    """Return the script of the hosted redirect page."""
    return _static("redirect.js").encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("carwire.http.connect", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["isolated"] = _isolated
    environment.filters["host"] = _host
    environment.filters["short"] = _short
    environment.filters["cut"] = lambda text: _short(text, LONGEST_VALUE)
    environment.filters["monogram"] = _monogram
    environment.filters["web"] = _web
    environment.tests["acting"] = _acts
    environment.tests["timed"] = lambda page: not isinstance(page, views.Done | views.Failed)
    environment.tests["sought"] = _sought
    environment.tests["control"] = lambda permission: permission.name in CONTROL
    return environment


def _static(name: str) -> str:
    return (files("carwire.http.connect") / "static" / name).read_text("utf-8")


def _short(text: str, longest: int = LONGEST_NAME) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _isolated(text: str) -> Markup:
    """Show a name of somebody else: it cannot turn the writing direction of the sentence around it."""
    return Markup("<bdi>{}</bdi>").format(_short(text))


def _host(name: str) -> Markup:
    """Show where the owner will be sent: whole and standing out, so that a copied name cannot hide it."""
    return Markup("<strong><bdi>{}</bdi></strong>").format(_short(name, LONGEST_VALUE))


def _acts(page: views.Page) -> bool:
    """Tell whether a page has a form: the last ones only when they lead somewhere."""
    if isinstance(page, views.Failed):
        return page.exit or page.restart or page.frame.back
    return page.frame.back or not isinstance(page, views.Done)


def _monogram(name: str) -> str:
    """Return the letters that stand where a logo would.

    >>> _monogram("Land Rover"), _monogram("Kia"), _monogram("BMW")
    ('LR', 'K', 'B')
    """
    return "".join(word[0] for word in name.replace("-", " ").split()[:2]).upper()


def _sought(brand: views.Brand, words: str) -> bool:
    """Tell whether a search finds a brand. The script of the page does the same."""
    wanted = folded(words.strip())
    return wanted in folded(brand.name) or wanted in folded(brand.make.replace("_", " "))


def _web(link: str | None) -> str | None:
    """Let only links through that a browser opens as a web page."""
    return link if link and link.lower().startswith(("https://", "http://")) else None


_STYLE: Final = _static("connect.css")
_STYLE_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# The hosted page may load what is ours; its style stands in the page and is named by its digest.
REDIRECT_POLICY: Final = (
    f"default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{_STYLE_DIGEST}'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
