"""What every store does for lookup: keys, quotas, records, releases of registers, vehicles, answers of services."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from tests.storage.conftest import NOW, Place, application, digest

from carwire.core.lookup.keys import ApiKey, Count, Record, RecordFilter, Rights
from carwire.core.lookup.registers import Chunk, EntryRow, Individual, Link, PrefixRow, Release, TypeRow
from carwire.core.lookup.traits import Option, Traits, vehicle_of
from carwire.core.ports import Store
from carwire.kit.secrets import Secret

pytestmark = pytest.mark.anyio
TESLA = Traits(year=2018, make="Tesla", model="Model 3", fuel_type="Electric")
SKODA = Traits(year=2015, make="Škoda", model="Octavia", body_type="Wagon")


def key(name: str = "k", client_id: str = "app", **rights: Any) -> ApiKey:
    return ApiKey(name, client_id, "sec", "ü", "sec_abc", Rights(**rights), NOW)


def record(number: int, **more: Any) -> Record:
    return Record(
        **{
            "id": f"{number:032}", "at": NOW + timedelta(hours=number), "client_id": "app", "key_id": "k",
            "product": "vin", "region": "us", "reference_id": "a", "features": ("x", "y"), "status": 200,
            "outcome": "standard", "billable": True, "latency_us": 12, "subject": "ab", **more,
        }
    )  # fmt: skip


def release(link: Link = "L17", region: str = "us", dataset: str = "d", **more: Any) -> Release:
    return Release(
        region=region, dataset=dataset, format="f", checksum="c", link=link, as_of=date(2026, 1, 2), terms="ü", **more
    )


def chunk(
    *entries: EntryRow, types: tuple[TypeRow, ...] = (), prefixes: tuple[PrefixRow, ...] = (), at: int = 0
) -> Chunk:
    return Chunk(list(types), list(entries), list(prefixes), at, len(entries), 1)


TYPES = (TypeRow(1, TESLA, {"Make": "TESLA"}), TypeRow(2, SKODA, {"Make": "ŠKODA"}))


async def test_a_key_is_found_by_its_digest_until_its_application_is_gone(store: Store) -> None:
    mine = key(regions=("us",), origins=("https://a.example",), rate=1.5, max_quota=3)
    assert await store.add_api_key(mine, digest("k")) is True
    assert await store.add_api_key(key("x", "nobody"), digest("x")) is False
    assert await store.find_api_key(digest("k")) == mine
    assert await store.find_api_key(digest("other")) is None
    assert await store.api_keys("app") == await store.api_keys() == [mine]
    assert await store.api_keys("nobody") == []
    assert await store.revoke_api_key("k", NOW) is True
    assert await store.revoke_api_key("k", NOW) is False
    assert await store.find_api_key(digest("k")) == msgspec.structs.replace(mine, revoked_at=NOW)
    await store.delete("app")
    assert await store.find_api_key(digest("k")) is None


async def test_a_token_stands_for_a_key_until_it_is_tidied_away_or_the_key_ends(store: Store) -> None:
    await store.add_api_key(key(), digest("k"))
    for name, hours in (("one", 1), ("two", 3)):
        await store.add_api_key_token(digest(name), "k", NOW + timedelta(hours=hours))
    assert await store.find_api_key_token(digest("one")) == (key(), NOW + timedelta(hours=1))
    assert await store.tidy(NOW + timedelta(hours=2)) == 1
    assert await store.find_api_key_token(digest("one")) is None
    assert await store.find_api_key_token(digest("two")) is not None
    await store.revoke_api_key("k", NOW)
    assert await store.find_api_key_token(digest("two")) is None


async def test_a_quota_is_never_gone_over_whoever_counts(place: Place) -> None:
    stores = [place.open(), place.open()]
    await stores[0].add(application(), Secret("x"))
    await stores[0].add_api_key(key(), digest("k"))
    taken = await asyncio.gather(*(stores[n % 2].take_quota("k", 202611, 25) for n in range(60)))
    assert sorted(n for n in taken if n is not None) == list(range(1, 26))
    assert await stores[1].quota_used("k", 202611) == 25
    assert await stores[1].take_quota("k", 202611, 25, -1) == 24
    assert await stores[0].take_quota("k", 202612, 25) == 1
    assert await stores[0].take_quota("k", 202611, None, 1000) == 1024
    assert await stores[0].quota_used("k", 1) == 0


async def test_records_are_paged_filtered_and_counted(store: Store) -> None:
    records = [record(0), record(1, reference_id="b"), record(30, reference_id=None, billable=False, outcome="error")]
    records += [record(31, product="facets", region=None, features=(), subject=None)]
    await store.add_lookup_records([*records, record(99, client_id="nobody")])
    assert await store.lookup_records(RecordFilter(), 10) == records
    assert await store.lookup_records(RecordFilter(client_id="other"), 10) == []
    assert await store.count_lookup_records(RecordFilter(client_id="other"), ()) == []
    assert await store.lookup_records(RecordFilter(), 2, records[0].id) == records[1:3]
    assert (
        await store.lookup_records(RecordFilter(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=31)), 10)
        == (records[1:3])
    )
    assert await store.lookup_records(RecordFilter(product="facets", key_id="k", client_id="app"), 10) == records[3:]
    assert await store.count_lookup_records(RecordFilter(), ()) == [Count((), 4, 3)]
    assert await store.count_lookup_records(RecordFilter(reference_id="none"), ()) == []
    assert await store.count_lookup_records(RecordFilter(), ("reference_id",)) == [
        *(Count((None,), 1, 0), Count(("a",), 2, 2), Count(("b",), 1, 1)),
    ]
    by_day = await store.count_lookup_records(RecordFilter(), ("day", "outcome"))
    assert [(count.by, count.requests) for count in by_day] == [
        *((("2026-11-21", "standard"), 2), (("2026-11-22", "error"), 1), (("2026-11-22", "standard"), 1)),
    ]
    await store.delete("app")
    assert await store.lookup_records(RecordFilter(), 10) == []


async def test_what_is_loading_is_not_read_and_finishing_replaces(store: Store) -> None:
    first = await store.begin_release(release())
    await store.add_chunk(first.id, chunk(EntryRow("V" * 17, "P1", 1), types=TYPES, at=7))
    assert await store.register_entries("us", ["V" * 17]) == []
    assert await store.register_entries_of_plate("us", "P1") == []
    await store.finish_release(first.id)
    (found,) = await store.register_entries("us", ["V" * 17, "x"])
    assert (found.traits, found.raw, found.plate, found.release.state) == (TESLA, {"Make": "TESLA"}, "P1", "active")
    assert (found.release.position, found.release.accepted, found.release.rejected) == (7, 1, 1)
    assert await store.register_entries("ca", ["V" * 17]) == []
    second = await store.begin_release(release())
    other = await store.begin_release(release(dataset="e"))
    await store.add_chunk(second.id, chunk(EntryRow("W" * 17, "", 2), types=TYPES))
    await store.finish_release(second.id)
    assert await store.register_entries("us", ["V" * 17]) == []
    assert [(r.id, r.state) for r in await store.releases("us")] == [
        *((first.id, "retired"), (second.id, "active"), (other.id, "loading")),
    ]
    await store.drop_release(first.id)
    assert [r.id for r in await store.releases()] == [second.id, other.id]
    assert [each.traits for each in await store.register_entries("us", ["W" * 17])] == [SKODA]


async def test_a_chunk_adds_rows_of_a_car_or_of_a_part_of_a_vin_and_its_counts_to_those_before(store: Store) -> None:
    whole = await store.begin_release(release())
    blue = Individual(colour="Blue", raw={"a": "ü"})
    said = msgspec.json.encode(blue).decode()
    await store.add_chunk(whole.id, chunk(EntryRow("V" * 17, "B", 2, 1, 9, said), types=TYPES))
    await store.add_chunk(whole.id, chunk(EntryRow("W" * 17, "D", 1), at=2))
    await store.finish_release(whole.id)
    (found,) = await store.register_entries("us", ["V" * 17])
    assert (found.individual, found.plate, found.traits, found.count) == (blue, "B", SKODA, 1)
    part = await store.begin_release(release("L10", dataset="p", partial="electric"))
    for turn, key in enumerate(("V" * 10, "W" * 10)):
        rows = (EntryRow(key, "", 1, 3), EntryRow(key, "", 2, 1))
        prefixes = (PrefixRow("V" * 9, 1, 5), PrefixRow("V" * 9, 2, 1))
        await store.add_chunk(part.id, chunk(*rows, types=() if turn else TYPES, prefixes=prefixes))
    await store.finish_release(part.id)
    assert [(e.traits.model, e.count) for e in await store.register_entries("us", ["V" * 10])] == [
        *(("Model 3", 3), ("Octavia", 1)),
    ]
    counts = await store.prefix_counts("us", "V" * 9)
    assert [(c.traits.model, c.count, c.release.partial) for c in counts] == [
        *(("Model 3", 10, "electric"), ("Octavia", 2, "electric")),
    ]


async def test_a_plate_leads_to_the_newest_entry_first(store: Store) -> None:
    begun = await store.begin_release(release())
    rows = (EntryRow("A" * 17, "P", 1, 1, 5), EntryRow("B" * 17, "P", 2, 1, 9), EntryRow("C" * 17, "", 1))
    await store.add_chunk(begun.id, chunk(*rows, types=TYPES))
    await store.finish_release(begun.id)
    assert [e.key[0] for e in await store.register_entries_of_plate("us", "P")] == ["B", "A"]
    assert await store.register_entries_of_plate("us", "") == []
    assert await store.register_entries_of_plate("us", "a\0b") == []


async def test_many_rows_are_added_and_dropped(store: Store) -> None:
    begun = await store.begin_release(release())
    rows = [EntryRow(f"{n:017}", "", 1) for n in range(11_000)]
    await store.add_chunk(begun.id, chunk(*rows, types=TYPES))
    await store.finish_release(begun.id)
    assert len(await store.register_entries("us", [f"{n:017}" for n in range(400)])) == 400
    await store.drop_release(begun.id)
    assert await store.releases() == []
    assert await store.register_entries("us", [f"{5:017}"]) == []


async def test_of_two_releases_whose_rows_lie_among_each_other_one_is_dropped(store: Store) -> None:
    first = await store.begin_release(release())
    second = await store.begin_release(release(dataset="other"))
    for begun in (first, second):
        rows = [EntryRow(f"{n:017}", "", 1) for n in range(5_500)]
        await store.add_chunk(begun.id, chunk(*rows, types=TYPES, prefixes=(PrefixRow("0" * 9, 1, 7),)))
        await store.finish_release(begun.id)
    await store.drop_release(first.id)
    assert [each.id for each in await store.releases()] == [second.id]
    for n in (0, 4_999, 5_000, 5_001, 5_499):
        assert [e.release.id for e in await store.register_entries("us", [f"{n:017}"])] == [second.id]
    assert [each.count for each in await store.prefix_counts("us", "0" * 9)] == [7]
    await store.drop_release(second.id)
    assert await store.register_entries("us", [f"{5:017}"]) == []


async def test_vehicles_are_candidates_only_of_an_active_catalogue(store: Store) -> None:
    decoded, own = vehicle_of("us", TESLA), vehicle_of("us", SKODA, "own", (Option("Pack", None, "pack", ("a",)),))
    await store.put_vehicles([decoded, decoded])
    begun = await store.begin_release(release("none", dataset="own", catalogue=True))
    await store.put_vehicles([own], begun.id, candidates=True)
    assert await store.candidates("us", ["TESLA", "SKODA"], (2000, 2030)) == []
    assert await store.catalogue_vehicle("us", own.id) is None
    await store.finish_release(begun.id)
    assert await store.candidates("us", ["TESLA", "SKODA"], (2000, 2030)) == [own]
    assert (
        await store.candidates("us", ["SKODA"], (2016, 2030))
        == await store.candidates("ca", ["SKODA"], (0, 9999))
        == []
    )
    assert await store.catalogue_vehicle("us", own.id) == own
    assert await store.catalogue_vehicle("us", decoded.id) == decoded
    assert await store.catalogue_vehicle("us", "\ud800") is None
    found = await store.find_vehicles("us", {})
    assert found == ([decoded, own], 2)
    assert await store.find_vehicles("us", {"make": "skoda", "body_type": "WAGON", "year": "2015"}) == ([own], 1)
    assert await store.find_vehicles("us", {}, ["MODEL", "TESLA"], 1) == ([decoded], 1)
    assert await store.find_vehicles("us", {"make": "%"}, ["%"]) == ([], 0)
    assert await store.facet("us", "make", {}, 10) == [("Tesla", 1), ("Škoda", 1)]
    assert await store.facet("us", "body_type", {"make": "tesla"}, 10) == []
    await store.drop_release(begun.id)
    assert await store.find_vehicles("us", {}) == ([decoded], 1)


async def test_answers_of_services_run_out_and_their_costs_are_capped(place: Place) -> None:
    stores = [place.open(), place.open()]
    await stores[0].keep_provided("p", "us", digest("v"), b"\xff", NOW + timedelta(hours=1))
    await stores[0].keep_provided("p", "us", digest("v"), b"two", NOW + timedelta(hours=2))
    assert await stores[1].provided("p", "us", digest("v"), NOW + timedelta(minutes=90)) == b"two"
    assert await stores[1].provided("p", "us", digest("v"), NOW + timedelta(hours=2)) is None
    assert await stores[1].provided("p", "ca", digest("v"), NOW) is None
    spent = await asyncio.gather(*(stores[n % 2].spend_on("p", 1, 300, 1000) for n in range(10)))
    assert sum(spent) == 3
    assert await stores[0].spend_on("p", 2, 300, None) is True
