"""The conformance kit: our own server passes it, and no check of it is one that no fault can turn red."""

from __future__ import annotations

import asyncio
import itertools
import re
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import pytest
from tests.conftest import Owned, built
from tests.contract.conforming import (
    URL,
    Change,
    Key,
    Player,
    Recorder,
    body,
    both,
    drop,
    furnished,
    header,
    named,
    put,
    renamed,
    report,
    status,
)

from carwire.conformance import CHECKS, Access, Report, Talk, walking
from carwire.conformance.answers import Answer
from carwire.conformance.check import Check
from carwire.conformance.errors import REFUSALS, expect_error
from carwire.conformance.expecting import Deviation, NotAsked
from carwire.conformance.reads import READS
from carwire.conformance.shapes import expect_shape, values
from carwire.conformance.v3 import REFUSALS as V3_REFUSALS
from carwire.kit.secrets import Secret

# What cannot be asked of one car alone, and what no server answers that is asked politely.
UNASKED: Final = {"vehicles-page", "every-wait"}


class Recording:
    """What a server that passes has answered, and what each check asks for."""

    def __init__(self, client: Owned, access: Access) -> None:
        self.access = access
        recorder = Recorder(client)
        self.report: Report = client.run(report(recorder, access))
        self.answers = recorder.answers
        self.asks: dict[str, list[Key]] = {check.name: self._asked(check) for check in CHECKS}

    def _asked(self, check: Check) -> list[Key]:
        player = Player(self.answers)
        with suppress(Deviation, NotAsked):  # what comes later in a whole run is not recorded first
            asyncio.run(check.run(Talk(URL, player, self.access)))
        return player.asked

    def play(self, change: dict[Key, Change] | Change | None = None) -> Report:
        """Make all checks once more, with something changed."""
        return asyncio.run(report(Player(self.answers, change), self.access))


