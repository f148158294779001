"""Imports of registers: what is published in every form, what is broken, cut off or killed, and what is never kept."""

from __future__ import annotations

import asyncio
import errno
import gzip
import io
import json
import lzma
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import environment
from tests.services.lookup import samples

from carwire.connectors.vpic_facts import VpicFacts
from carwire.core.errors import CannotStart, InvalidInput
from carwire.core.lookup.answers import Found
from carwire.core.lookup.asking import Question
from carwire.core.lookup.formats import RowReader, read_date
from carwire.core.lookup.regions import REGIONS
from carwire.core.lookup.registers import EntryRow
from carwire.core.ports import Store
from carwire.kit.clock import utc_now
from carwire.registers import sorting
from carwire.registers.files import Cut, checksum_of, open_rows
from carwire.registers.formats import format_of, formats
from carwire.registers.sorting import SortedRows
from carwire.services.lookup import importing
from carwire.services.lookup.finding import LookupService
from carwire.services.lookup.importing import ImportService, Refusal, Report
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

WA, NY = format_of("wa-ev"), format_of("ny-dmv")


def load(store: Store, name: str, path: Path, refused: list[Refusal] | None = None, **more: Any) -> Report:
    form = format_of(name)
    kept = refused if refused is not None else []
    with open_rows(path, form) as file:
        region = form.region or "us"
        service = ImportService(store, utc_now, lambda: SortedRows(path.parent))
        return asyncio.run(service.run(form, region, checksum_of(path), file, refuse=kept.append, **more))


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def wa_cars(count: int, start: int = 0) -> list[dict[str, str]]:
    return [samples.car_of(WA, **{"DOL Vehicle ID": str(n)}) for n in range(start, start + count)]


def ny_cars(count: int) -> list[dict[str, str]]:
    return [samples.car_of(NY, VIN=f"5YJ3E1EAXJF{n:06}") for n in range(count)]


def ask(store: Store, vin: str, region: str = "us", *features: str) -> Found:
    service = LookupService(store, VpicFacts(), utc_now)
    return asyncio.run(service.by_vin(vin, Question(REGIONS[region], frozenset(features))))


def states(store: Store) -> list[tuple[str, int]]:
    return [(release.state, release.accepted) for release in asyncio.run(store.releases())]


@pytest.mark.parametrize("name", samples.ALL)
def test_a_file_of_every_format_is_imported_and_no_person_is_kept(tmp_path: Path, name: str) -> None:
    form = formats()[name]
    path = write(tmp_path / "file", samples.text_of(form, [samples.car_of(form)]))
    store = open_store(tmp_path / "data", None, open_sealer(tmp_path / "data", None))
    refused: list[Refusal] = []
    report = load(store, name, path, refused)
    assert (report.rows, report.accepted, refused, report.unknown_columns) == (1, 1, [], ())
    if form.link == "LP":
        service = LookupService(store, VpicFacts(), utc_now)
        found = asyncio.run(service.by_plate("XX123Y", None, Question(REGIONS["nl"])))
        assert (found.upstream_vehicle, found.colour, found.confidence) == ("RENAULT ZOE hatchback", "Grey", "reduced")
        assert found.vehicle is not None
        assert (found.vehicle.traits.make, found.vehicle.traits.year) == ("Renault", 2019)
    asyncio.run(store.close())
    kept = b"".join(each.read_bytes() for each in (tmp_path / "data").glob("carwire.sqlite3*"))
    assert samples.PERSON.encode() not in kept
    assert samples.ADDRESS.encode() not in kept


@pytest.mark.parametrize(
    ("name", "vin", "colour", "said", "badge"),
    [
        ("ny-dmv", "5YJ3E1EAXJF000001", "Dark Blue", "2018 TESLA 4DSD ELECTRIC", None),
        ("dk-dmr", "TMBJJ7NE8F0000001", "Grey", "SKODA OCTAVIA 1,4 TSI AMBITION", "1,4 TSI AMBITION"),
        ("il-vehicles", "KMHC85LJ0LU000001", "לבן", "2020 יונדאי קוריאה IONIQ PREMIUM", "PREMIUM"),
        ("no-technical", "YV1AAAAAAE1000001", "White", "VOLVO V70", None),
        ("nz-mvr", "7A8CF0123AB000001", None, "2014 TOYOTA COROLLA GX HATCHBACK", "GX"),
        ("fi-traficom", "TMBJJ7NE1F0000001", None, "Škoda OCTAVIA", None),
        ("wa-ev", "5YJ3E1EAXJF000001", None, "2018 TESLA MODEL 3 Battery Electric Vehicle (BEV)", None),
    ],
)
def test_what_a_register_says_of_a_vin(
    tmp_path: Path, store: Store, *, name: str, vin: str, colour: str | None, said: str, badge: str | None
) -> None:
    form = formats()[name]
    load(store, name, write(tmp_path / "file", samples.text_of(form, [samples.car_of(form)])))
    found = ask(store, vin, form.region or "", "additional_upstream_data")
    assert (found.colour, found.upstream_vehicle) == (colour, said)
    assert found.vehicle is not None
    assert found.vehicle.traits.badge == badge
    assert found.extras["additional_upstream_data"]["colour"] == colour
    raw = found.extras["additional_upstream_data"]["region_specific"]
    assert set(raw) <= {*form.kind_columns, *form.car_columns}
    assert raw
    assert not set(raw) & set(form.drops)


