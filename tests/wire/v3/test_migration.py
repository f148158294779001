"""Every v2.0 call has its replacement, or is known to have none."""

from __future__ import annotations

import re

import pytest

from carwire.core.signals.catalogue import signals
from carwire.wire.v2.actions import ACTIONS
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS
from carwire.wire.v3.commands import CALLS
from carwire.wire.v3.migration import find, replacement

VEHICLE = "/v2.0/vehicles/7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11"
NEW = "/v3/vehicles/{vehicleId}"
READS = [*ENDPOINTS, *STATIC_ENDPOINTS, *(row.path for row in MAKE_READS.values())]
OTHERS = [
    ("GET", "/v2.0/user"),
    ("GET", "/v2.0/vehicles"),
    ("POST", f"{VEHICLE}/batch"),
    ("DELETE", f"{VEHICLE}/application"),
    ("POST", f"{VEHICLE}/webhooks/2a1f4e90"),
    ("DELETE", f"{VEHICLE}/webhooks/2a1f4e90"),
    ("GET", "/v2.0/management/connections"),
    ("DELETE", "/v2.0/management/connections"),
    ("GET", "/v2.0/compatibility"),
    ("GET", "/v2.0/compatibility/matrix"),
]
NONE = {
    *(("GET", f"/tesla/{path}") for path in ("alerts", "charge/records/billing", "migration", "user/info")),
    *(("POST", f"/tesla/climate/{path}") for path in ("cabin", "defroster", "steering_wheel")),
    *(("POST", f"/tesla/{path}") for path in ("charge/ammeter", "security/frunk", "security/trunk", "pin")),
    ("DELETE", "/tesla/pin"),
}
CALL = re.compile(r"(GET|POST|DELETE) /v3/[a-zA-Z{}/-]+")


@pytest.mark.parametrize("path", READS)
def test_every_read_has_a_row(path: str) -> None:
    found = find("GET", VEHICLE + path)
    assert found is not None
    assert bool(found.calls) is (("GET", path) not in NONE)


@pytest.mark.parametrize(("method", "path"), ACTIONS)
def test_every_command_has_a_row(method: str, path: str) -> None:
    found = find(method, VEHICLE + path)
    assert found is not None
    assert bool(found.calls) is ((method, path) not in NONE)


@pytest.mark.parametrize(("method", "path"), OTHERS)
def test_every_other_call_has_a_row(method: str, path: str) -> None:
    assert replacement(method, path)


def test_every_replacement_is_a_call_of_v3() -> None:
    paths = [("GET", VEHICLE + path) for path in READS]
    paths += [(method, VEHICLE + path) for method, path in ACTIONS] + OTHERS
    for method, path in paths:
        found = find(method, path)
        assert found is not None
        assert set(found.codes) <= set(signals())
        for call in found.calls:
            assert CALL.fullmatch(call)
            if "/commands" in call:
                assert call.removeprefix(f"POST {NEW}/commands") in CALLS
            if "/signals/" in call:
                assert (call.removeprefix(f"GET {NEW}/signals/"),) == found.codes


def test_every_signal_of_a_v2_0_read_is_among_those_that_replace_it() -> None:
    # Codes that are not published: part of the range, and of the charge limits.
    beyond = {"tractionbattery-estimatedrange", "tractionbattery-idealrange", "charge-activelimit"}
    for path, row in [*ENDPOINTS.items(), *((row.path, row) for row in MAKE_READS.values())]:
        found = find("GET", VEHICLE + path)
        assert found is not None
        assert set(row.codes) - beyond <= set(found.codes), path


def test_every_signal_that_names_a_v2_0_read_replaces_it() -> None:
    for signal in signals().values():
        if signal.v2_endpoint and signal.kind != "legacy":
            found = find("GET", VEHICLE + signal.v2_endpoint.replace("{make}", "tesla"))
            assert found is not None, signal.v2_endpoint
            assert signal.code in found.codes, signal.code


@pytest.mark.parametrize(
    ("method", "path", "action", "wanted"),
    [
        ("POST", "/charge", "START", f"POST {NEW}/commands/charge/start"),
        ("POST", "/charge", "stop", f"POST {NEW}/commands/charge/stop"),
        ("POST", "/charge", None, f"POST {NEW}/commands/charge/start or POST {NEW}/commands/charge/stop"),
        ("POST", "/charge", "what", f"POST {NEW}/commands/charge/start or POST {NEW}/commands/charge/stop"),
        ("POST", "/security", "UNLOCK", f"POST {NEW}/commands/security/unlock"),
        ("POST", "/security", "LOCK", f"POST {NEW}/commands/security/lock"),
        ("POST", "/tesla/charge/charge_port_door", "CLOSE", f"POST {NEW}/commands/charge-port/close"),
        ("POST", "/charge/limit", None, f"POST {NEW}/commands/charge/set-limit"),
        ("GET", "/battery", None, f"GET {NEW}/signals"),
        ("GET", "/odometer?x=/y", None, f"GET {NEW}/signals/odometer-traveleddistance"),
        ("HEAD", "/vin/", None, f"GET {NEW}/signals/vehicleidentification-vin"),
        ("GET", "", None, f"GET {NEW}"),
        ("POST", "/tesla/pin", None, None),
        ("GET", "/nothing", None, None),
        ("PATCH", "/charge", None, None),
    ],
)
def test_a_call_is_replaced(method: str, path: str, action: str | None, wanted: str | None) -> None:
    assert replacement(method, VEHICLE + path, action) == wanted
    assert replacement(method, f"/vehicles/{{id}}{path}", action) == wanted


def test_a_path_nobody_knows_is_told_apart_from_one_without_replacement() -> None:
    assert find("GET", "/v2.0/elsewhere") is None
    assert find("GET", f"{VEHICLE}/tesla/nothing") is None
    nothing = find("POST", f"{VEHICLE}/tesla/pin")
    assert nothing is not None
    assert nothing.calls == ()
