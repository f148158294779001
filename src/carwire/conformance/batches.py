"""Batch: several reads of one vehicle at once, which every SDK reads item by item."""

from __future__ import annotations

from typing import Any, Final

from carwire.conformance.answers import JSON, Answer, is_moment
from carwire.conformance.check import Group
from carwire.conformance.errors import expect_error_body
from carwire.conformance.expecting import NotAsked, expect, expect_keys
from carwire.conformance.owners import owner
from carwire.conformance.reads import READS, VEHICLE, ask_vehicle, read
from carwire.conformance.shapes import expect_shape, integer, mapping, matching
from carwire.conformance.talk import Talk

batches: Final = Group()
_BATCH: Final = f"POST {VEHICLE}/batch"
_MISSING: Final = "/tesla/compass"  # what hardly any car has that is not a Tesla


async def _asked(talk: Talk) -> tuple[str, list[str]]:
    """Return a vehicle and the paths that are asked of it: no car is asked for more."""
    vehicle, _ = await read(talk, "/odometer")
    return vehicle, ["/", "/odometer", "/permissions", _MISSING]


async def _batch(talk: Talk) -> Answer:
    vehicle, paths = await _asked(talk)
    return await _send(talk, vehicle, paths)


async def _send(talk: Talk, vehicle: str, paths: list[str]) -> Answer:
    body = {"requests": [{"path": path} for path in paths]}
    who = await owner(talk)
    return await talk.post(f"/v2.0/vehicles/{vehicle}/batch", body, who.bearer, ("sc-unit-system", "metric"))


async def _items(talk: Talk) -> list[Any]:
    body = (await _batch(talk)).good()
    expect_keys(body, {"responses"})
    expect_shape(
        body, {"/responses/*/path": matching("/.*", "a path with a slash before it"), "/responses/*/code": integer}
    )
    return list(body["responses"])


async def _failed(talk: Talk) -> list[Any]:
    found = [item for item in await _items(talk) if item["code"] != 200]
    if not found:
        raise NotAsked(f"every item is good, {_MISSING} too")
    return found


@batches.add("batch-items", _BATCH, "has an item for every path, in order", "all SDKs: an accessor for each path")
async def batch_items(talk: Talk) -> None:
    """With the slash before each path."""
    _, paths = await _asked(talk)
    found = [item["path"] for item in await _items(talk)]
    expect(found == paths, " ".join(paths), " ".join(found))


@batches.add("batch-outer", _BATCH, "is application/json and has sc-request-id", "Python, Node: meta of every item")
async def batch_outer(talk: Talk) -> None:
    """Items have none of their own."""
    answer = await _batch(talk)
    answer.expect_json()
    answer.expect_request_id()


@batches.add("batch-bodies", _BATCH, "has items whose bodies are objects", "Java: JsonObject; Node: spread")
async def batch_bodies(talk: Talk) -> None:
    """Those of errors, too."""
    expect_shape({"items": await _items(talk)}, {"/items/*/body": mapping})


@batches.add("batch-same", _BATCH, "answers what the single calls do", "all SDKs: one parser for both")
async def batch_same(talk: Talk) -> None:
    """Members and codes; values may have moved on."""
    vehicle, _ = await _asked(talk)
    for item in await _items(talk):
        single = await ask_vehicle(talk, vehicle, item["path"])
        expect(item["code"] == single.status, f"code {single.status} for {item['path']}", item["code"])
        if single.status == 200:
            expect_keys(item["body"], set(READS[item["path"]].keys))


@batches.add("batch-headers", _BATCH, "has headers in every good item, names in lower case", "Python, Java: indexed")
async def batch_headers(talk: Talk) -> None:
    """Even where none of them says anything."""
    for item in await _items(talk):
        if item["code"] == 200:
            headers = item.get("headers")
            expect(isinstance(headers, dict), f"headers, an object, for {item['path']}", headers)
            expect(all(name == name.lower() for name in headers), "names in lower case", ", ".join(headers))


@batches.add("batch-age", _BATCH, "has age and unit system in the items that have them", "all SDKs: meta of an item")
async def batch_age(talk: Talk) -> None:
    """As the single call."""
    for item in await _items(talk):
        known = READS.get(item["path"])
        if item["code"] != 200 or known is None or not known.aged:
            continue
        headers = item.get("headers") or {}
        for name in ("sc-data-age", "sc-fetched-at"):
            expect(is_moment(headers.get(name)), f"{name} for {item['path']}", headers.get(name))
        if known.measured:
            expect(headers.get("sc-unit-system") == "metric", "sc-unit-system metric", headers.get("sc-unit-system"))


@batches.add(
    "batch-error", _BATCH, "has errors in their form in the items that failed", "all SDKs: an error of the item"
)
async def batch_error(talk: Talk) -> None:
    """With the code of the item."""
    for item in await _failed(talk):
        expect_error_body(item["body"])
        expect(item["body"]["statusCode"] == item["code"], f"statusCode {item['code']}", item["body"]["statusCode"])


@batches.add("batch-error-headers", _BATCH, "says content-type in the items that failed", "Node: a TypeError without")
async def batch_error_headers(talk: Talk) -> None:
    """Smartcar's own service sends none, and Node's SDK breaks on that."""
    for item in await _failed(talk):
        headers = item.get("headers")
        found = headers.get("content-type") if isinstance(headers, dict) else None
        expect(isinstance(found, str) and JSON in found, f"content-type {JSON} in the item", found)


@batches.add("batch-no-slash", _BATCH, "takes paths without a slash before them", "Smartcar's reference: Batch")
async def batch_no_slash(talk: Talk) -> None:
    """And answers with one."""
    vehicle, _ = await read(talk, "/vin")
    answer = await _send(talk, vehicle, ["vin"])
    expect_shape(answer.good(), {"/responses/*/path": matching("/vin", "/vin")}, filled=True)


CHECKS: Final = tuple(batches.checks)