@pytest.mark.parametrize("header", [samples.WA_15, samples.WA_16, samples.WA_17], ids=lambda names: str(len(names)))
def test_washington_s_three_headers_are_read(tmp_path: Path, store: Store, header: tuple[str, ...]) -> None:
    path = write(tmp_path / "file.csv", samples.csv_of(WA, wa_cars(3), header))
    assert load(store, "wa-ev", path).accepted == 3
    assert ask(store, "5YJ3E1EAXJF000009").upstream_vehicle


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "bom": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "unix": lambda data: data.replace(b"\r\n", b"\n"),
    "unquoted": lambda data: data.replace(b'"', b""),
    "no last newline": lambda data: data.rstrip(),
    "blank lines": lambda data: data.replace(b"\r\n", b"\r\n\r\n"),
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": lambda data: zstd(data),  # noqa: PLW0108  # it is defined below
    "zip": lambda data: zipped(data, "a.csv"),
    "zip with more": lambda data: zipped(data, "a.csv", {"readme.txt": b"x", "b.pdf": b"y" * 10**6}),
}


def zstd(data: bytes) -> bytes:
    pa = pytest.importorskip("pyarrow")
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def zipped(data: bytes, name: str, more: dict[str, bytes] | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in {**(more or {}), name: data}.items():
            archive.writestr(each, content)
    return file.getvalue()


@pytest.mark.parametrize("how", PACKED)
def test_a_file_is_read_whatever_it_is_packed_in(tmp_path: Path, store: Store, how: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(PACKED[how](samples.csv_of(NY, ny_cars(3)).encode()))
    assert load(store, "ny-dmv", path).accepted == 3
    assert ask(store, "5YJ3E1EAXJF000002").colour == "Dark Blue"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, store: Store, separator: str) -> None:
    text = samples.csv_of(NY, ny_cars(2)).replace('","', f'"{separator}"')
    assert load(store, "ny-dmv", write(tmp_path / "file", text)).accepted == 2


def test_latin_1_is_read_where_a_format_has_it(tmp_path: Path, store: Store) -> None:
    form = formats()["fi-traficom"]
    text = samples.csv_of(form, [samples.car_of(form, merkkiSelvakielinen="Citroën")])
    load(store, form.name, write(tmp_path / "file", text, "latin-1"))
    assert ask(store, "TMBJJ7NE1F0000001", "fi").upstream_vehicle == "Citroën OCTAVIA"


def test_the_same_file_twice_changes_nothing_and_a_newer_one_replaces(tmp_path: Path, store: Store) -> None:
    first = write(tmp_path / "a.csv", samples.csv_of(NY, ny_cars(30)))
    second = write(tmp_path / "b.csv", samples.csv_of(NY, [{**car, "Color": "RD"} for car in ny_cars(20)]))
    report = load(store, "ny-dmv", first)
    assert load(store, "ny-dmv", first).unchanged
    assert states(store) == [("active", 30)]
    assert ask(store, "5YJ3E1EAXJF000025").colour == "Dark Blue"
    assert load(store, "ny-dmv", second).replaced == report.release_id
    assert states(store) == [("active", 20)]
    assert (ask(store, "5YJ3E1EAXJF000005").colour, ask(store, "5YJ3E1EAXJF000025").colour) == ("Red", None)


def test_a_release_with_far_fewer_rows_is_held_back_unless_forced(tmp_path: Path, store: Store) -> None:
    load(store, "ny-dmv", write(tmp_path / "a.csv", samples.csv_of(NY, ny_cars(30))))
    few = write(tmp_path / "b.csv", samples.csv_of(NY, ny_cars(5)))
    with pytest.raises(InvalidInput, match="force it"):
        load(store, "ny-dmv", few)
    assert states(store) == [("active", 30)]
    assert load(store, "ny-dmv", few, force=True).accepted == 5
    assert states(store) == [("active", 5)]


def test_of_a_car_with_several_rows_the_newest_counts_in_any_order(tmp_path: Path, store: Store) -> None:
    def car(day: str, colour: str) -> dict[str, str]:
        return samples.car_of(NY, **{"Reg Valid Date": day, "Color": colour})

    cars = [car("01/02/2018", "RD"), car("11/02/2018", "GR"), car("05/02/2018", "BK")]
    for turn in range(3):
        text = samples.csv_of(NY, cars[turn:] + cars[:turn])
        load(store, "ny-dmv", write(tmp_path / f"{turn}", text), force=True)
        assert ask(store, "5YJ3E1EAXJF000001").colour == "Green"
        counts = asyncio.run(store.prefix_counts("us", "5YJ3E1EAJ"))
        assert [count.count for count in counts] == [1], "one car counts once"


def test_rows_of_a_part_of_a_vin_are_summed_over_chunks(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 7)
    cars = [
        samples.car_of(WA, **{"DOL Vehicle ID": str(n), "Model": ("MODEL 3", "MODEL S")[n % 5 == 0]}) for n in range(50)
    ]
    report = load(store, "wa-ev", write(tmp_path / "file", samples.csv_of(WA, cars)))
    assert (report.accepted, report.kinds) == (50, 2)
    found = asyncio.run(store.register_entries("us", ["5YJ3E1EAXJ"]))
    assert sorted((entry.traits.model or "", entry.count) for entry in found) == [("Model 3", 40), ("Model S", 10)]
    counts = asyncio.run(store.prefix_counts("us", "5YJ3E1EAJ"))
    assert sorted(each.count for each in counts) == [10, 40]


def test_rows_are_put_in_order_in_pieces_and_those_of_one_key_stay_as_they_came(tmp_path: Path) -> None:
    dice = random.Random(4)
    rows = [EntryRow(f"{dice.randrange(3000):017}", "", 1, rank=number) for number in range(10_000)]
    with SortedRows(tmp_path) as found:
        for start in range(0, len(rows), 1500):
            found.add(rows[start : start + 1500])
        assert [*found] == sorted(rows, key=lambda row: row.key)
        assert list(tmp_path.iterdir()) == [], "what a killed process would leave"


def test_a_folder_without_room_is_told_and_nothing_is_written(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_rows: object) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sorting, "_encode", full)
    with pytest.raises(CannotStart, match="No space left on device"):
        load(store, "ny-dmv", write(tmp_path / "file", samples.csv_of(NY, ny_cars(3))))
    assert states(store) == []


