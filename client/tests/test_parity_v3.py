"""No call of v3, and none of Carwire's own, is missing: the table, the server's routes and the calls agree."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from client.tests.conftest import Place, request_of
from client.tests.test_parity import AWAITED, check_types, found

from carwire_client import Secret
from carwire_client.calls.ga.tokens import application_token
from carwire_client.settings import Application, OwnedReach, Surface

TABLE: Final[dict[str, dict[str, list[str]]]] = tomllib.loads(
    (Path(__file__).parent / "parity_v3.toml").read_text("utf-8")
)
ROWS: Final = {call: names for section in TABLE.values() for call, names in section.items()}
NAMES: Final = [(call, name) for call, names in ROWS.items() for name in names]
FACES: Final = ("V3Client", "V3Vehicle", "V1Client")
REFS: Final[dict[str, Any]] = {
    "V3Client": Surface(token="tok"),
    "V3Vehicle": OwnedReach(id="car", user_id="me", token="tok"),
    "V1Client": Application(client_id="app", client_secret=Secret("s")),
}
GIVEN: Final[dict[str, Any]] = {
    "latitude": 1,
    "longitude": 2,
    "start_time": "22:00",
    "stop_time": "06:00",
    "days": {"monday": ("22:00", "06:00")},
    "weekdays": ("22:00", "06:00"),
    "weekends": ("10:00", "14:00"),
    "percent": 80,
    "seconds": 1,
    "speed": 1,
    "vins": ["x"],
}
MORE: Final[dict[str, dict[str, Any]]] = {
    "V1Client.why": {"signal": "a"},
    "V1Client.replay_webhook": {"delivery_id": "d"},
}


def test_every_route_of_the_server_has_a_row_and_no_other(place: Place) -> None:
    served = {
        f"{route.method} {route.path}"
        for route in place.owned.carwire.routes
        if route.path == "/oauth2/token"
        or (route.path.startswith(("/v3/", "/v1/")) and route.tag not in {"lookup", "inside"})
    }
    assert served == set(ROWS)
    assert set(TABLE) == {"own", "section-3", *(f"section-{number}" for number in range(5, 12))}


@pytest.mark.parametrize(("row", "name"), NAMES)
def test_what_a_row_names_is_there_for_both_clients_documented_and_typed(row: str, name: str) -> None:
    owner, _, member = name.partition(".")
    for each in {owner, AWAITED.get(owner, owner)}:
        thing = found(f"{each}.{member}")
        assert thing.__doc__
        check_types(thing)


@pytest.mark.parametrize(("row", "name"), [(row, name) for row, name in NAMES if not name.endswith("Session.token")])
def test_what_a_row_names_makes_the_call_of_the_row(row: str, name: str) -> None:
    owner = name.partition(".")[0]
    build = found(name).__wrapped__
    needed = [p.name for p in list(inspect.signature(build).parameters.values())[1:] if p.default is p.empty]
    given = {each: GIVEN.get(each, "x") for each in needed}
    method, url, _, _ = request_of(build(REFS[owner], **given, **MORE.get(name, {})))
    path = url.removeprefix("https://cars.test").partition("?")[0]
    template = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(row.partition(" ")[2]))
    assert method == row.partition(" ")[0]
    assert re.fullmatch(template, path), path


def test_the_token_of_the_table_is_asked_for_there() -> None:
    known = Application(v3_client_id="i", v3_client_secret=Secret("s"))
    method, url, _, _ = request_of(application_token(known))
    assert f"{method} {url.removeprefix('https://cars.test')}" in ROWS


@pytest.mark.parametrize("face", FACES)
def test_nothing_is_public_that_the_table_does_not_name(face: str) -> None:
    methods = {name for name, thing in vars(found(face)).items() if hasattr(thing, "__wrapped__")}
    assert methods == {name.partition(".")[2] for _, name in NAMES if name.startswith(f"{face}.")}
