"""What the suites of the official packages say of several calls together, with the cars that their owners connected.

Their other subjects are in the rows of `test_parity`, by the names of the calls. Three things they say are left out:
API v1.0, which answers nobody any more; the address of the documentation, which is each server's own; and the English
of two descriptions, which they compare word by word.
"""

from __future__ import annotations

import pytest
from tests.contract.connecting import Walk
from tests.contract.hands import SCOPES, Hand
from tests.contract.rows.vehicle import DONE

pytestmark = [pytest.mark.browser]


def done(hand: Hand, make: str, method: str, *args: object) -> None:
    found = hand.vehicle(hand.cars[make], method, *args)
    assert (found["status"], found["message"], len(found["meta"]["requestId"])) == ("success", DONE, 36)


def test_the_ford_charges_stops_and_is_led_somewhere_as_it_was_connected(hand: Hand) -> None:
    """Start, stop and limit in this order, nothing prepared; then a place to go to."""
    fresh = hand.connect("FORD", SCOPES[hand.name]["FORD"])
    hand.cars["FRESH FORD"] = fresh
    done(hand, "FRESH FORD", "start_charge")
    done(hand, "FRESH FORD", "stop_charge")
    done(hand, "FRESH FORD", "set_charge_limit", 0.7)
    done(hand, "FRESH FORD", "send_destination", 40.748817, -73.985428)


def test_a_car_locks_and_unlocks_as_it_was_connected(hand: Hand) -> None:
    """Python's Chevrolet, Node's Ford."""
    make = {"python": "CHEVROLET", "node": "FORD"}[hand.name]
    done(hand, make, "lock")
    done(hand, make, "unlock")
    assert isinstance(hand.vehicle(hand.cars[make], "lock_status")["isLocked"], bool)


def test_the_kia_has_a_charge_limit_that_can_be_set(hand: Hand) -> None:
    assert isinstance(hand.vehicle(hand.cars["KIA"], "get_charge_limit")["limit"], float)
    done(hand, "KIA", "set_charge_limit", 0.9)


def test_the_history_and_the_diagnostics_of_the_ford_alone_and_in_a_batch(hand: Hand) -> None:
    car = hand.cars["FORD"]
    key = {"python": "items", "node": "data"}[hand.name]
    assert isinstance(hand.vehicle(car, "service_history", "2023-05-20", "2024-02-10")[key], list)
    car = hand.car("read_diagnostics")
    items = hand.vehicle(car, "batch", ["/diagnostics/system_status", "/diagnostics/dtcs"])
    systems, codes = items["diagnosticSystemStatus"]["value"], items["diagnosticTroubleCodes"]["value"]
    assert systems["systems"] == hand.vehicle(car, "diagnostic_system_status")["systems"]
    assert codes["activeCodes"] == hand.vehicle(car, "diagnostic_trouble_codes")["activeCodes"]


def test_connections_are_counted_then_cut_one_by_one(hand: Hand) -> None:
    """As many by owner as vehicles; one cut by vehicle leaves one less to cut by owner."""
    car = hand.connect()
    ids = hand.call("get_vehicles", car.token)["vehicles"]
    by_owner = {"user_id": car.user_id}
    for paging in ({}, {"limit": 1}):
        found = hand.call("get_connections", hand.amt, by_owner, paging)["connections"]
        assert len(found) == len(ids)
        assert {each["userId"] for each in found} == {car.user_id}
    assert len(hand.call("delete_connections", hand.amt, {"vehicle_id": ids[0]})["connections"]) == 1
    assert len(hand.call("delete_connections", hand.amt, by_owner)["connections"]) == len(ids) - 1


def test_tokens_are_renewed_and_the_vehicles_stay(hand: Hand) -> None:
    car = hand.connect("BMW", ["read_odometer"])
    refresh_token = car.refresh_token
    for _ in range(3):
        access = hand.call("auth.exchange_refresh_token", hand.client, refresh_token)
        assert access["refreshToken"] != refresh_token
        refresh_token = access["refreshToken"]
        assert hand.call("get_vehicles", access["accessToken"])["vehicles"] == [car.id]


def test_a_version_that_is_none_is_not_found_and_a_huge_one_is_the_newest(hand: Hand) -> None:
    car = hand.cars["BMW"]
    assert hand.vehicle(car, "odometer", version="99999999.99")["distance"] > 0
    for version in ("Johnny Appleseed", "1.0"):
        assert hand.vehicle_error(car, "odometer", version=version)["statusCode"] == 404


def test_flags_travel_with_every_call(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    options = {"flags": {"country": "DE", "beta": True}}
    for name in ("attributes", "odometer", "permissions", "service_history", "unlock"):
        assert hand.vehicle(car, name, **options)["meta"]["requestId"]
    assert hand.vehicle(car, "batch", ["/odometer"], **options)["odometer"]["value"]["distance"] > 0


def test_a_client_without_a_redirect_uri_exchanges_a_code_of_the_first_one(hand: Hand) -> None:
    """Node sends the word undefined for it, Python nothing. One that is not the one asked for is refused."""
    other = {**hand.client, "redirect_uri": "http://localhost:8000/exchange"}
    client = {key: value for key, value in hand.client.items() if key != "redirect_uri"}
    for taken, given in ((True, client), (False, other)):
        code = Walk(hand.server).connect(hand.auth_url(["read_vin"]), "KIA", "uri@example.com")["code"]
        if taken:
            assert hand.call("auth.exchange_code", given, code)["accessToken"]
        else:
            assert hand.error("auth.exchange_code", given, code)["statusCode"] == 400
