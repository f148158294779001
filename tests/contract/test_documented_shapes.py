"""The examples of the documented form, as tables: which members an answer has to have, of which kind, and in which
format. Source: the wire contract, sections 5 to 9 and 11; the tables are written from its text, not from our structs.

A pointer names members; ``*`` is each one of a list, which may not be empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import pytest
from tests.conftest import built
from tests.contract.golden import ROWS, Place

Kind = Callable[[Any], object]  # true of what is good
Shape = dict[str, Kind]


def text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def uuid(value: Any) -> bool:
    return text(value) and str(UUID(value)) == value


def moment(value: Any) -> bool:
    """ISO 8601 in UTC, with milliseconds and Z."""
    return text(value) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None


def address(value: Any) -> bool:
    return text(value) and value.startswith("http://carwire.test/v3/") and "[" not in value


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def integer(value: Any) -> bool:
    return type(value) is int


def truth(value: Any) -> bool:
    return isinstance(value, bool)


def mapping(value: Any) -> bool:
    return isinstance(value, dict)


def items(value: Any) -> bool:
    return isinstance(value, list)


def address_or_null(value: Any) -> bool:
    return value is None or address(value)


def one_of(*words: str) -> Kind:
    return lambda value: value in words


def under(prefix: str, shape: Shape) -> Shape:
    """Put a shape under a pointer."""
    return {f"{prefix}{pointer}": kind for pointer, kind in shape.items()}


POWERTRAIN: Final = one_of("BEV", "PHEV", "HEV", "ICE")
MODE: Final = one_of("live", "simulated")
STAMP: Final[Shape] = {
    "/make": text,
    "/model": text,
    "/year": integer,
    "/powertrainType": POWERTRAIN,
    "/mode": MODE,
}
DATES: Final[Shape] = {"/meta/createdAt": moment, "/meta/updatedAt": moment}
PAGES: Final[Shape] = {
    "/meta/pageNumber": integer,
    "/meta/pageSize": integer,
    "/meta/totalCount": integer,
    **{f"/links/{name}": address for name in ("self", "first", "last")},
    **{f"/links/{name}": address_or_null for name in ("next", "prev")},
}
CONNECTION: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("connection"),
    "/attributes/permissions/*": text,
    **under("/attributes/vehicle", STAMP),
    "/attributes/user/id": uuid,
    "/relationships/vehicle/data/id": uuid,
    "/relationships/vehicle/data/type": one_of("vehicle"),
    "/relationships/vehicle/links/related": address,
    "/relationships/user/data/id": uuid,
    "/relationships/user/data/type": one_of("user"),
    **DATES,
    "/links/self": address,
}
VEHICLE: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("vehicle"),
    **under("/attributes", STAMP),
    "/links/self": address,
}
SIGNAL: Final[Shape] = {
    "/id": text,
    "/type": one_of("signal"),
    "/attributes/code": text,
    "/attributes/name": text,
    "/attributes/group": text,
    "/attributes/status/value": one_of("SUCCESS", "ERROR", "UNAVAILABLE"),
    "/attributes/body": mapping,
    "/meta/ingestedAt": moment,
    "/links/self": address,
}
READ: Final[Shape] = {
    **SIGNAL,
    "/attributes/status/value": one_of("SUCCESS"),
    "/attributes/body/value": number,
    "/attributes/body/unit": one_of("km"),
    "/meta/retrievedAt": moment,
    "/meta/oemUpdatedAt": moment,
}
ERROR: Final[Shape] = {
    **{f"/{name}": text for name in ("type", "code", "title", "detail", "description")},
    "/resolution/type": text,
}
EXECUTION: Final[Shape] = {
    "/data/id": lambda value: text(value) and value.startswith("exec_"),
    "/data/type": one_of("command-execution"),
    "/data/attributes/commandType": text,
    "/data/attributes/status/value": one_of("SUCCESS"),
    "/data/attributes/executionMode": one_of("sync"),
    "/data/meta/executedAt": moment,
    "/data/meta/completedAt": moment,
    "/data/meta/durationInSeconds": number,
}
SCHEDULE: Final[Shape] = {
    **EXECUTION,
    "/data/type": one_of("charge-schedule-execution"),
    "/data/attributes/action": one_of("create"),
    "/data/attributes/scheduleType": one_of("daily", "weekly", "workweek"),
    "/data/attributes/scheduleId": text,
    "/data/attributes/parameters/location/latitude": number,
    "/data/attributes/parameters/location/longitude": number,
    "/data/links/schedule": lambda value: text(value) and re.match(r"/vehicles/[^/]+/charge-schedules/", value),
}
del SCHEDULE["/data/attributes/commandType"]
NAMED: Final[Shape] = {"/group": text, "/name": text, "/code": text}
WEBHOOK: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("webhook"),
    "/attributes/name": text,
    "/attributes/callbackUri": text,
    "/attributes/errorCallbackUri": text,
    "/attributes/isEnabled": truth,
    "/attributes/autoSubscribe": truth,
    **under("/attributes/triggers/*", NAMED),
    **under("/attributes/data/*", NAMED),
    "/meta/createdAt": moment,
    "/links/self": address,
}
SUBSCRIPTION: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("subscription"),
    **under("/attributes/vehicle", STAMP),
    **{f"/relationships/{name}/data/id": uuid for name in ("webhook", "user", "vehicle")},
    **{f"/relationships/{name}/links/related": address for name in ("webhook", "user", "vehicle")},
    **DATES,
    "/links/self": address,
}
COMPATIBLE: Final[Shape] = {
    "/id": lambda value: re.fullmatch(r"[^-]+-.+-\d{4}-\d{4}-[A-Z]+-(US|CA|EUROPE)", value),
    "/type": one_of("vehicle-model-capability"),
    "/attributes/make": text,
    "/attributes/model": text,
    "/attributes/region": one_of("US", "CA", "EUROPE"),
    "/attributes/powertrainType": POWERTRAIN,
    "/attributes/years/start": integer,
    "/attributes/years/end": integer,
    "/attributes/capabilities/*/type": one_of("signal", "command"),
    **{f"/attributes/capabilities/*/{name}": text for name in ("name", "group", "code", "capability", "permission")},
}
# Row of the golden files → the shape of what it is answered.
SHAPES: Final[dict[str, Shape]] = {
    "connections": {
        **under("/data/*", CONNECTION),
        **PAGES,
        "/meta/orderBy": one_of("createdAt"),
        "/meta/orderDirection": one_of("DESC"),
    },
    "connection": under("/data", CONNECTION),
    "vehicle": under("/data", VEHICLE),
    "signals": {**under("/data/*", SIGNAL), **PAGES, **under("/included/vehicle", VEHICLE)},
    "signal": {**under("/data", READ), **under("/included/vehicle", VEHICLE)},
    "signal-failed": {
        **under("/data", SIGNAL),
        "/data/attributes/status/value": one_of("ERROR"),
        **under("/data/attributes/status/error", ERROR),
    },
    **dict.fromkeys(
        (
            *("security-unlock", "security-lock", "charge-start", "charge-stop"),
            *("charge-port-open", "charge-port-close", "command-execution"),
        ),
        EXECUTION,
    ),
    "charge-set-limit": {**EXECUTION, "/data/attributes/parameters/percent": integer},
    "navigation-set-destination": {
        **EXECUTION,
        "/data/attributes/parameters/latitude": number,
        "/data/attributes/parameters/longitude": number,
    },
    "charge-schedule-daily": SCHEDULE,
    "charge-schedule-weekly": SCHEDULE,
    "charge-schedule-workweek": SCHEDULE,
    "webhooks": {**under("/data/*", WEBHOOK), **PAGES},
    "webhook": under("/data", WEBHOOK),
    "subscribe": {"/meta/message": one_of("subscription creation in progress")},
    "subscriptions": {**under("/data/*", SUBSCRIPTION), **PAGES},
    "subscription": under("/data", SUBSCRIPTION),
    "compatible-vehicles": {
        **under("/data/*", COMPATIBLE),
        "/meta/page": integer,
        "/meta/pageSize": integer,
        "/meta/totalCount": integer,
        "/links/self": address,
    },
}
# Commands by the words of section 8.
COMMAND_TYPES: Final = {name: name for name in SHAPES if SHAPES[name].keys() & {"/data/attributes/commandType"}} | {
    "command-execution": "charge-set-limit"
}


def values(body: Any, steps: list[str]) -> Iterator[Any]:
    """What stands at a pointer."""
    if not steps:
        yield body
    elif steps[0] == "*":
        assert items(body), body
        assert body
        for each in body:
            yield from values(each, steps[1:])
    else:
        assert mapping(body), body
        assert steps[0] in body, f"{steps[0]} is missing in {body}"
        yield from values(body[steps[0]], steps[1:])


def check(body: Any, shape: Shape) -> None:
    """Fail unless every member is there and of its kind."""
    for pointer, kind in shape.items():
        for value in values(body, pointer.strip("/").split("/")):
            assert kind(value), f"{pointer}: {value!r}"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every row of the golden files as an application is answered, nothing replaced."""
    found: dict[str, Any] = {}
    with built(tmp_path_factory.mktemp("shapes")) as client:
        place = Place(client)
        for row in ROWS:
            answer = place.send(row, "ga", as_sdk=False)
            found[row.name] = answer.json() if answer.body else None
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_an_answer_has_the_shape_of_its_example(answers: dict[str, Any], name: str) -> None:
    check(answers[name], SHAPES[name])


