"""User, vehicles and what requests of the SDKs look like, which a server has to put up with."""

from __future__ import annotations

from typing import Any, Final

from carwire.conformance.answers import Answer
from carwire.conformance.check import Group
from carwire.conformance.expecting import NotAsked, expect, expect_keys
from carwire.conformance.owners import owner
from carwire.conformance.reads import read
from carwire.conformance.shapes import Shape, expect_shape, integer, uuid
from carwire.conformance.talk import AS_JSON, Talk

accounts: Final = Group()
_USER: Final = "GET /v2.0/user"
_VEHICLES: Final = "GET /v2.0/vehicles"
_PAGE: Final[Shape] = {"/vehicles/*": uuid, "/paging/count": integer, "/paging/offset": integer}
_META: Final = "Python: meta is None without sc-request-id; Node: how it is read"


async def _get(talk: Talk, target: str, *headers: tuple[str, str], body: bytes = b"") -> Answer:
    return await talk.ask("GET", target, [(await owner(talk)).bearer, *headers], body)


async def _ids(talk: Talk, query: str = "") -> Any:
    body = (await _get(talk, f"/v2.0/vehicles{query}")).good()
    expect_shape(body, _PAGE)
    return body


async def _expect_user(talk: Talk, target: str, *headers: tuple[str, str], body: bytes = b"") -> None:
    """Raise `Deviation` unless the user is told as ever."""
    plain = (await _get(talk, "/v2.0/user")).good()
    same = (await _get(talk, target, *headers, body=body)).good()
    expect(same == plain, "what is answered otherwise", "something else")


@accounts.add("user-members", _USER, "has id alone, a UUID", "Python: user.id; Node's suite")
async def user_members(talk: Talk) -> None:
    """36 characters, says every suite."""
    body = (await _get(talk, "/v2.0/user")).good()
    expect_keys(body, {"id"})
    expect_shape(body, {"/id": uuid})


@accounts.add("user-headers", _USER, "is application/json and has sc-request-id", _META)
async def user_headers(talk: Talk) -> None:
    """The headers of every answer."""
    answer = await _get(talk, "/v2.0/user")
    answer.expect_json()
    answer.expect_request_id()


@accounts.add("user-slash", _USER, "is the same with a slash, without a redirect", "Node, Go: /v2.0/user/")
async def user_slash(talk: Talk) -> None:
    """Node sends it always."""
    await _expect_user(talk, "/v2.0/user/")


@accounts.add("user-slashes", _USER, "is the same after two slashes", "Node: an origin that ends with a slash")
async def user_slashes(talk: Talk) -> None:
    """Node takes the slash off for some calls only."""
    await _expect_user(talk, "//v2.0/user")


@accounts.add("user-json", _USER, "takes a JSON content type without a body", "Node: on every call")
async def user_json(talk: Talk) -> None:
    """No body is no broken JSON."""
    await _expect_user(talk, "/v2.0/user", AS_JSON)


@accounts.add("user-body", _USER, "takes a body of {}", "Python: Vehicle.request")
async def user_body(talk: Talk) -> None:
    """On GET, too."""
    await _expect_user(talk, "/v2.0/user", AS_JSON, body=b"{}")


@accounts.add("user-flags", _USER, "takes flags in every spelling", "Node: a%3Atrue+b; Python: country:DE%20b:true")
async def user_flags(talk: Talk) -> None:
    """Flags nobody knows are no mistake."""
    for flags in ("a%3Atrue+b%3Ax", "country:DE%20b:true", "country%3ADE"):
        await _expect_user(talk, f"/v2.0/user?flags={flags}")


@accounts.add("user-version", "GET /v99999.0/user", "is that of the newest version", "Python's suite: set_api_version")
async def user_version(talk: Talk) -> None:
    """A version nobody has made yet."""
    await _expect_user(talk, "/v99999.0/user")