@pytest.fixture(scope="module")
def connecting(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """An operator who has no token, so that cars are connected, the same in every run; commands may be sent."""
    drawn = (UUID(int=number) for number in itertools.count(1))
    with built(tmp_path_factory.mktemp("connecting")) as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(walking, "uuid4", lambda: next(drawn))
        return Recording(client, msgspec.structs.replace(furnished(client), commands=True))


@pytest.fixture(scope="module")
def garage(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """An operator with the token of an owner of six cars, one of every powertrain."""
    with built(tmp_path_factory.mktemp("garage")) as client:
        access = furnished(client)
        owner = client.connect("6-vehicles@smartcar.com", "SIMULATED")
        token = owner.tokens.access_token
        return Recording(client, msgspec.structs.replace(access, access_token=token, user_id=owner.user_id))


def test_our_own_server_passes_and_nothing_is_left_unasked(connecting: Recording) -> None:
    assert named(connecting.report, "fails") == set()
    assert named(connecting.report, "not asked") == UNASKED
    assert len(connecting.report.findings) == len(CHECKS) > 200


def test_our_own_server_passes_with_a_token_of_many_cars(garage: Recording) -> None:
    assert named(garage.report, "fails") == set()
    unasked = named(garage.report, "not asked")
    tokens = {name for name in unasked if name.startswith(("tokens-", "refresh-", "connect-"))}
    assert tokens == {
        *("tokens-members", "tokens-lifetime", "tokens-type", "tokens-json", "tokens-undefined"),
        *("refresh-rotates", "refresh-keeps", "refresh-grace", "connect-forms", "connect-state"),
    }
    ends = {"connections-delete", "disconnect", "disconnected"}
    commands = {check.name for check in CHECKS if "/commands/" in check.endpoint or _is_command(check)}
    assert unasked == tokens | ends | commands | {"every-wait"}


def test_a_refresh_token_will_do(tmp_path: Path) -> None:
    with built(tmp_path) as client:
        token = client.connect().tokens.refresh_token
        access = Access(client_id=client.client_id, client_secret=Secret(client.client_secret), refresh_token=token)
        found = client.run(report(Recorder(client), access))
    assert named(found, "fails") == set()
    assert {"tokens-members", "refresh-rotates", "refresh-grace", "odometer-members"} <= named(found, "holds")
    assert "disconnect" in named(found, "not asked")


@pytest.mark.parametrize(
    ("target", "left"),
    [("/v2.0/vehicles", "odometer-members"), ("/v3/connections?", "v3-signals"), ("/oauth", "user-members")],
)
def test_what_everything_else_needs_fails_alone(connecting: Recording, target: str, left: str) -> None:
    def change(answer: Answer) -> Answer:
        return status(418)(answer) if answer.target.startswith(target) and answer.target.count("/") < 4 else answer

    found = connecting.play(change)
    assert left in named(found, "not asked")
    assert 1 <= len(named(found, "fails")) < 30


def test_what_is_played_again_is_the_same(connecting: Recording) -> None:
    again = connecting.play()
    assert [(each.name, each.outcome) for each in again.findings] == [
        (each.name, each.outcome) for each in connecting.report.findings
    ]


def _is_command(check: Check) -> bool:
    path = check.endpoint.rpartition("{id}")[2]
    return check.endpoint.startswith("POST /v2.0/vehicles/") and path in {
        *("/security", "/charge", "/charge/limit", "/navigation/destination"),
    }


# --- faults: check → what is changed in the last answer it asks for, or in one whose request matches

WRONG: Final = {"wrong": True}
_USER: Final = put("/id", "00000000-0000-4000-8000-00000000ffff")
_LIST: Final = body(lambda found: found["vehicles"].append("00000000-0000-4000-8000-00000000ffff"))
FAULTS: Final[dict[str, Change | tuple[str, Change]]] = {
    "connect-reachable": status(404),
    "connect-forms": (
        "GET /.*",
        lambda answer: msgspec.structs.replace(answer, body=answer.body.replace(b"continue-button", b"next-button")),
    ),
    "connect-state": lambda answer: header(
        "location", (answer.header("location") or "").replace("state=conformance", "state=other")
    )(answer),
    "tokens-members": drop("/refresh_token"),
    "tokens-lifetime": put("/expires_in", "7200"),
    "tokens-type": put("/token_type", "bearer"),
    "tokens-json": header("content-type", "text/html"),
    "tokens-undefined": ("POST /oauth/token .*redirect_uri=undefined", status(400)),
    "refresh-rotates": drop("/refresh_token"),
    "refresh-keeps": status(401),
    "refresh-grace": status(400),
    "token-bad-code": status(401),
    "token-bad-refresh": put("/error", "invalid_grant"),
    "token-bad-client": put("/error_description", None),
    "token-bad-grant": drop("/error_description"),
    "token-form-client": status(401),
    "token-query": put("/error", "invalid_client"),
    "token-slash": status(404),
    "token-flags": put("/type", "VALIDATION"),
    "token-twice": status(404),
    "user-members": put("/name", "Somebody"),
    "user-headers": header("sc-request-id"),
    "user-slash": status(301),
    "user-slashes": status(404),
    "user-json": status(400),
    "user-body": status(400),
    "user-flags": status(400),
    "user-version": status(404),
    "vehicles-members": put("/paging/cursor", None),
    "vehicles-headers": header("content-type", "application/octet-stream"),
    "vehicles-slash": status(302),
    "vehicles-page": put("/paging/count", 1),
    "vehicles-undefined": status(400),
    "vehicles-limit": body(lambda found: {**found, "vehicles": found["vehicles"] * 51}),
    "attributes-slash": status(404),
    "vehicle-flags": status(400),
    "history-encoded": status(404),
    "permissions-page": body(lambda found: found["paging"].update(count=1)),
    "odometer-imperial": header("sc-unit-system", "metric"),
    "service-history-dates": status(400),
    "batch-items": body(lambda found: found["responses"].reverse()),
    "batch-outer": header("sc-request-id"),
    "batch-bodies": put("/responses/*/body", []),
    "batch-same": body(lambda found: found["responses"][1]["body"].update(more=1)),
    "batch-headers": drop("/responses/*/headers"),
    "batch-age": body(lambda found: found["responses"][1]["headers"].pop("sc-fetched-at")),
    "batch-error": body(lambda found: found["responses"][-1]["body"].pop("docURL")),
    "batch-error-headers": body(lambda found: found["responses"][-1].pop("headers")),
    "batch-no-slash": put("/responses/*/path", "vin"),
    "compatibility-members": drop("/reason"),
    "compatibility-values": put("/reason", "VEHICLE_NOT_COMPATIBLE"),
    "compatibility-two": body(lambda found: found["capabilities"].append(found["capabilities"][0])),
    "compatibility-spaces": body(lambda found: found["capabilities"].pop()),
    "compatibility-headers": header("sc-request-id", "1"),
    "compatibility-levels": put("/compatible", True),
    "matrix-makes": put("/meta", {}),
    "matrix-models": body(lambda found: next(iter(found.values()))[0].pop("type")),
    "matrix-filters": body(lambda found: next(iter(found.values()))[0].update(permissions=["read_battery"])),
    "connections-members": put("/paging", None),
    "connections-mode": drop("/connections/*/mode"),
    "connections-headers": header("content-type", "text/plain"),
    "connections-page": body(lambda found: found["connections"].clear()),
    "connections-filter": body(lambda found: found["connections"][0].update(vehicleId="0")),
    "connections-slash": status(307),
    "machine-members": put("/refresh_token", "another-secret"),
    "machine-json": status(415),
    "machine-bad-client": status(400),
    "v3-connections": put("/links/next", "/v3/connections?page[number]=2"),
    "v3-connections-page": body(lambda found: found["links"].update(prev=found["links"]["self"])),
    "v3-connection": drop("/data/relationships/user"),
    "v3-vehicle": drop("/data/attributes/mode"),
    "v3-vehicle-slash": status(404),
    "v3-signals": body(lambda found: found.update(included=[found["included"]["vehicle"]])),
    "v3-signals-ids": put("/data/*/id", "0"),
    "v3-signals-failed": body(
        lambda found: [each["attributes"]["status"].pop("error", None) for each in found["data"]][:0] or found
    ),
    "v3-signal": drop("/data/meta/ingestedAt"),
    "v3-signal-unit": put("/data/attributes/body/value", 1e6),
    "v3-signal-etag": status(200),
    "v3-webhooks": drop("/data/*/attributes/callbackUri"),
    "v3-subscriptions": put("/data/*/relationships/user/data/id", 1),
    "v3-compatible-vehicles": drop("/data/*/attributes/years"),
    "preview-vehicle": body(lambda found: {"data": found}),
    "preview-links": put("/links/vehicle", {"href": "/"}),
    "preview-signals": drop("/data/*/attributes/status"),
    "preview-meta": drop("/meta/page"),
    "preview-moments": body(
        lambda found: (
            [each["meta"].update(retrievedAt="2026-01-05T06:00:00.000Z") for each in found["data"]][:0] or found
        )
    ),
    "preview-signal": body(lambda found: {"data": found}),
    "preview-error": drop("/type"),
    "v3-security-unlock": put("/data/attributes/commandType", "unlock"),
    "v3-security-lock": put("/data/id", "1"),
    "v3-charge-set-limit": put("/data/attributes/parameters", {"limit": 80}),
    "unlock": drop("/message"),
    "lock": put("/message", "OK"),
    "charge-start": put("/status", "ok"),
    "charge-stop": put("/more", 1),
    "limit-text": status(400),
    "limit": drop("/message"),
    "destination": drop("/status"),
    "limit-high": status(200),
    "destination-far": status(200),
    "connections-delete": (
        "DELETE .*/management/connections.*",
        put("/connections/*/vehicleId", "00000000-0000-4000-8000-00000000ffff"),
    ),
    "disconnect": put("/message", "more"),
    "disconnected": ("GET .*/vin", lambda answer: status(200)(answer) if answer.status == 403 else answer),
    "every-lower-case": ("GET /v2.0/user", renamed("sc-request-id", "SC-Request-Id")),
    "every-request-id": ("POST /oauth/token/ .*", header("sc-request-id")),
    "every-json": ("GET /v3/webhooks", header("content-type", "application/vnd.api+json")),
    "every-direct": ("GET /v2.0/management/connections/", status(307)),
    "every-whole": ("DELETE .*/application", lambda answer: msgspec.structs.replace(answer, status=204, body=b"")),
    "every-error": (
        "GET /v2.0/vehicles/[^/]*/vin",
        lambda answer: put("/docURL", None)(answer) if answer.status == 403 else answer,
    ),
    "every-own-fault": ("GET /oauth/authorize", status(500)),
    "every-wait": ("GET .*/engine/oil", both(status(429), put("/type", "RATE_LIMIT"), header("retry-after", "soon"))),
}


def _faults() -> dict[str, Change | tuple[str, Change]]:
    found = dict(FAULTS)
    for path, each in READS.items():
        name = path.strip("/").replace("/", "-").replace("_", "-") or "attributes"
        member = f"/{sorted(each.keys)[0]}" if each.keys else ""
        found |= {
            f"{name}-members": put("/more", 1) if each.keys else body(lambda known: {"data": known}),
            f"{name}-values": put(member, WRONG) if member else body(lambda _: [WRONG]),
            f"{name}-request-id": header("sc-request-id"),
            f"{name}-json": header("content-type", "text/plain"),
            f"{name}-age": header("sc-fetched-at", "2026-01-05T06:00:00Z"),
            f"{name}-unit": header("sc-unit-system"),
        }
    found["security-values"] = body(lambda known: known["doors"].append({"type": "frontLeft", "status": "AJAR"}))
    found["battery-nominal-capacity-values"] = put("/capacity/source", "OWNER")
    for name in REFUSALS:
        found |= {name: status(418), f"{name}-form": drop("/docURL")}
    for name in V3_REFUSALS:
        found |= {name: put("/errors/*/type", "ERROR"), f"{name}-form": put("/errors/*/status", 400)}
    return {name: fault for name, fault in found.items() if name in {check.name for check in CHECKS}}


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_a_fault_is_seen_by_its_check_and_by_those_that_look_at_the_same_answer(
    connecting: Recording, garage: Recording, name: str
) -> None:
    recording = garage if name in {"vehicles-page"} else connecting
    fault = _faults()[name]
    if isinstance(fault, tuple):
        hit = {
            key for key in recording.answers if re.fullmatch(fault[0], f"{key[0]} {key[1]} {key[3].decode()}".strip())
        }
    else:
        hit = {recording.asks[name][-1]}
        fault = "", fault
    assert hit
    failed = named(recording.play(dict.fromkeys(hit, fault[1])), "fails")
    looking = {other for other, asked in recording.asks.items() if hit & set(asked)}
    assert name in failed
    assert failed <= {name} | looking | {other for other in failed if other.startswith("every-")}


ERROR: Final = {
    "statusCode": 409,
    "type": "VEHICLE_STATE",
    "code": "DOOR_OPEN",
    "description": "A door is open.",
    "docURL": "https://example.com/errors#door-open",
    "resolution": {"type": "REAUTHENTICATE", "url": "https://example.com"},
    "requestId": "91e6d0b4-3f2a-4c8e-a7d5-5b0c49f1e283",
    "detail": [{"field": "x", "message": "y"}],
    "suggestedUserMessage": "Close it.",
}


def _error(members: dict[str, object]) -> Answer:
    headers = (("content-type", "application/json"), ("sc-request-id", "91e6d0b4-3f2a-4c8e-a7d5-5b0c49f1e283"))
    return Answer("GET", "/v2.0/user", 409, headers, msgspec.json.encode(members))


def test_an_error_is_read_with_all_it_may_have_and_with_all_it_must() -> None:
    expect_error(_error(ERROR))
    expect_error(_error({**ERROR, "code": None, "resolution": {"type": None}}))
    expect_error(
        _error({name: value for name, value in ERROR.items() if name not in {"detail", "suggestedUserMessage"}})
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in ERROR if name != "code"),
        *(
            ("statusCode", 400),
            ("statusCode", "409"),
            ("type", "ERROR"),
            ("code", 1),
            ("description", ""),
            ("docURL", ""),
        ),
        *(("resolution", "REAUTHENTICATE"), ("resolution", {}), ("resolution", {"type": "AGAIN"})),
        *(("resolution", {"type": None, "url": None}), ("requestId", "00000000-0000-4000-8000-000000000000")),
        *(("detail", []), ("detail", {}), ("suggestedUserMessage", ""), ("details", [])),
    ],
)
def test_an_error_the_strictest_cannot_read_is_seen(name: str, value: object) -> None:
    with pytest.raises(Deviation):
        expect_error(_error({**ERROR, name: value}))


