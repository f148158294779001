"""Compatibility of v2.0: one car, the matrix, and test mode."""

from __future__ import annotations

from typing import Any, Final

from carwire.conformance.answers import Answer
from carwire.conformance.check import Group
from carwire.conformance.expecting import expect, expect_keys
from carwire.conformance.shapes import Shape, expect_shape, integer, items, matching, one_of, text, truth
from carwire.conformance.talk import Talk

catalogues: Final = Group()
_ONE: Final = "GET /v2.0/compatibility"
_MATRIX: Final = "GET /v2.0/compatibility/matrix"
_ASKED: Final = "vin=5YJXCDE22HF068739&scope=read_odometer+read_location&country=US"  # a car of the suites
_SHAPE: Final[Shape] = {
    "/compatible": truth,
    "/reason": one_of("VEHICLE_NOT_COMPATIBLE", "MAKE_NOT_COMPATIBLE", None),
    "/capabilities/*/permission": matching("(read|control)_[a-z_]+", "the plain name of a permission"),
    "/capabilities/*/endpoint": matching("/.*", "a path"),
    "/capabilities/*/capable": truth,
    "/capabilities/*/reason": one_of("VEHICLE_NOT_CAPABLE", "SMARTCAR_NOT_CAPABLE", None),
}
_MODEL: Final[Shape] = {
    "/*/model": text,
    "/*/startYear": integer,
    "/*/endYear": integer,
    "/*/type": matching("[A-Z]+", "a powertrain in upper case"),  # no SDK looks which; fuel cells are in no list
    "/*/endpoints/*": text,
    "/*/permissions/*": text,
}


async def _get(talk: Talk, target: str) -> Answer:
    return await talk.get(f"/v2.0/{target}", talk.client)


async def _one(talk: Talk, query: str = _ASKED) -> Any:
    body = (await _get(talk, f"compatibility?{query}")).good()
    expect_shape(body, _SHAPE)
    return body


@catalogues.add("compatibility-members", _ONE, "has exactly its members", "Python: a missing member is a KeyError")
async def members(talk: Talk) -> None:
    """And those of every capability."""
    body = (await _get(talk, f"compatibility?{_ASKED}")).good()
    expect_keys(body, {"compatible", "reason", "capabilities"})
    for each in body["capabilities"]:
        expect_keys(each, {"permission", "endpoint", "capable", "reason"})


@catalogues.add("compatibility-values", _ONE, "has values of their kinds", "Java: typed fields")
async def values(talk: Talk) -> None:
    """Reasons are null where there is nothing to give one for."""
    body = await _one(talk)
    for each in (body, *body["capabilities"]):
        good = each.get("compatible", each.get("capable"))
        expect((each["reason"] is None) is good, "a reason exactly where the answer is no", each["reason"])


@catalogues.add(
    "compatibility-two", _ONE, "has an entry for every permission and endpoint", "Node's suite: exactly two"
)
async def two(talk: Talk) -> None:
    """Both of the permissions have one endpoint."""
    found = [(each["permission"], each["endpoint"]) for each in (await _one(talk))["capabilities"]]
    wanted = [("read_location", "/location"), ("read_odometer", "/odometer")]
    expect(sorted(found) == wanted, "/location and /odometer", ", ".join(endpoint for _, endpoint in found) or "none")


@catalogues.add("compatibility-spaces", _ONE, "takes %20 and + between permissions", "Python: +; Java: %20")
async def spaces(talk: Talk) -> None:
    """Both are a space."""
    expect(await _one(talk, _ASKED.replace("+", "%20")) == await _one(talk), "the same answer", "another")


@catalogues.add("compatibility-headers", _ONE, "is application/json and has sc-request-id", "Node, Python: meta")
async def headers(talk: Talk) -> None:
    """The headers of every answer."""
    answer = await _get(talk, f"compatibility?{_ASKED}")
    answer.expect_json()
    answer.expect_request_id()


_LEVEL: Final = "vin=5YJXCDE22HF068739&country=US&scope=read_battery+read_fuel&test_mode_compatibility_level="


async def _capable(talk: Talk, query: str) -> dict[str, bool]:
    return {each["permission"]: each["capable"] for each in (await _one(talk, query))["capabilities"]}


@catalogues.add(
    "compatibility-levels", _ONE, "answers by the level in test mode", "Node, Java, Ruby: testModeCompatibilityLevel"
)
async def levels(talk: Talk) -> None:
    """What an electric car has, what one with an engine has, and one that has nothing."""
    electric = await _capable(talk, f"{_LEVEL}bev&mode=test")
    fuel = await _capable(talk, f"{_LEVEL}fuel&mode=test")
    expect(electric == {"read_battery": True, "read_fuel": False}, "a battery alone for bev", electric)
    expect(fuel == {"read_battery": False, "read_fuel": True}, "fuel alone for fuel", fuel)
    implied = await _capable(talk, f"{_LEVEL}fuel")
    expect(implied == fuel, "test mode where there is a level and no mode", implied)
    none = await _one(talk, f"{_LEVEL}incompatible&mode=test")
    expect(none["compatible"] is False, "not compatible for incompatible", "compatible")


@catalogues.add("matrix-makes", _MATRIX, "has nothing but makes, in upper case", "Python, Java: every key is a make")
async def makes(talk: Talk) -> None:
    """Node adds its meta among them."""
    body = (await _get(talk, "compatibility/matrix?region=US")).good()
    expect(isinstance(body, dict) and body, "an object of makes", type(body).__name__)
    strange = [name for name, rows in body.items() if name != name.upper() or not items(rows)]
    expect(not strange, "makes in upper case, each an array", ", ".join(strange))


@catalogues.add(
    "matrix-models", _MATRIX, "has models with exactly their members", "Python: a missing member is a KeyError"
)
async def models(talk: Talk) -> None:
    """Of all makes."""
    body = (await _get(talk, "compatibility/matrix?region=US")).good()
    for rows in body.values():
        expect_shape(rows, _MODEL)
        for row in rows:
            expect_keys(row, {"model", "startYear", "endYear", "type", "endpoints", "permissions"})


@catalogues.add("matrix-filters", _MATRIX, "keeps to type and scope", "Node's suite: every entry has both permissions")
async def filters(talk: Talk) -> None:
    """Every permission that is asked for, not one of them."""
    body = (await _get(talk, "compatibility/matrix?region=US&type=BEV&scope=read_battery+read_charge")).good()
    rows = [row for each in body.values() for row in each]
    expect(rows and all(row["type"] == "BEV" for row in rows), "models of the type BEV alone", "others, or none")
    wanted = {"read_battery", "read_charge"}
    expect(all(wanted <= set(row["permissions"]) for row in rows), "both permissions in every entry", "not in all")


CHECKS: Final = tuple(catalogues.checks)
