"""Every resource looks as the wire contract has it, in both generations."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tests.wire.v3.samples import ANSWERS, BASE, BODIES, GA, GOLDEN, PREVIEW, VEHICLE, VIEWS, members, written

from carwire.wire.v3.applications import ApplicationResource, SecretResource
from carwire.wire.v3.commands import ExecutionResource, SetDestination, SetLimit
from carwire.wire.v3.compatibility import CompatibleBody, CompatibleResource
from carwire.wire.v3.connections import ConnectionResource
from carwire.wire.v3.envelope import Listed, PreviewListed, Single, View
from carwire.wire.v3.errors import ErrorsBody, PreviewErrorsBody
from carwire.wire.v3.paging import Page
from carwire.wire.v3.schedules import Daily, ScheduleExecution, Weekly, Workweek
from carwire.wire.v3.signals import PreviewSignalsBody, SignalBody, SignalResource, SignalsBody, signals_body
from carwire.wire.v3.subscriptions import NewSubscription, SubscribingBody, SubscriptionResource
from carwire.wire.v3.tokens import ApplicationTokenBody, TokenError
from carwire.wire.v3.vehicles import VehicleResource
from carwire.wire.v3.webhooks import WebhookResource

# Golden file → the type of what it holds, in either generation.
TYPES: dict[str, tuple[Any, Any]] = {
    "vehicle": (VehicleResource, Single[VehicleResource]),
    "signal": (SignalResource, SignalBody),
    "signals": (PreviewSignalsBody, SignalsBody),
    "connection": (ConnectionResource, Single[ConnectionResource]),
    "connections-cursor": (PreviewListed[ConnectionResource], Listed[ConnectionResource]),
    "connections": (PreviewListed[ConnectionResource], Listed[ConnectionResource]),
    "command-bare": (ExecutionResource, Single[ExecutionResource]),
    "schedule-deleted": (ScheduleExecution, Single[ScheduleExecution]),
    "error-fields": (PreviewErrorsBody, ErrorsBody),
    "command": (ExecutionResource, Single[ExecutionResource]),
    "schedule": (ScheduleExecution, Single[ScheduleExecution]),
    "compatible": (PreviewListed[CompatibleResource], CompatibleBody),
    "webhook": (WebhookResource, Single[WebhookResource]),
    "webhooks": (PreviewListed[WebhookResource], Listed[WebhookResource]),
    "subscription": (SubscriptionResource, Single[SubscriptionResource]),
    "subscriptions": (PreviewListed[SubscriptionResource], Listed[SubscriptionResource]),
    "application": (ApplicationResource, Single[ApplicationResource]),
    "applications": (PreviewListed[ApplicationResource], Listed[ApplicationResource]),
    "application-secrets": (PreviewListed[SecretResource], Listed[SecretResource]),
    "error": (PreviewErrorsBody, ErrorsBody),
}
SENT = (
    SetLimit,
    SetDestination,
    Daily,
    Weekly,
    Workweek,
    NewSubscription,
    ApplicationTokenBody,
    TokenError,
    SubscribingBody,
)
CASES = [(name, view) for name in BODIES for view in VIEWS]


def in_order(value: Any) -> Any:
    """The value with its members as pairs, so that their order counts."""
    if isinstance(value, dict):
        return [(name, in_order(each)) for name, each in value.items()]
    return [in_order(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("name", "view"), CASES, ids=lambda case: getattr(case, "generation", case))
def test_a_body_is_its_golden_file(name: str, view: View) -> None:
    golden = msgspec.json.decode((GOLDEN / f"{name}.{view.generation}.json").read_bytes())
    assert in_order(written(BODIES[name](view))) == in_order(golden)


@pytest.mark.parametrize("name", TYPES)
def test_a_body_is_of_the_type_the_api_document_shows(name: str) -> None:
    for view, kind in zip((PREVIEW, GA), TYPES[name], strict=True):
        body = msgspec.json.encode(BODIES[name](view))
        assert in_order(written(msgspec.json.decode(body, type=kind))) == in_order(written(BODIES[name](view)))


def test_the_api_document_can_be_made_of_every_type() -> None:
    kinds = [*(kind for pair in TYPES.values() for kind in pair), *SENT]
    schemas, components = msgspec.json.schema_components(kinds)
    assert len(schemas) == len(kinds)
    assert {"VehicleResource", "SignalResource", "CompatibleBody", "Weekly"} <= components.keys()


def test_every_golden_file_is_looked_at() -> None:
    wanted = {f"{name}.{view.generation}.json" for name, view in CASES}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


@pytest.mark.parametrize("name", BODIES)
def test_links_are_absolute_in_one_generation_and_relative_in_the_other(name: str) -> None:
    def links(view: View) -> list[str]:
        found = [each for key, each in members(written(BODIES[name](view))) if key == "links"]
        return [link for each in found for link in each.values() if link is not None and "about" not in each]

    always_relative = {"schedule"}
    assert all(link.startswith("/") and BASE not in link for link in links(PREVIEW))
    assert name in always_relative or all(link.startswith(f"{BASE}/v3/") for link in links(GA))


@pytest.mark.parametrize("name", ["vehicle", "signal", "connection", "command", "schedule", "webhook", "subscription"])
def test_one_resource_is_wrapped_in_one_generation_and_bare_in_the_other(name: str) -> None:
    wrapped, bare = written(BODIES[name](GA)), written(BODIES[name](PREVIEW))
    assert {"data"} <= wrapped.keys() <= {"data", "included"}
    assert {"id", "type", "attributes"} <= bare.keys()
    assert bare["id"] == wrapped["data"]["id"]
    assert "included" not in bare


def test_only_signals_include_their_vehicle() -> None:
    including = {name for name in BODIES if "included" in written(BODIES[name](GA))}
    assert including == {name for name in BODIES if name.startswith("signal")}
    vehicle = written(BODIES["vehicle"](GA))["data"]
    assert written(BODIES["signals"](GA))["included"] == {"vehicle": vehicle}


def test_moments_are_iso_texts_in_utc_with_milliseconds() -> None:
    found = [
        value
        for name in BODIES
        for key, value in members(written(BODIES[name](GA)))
        if key.endswith("At") and value is not None
    ]
    assert len(found) > 20
    assert all(len(value) == 24 and value.endswith("Z") and value[-5] == "." for value in found)


def test_the_samples_of_a_page_follow_each_other() -> None:
    pages = [written(signals_body(VEHICLE, ANSWERS, GA, Page(n, 3))) for n in range(1, 5)]
    for before, after in pairwise(pages):
        assert before["links"]["next"] == after["links"]["self"]
        assert after["links"]["prev"] == before["links"]["self"]
    assert [row["id"] for page in pages for row in page["data"]] == list(ANSWERS)
