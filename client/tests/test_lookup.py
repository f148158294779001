"""The lookup API with both clients, against Carwire's own server."""

from __future__ import annotations

import asyncio
import inspect
import re
from typing import Any

import pytest
from client.tests.conftest import Drive, Hand, Place, answer, request_of
from client.tests.test_parity import check_types

from carwire.core.lookup.keys import Rights
from carwire_client import AuthenticationFailed, InvalidRequest, NotConfigured, NotFound, RateLimited, Secret
from carwire_client.calls import lookup as calls
from carwire_client.lookup import AsyncLookupClient, LookupClient

VIN = "5YJ3E1EAXJF000001"
KEYED = calls.Keyed(key=Secret("sec_x"), region="us", reference_id="r")
# Call of the server → method of the SDK.
ROWS = {
    "GET /v2/vehicles/vins/{vin}": ["lookup_vin"],
    "GET /v2/vehicles/vins/{vin}/build-data": ["build_data"],
    "GET /v2/vehicles/registrations/{plate_number}": ["lookup_plate"],
    "GET /v2/vehicles": ["search_vehicles"],
    "GET /v2/vehicles/facets": ["vehicle_facets"],
    "GET /v2/vehicles/facets/search": ["narrow_vehicles"],
    "GET /v2/vehicles/{id}": ["catalogue_vehicle"],
    "GET /v2/vehicles/{id}/options": ["vehicle_options"],
    "GET /v2/vehicles/{id}/detailed-specs": ["vehicle_specs"],
    "GET /v2/vehicles/fitted_options": ["fitted_options"],
    "GET /v1/usage": ["usage"],
    "GET /v2/usage/records": ["usage_records", "iter_usage_records"],
}
OTHERS = {"GET /v2/vehicle/{id}", "GET /v2/usage", "POST /auth-broker/request-token"}  # aliases, and what a key spares


@pytest.fixture
def secret(place: Place) -> str:
    keys = place.owned.carwire.lookup.keys
    return place.owned.run(keys.create(place.owned.client_id, "sec", "", Rights(default_region="us"))).secret.reveal()


@pytest.fixture
def client(hand: Hand, secret: str) -> Any:
    kind: Any = AsyncLookupClient if "Async" in type(hand.client).__name__ else LookupClient
    return kind(secret, client=hand.client, reference_id="shop")


def test_every_call_of_the_server_has_a_method_and_no_other(place: Place) -> None:
    served = {f"{r.method} {r.path}" for r in place.owned.carwire.routes if r.tag == "lookup"}
    assert served == {*ROWS, *OTHERS}
    named = {name for names in ROWS.values() for name in names}
    for kind in (LookupClient, AsyncLookupClient):
        assert {name for name, thing in vars(kind).items() if hasattr(thing, "__wrapped__")} == named
        for name in named:
            assert getattr(kind, name).__doc__
            check_types(getattr(kind, name))


@pytest.mark.parametrize(("row", "name"), [(row, name) for row, names in ROWS.items() for name in names])
def test_a_method_makes_the_call_of_its_row(row: str, name: str) -> None:
    build = getattr(calls, name)
    parameters = list(inspect.signature(build).parameters.values())[1:]
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    method, url, headers, _ = request_of(build(KEYED, **dict.fromkeys(needed, "x")))
    path, _, query = url.removeprefix("https://cars.test").partition("?")
    assert (method, dict(headers)["apikey"]) == ("GET", "sec_x")
    assert re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(row.partition(" ")[2])), path), path
    assert "sec_x" not in query


def test_a_vin_and_what_follows_from_it(hand: Hand, client: Any) -> None:
    found = hand(client.lookup_vin(VIN, features=["match_explain", "writeoff_info"]))
    assert (found.success, found.confidence, found.vin, found.writeoff_info) == (True, "standard", VIN, None)
    assert (found.vehicle.year, found.vehicle.model, found.extra) == (2018, "Model 3", {})
    assert found.match["weights_version"] == 1
    again = hand(client.catalogue_vehicle(found.vehicle.id)).vehicle
    assert again == found.vehicle
    assert hand(client.vehicle_options("1111111111111111")).options[2].contains == ("Heated Seats",)
    assert hand(client.lookup_vin("WVWZZZ1KZAW000123")).vehicle is None
    assert hand(client.lookup_plate("REG4WARNING", region="de")).confidence == "reduced"
    assert hand(client.build_data(VIN)).features == ()
    specs = {spec.id: spec for spec in hand(client.vehicle_specs(found.vehicle.id)).specs}
    assert (specs["model"].value, specs["year"].int_value, specs["make"].int_value) == ("Model 3", 2018, None)
    assert hand(client.fitted_options(found.vehicle.id, VIN)).options == ()


def test_searches_and_usage(hand: Hand, client: Any) -> None:
    hand(client.lookup_vin(VIN))
    assert hand(client.search_vehicles("tesla model 3")).vehicles[0].make == "Tesla"
    facets = hand(client.vehicle_facets(["make", "year"], make="tesla")).facets
    assert facets["make"][0].value == "Tesla"
    assert hand(client.narrow_vehicles(2018, "tesla", "model 3", body_type="sedan")).total == 1
    rows = hand(client.usage(group_by=["reference_id"], reference_id="shop")).usage
    assert rows[0]["requests"] >= 4
    page = hand(client.usage_records(limit=2))
    assert (len(page.records), page.records[0].product) == (2, "vin")


def test_all_records_are_gone_through(place: Place, secret: str) -> None:
    with place.hand("blocking") as hand, LookupClient(secret, client=hand.client) as client:
        for _ in range(5):
            client.lookup_vin(VIN, reference_id="pages")
        assert len(list(client.iter_usage_records(reference_id="pages", limit=2))) == 5


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_vin", InvalidRequest),
        (401, "key_invalid", AuthenticationFailed),
        (404, "not_found", NotFound),
        (429, "quota_exceeded", RateLimited),
    ],
)
def test_a_refusal_is_the_error_it_is(status: int, code: str, kind: type[Exception]) -> None:
    body = f'{{"success":false,"error":true,"message":"No","code":"{code}","request_id":"r1","hint":"so"}}'
    from carwire_client import RetryPolicy

    with pytest.raises(kind) as raised:
        Drive([answer(status, body)])(calls.lookup_vin(KEYED, VIN), retry=RetryPolicy(attempts=1))
    error: Any = raised.value
    assert (error.code, error.request_id, error.type) == (code, "r1", "LOOKUP")
    assert "No: so" in str(error)
    assert "sec_x" not in str(error)


def test_a_key_is_needed_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARWIRE_API_KEY", raising=False)
    monkeypatch.setenv("CARWIRE_ORIGIN", "https://cars.test")
    with pytest.raises(NotConfigured, match="CARWIRE_API_KEY"):
        LookupClient()
    monkeypatch.setenv("CARWIRE_API_KEY", "sec_from_environment")
    with LookupClient(region="us") as client:
        assert client.ref.key.reveal() == "sec_from_environment"
        assert "sec_from" not in repr(client) + repr(client.ref)

    async def closes() -> None:
        async with AsyncLookupClient("sec_a") as other:
            assert repr(other) == "<AsyncLookupClient of any region>"

    asyncio.run(closes())