@pytest.mark.parametrize("name", [name for name in ERROR if name not in {"detail", "suggestedUserMessage"}])
def test_an_error_without_a_member_is_seen(name: str) -> None:
    with pytest.raises(Deviation):
        expect_error(_error({key: value for key, value in ERROR.items() if key != name}))


@pytest.mark.parametrize(
    ("path", "pointer"), [(path, pointer) for path, read in READS.items() for pointer in read.shape]
)
def test_every_member_of_a_read_is_looked_at(connecting: Recording, path: str, pointer: str) -> None:
    name = next(
        check.name for check in CHECKS if check.endpoint.endswith(f"{{id}}{path}") and check.name.endswith("-values")
    )
    answer = connecting.answers[connecting.asks[name][-1]][0]
    expect_shape(answer.json(), READS[path].shape)
    if not list(values(answer.json(), pointer.strip("/").split("/"))):
        assert path == "/diagnostics/dtcs", "only a car in good order has an array that is empty"
        return
    wrong = put(pointer, "wrong" if pointer == "/capacity" else WRONG)(answer)
    with pytest.raises(Deviation):
        expect_shape(wrong.json(), READS[path].shape)


# --- secrets


def _secrets(recording: Recording) -> set[str]:
    """Every secret of the operator, and everything a token endpoint or Connect gave."""
    found = {value.reveal() for value in msgspec.structs.asdict(recording.access).values() if isinstance(value, Secret)}
    for (_, target, *_), answers in recording.answers.items():
        for answer in answers:
            if "/token" in target and answer.status == 200:
                known = msgspec.json.decode(answer.body)
                found |= {known[name] for name in ("access_token", "refresh_token") if name in known}
    return {each for each in found if each}


