"""Our own API: VINs read and compatibility explained, one by one and a thousand at a time."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import Server, check_error

from carwire.core.permissions import CONTROL, READ

MODEL_S = "5YJSA1E29LF403082"
TESLA = "5YJXCDE22HF068739"
GOLF = "WVWZZZ1KZAW000123"
OLD = "WBAKE5C58DJ107700"
RESULT = ["vin", "compatible", "reason", "make", "model", "model_year", "powertrain", "capabilities", "problem"]
EXPLANATION = [
    "vin",
    "country",
    "market",
    "compatible",
    "reason",
    "ground",
    "car",
    "service",
    "capabilities",
    "caveats",
]
GROUND = ["statement", "certainty", "evidence", "source", "would_change"]


def read(server: Server, vin: str) -> dict[str, Any]:
    answer = server.get(f"/v1/vins/{vin}")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json()
    return found


def test_a_car_of_north_america_is_decoded_with_sources(server: Server) -> None:
    found = read(server, MODEL_S)
    assert list(found) == ["vin", "structure", "decoded", "world"]
    assert (found["vin"], found["world"]) == (MODEL_S, None)
    decoded = found["decoded"]
    assert decoded["model"] == {"value": "Model S", "strength": "pattern", "source": "vPIC Pattern", "reason": None}
    assert (decoded["model_year"]["value"], decoded["model_year"]["strength"]) == (2020, "exact")
    assert decoded["powertrain"]["value"] == "BEV"
    assert decoded["trim"]["value"] is None
    assert decoded["trim"]["reason"]
    assert decoded["errors"] == [{"code": 0, "text": decoded["errors"][0]["text"]}]
    assert found["structure"]["check_digit"] == {
        "rule": "north_america",
        "given": "9",
        "computed": "9",
        "valid": True,
    }


def test_a_car_of_another_market_says_what_cannot_be_known(server: Server) -> None:
    found = read(server, GOLF)
    assert found["decoded"] is None
    assert found["world"]["makes"] == ["VOLKSWAGEN"]
    assert found["world"]["cannot_be_known"]
    assert found["structure"]["country_name"] == "Germany"


@pytest.mark.parametrize(
    "spelling",
    ["5yjsa1e29lf403082", "5YJ-SA1E29-LF403082", "%205YJSA1E29LF403082%20", "5YJ%C2%A0SA1E29%E2%80%93LF403082"],
)
def test_a_vin_is_read_as_people_type_it(server: Server, spelling: str) -> None:
    assert read(server, spelling) == read(server, MODEL_S)
    assert read(server, f"{spelling}/") == read(server, MODEL_S)
    assert server.get(f"//v1///vins//{spelling}//").json() == read(server, MODEL_S)


@pytest.mark.parametrize("length", range(1, 17))
def test_a_beginning_is_answered_as_far_as_it_reaches(server: Server, length: int) -> None:
    found = read(server, MODEL_S[:length])
    assert found["vin"] == MODEL_S[:length]
    assert [problem["kind"] for problem in found["structure"]["problems"]] == ["too_short"]
    if length >= 3:
        assert found["structure"]["wmi"] == "5YJ"


def test_unknown_and_mistyped_characters_are_pointed_at(server: Server) -> None:
    unknown = read(server, "5YJSA1E2*LF403082")["structure"]["problems"]
    assert [(problem["kind"], problem["position"]) for problem in unknown[:1]] == [("unknown_character", 9)]
    kinds = {p["kind"]: p for p in read(server, "5YJSA1E29LF4O3082")["structure"]["problems"]}
    assert (kinds["look_alike"]["position"], kinds["look_alike"]["character"]) == (13, "O")


@pytest.mark.parametrize(
    "vin", ["5YJ!", "A" * 18, "%20", "-", "5YJSA1E29LF40308%00", "%C3%9F" * 17, "A" * 65, "A" * 500]
)
def test_what_cannot_be_a_vin_is_refused(server: Server, vin: str) -> None:
    check_error(server, server.get(f"/v1/vins/{vin}"), 400, "vin")


def test_many_vins_are_answered_in_their_order(server: Server) -> None:
    texts = [MODEL_S, "5YJ!", GOLF, "", MODEL_S, " 5yj-sa1 ", "A" * 18, "A" * 64]
    answer = server.post("/v1/vins", {"vins": texts})
    assert list(answer.json()) == ["results"]
    results = answer.json()["results"]
    assert [list(result) for result in results] == [["input", "answer", "problem"]] * len(texts)
    assert [result["input"] for result in results] == texts
    assert [result["problem"] is None for result in results] == [True, False, True, False, True, True, False, False]
    for result in results:
        assert (result["answer"] is None) is (result["problem"] is not None)
        if result["answer"]:
            assert result["answer"] == read(server, result["input"].replace(" ", "%20"))
        else:
            assert list(result["problem"]) == ["field", "message"]
            assert result["problem"]["field"] == "vin"


def test_names_nobody_knows_are_refused(server: Server) -> None:
    for path in ("/v1/vins", "/v1/compatibility"):
        check_error(server, server.post(path, {"vins": [MODEL_S], "Scope": "read_vin"}), 400)
    check_error(server, server.get(f"/v1/compatibility/{MODEL_S}?Scope=read_vin"), 400)
    assert server.get(f"/v1/compatibility/{MODEL_S}?").status == 200


def test_a_thousand_vins_are_answered(server: Server) -> None:
    vins = [f"5YJ3E1EA0KF{n:06}" for n in range(1000)]
    results = server.post("/v1/vins", {"vins": vins}).json()["results"]
    assert [result["answer"]["vin"] for result in results] == vins
    verdicts = server.post("/v1/compatibility", {"vins": vins, "scope": "read_odometer"}).json()["results"]
    assert [verdict["vin"] for verdict in verdicts] == vins
    assert all(verdict["capabilities"][0]["capable"] for verdict in verdicts)


@pytest.mark.parametrize(
    ("vin", "query", "compatible", "reason"),
    [
        (MODEL_S, "", True, None),
        (MODEL_S, "country=de", True, None),
        (OLD, "", False, "VEHICLE_NOT_COMPATIBLE"),
        (MODEL_S, "country=JP", False, "MAKE_NOT_COMPATIBLE"),
        ("ZFF79ALB000012345", "", False, "MAKE_NOT_COMPATIBLE"),
        ("WZZ00000000000000", "", False, "MAKE_NOT_COMPATIBLE"),
        ("0SCGMCT0386A85356", "", True, None),
        ("VF1RJA00067012345", "", False, "MAKE_NOT_COMPATIBLE"),
        ("VF1RJA00067012345", "country=FR", True, None),
    ],
)
def test_every_verdict_says_what_it_rests_on(
    server: Server, vin: str, query: str, compatible: bool, reason: str | None
) -> None:
    found = server.get(f"/v1/compatibility/{vin}?{query}").json()
    assert list(found) == EXPLANATION
    assert (found["vin"], found["compatible"], found["reason"]) == (vin, compatible, reason)
    asked = [*READ, *CONTROL] if compatible else []
    assert [c["permission"] for c in found["capabilities"]] == asked
    for ground in (found["ground"], *(c["ground"] for c in found["capabilities"])):
        assert list(ground) == GROUND
        assert ground["statement"]
        assert ground["would_change"]
        assert ground["certainty"] in {"stated", "assumed_yes", "assumed_no"}
        assert ground["evidence"] in {None, "connector", "documented", "inferred"}
        assert (ground["source"] is None) is (ground["evidence"] is None)
        if ground["source"]:
            assert ground["source"]["title"]
    for c in found["capabilities"]:
        assert list(c) == ["permission", "capable", "reason", "ground"]
        assert (c["reason"] is None) is c["capable"]


@pytest.mark.parametrize("country", ["US", "CA", "DE", "JP"])
def test_the_explanation_and_the_wire_and_the_list_agree(server: Server, country: str) -> None:
    vins = [TESLA, MODEL_S, OLD, "1FTFW1E54NFA00123", "WVWZZZE1ZMP012345", "0SC00000000000000", "1SC00000000000000"]
    scope = "read_odometer read_fuel read_location control_security"
    results = server.post("/v1/compatibility", {"vins": vins, "scope": scope, "country": country}).json()["results"]
    for vin, result in zip(vins, results, strict=True):
        assert list(result) == RESULT
        explained = server.get(f"/v1/compatibility/{vin}?country={country}&scope={scope.replace(' ', '+')}").json()
        wire = server.get(f"/v2.0/compatibility?vin={vin}&country={country}&scope={scope.replace(' ', '+')}").json()
        for verdict in (explained, wire):
            assert (verdict["compatible"], verdict["reason"]) == (result["compatible"], result["reason"])
            assert [(c["permission"], c["capable"], c["reason"]) for c in verdict["capabilities"]] == [
                (c["permission"], c["capable"], c["reason"]) for c in result["capabilities"]
            ]
        assert (result["model"], result["model_year"]) == (explained["car"]["model"], explained["car"]["model_year"])
        assert result["problem"] is None


def test_what_is_no_vin_has_a_problem_in_its_place(server: Server) -> None:
    vins = ["5YJ", " 5yj-sa1e29lf403082", "", "I" * 17, MODEL_S + "\n", MODEL_S]
    results = server.post("/v1/compatibility", {"vins": vins}).json()["results"]
    assert [result["problem"] is None for result in results] == [False, True, False, False, False, True]
    assert [result["vin"] for result in results] == ["5YJ", MODEL_S, "", "I" * 17, MODEL_S + "\n", MODEL_S]
    for result in results:
        if result["problem"]:
            rest = {key: value for key, value in result.items() if key not in {"vin", "problem"}}
            assert rest == {**dict.fromkeys(RESULT[1:7]), "capabilities": []}
            assert result["problem"]["field"] == "vin"
        else:
            assert [c["permission"] for c in result["capabilities"]] == [*READ, *CONTROL]


def test_a_list_alone_is_asked_for_every_permission_in_the_united_states(server: Server) -> None:
    short = server.post("/v1/compatibility", {"vins": [TESLA]}).json()
    for more in ({"scope": None}, {"country": "us"}, {"scope": " ".join((*READ, *CONTROL)), "country": "US"}):
        assert server.post("/v1/compatibility", {"vins": [TESLA], **more}).json() == short
