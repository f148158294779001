"""Reads of v2.0: members, values and headers of what a vehicle is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import msgspec

from carwire.conformance.answers import Answer
from carwire.conformance.check import Check
from carwire.conformance.expecting import Deviation, NotAsked, expect, expect_keys, kind_of
from carwire.conformance.owners import owner, vehicles
from carwire.conformance.shapes import (
    Shape,
    expect_shape,
    fraction,
    integer,
    items,
    mapping,
    matching,
    moment,
    number,
    one_of,
    or_null,
    text,
    truth,
    under,
    uuid,
)
from carwire.conformance.talk import Talk, first_answer

VEHICLE: Final = "/v2.0/vehicles/{id}"
_METRIC: Final = ("sc-unit-system", "metric")
_KEYS: Final = "Python: a missing member is a KeyError; Node's suite compares the set of them"
_VALUES: Final = "Java: typed fields; Smartcar's reference of the endpoint"
_PART: Final[Shape] = {"/*/type": text, "/*/status": one_of("OPEN", "CLOSED", "UNKNOWN", "LOCKED", "UNLOCKED")}
_SYSTEM: Final[Shape] = {"/*/systemId": text, "/*/status": one_of("OK", "ALERT"), "/*/description": or_null(text)}
_RECORD: Final[Shape] = {
    "/*/serviceId": or_null(text),
    "/*/serviceDate": or_null(moment),
    "/*/odometerDistance": or_null(number),
    "/*/serviceTasks/*/taskId": or_null(text),
    "/*/serviceTasks/*/taskDescription": or_null(text),
    "/*/serviceDetails/*/type": or_null(text),
    "/*/serviceDetails/*/value": or_null(text),
    "/*/serviceCost/totalCost": or_null(number),
    "/*/serviceCost/currency": or_null(text),
}


class Read(msgspec.Struct, frozen=True):
    """One read: its members by pointer, and whether it says how old it is and in which unit system. Without members it
    is an array.
    """

    shape: Shape
    keys: frozenset[str]
    aged: bool = True
    measured: bool = False


def _read(shape: Shape, *, aged: bool = True, measured: bool = False) -> Read:
    return Read(shape, frozenset(pointer.split("/")[1] for pointer in shape) - {"*"}, aged, measured)


READS: Final[dict[str, Read]] = {
    "/": _read(
        {"/id": uuid, "/make": matching("[^a-z]+", "in upper case"), "/model": text, "/year": integer}, aged=False
    ),
    "/permissions": _read(
        {
            "/permissions/*": matching("(read|control)_[a-z_]+", "the plain name of a permission"),
            "/paging/count": integer,
            "/paging/offset": integer,
        },
        aged=False,
    ),
    "/vin": _read({"/vin": matching("[A-Z0-9]{17}", "17 characters in upper case")}, aged=False),
    "/odometer": _read({"/distance": number}, measured=True),
    "/fuel": _read(
        {
            "/range": or_null(number),
            "/percentRemaining": or_null(fraction),
            "/amountRemaining": or_null(number),
        },
        measured=True,
    ),
    "/battery": _read({"/percentRemaining": or_null(fraction), "/range": or_null(number)}, measured=True),
    "/battery/capacity": _read({"/capacity": number}),
    "/battery/nominal_capacity": _read(
        {
            "/availableCapacities/*/capacity": or_null(number),
            "/availableCapacities/*/description": or_null(text),
            "/capacity": or_null(mapping),
            "/url": or_null(text),
        }
    ),
    "/charge": _read({"/isPluggedIn": truth, "/state": one_of("CHARGING", "FULLY_CHARGED", "NOT_CHARGING")}),
    "/charge/limit": _read({"/limit": fraction}, aged=False),  # of the age of this one nothing is documented
    "/engine/oil": _read({"/lifeRemaining": fraction}),
    "/location": _read({"/latitude": number, "/longitude": number}),
    "/tires/pressure": _read(
        {f"/{name}": number for name in ("frontLeft", "frontRight", "backLeft", "backRight")}, measured=True
    ),
    "/security": _read(
        {
            "/isLocked": truth,
            **{f"/{name}": items for name in ("doors", "windows", "sunroof", "storage", "chargingPort")},
        }
    ),
    "/service/history": _read(_RECORD, measured=True),
    "/diagnostics/system_status": _read(under("/systems", _SYSTEM)),
    "/diagnostics/dtcs": _read({"/activeCodes/*/code": text, "/activeCodes/*/timestamp": or_null(moment)}),
}


async def ask_vehicle(talk: Talk, vehicle: str, path: str, unit: tuple[str, str] = _METRIC) -> Answer:
    """Read a path of a vehicle. Attributes with the slash that three of the SDKs put behind the id."""
    return await talk.get(f"/v2.0/vehicles/{vehicle}{path}", (await owner(talk)).bearer, unit)


async def read(talk: Talk, path: str) -> tuple[str, Answer]:
    """Return a vehicle and what it answers: the first that does. Raises `NotAsked` if all have an excuse."""
    return await first_answer(await vehicles(talk), lambda vehicle: ask_vehicle(talk, vehicle, path))


async def _members(talk: Talk, *, path: str) -> None:
    _, answer = await read(talk, path)
    body = answer.good()
    if READS[path].keys:
        expect_keys(body, set(READS[path].keys))
    else:
        expect(items(body), "an array", kind_of(body))


async def _values(talk: Talk, *, path: str) -> None:
    _, answer = await read(talk, path)
    body = answer.good()
    expect_shape(body, READS[path].shape)
    deeper = _DEEPER.get(path)
    if deeper:
        deeper(body)


def _capacity(body: Any) -> None:
    if body["capacity"] is not None:
        expect_shape(
            body["capacity"], {"/nominal": or_null(number), "/source": one_of("USER_SELECTED", "SMARTCAR", None)}
        )


def _parts(body: Any) -> None:
    for name in ("doors", "windows", "sunroof", "storage", "chargingPort"):
        expect_shape(body[name], _PART)


_DEEPER: Final = {"/battery/nominal_capacity": _capacity, "/security": _parts}


async def _request_id(talk: Talk, *, path: str) -> None:
    (await read(talk, path))[1].expect_request_id()


async def _json(talk: Talk, *, path: str) -> None:
    (await read(talk, path))[1].expect_json()


async def _age(talk: Talk, *, path: str) -> None:
    _, answer = await read(talk, path)
    answer.expect_status(200)
    answer.expect_moment("sc-data-age")
    answer.expect_moment("sc-fetched-at")


async def _unit(talk: Talk, *, path: str) -> None:
    _, answer = await read(talk, path)
    answer.expect_status(200)
    expect(answer.header("sc-unit-system") == "metric", "sc-unit-system metric", answer.header("sc-unit-system"))


async def imperial(talk: Talk) -> None:
    """The same distance in miles, within what a car drives between two requests."""
    vehicle, answer = await read(talk, "/odometer")
    other = await ask_vehicle(talk, vehicle, "/odometer", ("sc-unit-system", "imperial"))
    km, miles = (_distance(each) for each in (answer, other))
    expect(other.header("sc-unit-system") == "imperial", "sc-unit-system imperial", other.header("sc-unit-system"))
    expect(abs(miles * 1.609344 - km) <= 0.02 * km + 5, f"about {km / 1.609344:.0f} mi", f"{miles:.0f}")


def _distance(answer: Answer) -> float:
    body = answer.good()
    expect_shape(body, {"/distance": number})
    return float(body["distance"])


async def permissions_page(talk: Talk) -> None:
    """One permission a page, and the count of all of them."""
    vehicle, answer = await read(talk, "/permissions")
    everything = answer.good()
    page = (await ask_vehicle(talk, vehicle, "/permissions?limit=1&offset=1")).good()
    expect_shape(page, READS["/permissions"].shape)
    count = len(everything["permissions"])
    if count < 2:
        raise NotAsked("the owner has granted one permission")
    expect(page["paging"] == {"count": everything["paging"]["count"], "offset": 1}, "the count of all", page["paging"])
    expect(page["permissions"] == everything["permissions"][1:2], "the second alone", f"{len(page['permissions'])}")


async def dates_undefined(talk: Talk) -> None:
    """What Node sends when it is given no dates."""
    vehicle, _ = await read(talk, "/service/history")
    for query in ("start_date=undefined&end_date=undefined", "startDate=2020-01-01&endDate=2020-02-01"):
        answer = await ask_vehicle(talk, vehicle, f"/service/history?{query}")
        if not items(answer.good()):
            raise Deviation(f"an array for {query}", kind_of(answer.json()))


def _checks() -> Iterator[Check]:
    for path, each in READS.items():
        endpoint = f"GET {VEHICLE}{path}"
        name = path.strip("/").replace("/", "-").replace("_", "-") or "attributes"
        said = "has exactly its members" if each.keys else "is an array"
        rows = [
            ("members", said, _KEYS, _members),
            ("values", "has values of their kinds", _VALUES, _values),
            ("request-id", "has sc-request-id", "Python: meta is None without it", _request_id),
            ("json", "is application/json", "Node, Python: decides how it is read", _json),
        ]
        if each.aged:
            rows.append(
                ("age", "has sc-data-age and sc-fetched-at", "Java: one form of moment; Node, Python: meta", _age)
            )
        if each.measured:
            rows.append(("unit", "has sc-unit-system", "Python: AttributeError without it; Node's suite", _unit))
        for suffix, says, relies, run in rows:
            yield Check(f"{name}-{suffix}", endpoint, says, relies, partial(run, path=path))
    for name, path, says, relies, once in (
        ("odometer-imperial", "/odometer", "heeds sc-unit-system", "all SDKs: unit system", imperial),
        ("permissions-page", "/permissions", "has pages by limit and offset", "Python, Java: paging", permissions_page),
        (
            *("service-history-dates", "/service/history", "takes both spellings of dates, and undefined"),
            *("Node: start_date=undefined; Python: startDate", dates_undefined),
        ),
    ):
        yield Check(name, f"GET {VEHICLE}{path}", says, relies, once)


CHECKS: Final = tuple(
    sorted(_checks(), key=lambda check: list(READS).index(check.endpoint.removeprefix(f"GET {VEHICLE}")))
)
