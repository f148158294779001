"""v3 as an application asks it: its token, connections, vehicles, signals, webhooks, errors."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final

import msgspec

from carwire.conformance.answers import Answer
from carwire.conformance.check import Check, Group
from carwire.conformance.expecting import Deviation, NotAsked, expect, expect_keys, kind_of
from carwire.conformance.shapes import Shape, expect_shape, one_of, under, values
from carwire.conformance.talk import AS_JSON, NOBODY, Talk, bearer, first_answer
from carwire.conformance.v3_shapes import (
    COMPATIBLE,
    CONNECTION,
    ERROR,
    EXECUTION,
    LINKS,
    ORDER,
    PAGES,
    SIGNAL,
    SIGNAL_ERROR,
    SUBSCRIPTION,
    VEHICLE,
    WEBHOOK,
)

v3: Final = Group()
ODOMETER: Final = "odometer-traveleddistance"
_TOKEN: Final = "POST /oauth2/token"  # noqa: S105  # a path
_REFERENCE: Final = "Smartcar's reference of v3"
_SIMULATED: Final = "filter%5Bvehicle.mode%5D=simulated"


class Reached(msgspec.Struct, frozen=True):
    """A vehicle of v3 with its owner, and what the connection said."""

    vehicle: str
    user: str
    connection: str

    @property
    def owner(self) -> tuple[str, str]:
        """The header that names the owner."""
        return "sc-user-id", self.user


# --- the application's token


def _client(talk: Talk) -> dict[str, str]:
    access = talk.access
    if not access.v3_client_id or not access.v3_client_secret.reveal():
        raise NotAsked("no client id and secret of v3")
    return {"client_id": access.v3_client_id, "client_secret": access.v3_client_secret.reveal()}


async def _exchanged(talk: Talk) -> Answer:
    return await talk.form("/oauth2/token", {"grant_type": "client_credentials", **_client(talk)})


async def machine(talk: Talk) -> tuple[str, str]:
    """Return the header of the application's token. Raises `NotAsked` when there is no way to one."""
    answer = await _exchanged(talk)
    if answer.status != 200:
        msg = f"the application gets no token: {answer}"
        raise NotAsked(msg)
    body = answer.json()
    talk.keep_secrets(body)
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token:
        raise NotAsked("the application gets no token: there is no access_token")
    return bearer(token)


@v3.add(
    "machine-members", _TOKEN, "gives a token of 3600 seconds and no refresh token", f"{_REFERENCE}: Application token"
)
async def machine_members(talk: Talk) -> None:
    """Nothing of a value is told."""
    answer = await _exchanged(talk)
    answer.expect_json()
    body = answer.good()
    talk.keep_secrets(body)
    expect_keys(body, {"access_token", "token_type", "expires_in"})
    expect(isinstance(body["access_token"], str), "access_token, a string", kind_of(body["access_token"]))
    expect_shape(body, {"/token_type": one_of("Bearer")})
    expect(body["expires_in"] == 3600, "expires_in 3600", kind_of(body["expires_in"]))


@v3.add("machine-json", _TOKEN, "takes JSON as well as a form", f"{_REFERENCE}: OpenAPI, Application token")
async def machine_json(talk: Talk) -> None:
    """The documentation has one, the API's own document the other."""
    body = (await talk.post("/oauth2/token", {"grant_type": "client_credentials", **_client(talk)})).good()
    talk.keep_secrets(body)
    expect(isinstance(body, dict) and "access_token" in body, "access_token", "none")


@v3.add("machine-bad-client", _TOKEN, "refuses a wrong secret: 401 invalid_client", f"{_REFERENCE}: Application token")
async def machine_bad_client(talk: Talk) -> None:
    """As OAuth has it."""
    fields = {"grant_type": "client_credentials", **_client(talk), "client_secret": "wrong-secret"}
    answer = await talk.form("/oauth2/token", fields)
    answer.expect_status(401)
    expect(answer.json().get("error") == "invalid_client", "error invalid_client", answer)


# --- connections and vehicles


async def _get(talk: Talk, target: str, *headers: tuple[str, str]) -> Answer:
    return await talk.get(f"/v3/{target}", await machine(talk), *headers)


async def _connections(talk: Talk) -> Answer:
    """The simulated ones, if there are any: nobody's real car is looked at without need."""
    owner = f"&filter%5BuserId%5D={talk.access.user_id}" if talk.access.user_id else ""
    found = await _get(talk, f"connections?{_SIMULATED}{owner}")
    if found.status == 200 and not found.json().get("data"):
        return await _get(talk, f"connections{owner.replace('&', '?', 1)}")
    return found


