"""Real registrations: what is imported, and how often an answer is right. Skipped where the files are missing."""

from __future__ import annotations

import asyncio
import csv
import lzma
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import gettempdir

import pytest

from carwire.connectors.vpic_facts import VpicFacts
from carwire.core.lookup.answers import Found
from carwire.core.lookup.asking import Question
from carwire.core.lookup.names import make_key, models_agree
from carwire.core.lookup.regions import REGIONS
from carwire.core.ports import Store
from carwire.core.vin.structure import compute_check_digit
from carwire.kit.clock import utc_now
from carwire.registers.files import checksum_of, open_rows
from carwire.registers.formats import format_of
from carwire.registers.sorting import SortedRows
from carwire.services.lookup.finding import LookupService
from carwire.services.lookup.importing import ImportService, Refusal, Report
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

DATA = Path(__file__).parents[4] / "shared/data"
WA = DATA / "wa_ev_population_2023-05.csv.xz"
NY = DATA / "ny_dmv_electric_2018-11_part.csv.xz"
pytestmark = pytest.mark.skipif(not WA.exists() or not NY.exists(), reason="the real registrations are not here")
QUESTION = Question(REGIONS["us"])
Label = tuple[str, str, int]


def rows(path: Path) -> Iterator[dict[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def load(store: Store, name: str, path: Path) -> tuple[Report, list[Refusal]]:
    refused: list[Refusal] = []
    form = format_of(name)
    with open_rows(path, form) as file:
        service = ImportService(store, utc_now, lambda: SortedRows(Path(gettempdir())))
        report = asyncio.run(service.run(form, "us", checksum_of(path), file, refuse=refused.append))
    return report, refused


@pytest.fixture(scope="module")
def labels() -> dict[str, Label]:
    """First ten characters → make, model and year, where Washington says just one thing of them."""
    said: defaultdict[str, set[Label]] = defaultdict(set)
    for row in rows(WA):
        if row["Model"]:
            said[row["VIN (1-10)"]].add((row["Make"], row["Model"], int(row["Model Year"])))
    return {prefix: next(iter(found)) for prefix, found in said.items() if len(found) == 1}


def with_serial(prefix: str, seed: int) -> str | None:
    """A whole VIN that begins so and whose check digit, which the prefix has, is right; null when there is none."""
    dice = random.Random(f"{prefix}{seed}")
    for _ in range(200):
        vin = f"{prefix}{dice.choice('AFKPMNU1')}{dice.randrange(10**6):06}"
        if compute_check_digit(vin) == vin[8]:
            return vin
    return None


def right(found: Found, label: Label) -> bool:
    traits = found.vehicle.traits if found.vehicle else None
    return (
        traits is not None
        and make_key(traits.make or "") == make_key(label[0])
        and models_agree(traits.model or "", label[1])
        and traits.year == label[2]
    )


def contained(found: Found, label: Label) -> bool:
    listed = [*found.additional, *([found.vehicle] if found.vehicle else [])]
    return any(models_agree(vehicle.traits.model or "", label[1]) for vehicle in listed)


def judge(store: Store, cases: list[tuple[str, Label]]) -> tuple[int, int, int, int, int]:
    """Return how many answers are standard, right among them, reduced, with the right model among them, and none."""
    service = LookupService(store, VpicFacts(), utc_now)

    async def ask() -> list[Found]:
        return [await service.by_vin(vin, QUESTION) for vin, _ in cases]

    standard = good = reduced = holding = 0
    for found, (_, label) in zip(asyncio.run(ask()), cases, strict=True):
        if found.confidence == "standard":
            standard += 1
            good += right(found, label)
        elif found.confidence == "reduced":
            reduced += 1
            holding += contained(found, label)
    return standard, good, reduced, holding, len(cases) - standard - reduced


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path, None, open_sealer(tmp_path, None))
    yield opened
    asyncio.run(opened.close())


def test_imports_are_complete_and_twice_is_once(disk: Store) -> None:
    for name, path, total in (("wa-ev", WA, 130_443), ("ny-dmv", NY, 4_000)):
        report, refused = load(disk, name, path)
        assert (report.rows, report.accepted + report.rejected) == (total, total)
        assert report.rejected == len(refused) <= total // 1000
        assert report.unknown_columns == ()
        again, _ = load(disk, name, path)
        assert again.unchanged
        assert (again.release_id, again.accepted) == (report.release_id, report.accepted)
    assert [(r.id, r.state) for r in asyncio.run(disk.releases())] == [(1, "active"), (2, "active")]


@pytest.mark.parametrize("registers", [(), ("wa-ev",), ("ny-dmv",), ("wa-ev", "ny-dmv")], ids="+".join)
def test_standard_answers_are_right_and_reduced_ones_hold_the_model(
    disk: Store, labels: dict[str, Label], registers: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    for name in registers:
        load(disk, name, {"wa-ev": WA, "ny-dmv": NY}[name])
    york = [(row["VIN"].strip(), labels[row["VIN"][:10]]) for row in rows(NY) if row["VIN"][:10] in labels]
    made = [(vin, label) for prefix, label in labels.items() if (vin := with_serial(prefix, 1))]
    for name, cases in (("New York", york), ("Washington", made)):
        assert len(cases) > 3000
        standard, good, reduced, holding, none = judge(disk, cases)
        shares = standard / len(cases), good / max(1, standard), holding / max(1, reduced)
        record_property(
            name, f"{len(cases)} VINs: standard, right, reduced ones that hold the model {shares}, none {none}"
        )
        assert shares[0] >= 0.60
        assert shares[1] >= 0.98
        assert shares[2] >= 0.90 or not reduced


def test_a_register_of_whole_vins_gives_colour_and_description_and_one_of_ten_characters_never_does(
    disk: Store,
) -> None:
    load(disk, "wa-ev", WA)
    load(disk, "ny-dmv", NY)
    service = LookupService(disk, VpicFacts(), utc_now)
    features = frozenset({"registration_status", "extended_data", "writeoff_info", "additional_upstream_data"})
    asked = Question(REGIONS["us"], features)
    whole = [row["VIN"].strip() for row in rows(NY) if len(row["VIN"].strip()) == 17][:200]
    found = [asyncio.run(service.by_vin(vin, asked)) for vin in whole]
    assert sum(each.colour is not None for each in found) > 150
    assert all(each.upstream_vehicle and each.extras["registration_status"]["expiry_date"] for each in found)
    assert all(each.extras["writeoff_info"] is None for each in found), "no source of write-offs is loaded"
    partial = [vin for row in list(rows(WA))[:200] if (vin := with_serial(row["VIN (1-10)"], 2))]
    others = [asyncio.run(service.by_vin(vin, asked)) for vin in partial if vin not in whole]
    assert {each.colour for each in others} == {None}
    assert {each.extras["registration_status"] for each in others} == {None}
    assert {each.extras["extended_data"] for each in others} == {None}
    assert sum(each.upstream_vehicle is not None for each in others) > 150