@pytest.mark.parametrize("name", COMMAND_TYPES)
def test_a_command_is_called_by_its_path(answers: dict[str, Any], name: str) -> None:
    assert answers[name]["data"]["attributes"]["commandType"] == COMMAND_TYPES[name]


def test_what_is_sent_without_a_body_has_no_parameters(answers: dict[str, Any]) -> None:
    for name in COMMAND_TYPES:
        has = "parameters" in answers[name]["data"]["attributes"]
        assert has is (name in {"charge-set-limit", "command-execution", "navigation-set-destination"})


def test_every_good_answer_with_a_body_has_a_shape() -> None:
    others = {"signals-page", "signals-imperial", "signal-imperial", "signal-static", "signal-charge-timers"}
    others |= {"connections-live", "connections-page", "applications", "application", "application-secrets"}
    others |= {"charge-schedule-delete"}
    wrong = ("missing", "unknown", "wrong", "without", "no-id", "stopped", "again", "deleted", "of-owners-token")
    ended = {"unsubscribe", "delete-connection", "delete-user"}
    named = {row.name for row in ROWS if not any(word in row.name for word in wrong)}
    assert named - others - ended == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_misses_what_is_taken_away(answers: dict[str, Any], name: str) -> None:
    for pointer in SHAPES[name]:
        *path, last = pointer.strip("/").split("/")
        body = _copied(answers[name])
        for parent in list(values(body, path)) if last != "*" else []:
            parent[last] = object()
        if last != "*":
            with pytest.raises((AssertionError, ValueError, TypeError)):
                check(body, {pointer: SHAPES[name][pointer]})


def _copied(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _copied(each) for name, each in body.items()}
    return [_copied(each) for each in body] if isinstance(body, list) else body