def test_a_server_that_gives_secrets_back_does_not_have_them_printed(connecting: Recording) -> None:
    secrets = sorted(_secrets(connecting))
    assert len(secrets) > 8
    everything = "and ".join(secrets)

    def change(answer: Answer) -> Answer:
        if "/oauth" in answer.target or not answer.body.startswith((b"{", b"[")):
            return answer
        told = dict.fromkeys(("type", "code", "id", "distance", "vin", "compatible", "resolution"), everything)
        told |= {secret: secret for secret in secrets}
        headers = (("content-type", f"application/json; {everything}"), ("sc-request-id", everything))
        return Answer(answer.method, answer.target, answer.status, headers, msgspec.json.encode(told))

    found = connecting.play(change)
    assert found.counts["fails"] > 50
    _expect_hidden(found, secrets)


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "token_type"])
def test_tokens_in_the_wrong_place_are_not_printed(connecting: Recording, name: str) -> None:
    secrets = sorted(_secrets(connecting))

    def change(answer: Answer) -> Answer:
        if "/oauth" not in answer.target or answer.status != 200 or not answer.body.startswith(b"{"):
            return answer
        known = msgspec.json.decode(answer.body)
        value = known.pop(name, None)
        other = {**known, "code": value, "type": value, "token": [value]}
        return msgspec.structs.replace(answer, body=msgspec.json.encode(other))

    _expect_hidden(connecting.play(change), secrets)


