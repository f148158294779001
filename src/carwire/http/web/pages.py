"""Handlers that answer with a page."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from carwire import __version__
from carwire.http.call import Answer, Call, PathUnknown
from carwire.http.web.errors import error_rows

_CODE: Final = re.compile(r"`{1,2}([^`]+)`{1,2}")
HTML: Final = b"text/html; charset=utf-8"
_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none';"
        b" frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class PageHandlers:
    """Pages over the API document, which is written when somebody first looks at it, and the table of errors."""

    def __init__(
        self, document: Callable[[], dict[str, Any]], base_url: str, data: str, makes: int, *, demo: bool = False
    ) -> None:
        self._write = document
        self._demo = demo
        self._facts = {"data": data, "makes": makes, "version": __version__, "base_url": base_url}
        self._templates = Environment(
            loader=PackageLoader("carwire.http.web", "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["marked"] = _marked

    @functools.cached_property
    def _document(self) -> dict[str, Any]:
        return self._write()

    @functools.cached_property
    def _json(self) -> bytes:
        return msgspec.json.encode(self._document)

    async def openapi(self, _call: Call) -> Answer:
        """Return the OpenAPI 3.1 document."""
        return Answer(self._json)

    async def start(self, _call: Call) -> Answer:
        """Show what this server is and where to go."""
        return self._page("start.html", demo=self._demo)

    async def reference(self, _call: Call) -> Answer:
        """Show the API document as a page."""
        schemas = self._document["components"]["schemas"]
        return self._page(
            "reference.html", operations=_operations(self._document), schemas=schemas, tags=self._document["tags"]
        )

    async def errors(self, _call: Call) -> Answer:
        """Show every error: its group, type, its code in either version, status and what to do."""
        return self._page("errors.html", groups=error_rows())

    async def errors_of_group(self, call: Call) -> Answer:
        """Show the errors of one group, each under its codes: the page that `docURL` and `links.about` name."""
        group = call.parameters["group"].removesuffix("-errors")
        rows = error_rows().get(group)
        if rows is None or call.parameters["group"] == group:
            raise PathUnknown
        return self._page("errors.html", groups={group: rows})

    def _page(self, template: str, **values: object) -> Answer:
        text = self._templates.get_template(template).render(**self._facts, **values)
        return Answer(text.encode(), content_type=HTML, headers=_HEADERS)


def _marked(text: str) -> Markup:
    """Show what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped just before


def _operations(document: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