def test_a_changed_reading_of_a_file_that_was_cut_off_begins_anew(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 10)
    path = write(tmp_path / "file", samples.csv_of(NY, ny_cars(50)))
    monkeypatch.setattr(store, "finish_release", None)
    with pytest.raises(TypeError):
        load(store, "ny-dmv", path)
    monkeypatch.undo()
    stricter = msgspec.structs.replace(NY, only={"VIN": [f"5YJ3E1EAXJF{n:06}" for n in range(40)]})
    monkeypatch.setattr(sys.modules[__name__], "format_of", lambda _name: stricter)
    report = load(store, "ny-dmv", path)
    assert (report.resumed_at, report.accepted, states(store)) == (0, 40, [("active", 40)])


BROKEN = {
    "too few fields": ("x,y", "has 2 fields, the header has 20"),
    "too many fields": (",".join("x" * 30), "has 30 fields, the header has 20"),
    "quotes": ('"a"b,' + "," * 18, "cannot be read: ',' expected after '\"'"),
    "a boat": (",".join(["BOAT", "5YJ3E1EAXJF900001"] + [""] * 18), "Record Type is another kind of thing"),
    "no VIN": (",".join(["VEH", ""] + [""] * 18), "VIN is empty"),
    "short": (",".join(["VEH", "123"] + [""] * 18), "VIN has 3 characters"),
    "letter O": (",".join(["VEH", "5YJ3E1EAXJFO00001"] + [""] * 18), "VIN is no VIN"),
    "year": (",".join(["VEH", "5YJ3E1EAXJF900001", *[""] * 5, "20x8"] + [""] * 12), "Model Year is no year"),
    "nul": (",".join(["VEH", "5YJ3E1EAXJF90000\0"] + [""] * 18), "VIN is no VIN"),
}


