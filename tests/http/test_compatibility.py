"""``GET /v2.0/compatibility`` and its matrix, answer by answer as the wire contract has them, on a started server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from tests.conftest import Answer, InProcess, Server, built
from tests.http.v3.forms import refused

from carwire.core.permissions import CONTROL, READ

TESLA = "5YJXCDE22HF068739"
FORD = "1FTFW1E54NFA00123"
VINS = {
    "TESLA": TESLA,
    "FORD": FORD,
    "LINCOLN": "5LMCJ2D90LUL00123",
    "BMW": "WBA8E9C50GK012345",
    "MINI": "WMWXR31000T001234",
    "VOLVO": "YV1UZBMVDM1012345",
}
# What every make's cars open, written down from the contract (4.1 and 4.2) and not taken from the code.
COMMON = {
    "read_battery": ["/battery", "/battery/capacity"],
    "read_charge": ["/charge", "/charge/limit"],
    "read_charge_events": [],
    "read_diagnostics": ["/diagnostics/system_status", "/diagnostics/dtcs"],
    "read_engine_oil": ["/engine/oil"],
    "read_fuel": ["/fuel"],
    "read_location": ["/location"],
    "read_odometer": ["/odometer"],
    "read_security": ["/security"],
    "read_service_history": ["/service/history"],
    "read_tires": ["/tires/pressure"],
    "read_vehicle_info": ["/"],
    "read_vin": ["/vin"],
    "control_charge": ["/charge", "/charge/limit"],
    "control_navigation": ["/navigation/destination"],
    "control_security": ["/security"],
}
OF_A_MAKE = {
    "read_alerts": {"TESLA": ["/tesla/alerts"]},
    "read_charge_locations": {
        "FORD": ["/ford/charge/schedule_by_location"],
        "LINCOLN": ["/lincoln/charge/schedule_by_location"],
    },
    "read_charge_records": {
        "TESLA": ["/tesla/charge/records", "/tesla/charge/records/billing"],
        "BMW": ["/bmw/charge/records"],
        "MINI": ["/mini/charge/records"],
    },
    "read_climate": {"TESLA": ["/tesla/climate/cabin", "/tesla/climate/defroster", "/tesla/climate/steering_wheel"]},
    "read_compass": {"TESLA": ["/tesla/compass"]},
    "read_extended_vehicle_info": {"TESLA": ["/tesla/attributes", "/tesla/status"]},
    "read_speedometer": {"TESLA": ["/tesla/speedometer"]},
    "read_thermometer": {"TESLA": ["/tesla/thermometer/interior", "/tesla/thermometer/exterior"]},
    "read_user_profile": {"TESLA": ["/tesla/user/info"]},
    "control_climate": {"TESLA": ["/tesla/climate/cabin", "/tesla/climate/defroster", "/tesla/climate/steering_wheel"]},
    "control_pin": {"TESLA": ["/tesla/pin"]},
    "control_trunk": {"TESLA": ["/tesla/security/trunk", "/tesla/security/frunk"]},
}
ALL = [*COMMON, *OF_A_MAKE]
DISPLAYED = {
    "read_battery": "EV battery",
    "read_charge": "EV charging status",
    "control_charge": "EV start & stop charge",
    "read_location": "Location",
    "control_security": "Lock & unlock",
    "read_odometer": "Odometer",
    "read_tires": "Tire pressure",
}
KEYS = ["permission", "endpoint", "capable", "reason"]


def compatibility(server: Server | InProcess, vin: str, scope: str, **query: str) -> Answer:
    return server.get(f"/v2.0/compatibility?{urlencode({'vin': vin, 'scope': scope, **query})}")


def entries(server: Server | InProcess, vin: str, scope: str, **query: str) -> list[tuple[str, bool, str | None]]:
    answer = compatibility(server, vin, scope, **query)
    assert answer.status == 200, answer
    return [(c["endpoint"], c["capable"], c["reason"]) for c in answer.json()["capabilities"]]


def detail(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 400, answer
    found: list[dict[str, str]] = answer.json()["detail"]
    assert all(list(problem) == ["field", "message"] for problem in found)
    return found


def matrix(server: Server, **query: str) -> dict[str, list[dict[str, Any]]]:
    answer = server.get(f"/v2.0/compatibility/matrix?{urlencode(query)}")
    assert answer.status == 200, answer
    body: dict[str, list[dict[str, Any]]] = answer.json()
    return body


@pytest.fixture(scope="module")
def us_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    with built(tmp_path_factory.mktemp("us-only"), compatibility_us_only=True) as client:
        yield client


def test_the_table_of_these_tests_is_complete() -> None:
    assert sorted(ALL) == sorted([*READ, *CONTROL])
    assert len(ALL) == 28


# The five reference points of the real service, contract 7.2.
@pytest.mark.parametrize(
    ("vin", "scope", "compatible", "reason", "capabilities"),
    [
        (TESLA, "read_odometer read_location", True, None, [("/odometer", True, None), ("/location", True, None)]),
        ("5YJSA1E29LF403082", "read_fuel", True, None, [("/fuel", False, "SMARTCAR_NOT_CAPABLE")]),
        ("WAUAFAFL1GN014882", "read_odometer read_location", True, None, None),
        ("WBAKE5C58DJ107700", "read_odometer read_fuel", False, "VEHICLE_NOT_COMPATIBLE", []),
        (
            "0SCGMCT0386A85356",
            "read_odometer read_fuel",
            True,
            None,
            [("/odometer", True, None), ("/fuel", False, "VEHICLE_NOT_CAPABLE")],
        ),
    ],
)
def test_the_reference_points_of_the_original_are_answered_as_there(
    server: Server,
    *,
    vin: str,
    scope: str,
    compatible: bool,
    reason: str | None,
    capabilities: list[tuple[str, bool, str | None]] | None,
) -> None:
    body = compatibility(server, vin, scope, country="US").json()
    assert (body["compatible"], body["reason"]) == (compatible, reason)
    found = [(c["endpoint"], c["capable"], c["reason"]) for c in body["capabilities"]]
    if capabilities is None:
        assert [(endpoint, capable) for endpoint, capable, _ in found] == [("/odometer", False), ("/location", False)]
        assert {why for *_, why in found} <= {"VEHICLE_NOT_CAPABLE", "SMARTCAR_NOT_CAPABLE"}
    else:
        assert found == capabilities


def test_a_body_has_exactly_the_keys_of_the_contract_in_order(server: Server) -> None:
    body = compatibility(server, TESLA, "read_battery read_fuel").json()
    assert list(body) == ["compatible", "reason", "capabilities"]
    assert [list(entry) for entry in body["capabilities"]] == [KEYS] * 3
    refused = compatibility(server, "WBAKE5C58DJ107700", "read_battery").json()
    assert refused == {"compatible": False, "reason": "VEHICLE_NOT_COMPATIBLE", "capabilities": []}
    unknown = compatibility(server, "ZFF79ALB000012345", "read_battery").json()
    assert unknown == {"compatible": False, "reason": "MAKE_NOT_COMPATIBLE", "capabilities": []}


@pytest.mark.parametrize("permission", ALL)
@pytest.mark.parametrize("make", VINS)
def test_each_permission_gives_the_endpoints_it_opens_on_that_make(server: Server, make: str, permission: str) -> None:
    body = compatibility(server, VINS[make], permission).json()
    assert body["compatible"] is True
    expected = [*COMMON.get(permission, []), *OF_A_MAKE.get(permission, {}).get(make, [])]
    assert [c["endpoint"] for c in body["capabilities"]] == expected
    for entry in body["capabilities"]:
        assert list(entry) == KEYS
        assert entry["permission"] == permission
        assert (entry["reason"] is None) is entry["capable"]
        assert entry["reason"] in {None, "VEHICLE_NOT_CAPABLE", "SMARTCAR_NOT_CAPABLE"}
    assert len({(c["capable"], c["reason"]) for c in body["capabilities"]}) <= 1


@pytest.mark.parametrize(("permission", "count"), [("read_battery", 2), ("read_charge_events", 0), ("read_vin", 1)])
def test_the_number_of_entries_is_that_of_endpoints(server: Server, permission: str, count: int) -> None:
    assert len(entries(server, TESLA, permission)) == count


def test_entries_come_in_the_order_asked_and_each_once(server: Server) -> None:
    asked = ["read_vin", "read_battery", "control_trunk", "read_odometer", "read_charge_events", "control_charge"]
    expected = [e for p in asked for e in (*COMMON.get(p, []), *OF_A_MAKE.get(p, {}).get("TESLA", []))]
    for order, wanted in ((asked, expected), ([*asked, *asked], expected)):
        body = compatibility(server, TESLA, " ".join(order)).json()
        assert [c["endpoint"] for c in body["capabilities"]] == wanted
    backwards = compatibility(server, TESLA, " ".join(reversed(asked))).json()
    assert [c["permission"] for c in backwards["capabilities"]][:2] == ["control_charge"] * 2
    assert backwards["capabilities"][-1]["permission"] == "read_vin"


def test_all_permissions_at_once_are_answered(server: Server) -> None:
    expected = [e for p in ALL for e in (*COMMON.get(p, []), *OF_A_MAKE.get(p, {}).get("TESLA", []))]
    assert [endpoint for endpoint, *_ in entries(server, TESLA, " ".join(ALL))] == expected
    assert len(expected) == 38


@pytest.mark.parametrize(
    "scope",
    [
        "scope=required%3Aread_odometer+read_vin",
        "scope=required:read_odometer%20required:read_vin",
        "scope=read_odometer++read_vin",
        "scope=+read_odometer+read_vin+",
        "scope=%72ead_odometer%20read_vin",
    ],
)
def test_a_scope_is_read_in_every_spelling(server: Server, scope: str) -> None:
    body = server.get(f"/v2.0/compatibility?vin={TESLA}&{scope}").json()
    assert [c["permission"] for c in body["capabilities"]] == ["read_odometer", "read_vin"]


@pytest.mark.parametrize(
    "scope", ["read_everything", "READ_ODOMETER", "required:", "read_odometer,read_vin", "required"]
)
def test_an_unknown_permission_is_refused_by_name(server: Server, scope: str) -> None:
    (problem,) = detail(compatibility(server, TESLA, f"read_vin {scope}"))
    assert problem["field"] == "scope"
    assert scope.removeprefix("required:")[:60] in problem["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/v2.0/compatibility",
        "/v2.0/compatibility/",
        "/v2.0/compatibility//",
        "//v2.0/compatibility",
        "//v2.0///compatibility//",
        "/v2.1/compatibility",
        "/v99.0/compatibility/",
        "/v99999999.99/compatibility",
        "/v2.00/compatibility",
        "/v999999999999999999.999999999999999999/compatibility",
        "http://elsewhere.example/v2.0/compatibility",
    ],
)
def test_slashes_and_versions_lead_to_the_same_answer_without_a_redirect(server: Server, path: str) -> None:
    expected = compatibility(server, TESLA, "read_odometer").body
    answer = server.get(f"{path}?vin={TESLA}&scope=read_odometer")
    assert (answer.status, answer.body) == (200, expected)
    lines = server.get(f"{path.rstrip('/')}/matrix/?region=US&make=NISSAN")
    assert (lines.status, list(lines.json())) == (200, ["NISSAN"])


@pytest.mark.parametrize("digits", [19, 40, 5000])
def test_a_version_of_any_size_is_served(server: Server, digits: int) -> None:
    assert server.get(f"/v{'9' * digits}.0/compatibility?vin={TESLA}&scope=read_odometer").status == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1.0/compatibility", "VERSION"),
        ("/v1.99/compatibility", "VERSION"),
        ("/v0.0/compatibility", "VERSION"),
        ("/v2/compatibility", "VERSION"),
        ("/v9/compatibility", "VERSION"),
        ("/v2.0.1/compatibility", "VERSION"),
        ("/v2.x/compatibility", "VERSION"),
        ("/v4/vehicles", "VERSION"),
        ("/v1.0", "VERSION"),
        ("/vfoo/compatibility", "PATH"),
        ("/vJohnny%20Appleseed/compatibility", "PATH"),
        ("/v/compatibility", "PATH"),
        ("/V2.0/compatibility", "PATH"),
        ("/2.0/compatibility", "PATH"),
        ("/v2.0", "PATH"),
        ("/v2.0/", "PATH"),
        ("/v2.0/Compatibility", "PATH"),
        ("/v2.0/compatibility/matrix/x", "PATH"),
        ("/v1/compatibility/a/b", "PATH"),
        ("/compatibility/v2.0", "PATH"),
        ("/v\u00b2.0/compatibility", "PATH"),
        ("/v%D9%A2.0/compatibility", "PATH"),
    ],
)
def test_other_versions_and_paths_are_not_found(server: Server, path: str, code: str) -> None:
    answer = server.get(f"{quote(path, safe='/%')}?vin={TESLA}&scope=read_odometer")
    body = answer.json()
    assert (answer.status, body["type"], body["code"]) == (404, "RESOURCE_NOT_FOUND", code)
    assert "detail" not in body


@pytest.mark.parametrize("path", ["/v3", "/v3/", "/v3/vehicles", "/v3/compatibility"])
def test_a_path_of_v3_that_does_not_exist_is_not_found_in_its_form(server: Server, path: str) -> None:
    refused(server, server.get(path), 404, "INVALID_PATH")


@pytest.mark.parametrize("version", ["v3.0", "v3.1", "v03.0"])
def test_a_version_with_a_minor_one_is_v2(server: Server, version: str) -> None:
    assert server.get(f"/{version}/compatibility?vin={TESLA}&scope=read_odometer").status == 200


def test_a_bare_question_mark_changes_nothing(server: Server) -> None:
    bare = server.get("/v2.0/compatibility?").json()
    without = server.get("/v2.0/compatibility").json()
    assert (
        bare["detail"]
        == without["detail"]
        == [
            {"field": "vin", "message": "Required"},
            {"field": "scope", "message": "Required"},
        ]
    )
    assert server.get("/health?").json() == server.get("/health").json()


@pytest.mark.parametrize(
    "flags",
    [
        "flags=a%3Atrue+b%3Ax",
        "flags=country:DE%20b:true",
        "flags=country%3ADE%20beta%3Atrue",
        "flags=a:true+b:x",
        "flags=nonsense",
        "flags=",
        "flags=undefined",
        "flags=%C3%BC%3Atrue",
    ],
)
def test_flags_are_accepted_in_every_encoding(server: Server, flags: str) -> None:
    expected = compatibility(server, TESLA, "read_odometer").body
    for query in (f"{flags}&vin={TESLA}&scope=read_odometer", f"vin={TESLA}&scope=read_odometer&{flags}"):
        answer = server.get(f"/v2.0/compatibility?{query}")
        assert (answer.status, answer.body) == (200, expected)
    assert server.get(f"/v2.0/compatibility/matrix?region=US&{flags}").status == 200


def test_unknown_parameters_are_left_aside(server: Server) -> None:
    query = f"vin={TESLA}&scope=read_vin&x=1&x=2&=3&VIN=4&%FF=5&%zz=6&&&"
    assert server.get(f"/v2.0/compatibility?{query}").status == 200


PLUG = {"/battery", "/battery/capacity", "/charge", "/charge/limit"}
COMBUSTION = {"/fuel", "/engine/oil"}


@pytest.mark.parametrize(
    ("level", "incapable"),
    [
        ("compatible", set()),
        ("phev", set()),
        ("bev", COMBUSTION),
        ("fuel", PLUG),
        ("dinosaur", PLUG),
        ("incompatible", None),
    ],
)
@pytest.mark.parametrize("mode", ["test", "simulated", None, ""])
@pytest.mark.parametrize("vin", [TESLA, "WBAKE5C58DJ107700", "IIIIIIIIIIIIIIIII", "?" * 17, "0SC00000000000000"])
def test_each_level_of_test_mode_answers_for_any_17_characters(
    server: Server, vin: str, mode: str | None, level: str, incapable: set[str] | None
) -> None:
    scope = "read_battery read_charge read_fuel read_engine_oil read_odometer control_charge"
    query = {"test_mode_compatibility_level": level} | ({} if mode is None else {"mode": mode})
    body = compatibility(server, vin, scope, **query).json()
    if incapable is None:
        assert body == {"compatible": False, "reason": "VEHICLE_NOT_COMPATIBLE", "capabilities": []}
        return
    assert (body["compatible"], body["reason"]) == (True, None)
    assert len(body["capabilities"]) == 9
    for entry in body["capabilities"]:
        wanted = (False, "VEHICLE_NOT_CAPABLE") if entry["endpoint"] in incapable else (True, None)
        assert (entry["capable"], entry["reason"]) == wanted


@pytest.mark.parametrize("mode", ["test", "simulated"])
@pytest.mark.parametrize("level", [None, "", "undefined", "BEV", "electric", "bev,phev", " bev"])
def test_test_mode_needs_a_level_and_says_which_there_are(server: Server, mode: str, level: str | None) -> None:
    query = {"mode": mode} | ({} if level is None else {"test_mode_compatibility_level": level})
    assert detail(compatibility(server, TESLA, "read_vin", **query)) == [
        {
            "field": "test_mode_compatibility_level",
            "message": "Field must be one of: [compatible,phev,incompatible,fuel,dinosaur,bev]",
        }
    ]


@pytest.mark.parametrize("mode", [None, "live", "", "undefined"])
def test_an_unknown_level_is_refused_in_any_mode(server: Server, mode: str | None) -> None:
    query = {"test_mode_compatibility_level": "steam"} | ({} if mode is None else {"mode": mode})
    (problem,) = detail(compatibility(server, TESLA, "read_vin", **query))
    assert problem["field"] == "test_mode_compatibility_level"


def test_a_level_does_not_go_with_live_mode(server: Server) -> None:
    query = {"mode": "live", "test_mode_compatibility_level": "bev"}
    (problem,) = detail(compatibility(server, TESLA, "read_vin", **query))
    assert problem["field"] == "mode"
    live = compatibility(server, TESLA, "read_vin", mode="live")
    assert live.body == compatibility(server, TESLA, "read_vin").body


@pytest.mark.parametrize("mode", ["LIVE", "prod", "test live"])
def test_an_unknown_mode_is_refused(server: Server, mode: str) -> None:
    (problem,) = detail(compatibility(server, TESLA, "read_vin", mode=mode))
    assert problem["field"] == "mode"


def test_the_country_is_the_united_states_unless_given(server: Server) -> None:
    expected = compatibility(server, FORD, "read_odometer read_tires read_security", country="US").body
    for country in ("us", "Us", "", "undefined"):
        assert compatibility(server, FORD, "read_odometer read_tires read_security", country=country).body == expected
    assert compatibility(server, FORD, "read_odometer read_tires read_security").body == expected


@pytest.mark.parametrize("country", ["DE", "de", "CA", "FR", "GB", "NO", "CH"])
def test_europe_and_canada_have_capabilities_of_their_own(server: Server, country: str) -> None:
    body = compatibility(server, TESLA, "read_odometer read_compass", country=country).json()
    assert (body["compatible"], body["reason"]) == (True, None)
    assert [(c["endpoint"], c["capable"]) for c in body["capabilities"]] == [
        ("/odometer", True),
        ("/tesla/compass", True),
    ]


def test_markets_differ(server: Server) -> None:
    rivian = "7FCTGAAA7PN000123"
    verdicts = {c: compatibility(server, rivian, "read_odometer", country=c).json()["reason"] for c in ("US", "DE")}
    assert verdicts == {"US": None, "DE": "MAKE_NOT_COMPATIBLE"}
    renault = "VF1RJA00067012345"
    verdicts = {c: compatibility(server, renault, "read_odometer", country=c).json()["reason"] for c in ("US", "DE")}
    assert verdicts == {"US": "MAKE_NOT_COMPATIBLE", "DE": None}


@pytest.mark.parametrize("country", ["JP", "BR", "AU", "ZA", "CN"])
def test_a_country_outside_the_markets_has_no_compatible_make(server: Server, country: str) -> None:
    body = compatibility(server, TESLA, "read_odometer", country=country).json()
    assert body == {"compatible": False, "reason": "MAKE_NOT_COMPATIBLE", "capabilities": []}


@pytest.mark.parametrize("country", ["XX", "USA", "U", "U1", "D E", "\u00dfs", "ZZ", "UK"])
def test_what_is_no_country_is_refused(server: Server, country: str) -> None:
    (problem,) = detail(compatibility(server, TESLA, "read_odometer", country=country))
    assert problem["field"] == "country"


@pytest.mark.parametrize(
    ("given", "capabilities"), [("true", 0), ("1", 0), ("True", 0), ("false", 1), ("0", 1), ("", 1), (None, 1)]
)
def test_us_only_leaves_verdicts_abroad_without_capabilities(
    server: Server, given: str | None, capabilities: int
) -> None:
    query = {} if given is None else {"us_only": given}
    for country, count in (("DE", capabilities), ("CA", capabilities), ("US", 1)):
        body = compatibility(server, TESLA, "read_odometer", country=country, **query).json()
        assert (body["compatible"], body["reason"], len(body["capabilities"])) == (True, None, count)


def test_the_setting_is_the_default_that_the_parameter_overrides(us_only: InProcess) -> None:
    assert entries(us_only, TESLA, "read_odometer", country="DE") == []
    assert entries(us_only, TESLA, "read_odometer", country="US") == [("/odometer", True, None)]
    assert entries(us_only, TESLA, "read_odometer", country="DE", us_only="false") == [("/odometer", True, None)]
    assert compatibility(us_only, TESLA, "read_odometer", country="DE").json()["compatible"] is True


@pytest.mark.parametrize("vin", [TESLA.lower(), "5yjXCDE22HF068739"])
def test_a_vin_is_read_in_any_case(server: Server, vin: str) -> None:
    assert compatibility(server, vin, "read_odometer").body == compatibility(server, TESLA, "read_odometer").body


# The matrix.


def test_the_matrix_for_nissans_battery_cars_is_that_of_the_original(server: Server) -> None:
    found = matrix(server, region="US", make="NISSAN", type="BEV", scope="read_battery read_charge")
    assert list(found) == ["NISSAN"]
    assert found["NISSAN"]
    for line in found["NISSAN"]:
        assert list(line) == ["model", "startYear", "endYear", "type", "endpoints", "permissions"]
        assert line["type"] == "BEV"
        assert {"read_battery", "read_charge"} <= set(line["permissions"])
        assert {"EV battery", "EV charging status"} <= set(line["endpoints"])
    assert "LEAF" in {line["model"].upper() for line in found["NISSAN"]}


@pytest.mark.parametrize("region", ["US", "CA", "EUROPE"])
def test_every_line_of_the_matrix_has_the_types_of_the_contract(server: Server, region: str) -> None:
    found = matrix(server, region=region)
    assert len(found) > 10
    for make, lines in found.items():
        assert make == make.upper().strip()
        assert lines
        for line in lines:
            assert list(line) == ["model", "startYear", "endYear", "type", "endpoints", "permissions"]
            assert isinstance(line["model"], str)
            assert line["model"]
            assert type(line["startYear"]) is type(line["endYear"]) is int
            assert 1990 < line["startYear"] <= line["endYear"] < 2100
            assert line["type"] in {"ICE", "BEV", "PHEV", "HEV", "FCEV"}
            assert len(line["endpoints"]) == len(line["permissions"]) == len(set(line["permissions"]))
            assert set(line["permissions"]) <= set(ALL)
            for permission, name in zip(line["permissions"], line["endpoints"], strict=True):
                assert name == DISPLAYED.get(permission, name)
                assert "/" not in name
                assert "_" not in name


def test_every_permission_has_a_display_name_of_its_own(server: Server) -> None:
    names: dict[str, str] = {}
    for region in ("US", "CA", "EUROPE"):
        for lines in matrix(server, region=region).values():
            for line in lines:
                names |= dict(zip(line["permissions"], line["endpoints"], strict=True))
    assert len(set(names.values())) == len(names)
    from carwire.wire.v2.compatibility import DISPLAY_NAMES

    assert sorted(DISPLAY_NAMES) == sorted(ALL)
    assert names.items() <= DISPLAY_NAMES.items()
    assert DISPLAYED.items() <= DISPLAY_NAMES.items()
    assert len(set(DISPLAY_NAMES.values())) == 28


@pytest.mark.parametrize("powertrain", ["ICE", "BEV", "PHEV", "HEV", "FCEV"])
def test_a_type_leaves_only_its_lines(server: Server, powertrain: str) -> None:
    whole = matrix(server, region="US")
    narrowed = matrix(server, region="US", type=powertrain)
    expected = {make: kept for make, lines in whole.items() if (kept := [x for x in lines if x["type"] == powertrain])}
    assert narrowed == expected
    assert expected or powertrain == "FCEV"


def test_a_scope_leaves_lines_that_have_all_of_it(server: Server) -> None:
    scope = {"read_odometer", "read_tires"}
    whole = matrix(server, region="US")
    expected = {m: kept for m, lines in whole.items() if (kept := [x for x in lines if scope <= set(x["permissions"])])}
    for text in ("read_odometer read_tires", "required:read_tires read_odometer"):
        assert matrix(server, region="US", scope=text) == expected
    assert 0 < len(expected) < len(whole)
    assert matrix(server, region="US", scope=" ".join(ALL)) == {}


@pytest.mark.parametrize(
    ("region", "make", "expected"),
    [
        ("US", "NISSAN", ["NISSAN"]),
        ("US", "nissan", ["NISSAN"]),
        ("US", "KIA NISSAN", ["KIA", "NISSAN"]),
        ("US", "LAND ROVER", ["LAND ROVER"]),
        ("US", "KIA LAND ROVER TESLA", ["KIA", "LAND ROVER", "TESLA"]),
        ("EUROPE", "Alfa Romeo  Kia", ["ALFA ROMEO", "KIA"]),
        ("US", "NOTHING KIA", ["KIA"]),
        ("US", "NOTHING", []),
        ("US", "RENAULT", []),
        ("EUROPE", "RENAULT", ["RENAULT"]),
        ("US", "Mercedes-Benz", ["MERCEDES-BENZ"]),
    ],
)
def test_makes_are_read_with_blanks_in_their_names(server: Server, region: str, make: str, expected: list[str]) -> None:
    for encode in (quote, quote_plus):
        answer = server.get(f"/v2.0/compatibility/matrix?region={region}&make={encode(make)}")
        assert sorted(answer.json()) == expected
    whole = matrix(server, region=region)
    assert matrix(server, region=region, make=make) == {name: whole[name] for name in whole if name in expected}


@pytest.mark.parametrize("mode", ["live", "test", "simulated", "", "undefined"])
def test_the_matrix_is_the_same_in_every_mode(server: Server, mode: str) -> None:
    assert matrix(server, region="CA", mode=mode) == matrix(server, region="CA")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "region"),
        ("region=", "region"),
        ("region=undefined", "region"),
        ("region=us", "region"),
        ("region=EU", "region"),
        ("region=US&region=US", "region"),
        ("region=US&type=EV", "type"),
        ("region=US&type=bev", "type"),
        ("region=US&scope=read_all", "scope"),
        ("region=US&mode=prod", "mode"),
        ("region=US&make=" + "A" * 1001, "make"),
        ("region=US&make=KIA&make=FORD", "make"),
    ],
)
def test_a_wrong_matrix_query_names_its_field(server: Server, query: str, field: str) -> None:
    assert [problem["field"] for problem in detail(server.get(f"/v2.0/compatibility/matrix?{query}"))] == [field]


def test_a_json_body_and_content_type_on_get_change_nothing(server: Server) -> None:
    target = f"/v2.0/compatibility?vin={TESLA}&scope=read_odometer"
    expected = server.get(target).body
    for body in (b"", b"{}", b"not json"):
        answer = server.ask("GET", target, [server.basic, (b"content-type", b"application/json")], body)
        assert (answer.status, answer.body) == (200, expected)


def test_a_library_asks_the_same_as_a_socket(server: Server) -> None:
    import httpx

    with httpx.Client(base_url=server.base_url, auth=(server.client_id, server.client_secret)) as client:
        answer = client.get("/v2.0/compatibility", params={"vin": TESLA, "scope": "read_odometer"})
    assert answer.json() == compatibility(server, TESLA, "read_odometer").json()
    assert answer.http_version == "HTTP/1.1"
