"""The examples of the documented form: which members an answer has to have, of which kind, and in which format. The
shapes are the conformance kit's; here are those of what it does not ask for, and no array may be empty.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.conftest import built
from tests.contract.golden import ROWS, Place

from carwire.conformance.expecting import Deviation
from carwire.conformance.shapes import (
    Shape,
    expect_shape,
    integer,
    mapping,
    matching,
    moment,
    number,
    one_of,
    text,
    under,
    uuid,
    values,
)
from carwire.conformance.v3_shapes import (
    COMPATIBLE,
    CONNECTION,
    EXECUTION,
    ORDER,
    PAGES,
    SIGNAL,
    SIGNAL_ERROR,
    SUBSCRIPTION,
    VEHICLE,
    WEBHOOK,
)

# What the kit does not ask for, or leaves open since other servers may do otherwise.
READ: Final[Shape] = {
    **SIGNAL,
    "/attributes/status/value": one_of("SUCCESS"),
    "/attributes/body/value": number,
    "/attributes/body/unit": one_of("km"),
    "/meta/retrievedAt": moment,
    "/meta/oemUpdatedAt": moment,
}
SCHEDULE: Final[Shape] = {
    **{pointer: kind for pointer, kind in EXECUTION.items() if pointer != "/data/attributes/commandType"},
    "/data/type": one_of("charge-schedule-execution"),
    "/data/attributes/executionMode": one_of("sync"),
    "/data/attributes/action": one_of("create"),
    "/data/attributes/scheduleType": one_of("daily", "weekly", "workweek"),
    "/data/attributes/scheduleId": text,
    "/data/attributes/parameters/location/latitude": number,
    "/data/attributes/parameters/location/longitude": number,
    "/data/links/schedule": matching(r"/vehicles/[^/]+/charge-schedules/.+", "the path of a schedule"),
}
# Row of the golden files → the shape of what it is answered.
SHAPES: Final[dict[str, Shape]] = {
    "connections": {
        **under("/data/*", CONNECTION),
        **PAGES,
        **ORDER,
        "/data/*/attributes/user/id": uuid,
        "/data/*/attributes/vehicle/powertrainType": one_of("BEV", "PHEV", "HEV", "ICE"),
        "/data/*/attributes/vehicle/mode": one_of("live", "simulated"),
    },
    "connection": under("/data", CONNECTION),
    "vehicle": under("/data", VEHICLE),
    "signals": {**under("/data/*", SIGNAL), **PAGES, **under("/included/vehicle", VEHICLE)},
    "signal": {**under("/data", READ), **under("/included/vehicle", VEHICLE)},
    "signal-failed": {
        **under("/data", SIGNAL),
        "/data/attributes/status/value": one_of("ERROR"),
        **under("/data/attributes/status/error", SIGNAL_ERROR),
        "/data/attributes/body": mapping,
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
    "webhook": {**under("/data", WEBHOOK), "/data/attributes/errorCallbackUri": text},
    "subscribe": {"/meta/message": one_of("subscription creation in progress")},
    "subscriptions": {**under("/data/*", SUBSCRIPTION), **PAGES},
    "subscription": under("/data", SUBSCRIPTION),
    "compatible-vehicles": {
        **under("/data/*", COMPATIBLE),
        "/meta/page": integer,
        "/meta/pageSize": integer,
        "/meta/totalCount": integer,
        "/links/self": text,
    },
}
# Commands by the words of section 8.
COMMAND_TYPES: Final = {name: name for name in SHAPES if SHAPES[name].keys() & {"/data/attributes/commandType"}} | {
    "command-execution": "charge-set-limit"
}


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
    expect_shape(answers[name], SHAPES[name], filled=True)


@pytest.mark.parametrize("name", SHAPES)
def test_links_lead_here(answers: dict[str, Any], name: str) -> None:
    for link in _links(answers[name]):
        assert link is None or link.startswith(("http://carwire.test/v3/", "/vehicles/")), link
        assert "[" not in (link or "")


def _links(body: Any) -> list[Any]:
    """All values of members named links, and of those in them."""
    if isinstance(body, list):
        return [link for each in body for link in _links(each)]
    if not isinstance(body, dict):
        return []
    return [*body.get("links", {}).values(), *(link for each in body.values() for link in _links(each))]


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
            with pytest.raises(Deviation):
                expect_shape(body, {pointer: SHAPES[name][pointer]}, filled=True)


def _copied(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _copied(each) for name, each in body.items()}
    return [_copied(each) for each in body] if isinstance(body, list) else body
