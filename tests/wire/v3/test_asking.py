"""What is sent becomes typed values, or `InvalidInput` that names the field, and nothing else ever happens."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.wire.v3.samples import ANYTHING, GA, PREVIEW, USER_ID, VEHICLE_ID, VIEWS, WEBHOOK, WEBHOOK_ID, written

from carwire.core.errors import InvalidInput
from carwire.core.vehicles import ConnectionFilter
from carwire.core.webhooks import SubscriptionFilter
from carwire.wire.v3 import applications, compatibility, connections, schedules, subscriptions, tokens, webhooks
from carwire.wire.v3.asking import MissingParameter
from carwire.wire.v3.commands import CALLS, read_command
from carwire.wire.v3.envelope import View
from carwire.wire.v3.paging import Page
from carwire.wire.v3.webhooks import WebhookFilter

READERS: dict[str, Callable[[Mapping[str, str], View], Any]] = {
    "connections": connections.read_connections,
    "webhooks": webhooks.read_webhooks,
    "subscriptions": subscriptions.read_subscriptions,
    "compatible": compatibility.read_compatible,
    "applications": applications.read_applications,
}
NAMES = (
    *("filter[userId]", "filter[vehicleId]", "filter[vehicle.mode]", "filter[user.externalId]", "filter[name]"),
    *("filter[callbackUri]", "filter[isEnabled]", "filter[autoSubscribe]", "filter[webhookId]", "filter[region]"),
    *("filter[make]", "filter[powertrainType]", "page[number]", "page[size]", "page", "pageSize", "x", "filter[x]"),
)
VALUES = (USER_ID, USER_ID.upper(), "live", "simulated", "true", "FALSE", "1", "100", "0", "US", "bev", "", "\x00")
PARAMS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=12), max_size=4)

KEYS = (
    *("data", "attributes", "type", "percent", "latitude", "longitude", "location", "startTime", "stopTime", "days"),
    *("weekdays", "weekends", "monday", "MONDAY", "webhookId", "userId", "vehicleId", "x", "]`[", "a`b"),
)
WORDS = st.sampled_from(("22:00", "06:00", "22:00\n", "24:00", 80, 50.0, 49, 52.52, 10**400, USER_ID, None, True))
LIKELY = st.recursive(
    WORDS | ANYTHING,
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
BODIES = LIKELY.map(lambda inner: {"data": {"attributes": inner}}) | LIKELY | ANYTHING
DECODERS: dict[str, Callable[[object], object]] = {
    **{suffix: functools.partial(read_command, call) for suffix, call in CALLS.items()},
    **{kind: functools.partial(schedules.read_schedule, kind) for kind in schedules.KINDS},
    "subscription": subscriptions.read_new_subscription,
}


@pytest.mark.parametrize("name", DECODERS)
@given(body=BODIES)
@example(body={"data": {"attributes": {"percent": 10**400}}})
@example(body={"data": {"attributes": {"latitude": float("nan"), "longitude": float("inf")}}})
@example(body={"data": {1: 2}})
@example(body={"data": {"attributes": {"]`x[": 1}}})
def test_a_body_is_read_or_is_invalid_input(name: str, body: object) -> None:
    try:
        DECODERS[name](body)
    except InvalidInput as error:
        assert error.fields
        for each in error.fields:
            assert 0 < len(each.field) < 300
            assert each.message
        written([[each.field, each.message] for each in error.fields])


@pytest.mark.parametrize("name", READERS)
@given(params=PARAMS)
def test_a_query_is_read_or_is_invalid_input(name: str, params: dict[str, str]) -> None:
    for view in VIEWS:
        try:
            READERS[name](params, view)
        except InvalidInput as error:
            assert {each.field for each in error.fields} <= params.keys()


@given(st.dictionaries(st.sampled_from(["grant_type", "client_id", "client_secret", "x"]), ANYTHING))
def test_a_request_for_a_token_is_read_or_is_invalid_input(fields: dict[str, object]) -> None:
    try:
        tokens.read_token_request(fields)
    except InvalidInput as error:
        refusal = tokens.token_refusal(error)
        assert refusal.status == 400
        assert refusal.body.error in {"invalid_request", "unsupported_grant_type"}


@pytest.mark.parametrize("name", READERS)
def test_a_filter_nobody_knows_is_refused_and_other_parameters_are_left_aside(name: str) -> None:
    READERS[name]({"x": "y", "fields": "z"}, GA)
    with pytest.raises(InvalidInput, match=r"filter\[x\]: is no filter of this list"):
        READERS[name]({"filter[x]": "y"}, GA)


def test_connections_are_live_unless_asked_otherwise() -> None:
    found = connections.read_connections({}, GA)
    assert found.wanted == ConnectionFilter(mode="live")
    assert found.filters == (("filter[vehicle.mode]", "live"),)
    assert found.page == Page(1, 10)
    simulated = connections.read_connections({"filter[vehicle.mode]": "simulated"}, GA)
    assert simulated.wanted.mode == "simulated"


def test_every_filter_of_connections_is_read_and_repeated() -> None:
    sent = {
        "filter[userId]": USER_ID.upper(),
        "filter[vehicleId]": VEHICLE_ID,
        "filter[vehicle.mode]": "simulated",
        "filter[user.externalId]": "me & you",
    }
    found = connections.read_connections(sent, GA)
    assert found.wanted == ConnectionFilter(VEHICLE_ID, USER_ID, "simulated", "me & you")
    assert dict(found.filters) == {**sent, "filter[userId]": USER_ID}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filter[userId]", "me"),
        ("filter[vehicleId]", ""),
        ("filter[vehicleId]", VEHICLE_ID + "\n"),
        ("filter[vehicle.mode]", "test"),
        ("filter[vehicle.mode]", "LIVE"),
        ("filter[user.externalId]", "x" * 256),
        ("filter[user.externalId]", "\x00"),
    ],
)
def test_a_filter_of_connections_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        connections.read_connections({name: value}, GA)
    assert [each.field for each in caught.value.fields] == [name]


def test_the_preview_reads_its_own_page_parameters() -> None:
    sent = {"page": "3", "pageSize": "7"}
    for name in ("connections", "webhooks", "subscriptions", "compatible"):
        assert READERS[name](sent, PREVIEW).page == Page(3, 7)
        assert READERS[name](sent, GA).page.number == 1


@pytest.mark.parametrize(
    ("sent", "accepted"),
    [
        ({}, True),
        ({"filter[name]": "OF CHARGE"}, True),
        ({"filter[name]": "fuel"}, False),
        ({"filter[callbackUri]": "Example.ORG/hooks"}, True),
        ({"filter[callbackUri]": "/errors"}, False),
        ({"filter[isEnabled]": "true"}, True),
        ({"filter[isEnabled]": "0"}, False),
        ({"filter[autoSubscribe]": "False"}, True),
        ({"filter[autoSubscribe]": "1", "filter[name]": "charge"}, False),
    ],
)
def test_webhooks_are_found_by_parts_of_their_texts_in_any_case(sent: dict[str, str], accepted: bool) -> None:
    found = webhooks.read_webhooks(sent, GA)
    assert found.wanted.accepts(WEBHOOK) is accepted
    assert [name for name, _ in found.filters] == list(sent) or len(sent) > 1
    assert WebhookFilter().accepts(WEBHOOK)


def test_a_truth_value_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"filter\[isEnabled\]: must be true or false"):
        webhooks.read_webhooks({"filter[isEnabled]": "yes"}, GA)


def test_subscriptions_have_four_filters() -> None:
    sent = {
        "filter[userId]": USER_ID,
        "filter[webhookId]": WEBHOOK_ID,
        "filter[vehicleId]": VEHICLE_ID,
        "filter[vehicle.mode]": "simulated",
    }
    found = subscriptions.read_subscriptions(sent, GA)
    assert found.wanted == SubscriptionFilter(USER_ID, WEBHOOK_ID, VEHICLE_ID, "simulated")
    assert dict(found.filters) == sent
    assert subscriptions.read_subscriptions({}, GA).filters == ()


def test_a_new_subscription_names_webhook_user_and_vehicle() -> None:
    ids = {"webhookId": WEBHOOK_ID.upper(), "userId": USER_ID, "vehicleId": VEHICLE_ID}
    found = subscriptions.read_new_subscription({"data": {"type": "subscription", "attributes": ids}})
    assert found == subscriptions.NewSubscription(WEBHOOK_ID, USER_ID, VEHICLE_ID)
    for name in ids:
        with pytest.raises(MissingParameter) as missing:
            subscriptions.read_new_subscription({"data": {"attributes": {k: v for k, v in ids.items() if k != name}}})
        assert missing.value.fields[0].field == f"data.attributes.{name}"
        for wrong in (1, "x", VEHICLE_ID + "\n", None):
            with pytest.raises(InvalidInput, match=rf"^data\.attributes\.{name}: must be a UUID$"):
                subscriptions.read_new_subscription({"data": {"attributes": {**ids, name: wrong}}})
    with pytest.raises(InvalidInput, match=r"^data\.attributes\.x: is not known here$"):
        subscriptions.read_new_subscription({"data": {"attributes": {**ids, "x": 1}}})
    assert written(subscriptions.SubscribingBody()) == {"meta": {"message": "subscription creation in progress"}}
