"""What the pages show runs: each page from top to bottom, against a Carwire in this process."""

from __future__ import annotations

import builtins
import functools
import inspect
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
import smartcar
from client.tests.test_plugin import WITH_PLUGIN

import carwire_client
from carwire_client import Pkce, Secret
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.smartcar import asking
from carwire_client.testing import CarwireServer, open_server

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "docs/guides/sdk.md"
README = ROOT / "client/README.md"
TESTS = ROOT / "docs/guides/sdk/testing.md"
PAGES = [FIRST, README, *sorted((ROOT / "docs/guides/sdk").glob("*.md"))]
MOVING = ROOT / "docs/guides/sdk/moving.md"


def snippets(page: Path) -> list[tuple[int, str]]:
    """Return the Python of a page, each piece with the line it begins at."""
    text = page.read_text("utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text[: each.start(1)].count("\n"), each[1]) for each in found]


class Reader:
    """Somebody at a terminal who does what the page says: opens what is printed, and types the code that comes back."""

    def __init__(self, server: CarwireServer) -> None:
        self.server = server
        self.printed: list[str] = []
        self.names: dict[str, Any] = {"print": self.print, "input": self.input, "user_id": "owner"}

    def print(self, *values: object) -> None:
        """Remember what is printed."""
        self.printed.append(" ".join(map(str, values)))

    def input(self, prompt: str) -> str:
        """Let an owner approve what the last address that was printed asks for, and return the code."""
        assert prompt == "code: "
        address = next(text for text in reversed(self.printed) if "/oauth/authorize?" in text)
        query = parse_qs(urlsplit(address).query)
        assert (query["client_id"], query["redirect_uri"]) == ([self.server.client_id], [self.server.redirect_uri])
        scope = [each.removeprefix("required:") for each in query["scope"][0].split()]
        challenge = query.get("code_challenge")
        pkce = Pkce(Secret(""), challenge[0]) if challenge else None
        return self.server.new_code("tesla-3", permissions=scope, pkce=pkce).reveal()

    def run(self, page: Path) -> None:
        """Run a page's snippets, one after the other."""
        for line, text in snippets(page):
            exec(compile("\n" * line + text, str(page), "exec"), self.names)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A reader in the folder in which `make run` was called; every client reaches the server in this process."""
    with open_server(tmp_path / "server") as server:
        for driver in (Driver, AsyncDriver):
            monkeypatch.setattr(driver, "__init__", _reaching(server, driver.__init__))
        demo = {
            "client_id": server.client_id,
            "client_secret": server.client_secret.reveal(),
            "application_management_token": server.management_token.reveal(),
            "v3_client_id": server.v3.client_id,
            "v3_client_secret": server.v3.client_secret.reveal(),
        }
        (tmp_path / "carwire-data").mkdir()
        (tmp_path / "carwire-data/demo.json").write_text(json.dumps(demo))
        monkeypatch.chdir(tmp_path)
        with patch.dict(os.environ):
            yield Reader(server)
    asking.close()  # what the stand-in has opened


def _reaching(server: CarwireServer, make: Any) -> Any:
    @functools.wraps(make)
    def made(self: Any, origin: str | None = None, **options: Any) -> None:
        if options.get("client_id") == "…":
            options |= {"client_id": server.client_id, "client_secret": server.client_secret}
        if options.get("v3_client_id") == "…":
            options |= {"v3_client_id": server.v3.client_id, "v3_client_secret": server.v3.client_secret}
        make(self, origin, **{"transport": server.transport, **options})

    return made


@pytest.mark.parametrize("page", [page for page in PAGES if page != TESTS], ids=lambda page: page.name)
def test_a_page_runs_from_top_to_bottom(page: Path, reader: Reader) -> None:
    if page not in {FIRST, README}:
        reader.run(FIRST)
    before = len(reader.printed)
    reader.run(page)
    assert len(reader.printed) > before
    if "client" in reader.names:
        reader.names["client"].close()


def test_the_page_about_tests_is_a_file_of_tests(pytester: pytest.Pytester) -> None:
    text = "\n".join(text for _, text in snippets(TESTS))
    pytester.makepyfile(text)
    result = pytester.runpytest(*WITH_PLUGIN)
    result.assert_outcomes(passed=text.count("\ndef test_"))


def test_every_page_shows_something() -> None:
    assert [page.name for page in PAGES if not snippets(page)] == []
    assert all(callable(getattr(builtins, name)) for name in ("print", "input"))


def test_what_is_shown_is_what_the_page_says(reader: Reader) -> None:
    reader.run(FIRST)
    assert reader.printed[-2].startswith("TESLA Model 3")
    reader.run(ROOT / "docs/guides/sdk/commands.md")
    assert "True" in reader.printed
    assert any(text.startswith("nothing changed: ") for text in reader.printed)
    reader.run(ROOT / "docs/guides/sdk/errors.md")
    assert "the owner has not allowed it, or has cut the connection" in reader.printed
    reader.run(MOVING)
    assert "True" in reader.printed[-5:]
    assert [text[:11] for text in reader.printed[-4:-2]] == ["before: 403", "now: 403 RE"]


def test_the_page_about_moving_has_every_call_of_the_official_package() -> None:
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|$", MOVING.read_text("utf-8"), re.MULTILINE)
    old, new = (called(" ".join(cells)) for cells in zip(*rows, strict=True))
    functions = {name for name, value in vars(smartcar).items() if inspect.isfunction(value) or inspect.isclass(value)}
    assert functions <= old["smartcar"] <= set(carwire_client.smartcar.__all__)
    assert methods(smartcar.AuthClient) == old["auth"]
    assert methods(smartcar.Vehicle) - old["vehicle"] <= set(dir(carwire_client.Vehicle))
    for name, kind in (("client", "Client"), ("auth", "AuthClient"), ("vehicle", "Vehicle")):
        assert new[name] <= set(dir(getattr(carwire_client, kind)))
    assert new["carwire_client"] <= set(carwire_client.__all__)


def called(text: str) -> dict[str, set[str]]:
    """Return by name of a thing which of its attributes a text has."""
    names = ("smartcar", "carwire_client", "client", "auth", "vehicle")
    return {name: set(re.findall(rf"\b{name}\.(\w+)", text)) for name in names}


def methods(kind: type) -> set[str]:
    """Return the names of a class's own public methods."""
    return {name for name, value in vars(kind).items() if callable(value) and not name.startswith("_")}