async def all_reached(talk: Talk) -> list[Reached]:
    """Return the vehicles of the first page. Raises `NotAsked` when the application has none."""
    try:
        rows = (await _connections(talk)).good()["data"]
    except Deviation as error:  # of which the checks of that endpoint tell
        msg = f"the connections cannot be listed: {error.seen}"
        raise NotAsked(msg) from None
    if not rows:
        raise NotAsked("the application has no connection")
    ids = [[row["relationships"][name]["data"]["id"] for name in ("vehicle", "user")] for row in rows]
    return [Reached(vehicle, user, row["id"]) for (vehicle, user), row in zip(ids, rows, strict=True)]


async def reached(talk: Talk) -> Reached:
    """Return the vehicle that signals are asked of."""
    return (await all_reached(talk))[0]


@v3.add(
    "v3-connections", "GET /v3/connections", "has connections in a list with pages", f"{_REFERENCE}: List connections"
)
async def connections(talk: Talk) -> None:
    """With the order they come in."""
    expect_shape((await _connections(talk)).good(), {**under("/data/*", CONNECTION), **PAGES, **ORDER})


@v3.add(
    "v3-connections-page", "GET /v3/connections", "has pages by page[number] and page[size]", f"{_REFERENCE}: paging"
)
async def connections_page(talk: Talk) -> None:
    """Links repeat the filter; there is no page before the first."""
    body = (await _get(talk, f"connections?{_SIMULATED}&page%5Bnumber%5D=1&page%5Bsize%5D=1")).good()
    expect_shape(body, {**PAGES, "/meta/pageSize": lambda size: size == 1 and type(size) is int})
    expect(len(body["data"]) <= 1, "one connection at most", f"{len(body['data'])}")
    expect(body["links"]["prev"] is None, "links.prev null on the first page", body["links"]["prev"])
    expect(_SIMULATED in body["links"]["self"], "links.self with the filter", body["links"]["self"])
    more = body["meta"]["totalCount"] > 1
    expect((body["links"]["next"] is not None) is more, "links.next while there is more", body["links"]["next"])


@v3.add("v3-connection", "GET /v3/connections/{id}", "has the same connection in data", f"{_REFERENCE}: Get connection")
async def connection(talk: Talk) -> None:
    """Wrapped, unlike the preview's."""
    which = await reached(talk)
    body = (await _get(talk, f"connections/{which.connection}")).good()
    expect_shape(body, under("/data", CONNECTION))
    expect(body["data"]["id"] == which.connection, "the connection of that id", "another")


@v3.add(
    "v3-vehicle", "GET /v3/vehicles/{id}", "has the vehicle in data, without sc-user-id", f"{_REFERENCE}: Get vehicle"
)
async def vehicle(talk: Talk) -> None:
    """With powertrain and mode."""
    which = await reached(talk)
    expect_shape((await _get(talk, f"vehicles/{which.vehicle}")).good(), under("/data", VEHICLE))


@v3.add("v3-vehicle-slash", "GET /v3/vehicles/{id}", "is the same with a slash", "Node: getVehicle")
async def vehicle_slash(talk: Talk) -> None:
    """Node sends it always."""
    which = await reached(talk)
    plain = (await _get(talk, f"vehicles/{which.vehicle}")).good()
    same = (await _get(talk, f"vehicles/{which.vehicle}/")).good()
    expect(same == plain, "the same vehicle", "another")


# --- signals


async def _signals(talk: Talk) -> Answer:
    which = await reached(talk)
    return await _get(talk, f"vehicles/{which.vehicle}/signals", which.owner)


_SIGNALS: Final = "GET /v3/vehicles/{id}/signals"
_SIGNAL: Final = "GET /v3/vehicles/{id}/signals/{code}"


@v3.add("v3-signals", _SIGNALS, "has signals in a list, and the vehicle beside", f"{_REFERENCE}: List signals")
async def signals(talk: Talk) -> None:
    """Included is an object with the vehicle, not JSON:API's array."""
    shape = {**under("/data/*", SIGNAL), **PAGES, **under("/included/vehicle", VEHICLE)}
    expect_shape((await _signals(talk)).good(), shape)


@v3.add("v3-signals-ids", _SIGNALS, "has signals whose id is their code", f"{_REFERENCE}: List signals")
async def signals_ids(talk: Talk) -> None:
    """Group, hyphen, name, all in lower case."""
    for each in (await _signals(talk)).good()["data"]:
        about = each["attributes"]
        code = f"{about['group']}-{about['name']}".lower()
        expect(each["id"] == about["code"] == code, f"id and code {code}", f"{each['id']} and {about['code']}")


