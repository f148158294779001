"""``/v1/webhooks``: what an application can do with its webhooks, and what is refused. The whole of it with a receiver
is in `tests/acceptance/test_webhooks.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Answer, Owned, built
from tests.delivered import deliver
from tests.fakes import NoWay, StandingClock

from carwire.app import open_database
from carwire.core.delivery import Sent
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret
from carwire.settings import Settings
from carwire.wire.doctor import challenge_answer

SOC, LOCKED, CHARGING = "tractionbattery-stateofcharge", "closure-islocked", "charge-ischarging"
URL = "https://hook.example/in"
STORES = pytest.mark.parametrize("here", ["memory", "sqlite"], indirect=True)


class Endpoint(NoWay):
    """A receiver that answers challenges with the token it knows."""

    def __init__(self) -> None:
        super().__init__(self.say)
        self.token = Secret("")

    def say(self, body: bytes) -> Sent:
        event = json.loads(body)
        challenge = (event.get("data") or event["payload"])["challenge"]
        answer = json.dumps({"challenge": challenge_answer(self.token, challenge)}).encode()
        return Sent(200, None, None, 0.01, answer, "application/json", None)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def here(request: pytest.FixtureRequest, tmp_path: Path, endpoint: Endpoint, clock: StandingClock) -> Iterator[Owned]:
    """A server inside this process, with its store in memory unless a test wants others, too."""
    on_disk = getattr(request, "param", "memory") == "sqlite"
    store = open_database(Settings(data=tmp_path)) if on_disk else None
    with built(tmp_path, sender=endpoint, clock=clock, store=store) as client:
        endpoint.token = Secret(client.management_token)
        yield client


def ask(here: Owned, method: str, path: str = "", body: object = None) -> Answer:
    sent = b"" if body is None else json.dumps(body).encode()
    return here.ask(method, f"/v1/webhooks{path}", [here.amt], sent)


def made(here: Owned, **members: object) -> Any:
    answer = ask(here, "POST", "", {"name": "Hook", "url": URL, **members})
    assert answer.status == 200, answer
    return answer.json()


def fields(answer: Answer) -> list[str]:
    assert answer.status == 400, answer
    return [problem["field"] for problem in answer.json()["detail"]]


@STORES
def test_everything_of_a_webhook_is_said_and_given_back(here: Owned) -> None:
    wanted = {
        "name": "Low",
        "url": URL,
        "error_url": "https://hook.example/errors",
        "triggers": [{"code": SOC, "condition": "falls_below", "value": 20, "cool_down_s": 60}],
        "signals": [SOC, LOCKED],
        "auto_subscribe": True,
        "version": "4.0",
        "form": {
            "unit_system": "imperial",
            "every": "day",
            "event_name": "schedule",
            "newer_triggers": True,
            "concurrency": 2,
        },
    }
    webhook = made(here, **wanted)["webhook"]
    assert {name: webhook[name] for name in wanted} == wanted
    one = ask(here, "GET", f"/{webhook['id']}").json()
    assert {name: one[name] for name in webhook} == webhook
    assert (one["waiting"], one["oldest_at"], one["dead"]) == (0, None, 0)


def test_the_secret_is_shown_once_and_what_came_of_verification_said(
    here: Owned, endpoint: Endpoint, clock: StandingClock
) -> None:
    first = made(here)
    assert first["secret"].startswith("whsec_")
    assert first["verification"] == {
        "verified": True, "objection": None, "problem": None, "status": 200, "seconds": 0.01
    }  # fmt: skip
    assert first["webhook"]["state"] == "active"
    endpoint.token = Secret("another")
    clock.now += timedelta(seconds=1)
    second = made(here)
    assert second["webhook"]["state"] == "unverified"
    assert "management token" in second["verification"]["objection"]
    listed = ask(here, "GET")
    assert [each["id"] for each in listed.json()["webhooks"]] == [first["webhook"]["id"], second["webhook"]["id"]]
    assert "whsec_" not in listed.text


def test_either_credential_of_the_application_will_do(here: Owned) -> None:
    webhook = made(here)["webhook"]
    bearer = (b"authorization", b"Bearer " + here.management_token.encode())
    for header in (here.amt, here.basic, bearer):
        assert here.ask("GET", f"/v1/webhooks/{webhook['id']}", [header]).status == 200


def test_another_url_has_to_be_verified_anew_and_is_asked_at_once(here: Owned, endpoint: Endpoint) -> None:
    path = f"/{made(here)['webhook']['id']}"
    renamed = ask(here, "PATCH", path, {"name": "New"}).json()
    assert (renamed["webhook"]["name"], renamed["webhook"]["state"], renamed["verification"]) == ("New", "active", None)
    endpoint.token = Secret("another")
    moved = ask(here, "PATCH", path, {"url": f"{URL}/2"}).json()
    assert (moved["webhook"]["state"], moved["verification"]["verified"]) == ("unverified", False)
    assert endpoint.urls == [URL, f"{URL}/2"]
    endpoint.token = Secret(here.management_token)
    assert ask(here, "POST", f"{path}/verify").json()["webhook"]["state"] == "active"
    changed = ask(here, "PATCH", path, {"error_url": None, "signals": [SOC]}).json()["webhook"]
    assert (changed["url"], changed["error_url"], changed["signals"]) == (f"{URL}/2", None, [SOC])


def test_an_unverified_one_is_resumed_by_verifying_it(here: Owned, endpoint: Endpoint) -> None:
    endpoint.token = Secret("another")
    path = f"/{made(here)['webhook']['id']}"
    assert ask(here, "POST", f"{path}/resume").json()["webhook"]["state"] == "unverified"
    endpoint.token = Secret(here.management_token)
    resumed = ask(here, "POST", f"{path}/resume").json()
    assert (resumed["webhook"]["state"], resumed["verification"]["verified"]) == ("active", True)
    assert ask(here, "POST", f"{path}/pause").json() == {
        "webhook": {**resumed["webhook"], "state": "paused"}, "verification": None
    }  # fmt: skip
    assert ask(here, "POST", f"{path}/resume").json()["webhook"]["state"] == "active"


def test_nobody_is_told_anything_who_was_paused_and_never_proved_itself(here: Owned, endpoint: Endpoint) -> None:
    path = f"/{made(here)['webhook']['id']}"
    ask(here, "POST", f"{path}/pause")
    moved = ask(here, "PATCH", path, {"url": f"{URL}/2"}).json()
    assert (moved["webhook"]["state"], moved["verification"], endpoint.urls) == ("unverified", None, [URL])
    endpoint.token = Secret("another")
    assert ask(here, "POST", f"{path}/pause").json()["webhook"]["state"] == "unverified"
    assert ask(here, "POST", f"{path}/resume").json()["webhook"]["state"] == "unverified"
    assert endpoint.urls == [URL, f"{URL}/2"]
    endpoint.token = Secret(here.management_token)
    assert ask(here, "POST", f"{path}/resume").json()["webhook"]["state"] == "active"


def test_a_rotated_secret_overlaps_for_as_long_as_is_said(here: Owned, clock: StandingClock) -> None:
    created = made(here)
    path = f"/{created['webhook']['id']}"
    rotated = ask(here, "POST", f"{path}/rotate", {"overlap_hours": 2}).json()
    assert datetime.fromisoformat(rotated["former_until"]) == clock() + timedelta(hours=2)

    def signing() -> list[str]:
        keys = here.run(here.carwire.store.signing_keys(here.client_id, path[1:], clock()))
        return [each.reveal() for each in keys.secrets]

    assert signing() == [rotated["secret"], created["secret"]]
    clock.now += timedelta(hours=2)
    assert signing() == [rotated["secret"]]
    at_once = ask(here, "POST", f"{path}/rotate", {"overlap_hours": 0}).json()
    assert signing() == [at_once["secret"]]


@STORES
def test_the_log_is_read_in_pages_and_by_what_is_looked_for(here: Owned, clock: StandingClock) -> None:
    path = f"/{made(here)['webhook']['id']}"
    ids = deliver(here, path[1:], ["delivered", "dead", "due", "delivered"])
    one = ask(here, "GET", path).json()
    assert (one["waiting"], one["dead"]) == (1, 1)
    assert datetime.fromisoformat(one["oldest_at"]) == clock()

    def found(query: str) -> Any:
        answer = ask(here, "GET", f"{path}/deliveries{query}")
        assert answer.status == 200, answer
        return answer.json()

    newest_first = sorted(ids, reverse=True)  # all made at one moment
    first = found("?limit=3")
    assert [each["id"] for each in first["deliveries"]] == newest_first[:3]
    last = found(f"?limit=3&before={first['before']}")
    assert ([each["id"] for each in last["deliveries"]], last["before"]) == (newest_first[3:], None)
    assert [each["id"] for each in found("?state=dead")["deliveries"]] == [ids[1]]
    at = clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(found(f"?since={at}")["deliveries"]) == 4
    assert found(f"?until={at}")["deliveries"] == []
    assert found(f"?vehicle_id={new_id()}")["deliveries"] == []
    vehicle_id = first["deliveries"][0]["vehicle_id"]
    assert len(found(f"?vehicle_id={vehicle_id.upper()}")["deliveries"]) == 4


@STORES
def test_a_delivery_says_how_every_attempt_went(here: Owned) -> None:
    path = f"/{made(here)['webhook']['id']}"
    (delivery_id,) = deliver(here, path[1:], ["dead"])
    log = ask(here, "GET", f"{path}/deliveries/{delivery_id}").json()
    assert (log["state"], log["status"], log["problem"], log["body"][:7]) == ("dead", 500, "status", '{"a":1,')
    (attempt,) = log["tries"]
    assert {name: attempt[name] for name in ("number", "status", "problem", "detail", "answer")} == {
        "number": 1, "status": 500, "problem": "status", "detail": "The endpoint answered 500.", "answer": "no"
    }  # fmt: skip


@STORES
def test_what_ended_is_replayed_and_counted_before(here: Owned) -> None:
    path = f"/{made(here)['webhook']['id']}"
    ids = deliver(here, path[1:], ["delivered", "dead", "due"])
    since = {"since": "2026-01-01T00:00:00Z"}

    def replay(body: object) -> Any:
        answer = ask(here, "POST", f"{path}/replay", body)
        assert answer.status == 200, answer
        return answer.json()["count"]

    assert replay({**since, "dry_run": True}) == 2
    assert replay({**since, "failed_only": True, "dry_run": True}) == 1
    assert replay({**since, "until": "2026-01-02T00:00:00Z"}) == 0
    assert replay({"delivery_id": ids[2]}) == 0  # it waits
    assert replay({"delivery_id": ids[0].upper()}) == 1
    assert replay({**since}) == 1
    waiting = ask(here, "GET", f"{path}/deliveries?state=due").json()["deliveries"]
    assert {each["id"] for each in waiting} == set(ids)


@STORES
def test_deliveries_of_another_webhook_are_not_there(here: Owned, endpoint: Endpoint) -> None:
    other = here.another()
    endpoint.token = Secret(other.management_token)
    foreign = made(other)["webhook"]["id"]
    (delivery_id,) = deliver(other, foreign, ["dead"])
    endpoint.token = Secret(here.management_token)
    own = made(here)["webhook"]["id"]
    for path in (f"{own}/deliveries/{delivery_id}", f"{own}/deliveries?before={delivery_id}", f"{foreign}/deliveries"):
        assert ask(here, "GET", f"/{path}").status == 404, path
    for webhook_id in (own, foreign):
        assert ask(here, "POST", f"/{webhook_id}/replay", {"delivery_id": delivery_id}).status == 404
    assert ask(other, "GET", f"/{foreign}/deliveries/{delivery_id}").json()["state"] == "dead"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"url": "http://user@hook.example/"}, "url"),
        ({"url": "https://127.1/"}, "url"),
        ({"error_url": "ftp://x"}, "error_url"),
        ({"triggers": [{"code": "odometer"}]}, "triggers"),
        ({"triggers": [{"code": SOC, "condition": "rises_above"}]}, "triggers"),
        ({"triggers": [{"code": SOC, "value": 1}]}, "triggers"),
        ({"triggers": [{"code": SOC, "colour": "red"}]}, "triggers"),
        ({"signals": ["odometer"]}, "signals"),
        ({"signals": "odometer"}, "signals"),
        ({"form": {"concurrency": 0}}, "form.concurrency"),
        ({"form": {"every": "minute"}}, "form.every"),
        ({"version": "3.0"}, "version"),
        ({"auto_subscribe": "yes"}, "auto_subscribe"),
        ({"state": "active"}, "body"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(here: Owned, change: dict[str, Any], field: str) -> None:
    assert fields(ask(here, "POST", "", {"name": "Hook", "url": URL, **change})) == [field]
    path = f"/{made(here)['webhook']['id']}"
    before = ask(here, "GET", path).json()
    assert fields(ask(here, "PATCH", path, change)) == [field]
    assert ask(here, "GET", path).json() == before


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("state=lost", "state"),
        ("since=yesterday", "since"), ("since=2026-01-01T00:00:00", "since"), ("before=x", "before"),
        ("vehicle_id=%00", "vehicle_id"), ("colour=red", "colour"), ("until=", ""),
    ],
)  # fmt: skip
def test_a_query_of_the_log_that_cannot_be_is_refused(here: Owned, query: str, field: str) -> None:
    answer = ask(here, "GET", f"/{made(here)['webhook']['id']}/deliveries?{query}")
    assert fields(answer) == [field] if field else answer.status == 200


@pytest.mark.parametrize("body", [{}, {"until": "2026-01-01T00:00:00Z"}, {"failed_only": True}])
def test_a_replay_has_to_say_of_what(here: Owned, body: object) -> None:
    assert fields(ask(here, "POST", f"/{made(here)['webhook']['id']}/replay", body)) == ["since"]


@pytest.mark.parametrize("webhook_id", ["x", "%00", "%C3%A9", "7f3bd4c63f0c4b639d9f0a4f5f0f8a51"])
def test_an_id_that_is_none_is_refused_by_name(here: Owned, webhook_id: str) -> None:
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("GET", "/deliveries")):
        assert fields(ask(here, method, f"/{webhook_id}{rest}")) == ["webhook_id"]
    path = f"/{made(here)['webhook']['id']}"
    assert fields(ask(here, "GET", f"{path}/deliveries/{webhook_id}")) == ["delivery_id"]


def test_an_application_has_so_many_webhooks_and_no_more(here: Owned) -> None:
    for _ in range(100):
        made(here)
    assert fields(ask(here, "POST", "", {"name": "Hook", "url": URL})) == ["client_id"]


@STORES
def test_version_2_0_is_told_what_its_reads_are_made_of_and_refuses_what_none_says(here: Owned) -> None:
    webhook_id = made(here, version="2.0", signals=[CHARGING], triggers=[{"code": SOC}])["webhook"]["id"]
    kept = here.run(here.carwire.store.webhook(webhook_id))
    assert kept
    assert kept.signals == (CHARGING,)
    assert {CHARGING, SOC, "charge-ischargingcableconnected"} <= set(kept.polled)
    assert "form" in ask(here, "GET", f"/{webhook_id}").json()
    untold = {"version": "2.0", "signals": ["closure-tailgate"]}
    assert fields(ask(here, "POST", "", {"name": "Hook", "url": URL, **untold})) == ["signals"]
    path = f"/{made(here, signals=['closure-tailgate'])['webhook']['id']}"
    assert fields(ask(here, "PATCH", path, {"version": "2.0"})) == ["signals"]


def test_moments_come_back_in_utc(here: Owned) -> None:
    at = datetime.fromisoformat(made(here)["webhook"]["created_at"])
    assert at.tzinfo == UTC