def test_broken_rows_are_left_out_and_told_with_their_reasons(tmp_path: Path, store: Store) -> None:
    lines = samples.csv_of(NY, ny_cars(900), samples.NY_20).splitlines()
    for place, (line, _) in enumerate(BROKEN.values()):
        lines.insert(100 * (place + 1) - 50, line)
    refused: list[Refusal] = []
    report = load(store, "ny-dmv", write(tmp_path / "a.csv", "\r\n".join(lines) + "\r\n"), refused)
    assert (report.rows, report.accepted, report.rejected) == (900 + len(BROKEN), 900, len(BROKEN))
    assert [f"{each.column} {each.reason}".strip() for each in refused] == [reason for _, reason in BROKEN.values()]
    assert [each.line for each in refused][:2] == [51, 151]
    assert report.reasons["VIN is empty"] == 1
    assert samples.PERSON not in str(refused)


def test_bytes_that_are_no_text_break_one_row(tmp_path: Path, store: Store) -> None:
    lines = samples.csv_of(NY, ny_cars(40_00)).encode().split(b"\r\n")
    lines[3900] = lines[3900].replace(b"4DSD", b"\xff\xfe")
    path = tmp_path / "a.csv"
    path.write_bytes(b"\r\n".join(lines))
    report = load(store, "ny-dmv", path)
    assert (report.accepted, report.rejected) == (3999, 1)


