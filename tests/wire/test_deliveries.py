"""The one door to deliveries: each webhook is told in its own version."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.wire.telling import ATTEMPT, BASE, CHARGE, CHARGING, NOW, ODOMETER, event, reading, subscription, webhook

from carwire.core.events import Change, Event, Failure
from carwire.core.outbox import DeliveryKind
from carwire.core.triggers import Trigger, fired
from carwire.core.webhooks import Version, Webhook
from carwire.wire.deliveries import fill, spell, verify_body

CHANGES = (Change(CHARGE, 60, 64), Change(CHARGING, True, False))
FAILURES = (Failure("VEHICLE_STATE:ASLEEP", "ERROR", (ODOMETER,)),)


def kinds(told: Webhook, of: Event) -> list[DeliveryKind]:
    found = spell(
        told, subscription(), of, {CHARGE: reading(64)}, fired(told.triggers, of.changes, {}, NOW), base_url=BASE
    )
    assert all(frozen.body.startswith(b"{") for _, frozen in found)
    return [kind for kind, _ in found]


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (event(changes=CHANGES), ["VEHICLE_STATE"]),
        (event(failures=FAILURES), ["VEHICLE_ERROR"]),
        (event(changes=CHANGES, failures=FAILURES), ["VEHICLE_STATE", "VEHICLE_ERROR"]),
        (event("first"), ["VEHICLE_STATE"]),
        (event("scheduled"), ["VEHICLE_STATE"]),
        (event(changes=[Change(ODOMETER, 1, 2)]), []),
        (event(), []),
    ],
)
def test_an_event_is_told_as_a_state_as_errors_as_both_or_not(of: Event, told: list[str]) -> None:
    assert kinds(webhook(), of) == told
    assert kinds(webhook(version="2.0"), of) == [kind for kind in told if kind != "VEHICLE_ERROR"]


def test_a_charging_event_is_the_only_word_of_a_webhook_for_them() -> None:
    told = webhook(version="2.0", triggers=(Trigger(CHARGING),), signals=())
    assert kinds(told, event(changes=CHANGES)) == ["VEHICLE_STATE"]
    assert kinds(told, event("first")) == []


@pytest.mark.parametrize(("version", "same"), [("2.0", True), ("4.0", False)])
def test_what_is_spelled_again_is_the_same_and_attempts_differ_where_the_version_wants_it(
    version: Version, same: bool
) -> None:
    told = webhook(version=version)
    first, again = (
        spell(told, subscription(), event(changes=CHANGES), {}, told.triggers, base_url=BASE)[0][1] for _ in range(2)
    )
    assert first == again
    later = fill(first, subscription().id, NOW + timedelta(seconds=25))
    assert (fill(first, ATTEMPT, NOW) == later) is same


def test_a_challenge_is_asked_in_the_version_of_the_webhook() -> None:
    new = json.loads(verify_body(webhook(), "abc", ATTEMPT, NOW))
    old = json.loads(verify_body(webhook(version="2.0"), "abc", ATTEMPT, NOW))
    assert (new["eventType"], new["data"]["challenge"], new["meta"]["deliveryId"]) == ("VERIFY", "abc", ATTEMPT)
    assert (old["eventName"], old["payload"]["challenge"]) == ("verify", "abc")
