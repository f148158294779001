"""Where the server is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from carwire_client import SMARTCAR, AsyncClient, AuthClient, Client, NotConfigured, Origins, Vehicle
from carwire_client.origins import EVERY_ROLE, VARIABLES

A, B = "https://a.test", "https://b.test"


def test_one_origin_is_every_role() -> None:
    found = Origins.at(f"{A}/")
    assert {found.api, found.connect, found.management, found.v3, found.iam, found.management_v3} == {A}
    assert found.token == f"{A}/oauth/token"
    assert Origins.of({EVERY_ROLE: A}) == found


@pytest.mark.parametrize(
    ("value", "token"),
    [(A, f"{A}/oauth/token"), (f"{A}/", f"{A}/oauth/token"), (f"{A}/oauth/token", f"{A}/oauth/token")],
)
def test_the_official_variable_of_the_token_endpoint_is_an_origin_or_all_of_it(value: str, token: str) -> None:
    assert Origins.of({"SMARTCAR_API_ORIGIN": B, "SMARTCAR_AUTH_ORIGIN": value}).token == token


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in VARIABLES.items() for name in names])
def test_every_variable_leads_its_role_and_no_other(role: str, name: str) -> None:
    found = Origins.of({"SMARTCAR_API_ORIGIN": A, name: B})
    changed = {each for each in VARIABLES if B in getattr(found, each)}
    assert changed == ({role} if role != "api" else set(VARIABLES))


def test_carwires_variables_go_before_the_official_ones() -> None:
    official = {name: "https://official.test" for names in VARIABLES.values() for name in names if "SMARTCAR" in name}
    assert Origins.of({**official, EVERY_ROLE: A}) == Origins.at(A)
    assert Origins.of({**official, "CARWIRE_CONNECT_ORIGIN": A}).connect == A
    assert Origins.of({EVERY_ROLE: A, "CARWIRE_CONNECT_ORIGIN": B}).connect == B


def test_nobodys_cloud_is_assumed() -> None:
    for environ in ({}, {EVERY_ROLE: " "}, {"SMARTCAR_CLIENT_ID": "x"}):
        with pytest.raises(NotConfigured, match=EVERY_ROLE):
            Client(environ=environ)
    assert Client(origins=SMARTCAR, environ={}).origins.api == "https://api.smartcar.com"


@pytest.mark.parametrize(
    "value", ["carwire.test", "ftp://x.test", "https://", "https://u:p@x.test", "https://x.test?a=1"]
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=EVERY_ROLE):
        Origins.at(value)


def test_the_environment_is_read_when_a_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for name in os.environ if name.startswith(("CARWIRE_", "SMARTCAR_"))]
    for name in names:
        monkeypatch.delenv(name)
    given = {
        EVERY_ROLE: A,
        "SMARTCAR_CLIENT_ID": "app",
        "CARWIRE_CLIENT_SECRET": "s",
        "SMARTCAR_REDIRECT_URI": "https://r.test",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with AuthClient() as auth, Vehicle("car", "t") as vehicle:
        assert (auth.client_id, auth.client_secret.reveal(), auth.redirect_uri) == ("app", "s", "https://r.test")
        assert vehicle.api_version == "2.0"
    monkeypatch.setenv(EVERY_ROLE, B)
    monkeypatch.setenv("CARWIRE_API_VERSION", "2.1")
    with Client() as client:
        assert (client.origins.api, client.api_version) == (B, "2.1")


def test_what_is_given_goes_before_the_environment() -> None:
    environ = {EVERY_ROLE: A, "CARWIRE_CLIENT_ID": "env", "CARWIRE_CLIENT_SECRET": "env"}
    with Client(B, client_id="own", environ=environ) as client:
        assert client.origins == Origins.at(B)
        assert client.ref.client_id == "own"
        assert client.auth().client_secret.reveal() == "env"


def test_nothing_happens_at_import() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CARWIRE_", "SMARTCAR_"))}
    code = "import carwire_client, sys; print([m for m in sys.modules if m.split('.')[0] == 'carwire'])"
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_of_a_client_is_that_of_its_later_calls_and_vehicles() -> None:
    with Client(A, environ={}, api_version="2.0") as client:
        assert client.vehicle("car", "t").api_version == "2.0"
        client.api_version = "3.0"
        assert client.vehicle("car", "t").api_version == "3.0"
        assert client.vehicle("car", "t", api_version="2.0").api_version == "2.0"
        with pytest.raises(ValueError, match="An API version"):
            client.api_version = "newest"


def test_what_is_neither_metric_nor_imperial_is_refused() -> None:
    made: list[Any] = [Client(A, environ={}).vehicle("car", "t"), AsyncClient(A, environ={}).vehicle("car", "t")]
    for vehicle in made:
        vehicle.set_unit_system("imperial")
        assert vehicle.unit_system == "imperial"
        vehicle.unit_system = "metric"
        assert vehicle.ref.unit_system == "metric"
        with pytest.raises(ValueError, match="metric or imperial"):
            vehicle.set_unit_system("nautical")


def test_every_variable_stands_in_the_table_of_the_module() -> None:
    text = Path(sys.modules[Origins.__module__].__file__ or "").read_text()
    table = text.partition('"""')[2].partition('"""')[0]
    assert [name for names in VARIABLES.values() for name in names if f"``{name}``" not in table] == []