@v3.add("v3-signals-failed", _SIGNALS, "tells in each signal that failed why", f"{_REFERENCE}: Signals schema")
async def signals_failed(talk: Talk) -> None:
    """A failure never fails the call."""
    rows = (await _signals(talk)).good()["data"]
    failed = [each for each in rows if each["attributes"]["status"]["value"] == "ERROR"]
    if not failed:
        raise NotAsked("no signal failed")
    expect_shape({"data": failed}, under("/data/*/attributes/status/error", SIGNAL_ERROR))


async def _one_signal(talk: Talk) -> tuple[str, Answer]:
    """Read a signal that the list has: the odometer, or else the first that is good."""
    which = await reached(talk)
    rows = (await _signals(talk)).good()["data"]
    good = [each["id"] for each in rows if each["attributes"]["status"]["value"] == "SUCCESS"]
    if not good:
        raise NotAsked("no signal of the vehicle is good")
    code = ODOMETER if ODOMETER in good else good[0]
    return code, await _get(talk, f"vehicles/{which.vehicle}/signals/{code}", which.owner)


@v3.add("v3-signal", _SIGNAL, "has the signal in data, and the vehicle beside", f"{_REFERENCE}: Get signal")
async def signal(talk: Talk) -> None:
    """By its code."""
    code, answer = await _one_signal(talk)
    body = answer.good()
    expect_shape(body, {**under("/data", SIGNAL), **under("/included/vehicle", VEHICLE)})
    expect_shape(body, {"/data/id": one_of(code), "/data/attributes/body": lambda found: isinstance(found, dict)})


@v3.add("v3-signal-unit", _SIGNAL, "heeds sc-unit-system", f"{_REFERENCE}: Headers")
async def signal_unit(talk: Talk) -> None:
    """The distance in miles."""
    which = await reached(talk)
    code, metric = await _one_signal(talk)
    if code != ODOMETER:
        raise NotAsked("the vehicle tells no distance")
    target = f"vehicles/{which.vehicle}/signals/{code}"
    imperial = await _get(talk, target, which.owner, ("sc-unit-system", "imperial"))
    km, miles = (each.good()["data"]["attributes"]["body"]["value"] for each in (metric, imperial))
    expect(abs(miles * 1.609344 - km) <= 0.02 * km + 5, f"about {km / 1.609344:.0f} mi", f"{miles:.0f}")


@v3.add("v3-signal-etag", _SIGNAL, "answers 304 without a body to its own etag", "caches; where there is an etag")
async def signal_etag(talk: Talk) -> None:
    """Nothing of it is published: a server without etags does as well."""
    which = await reached(talk)
    code, answer = await _one_signal(talk)
    tag = answer.header("etag")
    if tag is None:
        raise NotAsked("there is no etag")
    again = await _get(talk, f"vehicles/{which.vehicle}/signals/{code}", which.owner, ("if-none-match", tag))
    if again.status == 200:
        expect(again.header("etag") != tag, "status 304", again)
        return
    again.expect_status(304)
    expect(not again.body, "no body", f"{len(again.body)} bytes")


# --- webhooks, subscriptions, compatibility


def _list(name: str, path: str, shape: Shape, says: str, *, public: bool = False) -> None:
    async def run(talk: Talk) -> None:
        answer = await talk.get(f"/v3/{path}") if public else await _get(talk, path)
        expect_shape(answer.good(), shape)

    v3.add(name, f"GET /v3/{path.partition('?')[0]}", says, f"{_REFERENCE}: {name.partition('-')[2].title()}")(run)


_list("v3-webhooks", "webhooks", {**under("/data/*", WEBHOOK), **PAGES}, "has webhooks in a list with pages")
_list(
    *("v3-subscriptions", f"subscriptions?{_SIMULATED}", {**under("/data/*", SUBSCRIPTION), **PAGES}),
    "has subscriptions in a list with pages",
)
_list(
    "v3-compatible-vehicles",
    "compatible-vehicles?filter%5Bregion%5D=EUROPE&filter%5Bmake%5D=tesla&filter%5BpowertrainType%5D=BEV",
    {
        **under("/data/*", COMPATIBLE),
        "/meta/totalCount": PAGES["/meta/totalCount"],
        "/links/self": LINKS["/links/self"],
    },
    "has models with what they are capable of, to anybody",
    public=True,
)


# --- refusals

_Ask = Callable[[Talk], Awaitable[Answer]]


async def _without_token(talk: Talk) -> Answer:
    return await talk.get("/v3/connections")


async def _with_garbage(talk: Talk) -> Answer:
    return await talk.get("/v3/connections", bearer("garbage"))


async def _without_owner(talk: Talk) -> Answer:
    return await _get(talk, f"vehicles/{(await reached(talk)).vehicle}/signals/{ODOMETER}")


