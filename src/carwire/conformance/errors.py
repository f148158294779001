"""Errors of v2.0: what is refused, how, and in which form."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from carwire.conformance.answers import Answer, is_uuid
from carwire.conformance.check import Check
from carwire.conformance.expecting import expect
from carwire.conformance.owners import owner, vehicles
from carwire.conformance.talk import AS_JSON, NOBODY, Talk, bearer

Headers = list[tuple[str, str]]
_KEYS: Final = frozenset({"statusCode", "type", "code", "description", "docURL", "resolution", "requestId"})
_MORE: Final = frozenset({"detail", "suggestedUserMessage"})
_TYPES: Final = frozenset(
    {
        *("AUTHENTICATION", "PERMISSION", "VALIDATION", "RESOURCE_NOT_FOUND", "BILLING", "COMPATIBILITY"),
        *("CONNECTED_SERVICES_ACCOUNT", "RATE_LIMIT", "SERVER", "UPSTREAM", "VEHICLE_STATE"),
    }
)
_RESOLUTIONS: Final = (None, "RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "ACTION_REQUIRED")
_CAR: Final = "/v2.0/vehicles/{id}"


def expect_error(answer: Answer) -> None:
    """Raise `Deviation` unless an answer is an error the strictest SDK can read."""
    answer.expect_json()
    body = answer.json()
    expect_error_body(body)
    expect(body["statusCode"] == answer.status, f"statusCode {answer.status}, as the answer", body["statusCode"])
    answer.expect_request_id()
    same = body["requestId"] == answer.header("sc-request-id")
    expect(same, "requestId as in sc-request-id", "another one")


def expect_error_body(body: Any) -> None:
    """Raise `Deviation` unless a body, which may be an item's of a batch, is an error."""
    expect(isinstance(body, dict), "an object", type(body).__name__)
    missing, unknown = _KEYS - body.keys(), body.keys() - _KEYS - _MORE
    expect(not missing, f"an error with {', '.join(sorted(missing))}", "one without")
    expect(not unknown, "no other member of an error", ", ".join(sorted(unknown)))
    expect(body["type"] in _TYPES, "a type of the catalogue", body["type"])
    for name in ("description", "docURL"):
        expect(isinstance(body[name], str) and body[name], f"{name}, a string that is not empty", body[name])
    expect(body["code"] is None or isinstance(body["code"], str), "code, a string or null", body["code"])
    expect(is_uuid(body["requestId"]), "requestId, a UUID", body["requestId"])
    _expect_resolution(body["resolution"])
    for name, kind in (("detail", list), ("suggestedUserMessage", str)):
        if name in body:
            expect(isinstance(body[name], kind) and body[name], f"no {name} rather than an empty one", body[name])


def _expect_resolution(resolution: Any) -> None:
    expect(isinstance(resolution, dict) and "type" in resolution, "resolution, an object with a type", resolution)
    expect(resolution["type"] in _RESOLUTIONS, "a resolution of the catalogue", resolution["type"])
    expect(isinstance(resolution.get("url", ""), str), "no url of the resolution rather than null", resolution)


class Refusal(msgspec.Struct, frozen=True):
    """A call that has to be refused. `headers` gives those of who asks; `{id}` in the path is the owner's vehicle."""

    method: str
    path: str
    headers: Callable[[Talk], Awaitable[Headers]]
    status: int
    kind: str
    says: str
    relies: str
    body: Any = None
    resolution: str | None = None
    has_detail: str | None = None  # a field that the detail names


async def _nobody(_: Talk) -> Headers:
    return []


async def _garbage(_: Talk) -> Headers:
    return [bearer("garbage")]


async def _owner(talk: Talk) -> Headers:
    return [(await owner(talk)).bearer]


async def _client(talk: Talk) -> Headers:
    return [talk.client]


async def _wrong_client(talk: Talk) -> Headers:
    return [talk.basic(talk.access.client_id or NOBODY, "wrong-secret")]


async def _wrong_management(talk: Talk) -> Headers:
    return [talk.basic("default", "wrong-token")]