@accounts.add("vehicles-members", _VEHICLES, "has vehicles and paging, count and offset", "Python, Java: paging.count")
async def vehicles_members(talk: Talk) -> None:
    """And nothing else."""
    body = (await _get(talk, "/v2.0/vehicles")).good()
    expect_keys(body, {"vehicles", "paging"})
    expect_keys(body["paging"], {"count", "offset"})
    expect_shape(body, _PAGE)


@accounts.add("vehicles-headers", _VEHICLES, "is application/json and has sc-request-id", _META)
async def vehicles_headers(talk: Talk) -> None:
    """The headers of every answer."""
    answer = await _get(talk, "/v2.0/vehicles")
    answer.expect_json()
    answer.expect_request_id()


@accounts.add("vehicles-slash", _VEHICLES, "is the same with a slash, without a redirect", "Node, Go: /v2.0/vehicles/")
async def vehicles_slash(talk: Talk) -> None:
    """Node sends it always."""
    expect((await _get(talk, "/v2.0/vehicles/")).good() == await _ids(talk), "the same list", "another")


@accounts.add("vehicles-page", _VEHICLES, "has pages by limit and offset", "both suites: paging")
async def vehicles_page(talk: Talk) -> None:
    """The count is of all pages."""
    everything = await _ids(talk)
    if len(everything["vehicles"]) < 2:
        raise NotAsked("the token reaches fewer than two vehicles")
    page = await _ids(talk, "?limit=1&offset=1")
    expect(page["vehicles"] == everything["vehicles"][1:2], "the second alone", f"{len(page['vehicles'])} vehicles")
    wanted = {"count": everything["paging"]["count"], "offset": 1}
    expect(page["paging"] == wanted, f"paging {wanted}", page["paging"])


@accounts.add("vehicles-undefined", _VEHICLES, "takes undefined for nothing", "Node: limit=undefined&offset=undefined")
async def vehicles_undefined(talk: Talk) -> None:
    """What JavaScript makes of an option that is not given."""
    expect(await _ids(talk, "?limit=undefined&offset=undefined") == await _ids(talk), "the same list", "another")


@accounts.add("vehicles-limit", _VEHICLES, "gives no more than 50 a page", "Smartcar's reference: limit")
async def vehicles_limit(talk: Talk) -> None:
    """More is refused, or cut."""
    answer = await _get(talk, "/v2.0/vehicles?limit=51")
    expect(answer.status in {200, 400}, "status 400, or 200 and 50 vehicles at most", answer)
    if answer.status == 200:
        expect(len(answer.json()["vehicles"]) <= 50, "50 vehicles at most", f"{len(answer.json()['vehicles'])}")


@accounts.add(
    "attributes-slash", "GET /v2.0/vehicles/{id}", "is the same with a slash", "Ruby without; the others with"
)
async def attributes_slash(talk: Talk) -> None:
    """Which of both is asked for depends on the SDK."""
    vehicle, answer = await read(talk, "/")
    expect((await _get(talk, f"/v2.0/vehicles/{vehicle}")).good() == answer.good(), "the same attributes", "others")


@accounts.add(
    "vehicle-flags", "GET /v2.0/vehicles/{id}/vin", "takes flags before anything else", "Python: Vehicle(flags)"
)
async def vehicle_flags(talk: Talk) -> None:
    """Python puts them into the address."""
    vehicle, answer = await read(talk, "/vin")
    same = await _get(talk, f"/v2.0/vehicles/{vehicle}/vin?flags=country:DE%20b:true")
    expect(same.good() == answer.good(), "the same VIN", "another")


@accounts.add(
    *("history-encoded", "GET /v2.0/vehicles/{id}/service/history", "takes its question mark encoded"),
    "Java: /service/history%3Fstart_date=…",
)
async def history_encoded(talk: Talk) -> None:
    """Java writes the query into the path."""
    vehicle, _ = await read(talk, "/service/history")
    target = f"/v2.0/vehicles/{vehicle}/service/history%3Fstart_date=2024-05-01&end_date=2025-05-01"
    expect(isinstance((await _get(talk, target)).good(), list), "an array", "something else")


CHECKS: Final = tuple(accounts.checks)
