"""Managing webhooks with both clients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from client.tests.conftest import Hand, Place
from tests.delivered import deliver

from carwire_client import InvalidRequest, NotFound, Secret, v1
from carwire_client.calls.own import hooks
from carwire_client.settings import Application
from carwire_client.signals import CLOSURE_ISLOCKED, TRACTIONBATTERY_STATEOFCHARGE

APP = Application(client_id="app", client_secret=Secret("s"))
URL = "https://hook.example/in"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def api(hand: Hand) -> Any:
    return hand.client.v1


@pytest.fixture
def made(hand: Hand, api: Any) -> v1.NewWebhook:
    low = v1.WebhookTrigger(code=TRACTIONBATTERY_STATEOFCHARGE, condition="falls_below", value=20)
    found: v1.NewWebhook = hand(
        api.create_webhook(
            "Hook",
            URL,
            triggers=[low, CLOSURE_ISLOCKED],
            signals=[CLOSURE_ISLOCKED],
            form=v1.WebhookForm(every="day", concurrency=2),
        )
    )
    return found


def test_a_webhook_is_made_read_and_deleted(hand: Hand, api: Any, made: v1.NewWebhook) -> None:
    assert made.secret.startswith("whsec_")
    assert made.secret not in repr(made)
    assert (made.verification.verified, made.verification.problem) == (False, "refused")
    webhook = made.webhook
    assert (webhook.state, webhook.triggers[0].value, webhook.triggers[1].condition) == ("unverified", 20, "changes")
    assert (webhook.form.every, webhook.form.concurrency, webhook.version) == ("day", 2, "4.0")
    one = hand(api.webhook(webhook.id))
    assert (one.id, one.waiting, one.dead, one.extra) == (webhook.id, 0, 0, {})
    assert webhook.id in [each.id for each in hand(api.webhooks()).webhooks]
    assert hand(api.delete_webhook(webhook.id)).meta.status == 204
    with pytest.raises(NotFound):
        hand(api.webhook(webhook.id))


def test_a_webhook_is_changed_and_what_is_left_out_stays(hand: Hand, api: Any, made: v1.NewWebhook) -> None:
    changed = hand(api.change_webhook(made.webhook.id, name="New", error_url=f"{URL}/errors"))
    assert (changed.webhook.name, changed.webhook.url, changed.verification) == ("New", URL, None)
    assert changed.webhook.error_url == f"{URL}/errors"
    moved = hand(api.change_webhook(made.webhook.id, url=f"{URL}/2", error_url="", triggers=[]))
    assert (moved.webhook.error_url, moved.webhook.triggers, moved.verification.verified) == (None, (), False)
    with pytest.raises(InvalidRequest) as caught:
        hand(api.change_webhook(made.webhook.id, signals=["odometer"]))
    assert [each["field"] for each in caught.value.detail] == ["signals"]


def test_a_webhook_is_verified_paused_resumed_and_rotated(
    hand: Hand, api: Any, made: v1.NewWebhook, place: Place
) -> None:
    webhook_id = made.webhook.id
    assert hand(api.verify_webhook(webhook_id)).verification.objection
    assert hand(api.resume_webhook(webhook_id)).webhook.state == "unverified"
    assert hand(api.pause_webhook(webhook_id)).webhook.state == "unverified"
    assert hand(api.resume_webhook(webhook_id)).webhook.state == "unverified"
    place.owned.run(place.owned.carwire.store.halt_webhook(webhook_id, None, SINCE))  # as if it had proved itself
    assert hand(api.pause_webhook(webhook_id)).webhook.state == "paused"
    assert hand(api.resume_webhook(webhook_id)).webhook.state == "active"
    rotated = hand(api.rotate_webhook_secret(webhook_id, overlap_hours=1))
    assert rotated.secret != made.secret
    assert rotated.secret not in repr(rotated)
    assert rotated.former_until.tzinfo is not None


def test_deliveries_are_read_and_replayed(hand: Hand, api: Any, made: v1.NewWebhook, place: Place) -> None:
    webhook_id = made.webhook.id
    ids = deliver(place.owned, webhook_id, ["delivered", "dead", "due"])
    assert {each.id for each in hand.all(api.iter_webhook_deliveries(webhook_id, limit=2))} == set(ids)
    (dead,) = hand(api.webhook_deliveries(webhook_id, state="dead", since=SINCE)).deliveries
    assert (dead.id, dead.problem) == (ids[1], "status")
    log = hand(api.webhook_delivery(webhook_id, dead.id))
    assert (log.tries[0].answer, log.body[:1], log.state) == ("no", "{", "dead")
    assert hand(api.replay_webhook(webhook_id, since=SINCE, dry_run=True)).count == 2
    assert hand(api.replay_webhook(webhook_id, since=SINCE, failed_only=True)).count == 1
    assert hand(api.replay_webhook(webhook_id, delivery_id=ids[0])).count == 1


def test_what_cannot_be_meant_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="delivery_id or since"):
        hooks.replay_webhook(APP, "id")
    with pytest.raises(ValueError, match="offset"):
        hooks.replay_webhook(APP, "id", since=datetime(2026, 1, 1))  # noqa: DTZ001  # that is what is wrong
    with pytest.raises(TypeError, match="lists"):
        hooks.create_webhook(APP, "n", URL, triggers=CLOSURE_ISLOCKED)