@pytest.mark.parametrize("kind", ["plain", "quoted", "gz", "xz", "zip", "xml"])
def test_a_file_that_is_cut_in_the_middle_leaves_nothing(tmp_path: Path, store: Store, kind: str) -> None:
    form = formats()["dk-dmr"] if kind == "xml" else NY
    data = samples.text_of(form, [samples.car_of(form)] * 3000 if kind == "xml" else ny_cars(3000)).encode()
    data = data.replace(b'"', b"") if kind == "plain" else data
    packed = PACKED[kind](data) if kind in PACKED else data
    path = tmp_path / "file"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises((Cut, InvalidInput), match="ends in the middle"):
        load(store, form.name, path)
    assert states(store) == []
    assert ask(store, "5YJ3E1EAXJF000001").colour is None
    path.write_bytes(packed)
    assert load(store, form.name, path).accepted == 3000
    assert [state for state, _ in states(store)] == ["active"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n1,2\n", "has no column"),
        ("VIN,Model Year\n", "has no column Record Type"),
        ('"VIN', "no line of headings"),
        ("<html><body>Not found</body></html>", "has no column"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_what_it_lacks(
    tmp_path: Path, store: Store, text: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        load(store, "ny-dmv", write(tmp_path / "file", text))
    assert states(store) == []


def test_a_file_without_a_row_that_can_be_used_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(InvalidInput, match="no row of 2 can be used"):
        load(store, "ny-dmv", write(tmp_path / "file", samples.csv_of(NY, [samples.car_of(NY, VIN="x")] * 2)))
    assert states(store) == []


def test_unknown_columns_are_told_and_not_kept(tmp_path: Path, store: Store) -> None:
    cars = [{**car, "Owner's name": samples.PERSON} for car in ny_cars(2)]
    path = write(tmp_path / "file", samples.csv_of(NY, cars, (*samples.NY_20, "Owner's name")))
    assert load(store, "ny-dmv", path).unknown_columns == ("Owner's name",)
    found = ask(store, "5YJ3E1EAXJF000001", "us", "additional_upstream_data")
    assert samples.PERSON not in str(found)


def test_an_import_goes_on_where_it_stopped(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 100)
    path = write(tmp_path / "file", samples.csv_of(NY, ny_cars(1000)))

    class Stopped(Exception):
        pass

    def stop(rows: int) -> None:
        if rows == 300:
            raise Stopped

    with pytest.raises(Stopped):
        load(store, "ny-dmv", path, was_written=stop)
    assert [(r.state, r.position) for r in asyncio.run(store.releases())] == [("loading", 300)]
    assert ask(store, "5YJ3E1EAXJF000001").colour is None, "nobody reads what is loading"
    seen: list[int] = []
    report = load(store, "ny-dmv", path, was_written=seen.append)
    assert (report.resumed_at, report.rows, report.accepted) == (300, 1000, 1000)
    assert seen[0] == 400
    assert states(store) == [("active", 1000)]
    counts = asyncio.run(store.prefix_counts("us", "5YJ3E1EAJ"))
    assert [count.count for count in counts] == [1000]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing to kill with")
def test_an_import_killed_in_the_middle_shows_nothing_and_goes_on(tmp_path: Path) -> None:
    cars = [samples.car_of(NY, VIN=f"5YJ3E1EAXJF{n:06}") for n in range(120_000)]
    path = write(tmp_path / "file.csv", samples.csv_of(NY, cars, samples.NY_20))
    command = [
        sys.executable,
        "-m",
        "carwire",
        "register",
        "import",
        "ny-dmv",
        str(path),
        "--data",
        str(tmp_path / "data"),
    ]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    loading: list[tuple[str, int]] = []
    while time.monotonic() < end and process.poll() is None and not (loading and loading[0][1] > 0):
        time.sleep(0.05)
        if (tmp_path / "data/carwire.sqlite3").exists():
            loading = peek(tmp_path / "data")
    process.kill()
    process.communicate()
    assert loading[0][0] == "loading", "it was killed too late"
    store = open_store(tmp_path / "data", None, open_sealer(tmp_path / "data", None))
    assert ask(store, "5YJ3E1EAXJF000001").colour is None
    asyncio.run(store.close())
    done = subprocess.run([*command, "--json"], env=environment(), capture_output=True, check=True)
    report = json.loads(done.stdout)
    assert (report["accepted"], report["rejected"], report["resumed_at"] > 0) == (120_000, 0, True)
    assert peek(tmp_path / "data") == [("active", 120_000)]


def peek(folder: Path) -> list[tuple[str, int]]:
    import sqlite3

    connection = sqlite3.connect(f"file:{folder / 'carwire.sqlite3'}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT state, position FROM lookup_releases").fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def test_two_imports_of_one_register_do_not_run_at_once(tmp_path: Path, carwire: Any) -> None:
    import fcntl

    path = write(tmp_path / "file.csv", samples.csv_of(NY, ny_cars(3)))
    (tmp_path / "data").mkdir()
    with (tmp_path / "data/.import-us-ny-dmv-registrations.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = carwire("register", "import", "ny-dmv", path, "--data", tmp_path / "data")
        assert (done.returncode, "another command" in done.stderr) == (1, True)
    done = carwire("register", "import", "ny-dmv", path, "--data", tmp_path / "data")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "3 rows: 3 accepted, 0 left out, 1 kinds of cars")
    assert "active" in carwire("register", "list", "--data", tmp_path / "data").stdout
    done = carwire("register", "remove", "1", "--data", tmp_path / "data")
    assert done.returncode == 0
    assert "Nothing was imported" in carwire("register", "list", "--data", tmp_path / "data").stdout


def test_a_mapping_file_of_one_s_own(tmp_path: Path, store: Store) -> None:
    mapping = write(
        tmp_path / "own.toml",
        """
name = "own"
dataset = "own-fleet"
title = "Our fleet"
region = "de"
link = "L17"
vin = "FIN"
plate = "Kennzeichen"
needs = ["FIN", "Marke", "Modell"]
drops = ["Halter"]
kind_columns = ["Marke", "Modell", "Baujahr"]
describes = ["Marke", "Modell"]

[traits]
make = { column = "Marke", as = "make" }
model = { column = "Modell", as = "model" }
year = { column = "Baujahr", as = "year" }

[car]
incidents = { column = "FIN", as = "text" }
""",
    )
    text = "FIN;Kennzeichen;Marke;Modell;Baujahr;Halter\nWVWZZZ1KZAW000123;B XX 1;VW;Golf;2010;" + samples.PERSON + "\n"
    path = write(tmp_path / "own.csv", text)
    wrong = mapping.read_text().replace("[car]", "[traits.owner]\ncolumn = 'Halter'\n[car]")
    with pytest.raises(InvalidInput, match="no trait 'owner'"):
        format_of(str(write(tmp_path / "wrong.toml", wrong)))
    read = mapping.read_text()
    write(mapping, read[: read.index("[car]")])
    load(store, str(mapping), path)
    found = ask(store, "WVWZZZ1KZAW000123", "de")
    assert found.vehicle is not None
    assert (found.vehicle.title, found.confidence, found.upstream_vehicle) == (
        "2010 Volkswagen Golf",
        "standard",
        "VW Golf",
    )


@pytest.mark.parametrize("name", samples.ALL)
def test_a_format_reads_no_column_about_people(name: str) -> None:
    form = formats()[name]
    assert not form.columns() & set(form.drops)
    assert form.publisher
    assert form.terms
    assert RowReader(form, samples.header_of(form)).unknown == ()


def test_hostile_dates_and_numbers_are_nothing() -> None:
    for text in ("0000-00-00", "99999999", "2018-13-01", "31.02.2018", "٢٠١٨", "", "1e9"):
        assert read_date(text) in {None}, text
