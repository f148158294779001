"""Connections as the application manages them, commands where they were asked for, and what ends a connection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from carwire.conformance.answers import Answer
from carwire.conformance.check import Check, Group
from carwire.conformance.expecting import Deviation, NotAsked, expect, expect_keys
from carwire.conformance.owners import Owner, only_vehicle, owner, second_owner, vehicles
from carwire.conformance.reads import VEHICLE
from carwire.conformance.shapes import Shape, expect_shape, moment, one_of, or_null, text, uuid
from carwire.conformance.talk import Talk, first_answer

managing: Final = Group()
ending: Final = Group()
_CONNECTIONS: Final = "/v2.0/management/connections"
_LIST: Final = f"GET {_CONNECTIONS}"
_SHAPE: Final[Shape] = {
    "/connections/*/vehicleId": uuid,
    "/connections/*/userId": uuid,
    "/connections/*/connectedAt": moment,
    "/paging/cursor": or_null(text),
}
_DONE: Final = {"status": "success", "message": "Successfully sent request to vehicle"}


async def _page(talk: Talk, query: str = "") -> Any:
    body = (await talk.get(f"{_CONNECTIONS}{query}", talk.management)).good()
    expect_shape(body, _SHAPE)
    return body


@managing.add("connections-members", _LIST, "has connections and paging, an object", "Python: paging.get('cursor')")
async def connections_members(talk: Talk) -> None:
    """Paging is never null, its cursor is on the last page."""
    body = (await talk.get(_CONNECTIONS, talk.management)).good()
    expect_keys(body, {"connections", "paging"})
    expect_shape(body, _SHAPE)


@managing.add("connections-mode", _LIST, "tells the mode of every connection", "Smartcar's reference: Connections")
async def connections_mode(talk: Talk) -> None:
    """No SDK reads it."""
    expect_shape(await _page(talk), {"/connections/*/mode": one_of("live", "simulated", "test")})


@managing.add("connections-headers", _LIST, "is application/json and has sc-request-id", "Node, Python: meta")
async def connections_headers(talk: Talk) -> None:
    """The headers of every answer."""
    answer = await talk.get(_CONNECTIONS, talk.management)
    answer.expect_json()
    answer.expect_request_id()


@managing.add("connections-page", _LIST, "has pages by limit and cursor", "Python, Node: getConnections(limit, cursor)")
async def connections_page(talk: Talk) -> None:
    """The second page begins where the first ends."""
    everything = await _page(talk)
    if len(everything["connections"]) < 2:
        raise NotAsked("the application has fewer than two connections")
    first = await _page(talk, "?limit=1")
    expect(first["connections"] == everything["connections"][:1], "the newest alone", f"{len(first['connections'])}")
    expect(first["paging"]["cursor"], "a cursor", "none")
    second = await _page(talk, f"?limit=1&cursor={first['paging']['cursor']}")
    expect(second["connections"] == everything["connections"][1:2], "the next alone", "another")


@managing.add("connections-filter", _LIST, "keeps to vehicle_id", "Python, Node: getConnections(filter)")
async def connections_filter(talk: Talk) -> None:
    """One row for each owner of the vehicle."""
    header = talk.management
    (vehicle, *_) = await vehicles(talk)
    body = (await talk.get(f"{_CONNECTIONS}?vehicle_id={vehicle}", header)).good()
    found = {row["vehicleId"] for row in body["connections"]}
    expect(found == {vehicle}, "connections of that vehicle alone", f"{len(found)} vehicles")


@managing.add("connections-slash", _LIST, "is the same with a slash", "Python: /v2.0/management/connections/")
async def connections_slash(talk: Talk) -> None:
    """Python sends it always."""
    plain = await _page(talk)
    same = (await talk.get(f"{_CONNECTIONS}/", talk.management)).good()
    expect(same["connections"] == plain["connections"], "the same list", "another")  # a cursor may be drawn anew


# --- commands: of cars that may be real, so never unless they were asked for

COMMANDS: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "unlock": ("/security", {"action": "UNLOCK"}, "Node's suite: the message word for word"),
    "lock": ("/security", {"action": "LOCK"}, "Node's suite: the message word for word"),
    "charge-start": ("/charge", {"action": "START"}, "Node's suite: the message word for word"),
    "charge-stop": ("/charge", {"action": "STOP"}, "Node's suite: the message word for word"),
    "limit-text": ("/charge/limit", {"limit": "0.5"}, "Node: the limit is a string"),  # low: nothing charges for it
    "limit": ("/charge/limit", {"limit": 0.8}, "Python: message is indexed"),
    "destination": (
        *("/navigation/destination", {"latitude": 40.748817, "longitude": -73.985428}),
        "Python: message is indexed",
    ),
    "limit-high": ("/charge/limit", {"limit": 1.1}, "Smartcar's reference: 0.5 to 1"),
    "destination-far": (
        *("/navigation/destination", {"latitude": 91, "longitude": 0}),
        "Python: does not look at the range itself",
    ),
}
_REFUSED: Final = {"limit-high", "destination-far"}


async def _commanded(talk: Talk, name: str) -> Answer:
    """Send a command to the first vehicle that takes it."""
    if not talk.access.commands:
        raise NotAsked("commands are sent with --commands alone")
    path, body, _ = COMMANDS[name]
    header = (await owner(talk)).bearer
    _, answer = await first_answer(
        await vehicles(talk), lambda vehicle: talk.post(f"/v2.0/vehicles/{vehicle}{path}", body, header)
    )
    return answer


async def _command(talk: Talk, *, name: str) -> None:
    answer = await _commanded(talk, name)
    if name in _REFUSED:
        answer.expect_status(400)
        return
    body = answer.good()
    expect_keys(body, set(_DONE))
    expect(body == _DONE, f"{_DONE['status']}: {_DONE['message']}", f"{body['status']}: {body['message']}")


def _commands() -> Iterator[Check]:
    for name, (path, body, relies) in COMMANDS.items():
        what = " ".join(f"{key} {value!r}" for key, value in body.items())
        says = f"refuses {what}: 400" if name in _REFUSED else f"answers {what} with status and message"
        yield Check(name, f"POST {VEHICLE}{path}", says, relies, partial(_command, name=name))


# --- the ends of what was begun here


async def _doomed(talk: Talk, which: Owner) -> str:
    if not which.connected:
        raise NotAsked("it would disconnect a car that was not connected here")
    return await only_vehicle(talk, which.access_token)


@ending.add(
    *("connections-delete", f"DELETE {_CONNECTIONS}", "answers with what it deleted"),
    "Python, Node: deleteConnections",
)
async def connections_delete(talk: Talk) -> None:
    """Of the car that was connected for this."""
    header = talk.management
    try:
        second = await second_owner(talk)
    except Deviation as error:
        msg = f"no second car could be connected: {error.seen}"
        raise NotAsked(msg) from None
    vehicle = await _doomed(talk, second)
    body = (await talk.ask("DELETE", f"{_CONNECTIONS}?vehicle_id={vehicle}", [header])).good()
    expect_keys(body, {"connections"})
    expect_shape(body, {"/connections/*/vehicleId": uuid, "/connections/*/userId": uuid}, filled=True)
    found = {row["vehicleId"] for row in body["connections"]}
    expect(found == {vehicle}, "that vehicle alone", f"{len(found)} vehicles")


async def _disconnected(talk: Talk) -> tuple[Owner, str, Answer]:
    """Disconnect the car that was connected here."""
    who = await owner(talk)

    async def disconnect() -> tuple[str, Answer]:
        vehicle = await _doomed(talk, who)
        headers = [who.bearer, ("content-type", "application/json")]
        return vehicle, await talk.ask("DELETE", f"/v2.0/vehicles/{vehicle}/application", headers)

    return (who, *await talk.once("disconnected", disconnect))


@ending.add(
    *("disconnect", f"DELETE {VEHICLE}/application", "answers status success, as JSON and not 204"),
    "Python: reads the body of every answer; Node's suite: the members",
)
async def disconnect(talk: Talk) -> None:
    """With Node's content type, and without a body."""
    _, _, answer = await _disconnected(talk)
    expect(answer.good() == {"status": "success"}, "status success alone", "another body")


@ending.add(
    *("disconnected", f"DELETE {VEHICLE}/application", "takes the vehicle away: 403 PERMISSION from then on"),
    "Smartcar's reference: Disconnect",
)
async def disconnected(talk: Talk) -> None:
    """And from the list."""
    who, vehicle, _ = await _disconnected(talk)
    answer = await talk.ask("GET", f"/v2.0/vehicles/{vehicle}/vin", [who.bearer], again=True)
    answer.expect_status(403)
    listed = await talk.ask("GET", "/v2.0/vehicles", [who.bearer], again=True)
    expect(listed.status != 200 or vehicle not in listed.json()["vehicles"], "a list without it", "one with it")


MANAGING: Final = tuple(managing.checks)
COMMANDING: Final = tuple(_commands())
ENDING: Final = tuple(ending.checks)
