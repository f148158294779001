"""What the official SDKs demand of the preview's answers: section 17 of the wire contract as tests."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.wire.v3.samples import ALL_KINDS, BODIES, PREVIEW, REQUEST_ID, members, problem, written

from carwire.wire.v3 import errors, kinds

READ_BY_SDKS = ("vehicle", "signal", "signal-imperial", "signals", "signals-none", "signals-page")
LONGEST = 2**63  # a Java Long


class Meta(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What Java reads of a signal."""

    retrieved_at: int | None = None
    oem_updated_at: int | None = None


class SignalsMeta(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What Java reads of a list."""

    total_count: int
    page_size: int
    page: int


class Root(msgspec.Struct):
    """What Java looks for at the root of one resource."""

    id: str
    type: str
    attributes: dict[str, Any]
    links: dict[str, str]
    meta: Meta | None = None


class ListRoot(msgspec.Struct):
    """What Java looks for at the root of a list."""

    data: list[Root]
    meta: SignalsMeta
    links: dict[str, str]
    included: dict[str, Root]


class VehicleAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What the preview says of a car."""

    make: str
    model: str
    year: int


def strictly(name: str, kind: type[Any]) -> Any:
    """A body as a strictly typed reader sees it."""
    return msgspec.json.decode(msgspec.json.encode(BODIES[name](PREVIEW)), type=kind, strict=True)


@pytest.mark.parametrize("name", ["vehicle", "signal", "signal-imperial"])
def test_java_finds_one_resource_at_the_root(name: str) -> None:
    root = strictly(name, Root)
    assert root.links["self"].startswith("/vehicles/")
    assert "data" not in written(BODIES[name](PREVIEW))


@pytest.mark.parametrize("name", ["signals", "signals-none", "signals-page"])
def test_java_finds_a_list_with_its_meta_and_links_as_texts(name: str) -> None:
    root = strictly(name, ListRoot)
    assert root.meta.total_count in {0, 10}
    assert set(root.included) == {"vehicle"}
    for times in (row.meta for row in root.data):
        assert times is not None
        assert (times.retrieved_at or 0) < LONGEST


def test_no_link_an_sdk_reads_is_null() -> None:
    for name in READ_BY_SDKS:
        found = [each for key, each in members(written(BODIES[name](PREVIEW))) if key == "links"]
        assert found
        assert all(isinstance(link, str) for each in found for link in each.values()), name


def test_a_vehicle_has_three_attributes_and_its_year_is_a_number() -> None:
    root = strictly("vehicle", Root)
    assert msgspec.convert(root.attributes, VehicleAttributes).year == 2024


def test_times_are_epoch_milliseconds() -> None:
    times = strictly("signal", Root).meta
    assert times == Meta(retrieved_at=1780300803120, oem_updated_at=1780300723120)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_node_finds_a_type_at_the_root_of_an_error(kind: str) -> None:
    body = written(errors.problem_answer(problem(kind), PREVIEW, REQUEST_ID).body)
    assert body["type"] == kinds.BY_KIND[kind].type
    assert {"code", "description", "docURL", "resolution", "requestId", "statusCode"} <= body.keys()
    assert body["statusCode"] == int(body["errors"][0]["status"])