_SUITES: Final = "both official suites"
_BATCH: Final = "all SDKs: the method itself raises"
REFUSALS: Final[Mapping[str, Refusal]] = {
    "no-token": Refusal("GET", "/v2.0/user", _nobody, 401, "AUTHENTICATION", "a call without a token", _SUITES),
    "bad-token": Refusal("GET", "/v2.0/vehicles", _garbage, 401, "AUTHENTICATION", "a call with a bad token", _SUITES),
    "client-for-token": Refusal(
        *("GET", "/v2.0/user", _client, 401, "AUTHENTICATION"),
        *("client credentials in place of a token", "Smartcar's reference: Authentication"),
    ),
    "bad-vehicle-id": Refusal(
        "GET", "/v2.0/vehicles/bad_id", _owner, 400, "VALIDATION", "an id that is no UUID", "Python's suite"
    ),
    "unknown-vehicle": Refusal(
        *(
            "GET",
            f"/v2.0/vehicles/{NOBODY}/odometer",
            _owner,
            403,
            "PERMISSION",
            "a vehicle the token does not reach",
        ),
        relies="Smartcar's reference: PERMISSION",
        resolution="REAUTHENTICATE",
    ),
    "unknown-path": Refusal(
        "GET", f"{_CAR}/nothing", _owner, 404, "RESOURCE_NOT_FOUND", "a path there is not", "all SDKs: request()"
    ),
    "bad-version": Refusal(
        "GET", "/vbad/user", _owner, 404, "RESOURCE_NOT_FOUND", "a version that is no number", "Python's suite"
    ),
    "batch-empty": Refusal(
        *("POST", f"{_CAR}/batch", _owner, 400, "VALIDATION", "a batch without requests", _BATCH),
        body={},
        has_detail="requests",
    ),
    "batch-bad-path": Refusal(
        *("POST", f"{_CAR}/batch", _owner, 400, "VALIDATION", "a batch with a misspelled path", _BATCH),
        body={"requests": [{"path": "/odometer"}, {"path": "/odomter"}]},
    ),
    "subscribe-bad-id": Refusal(
        "POST", f"{_CAR}/webhooks/webhookID", _owner, 400, "VALIDATION", "a webhook id that is none", _SUITES
    ),
    "unsubscribe-bad-token": Refusal(
        *("DELETE", f"{_CAR}/webhooks/webhookID", _garbage, 401, "AUTHENTICATION"),
        *("a bad token before it looks at the id", "Node's suite"),
    ),
    "bad-management-token": Refusal(
        *("GET", "/v2.0/management/connections", _wrong_management, 401, "AUTHENTICATION"),
        *("a wrong management token", "Python, Node: getConnections"),
    ),
    "bad-client": Refusal(
        *("GET", "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin&country=US", _wrong_client, 401),
        *("AUTHENTICATION", "a wrong client secret", "Python, Node: getCompatibility"),
    ),
    "bad-vin": Refusal(
        *("GET", "/v2.0/compatibility?vin=x&scope=read_vin&country=US", _client, 400, "VALIDATION"),
        *("a VIN that is none", "Python, Node: getCompatibility"),
    ),
    "no-level": Refusal(
        *("GET", "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin&country=US&mode=test", _client, 400),
        *("VALIDATION", "test mode without a level", "Node's suite"),
        has_detail="test_mode_compatibility_level",
    ),
}


async def ask_refusal(talk: Talk, row: Refusal) -> Answer:
    """Make a call that has to be refused."""
    path = row.path
    headers = await row.headers(talk)
    if "{id}" in path:
        bad = row.headers is _garbage and not talk.access.access_token.reveal()
        path = path.replace("{id}", NOBODY if bad else (await vehicles(talk))[0])
    body = b"" if row.body is None else json.dumps(row.body).encode()
    return await talk.ask(row.method, path, [*headers, *([AS_JSON] if body else [])], body)


async def _refused(talk: Talk, *, row: Refusal) -> None:
    answer = await ask_refusal(talk, row)
    answer.expect_status(row.status)
    body = answer.json()
    kind = body.get("type") if isinstance(body, dict) else None
    expect(kind == row.kind, f"type {row.kind}", kind)
    resolution = body.get("resolution")
    found = resolution.get("type") if isinstance(resolution, dict) else resolution
    expect(found == row.resolution, f"resolution {row.resolution}", found)
    if row.has_detail:
        detail = body.get("detail")
        fields = [each.get("field") for each in detail] if isinstance(detail, list) else []
        named = row.has_detail in fields or [row.has_detail] in fields
        expect(named, f"a detail for the field {row.has_detail}", detail)


async def _form(talk: Talk, *, row: Refusal) -> None:
    answer = await ask_refusal(talk, row)
    expect(answer.status >= 400, "an error", answer)
    expect_error(answer)


def _checks() -> Iterator[Check]:
    for name, row in REFUSALS.items():
        path = row.path.partition("?")[0]
        for sample, name_of in ((NOBODY, "{id}"), ("bad_id", "{id}"), ("webhookID", "{webhookId}")):
            path = path.replace(sample, name_of)
        endpoint = f"{row.method} {path}"
        what = f"refuses {row.says}: {row.status} {row.kind}"
        yield Check(name, endpoint, what, row.relies, partial(_refused, row=row))
        form = "refuses it in the form of errors", "Java: NullPointerException without a member; Python: status from it"
        yield Check(f"{name}-form", endpoint, *form, partial(_form, row=row))


CHECKS: Final = tuple(_checks())