async def _unknown_vehicle(talk: Talk) -> Answer:
    which = await reached(talk)
    return await _get(talk, f"vehicles/{NOBODY}/signals", which.owner)


async def _unknown_path(talk: Talk) -> Answer:
    which = await reached(talk)
    return await _get(talk, f"vehicles/{which.vehicle}/battery", which.owner)


REFUSALS: Final[dict[str, tuple[str, _Ask, int, tuple[str | None, ...], tuple[str | None, ...], str]]] = {
    "v3-no-token": (
        *("GET /v3/connections", _without_token, 401, ("AUTHENTICATION",), ("UNAUTHORIZED",)),
        "a call without a token",
    ),
    "v3-bad-token": (
        *("GET /v3/connections", _with_garbage, 401, ("AUTHENTICATION",), ("UNAUTHORIZED",)),
        "a call with a bad token",
    ),
    "v3-no-owner": (
        *(_SIGNAL, _without_owner, 400, ("VALIDATION",), ("MISSING_PARAMETER",), "a call without sc-user-id"),
    ),
    "v3-unknown-vehicle": (
        *(_SIGNALS, _unknown_vehicle, 404, ("RESOURCE_NOT_FOUND",), ("VEHICLE_NOT_FOUND",)),
        "a vehicle that is none of the owner's",
    ),
    "v3-unknown-path": (
        *("GET /v3/vehicles/{id}/battery", _unknown_path, 404, ("RESOURCE_NOT_FOUND",), ("INVALID_PATH", "PATH")),
        "a path of v2.0",
    ),
}


async def _refused(talk: Talk, *, name: str) -> None:
    _, ask, status, types, codes, _ = REFUSALS[name]
    answer = await ask(talk)
    answer.expect_status(status)
    body = answer.json()
    for pointer, wanted in (("/errors/*/type", types), ("/errors/*/code", codes)):
        expect_shape(body, {pointer: one_of(*wanted)}, filled=True)


async def _form(talk: Talk, *, name: str) -> None:
    answer = await REFUSALS[name][1](talk)
    expect(answer.status >= 400, "an error", answer)
    answer.expect_json()
    body = answer.json()
    expect_shape(body, ERROR, filled=True)
    for status in values(body, ["errors", "*", "status"]):
        expect(status == str(answer.status), f"status {answer.status}, a string", status)


def _refusals() -> Iterator[Check]:
    for name, (endpoint, _, status, types, codes, says) in REFUSALS.items():
        what = f"refuses {says}: {status} {types[0]} {codes[0]}"
        yield Check(name, endpoint, what, f"{_REFERENCE}: Errors", partial(_refused, name=name))
        what, relies = "refuses it in the form of errors, status a string", f"{_REFERENCE}: Errors"
        yield Check(f"{name}-form", endpoint, what, relies, partial(_form, name=name))


# --- commands

COMMANDS: Final[dict[str, dict[str, Any] | None]] = {
    "security/unlock": None,
    "security/lock": None,
    "charge/set-limit": {"percent": 80},
}


async def _commanded(talk: Talk, name: str) -> Answer:
    """Send a command to the first vehicle that takes it."""
    if not talk.access.commands:
        raise NotAsked("commands are sent with --commands alone")
    attributes = COMMANDS[name]
    body = b"" if attributes is None else json.dumps({"data": {"attributes": attributes}}).encode()
    headers = [await machine(talk), *([AS_JSON] if body else [])]

    async def command(which: Reached) -> Answer:
        path = f"/v3/vehicles/{which.vehicle}/commands/{name}"
        return await talk.ask("POST", path, [*headers, which.owner], body)

    _, answer = await first_answer(await all_reached(talk), command)
    return answer


async def _command(talk: Talk, *, name: str) -> None:
    answer = await _commanded(talk, name)
    if answer.status != 202:  # of a command that takes long, headers come early
        answer.expect_status(200)
    found = answer.json()
    expect_shape(found, {**EXECUTION, "/data/attributes/commandType": one_of(name.replace("/", "-"))})
    given = found["data"]["attributes"].get("parameters")
    expect(given == COMMANDS[name], f"parameters {COMMANDS[name] or 'left out'}", given)


def _commands() -> Iterator[Check]:
    for name in COMMANDS:
        endpoint = f"POST /v3/vehicles/{{id}}/commands/{name}"
        says = "answers with an execution that names the command"
        yield Check(
            f"v3-{name.replace('/', '-')}", endpoint, says, f"{_REFERENCE}: Commands", partial(_command, name=name)
        )


CHECKS: Final = (*v3.checks, *_refusals(), *_commands())