def _expect_hidden(found: Report, secrets: list[str]) -> None:
    said = msgspec.json.encode(found).decode()
    assert [secret for secret in secrets if secret in said or secret[:12] in said] == []


def test_what_is_hidden_is_hidden_however_it_is_written() -> None:
    talk = Talk(URL, Player({}), Access(client_id="id", client_secret=Secret("p+ss/w rd?&")))
    assert talk.client[1].startswith("Basic ")
    for said in ("p+ss/w rd?&", "p%2Bss%2Fw%20rd%3F%26", "p%2Bss%2Fw+rd%3F%26", talk.client[1][6:]):
        assert talk.hidden(f"seen {said}!") == "seen ***!"


def test_no_car_is_disconnected_that_may_be_somebodys(connecting: Recording) -> None:
    def change(answer: Answer) -> Answer:
        if answer.target != "/v2.0/vehicles" or answer.status != 200:
            return answer
        return body(lambda found: found["vehicles"].append("00000000-0000-4000-8000-00000000ffff"))(answer)

    player = Player(connecting.answers, change)
    found = asyncio.run(report(player, connecting.access))
    assert named(found, "not asked") >= {"disconnect", "disconnected", "connections-delete"}
    assert [key for key in player.asked if key[0] == "DELETE" and "webhooks" not in key[1]] == []


def test_no_command_is_sent_that_was_not_asked_for(connecting: Recording) -> None:
    player = Player(connecting.answers)
    asyncio.run(report(player, msgspec.structs.replace(connecting.access, commands=False)))
    sent = {
        target.rpartition("/vehicles/")[2].partition("/")[2] for method, target, *_ in player.asked if method == "POST"
    }
    assert sent & {"security", "charge", "charge/limit", "navigation/destination"} == set()
    assert not any("/commands/" in target for _, target, *_ in player.asked)
    assert "batch" in sent
