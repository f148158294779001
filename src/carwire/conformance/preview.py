"""v3 as the SDKs of v2.0 read it, with an owner's token: getVehicle, getSignals and getSignal."""

from __future__ import annotations

from typing import Any, Final

from carwire.conformance.answers import Answer
from carwire.conformance.check import Group
from carwire.conformance.expecting import NotAsked, expect
from carwire.conformance.owners import owner, vehicles
from carwire.conformance.shapes import expect_shape, integer, text, under
from carwire.conformance.talk import NOBODY, Talk, bearer
from carwire.conformance.v3_shapes import PREVIEW_PAGES, PREVIEW_SIGNAL, PREVIEW_VEHICLE

preview: Final = Group()
_WHO: Final = "(an owner's token)"
_VEHICLE: Final = f"GET /v3/vehicles/{{id}} {_WHO}"
_SIGNALS: Final = f"GET /v3/vehicles/{{id}}/signals {_WHO}"
_SIGNAL: Final = f"GET /v3/vehicles/{{id}}/signals/{{code}} {_WHO}"


async def _get(talk: Talk, path: str) -> Answer:
    (vehicle, *_) = await vehicles(talk)
    return await talk.get(f"/v3/vehicles/{vehicle}{path}", (await owner(talk)).bearer)


@preview.add(
    "preview-vehicle", _VEHICLE, "is the vehicle itself, not wrapped in data", "Java: JsonApiDeserializer; Node"
)
async def vehicle(talk: Talk) -> None:
    """With the slash that Node sends."""
    expect_shape((await _get(talk, "/")).good(), PREVIEW_VEHICLE)


@preview.add("preview-links", _VEHICLE, "has links that are strings", "Java: a map of strings")
async def links(talk: Talk) -> None:
    """No objects and no nulls among them."""
    body = (await _get(talk, "/")).good()
    expect(all(isinstance(each, str) for each in body["links"].values()), "strings", "others among them")


async def _signals(talk: Talk) -> list[Any]:
    body = (await _get(talk, "/signals")).good()
    found = body["data"] if isinstance(body, dict) else None
    if not found:
        raise NotAsked("the vehicle has no signals yet")
    return list(found)


@preview.add("preview-signals", _SIGNALS, "has signals in data", "Java: Signal; Node: body.data")
async def signals(talk: Talk) -> None:
    """And the vehicle beside."""
    body = (await _get(talk, "/signals")).good()
    expect_shape(body, {**under("/data/*", PREVIEW_SIGNAL), **under("/included/vehicle", PREVIEW_VEHICLE)})


@preview.add("preview-meta", _SIGNALS, "has page, pageSize and totalCount in meta", "Java: SignalsMeta")
async def meta(talk: Talk) -> None:
    """Not pageNumber, as an application is told."""
    expect_shape((await _get(talk, "/signals")).good(), PREVIEW_PAGES)


@preview.add("preview-moments", _SIGNALS, "has moments that are integers", "Java: Meta maps them to Long")
async def moments(talk: Talk) -> None:
    """Those that are there: static values have none."""
    for each in await _signals(talk):
        for name in ("retrievedAt", "oemUpdatedAt"):
            found = each["meta"].get(name, 0)
            expect(integer(found), f"{name} of {each['id']}, an integer", found)


async def _one(talk: Talk) -> Any:
    good = [each["id"] for each in await _signals(talk) if each["attributes"]["status"]["value"] == "SUCCESS"]
    if not good:
        raise NotAsked("no signal of the vehicle is good")
    return (await _get(talk, f"/signals/{good[0]}")).good()


@preview.add("preview-signal", _SIGNAL, "is the signal itself, not wrapped in data", "Java: JsonApiDeserializer; Node")
async def signal(talk: Talk) -> None:
    """By its code."""
    expect_shape(await _one(talk), PREVIEW_SIGNAL)


@preview.add(
    *("preview-error", _VEHICLE, "refuses with type or error beside errors"),
    "Node: a body with errors alone becomes a generic SDK_ERROR",
)
async def error(talk: Talk) -> None:
    """A token in the form of an owner's that nobody has."""
    answer = await talk.get(f"/v3/vehicles/{NOBODY}/", bearer(NOBODY))
    answer.expect_status(401)
    answer.expect_json()
    expect_shape(answer.json(), {"/type": text, "/description": text, "/errors/*/title": text}, filled=True)


CHECKS: Final = tuple(preview.checks)
