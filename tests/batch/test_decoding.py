"""A list decoded is each VIN decoded: whatever is shared, every value is the one ultravin gives for that very VIN."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
import ultravin

pa = pytest.importorskip("pyarrow")

from carwire.batch import decoding, keys  # noqa: E402
from carwire.batch.arrow import decode  # noqa: E402
from carwire.batch.columns import FILED, OWN  # noqa: E402
from carwire.connectors.vpic import VpicDecoder  # noqa: E402
from carwire.core.vin.decode import Decoded, Field, believed  # noqa: E402
from carwire.core.vin.structure import CHARACTERS, compute_check_digit  # noqa: E402

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ACCORD = "1HGCM82633A004352"
NO_VINS = [
    "",
    "  ",
    "5YJ",
    "1FT*W1E54NFA00123",
    "é" * 17,
    "1HGCM82633A0043521",
    "1HGCM82633AÖ0435",
    "\x00",
    "%" * 64,
    "1T9",
]


def whole(vin: str) -> str:
    return f"{vin[:8]}{compute_check_digit(vin) or vin[8]}{vin[9:]}"


def mutated(vins: list[str], seed: int) -> list[str]:
    """VINs with what happens to them: other serials, wrong digits, wrong characters, lost and added ones."""
    rng = random.Random(seed)
    made = []
    for vin in vins:
        place = rng.randrange(17)
        serial = f"{rng.choice('0123456789ABCDEFGHJKLM')}{rng.randrange(10**5):05d}"
        made += [
            whole(vin[:11] + serial),
            whole(vin[:14] + serial[3:]),
            vin[:8] + rng.choice("0123456789XAIO*") + vin[9:],
            vin[:place] + rng.choice("IOQ*-0AZ5 ") + vin[place + 1 :],
            whole(vin[:place] + rng.choice("ABCDE12345") + vin[place + 1 :]),
            vin[:12] + rng.choice("ABC") + vin[13:],
            vin[: rng.randrange(18)],
            vin.lower(),
        ]
    return made


def population() -> list[str]:
    rng = random.Random(5)
    swept = rng.sample([vin for vin in ultravin.sweep() if len(vin) == 17], 1500)
    drawn = ultravin.generate(500, seed=3, invalid_rate=0.3, now=NOW)
    listed = rng.sample(ultravin.sweep(["exception"]), 200)
    once = [*mutated(drawn + swept, 1), *swept, *drawn, *listed, *ultravin.cover_vins(), *NO_VINS]
    # Again with another serial, so that each shares its key with somebody.
    return once + [whole(vin[:11] + f"{rng.randrange(10**6):06d}") for vin in once if len(vin) == 17]


def tidy(vin: str) -> str:
    from carwire.core.vin.structure import tidy

    return tidy(vin)


def expected(vins: list[str], years: list[int | None] | None = None) -> Any:
    table = pa.table({"vin": [tidy(vin) for vin in vins], "y": pa.array(years or [None] * len(vins), pa.int32())})
    return pa.table(
        ultravin.decode_stream(table, vin_column="vin", year_column="y", column_names="id", now=NOW)
    ).combine_chunks()


def differing(vins: list[str], found: Any, wanted: Any) -> list[Any]:
    """The first differences of each column."""
    wrong = []
    for name, column in FILED.items():
        ours, theirs = found[name].to_pylist(), wanted[f"attr_{column.needs[0]}"].to_pylist()
        wrong += [(name, v, a, b) for v, a, b in zip(vins, ours, theirs, strict=True) if a != b][:3]
    return wrong


@pytest.mark.parametrize("at_once", [decoding.PIECE, 997])
def test_every_value_of_every_element_is_that_of_the_vin_decoded_alone(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carwire.batch.arrow.PIECE", at_once)
    monkeypatch.setattr(decoding, "_REMEMBERED", 3000)  # so that something is forgotten, too
    vins = population()
    found = decode(pa.table({"vin": vins}), columns=["vpic"], now=NOW)
    assert differing(vins, found, expected(vins)) == []


def test_a_serial_can_decide_which_model_year_wins() -> None:
    """With one serial 2018 wins by error 2, with another 1988 by error 3, which weighs the same."""
    vins = [f"1FBAE1ZV{ninth}JA{serial:06d}" for ninth in "0123456789X" for serial in range(111100, 111140)]
    found = decode(pa.table({"vin": vins}), columns=["vpic"], now=NOW)
    assert len(set(found["ModelYear"].to_pylist())) == 2
    assert differing(vins, found, expected(vins)) == []


def test_a_claimed_year_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    vins = population()[::7]
    rng = random.Random(2)
    years = [rng.choice([None, 1985, 1993, 2003, 2011, 2020, 2027, 1900, 9999]) for _ in vins]
    table = pa.table({"vin": vins, "claimed": pa.array(years, pa.int16())})
    found = decode(table, columns=["vpic"], year="claimed", now=NOW)
    assert differing(vins, found, expected(vins, years)) == []


def test_years_are_read_from_texts_and_what_is_no_year_claims_none() -> None:
    table = pa.table({"vin": [ACCORD] * 5, "y": ["2003", "1993", "", None, "soon"]})
    found = decode(table, columns=["ErrorCode"], keep=[], year="y", now=NOW)
    assert found["ErrorCode"].to_pylist() == ["0", *decode_one(ACCORD, 1993), "0", "0", "0"]


def decode_one(vin: str, year: int) -> list[str]:
    return [ultravin.decode(vin, year=year, now=NOW)["attributes"]["Error Code"]]


def test_check_digits_are_judged_as_by_ultravin() -> None:
    vins = [tidy(vin) for vin in population()]
    found = decode(pa.table({"vin": vins}), columns=["check_digit_matches"], now=NOW)["check_digit_matches"].to_pylist()
    wanted = [each["check_digit_valid"] for each in ultravin.decode_batch(vins, now=NOW)]
    assert [(v, a, b) for v, a, b in zip(vins, found, wanted, strict=True) if a != b][:5] == []


def fields_of(decoded: Decoded) -> dict[str, Any]:
    """Every field of a decode by the name its column has."""
    found: dict[str, Any] = {}
    for name in decoded.__struct_fields__:
        value = getattr(decoded, name)
        if isinstance(value, Field):
            found[name] = value.value
        elif name in {"engine", "battery", "plant"}:
            found |= {f"{name}_{inner}": getattr(value, inner).value for inner in value.__struct_fields__}
    return found


def test_columns_of_our_own_are_what_one_vin_is_answered() -> None:
    vins = [vin for vin in population()[::11] if 0 < len(tidy(vin)) <= 17]
    vins = [vin for vin in vins if set(tidy(vin)) <= CHARACTERS]
    rows = decode(pa.table({"vin": vins}), now=NOW).to_pylist()
    decoder = VpicDecoder()
    for vin, row in zip(vins, rows, strict=True):
        alone = decoder.decode(tidy(vin), now=NOW)
        codes = [error.code for error in alone.errors]
        assert row["believed"] is believed(tidy(vin), codes)
        assert row["error_codes"] == ",".join(map(str, codes))
        assert row["suggested_vin"] == alone.suggested_vin
        for name, value in fields_of(alone).items():
            assert row[name] == (value if row["believed"] else None), (vin, name)


def test_a_text_that_is_no_vin_has_a_problem_and_nothing_else_of_our_own() -> None:
    for row in decode(pa.table({"vin": ["1HGCM82633A0043521", "1HGCM82633AÖ04352", None]}), now=NOW).to_pylist():
        assert row["problem"]
        assert row["believed"] is False
        assert not [n for n in ("make", "model", "model_year", "manufacturer", "powertrain") if row[n] is not None]


def test_vins_of_one_descriptor_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    stream = ultravin.decode_stream

    def counted(table: Any, **others: Any) -> Any:
        asked.append(len(table))
        return stream(table, **others)

    monkeypatch.setattr(ultravin, "decode_stream", counted)
    vins = [whole(f"1HGCM826_3A{n:06d}") for n in range(5000)]
    wrong = [vin[:8] + ("1" if vin[8] != "1" else "2") + vin[9:] for vin in vins]
    decode(pa.table({"vin": vins + wrong}), columns=["Model"], now=datetime(2026, 11, 20, tzinfo=UTC))
    assert asked == [2], "one with its check digit, one without"


def test_with_tables_of_another_month_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "DATA_MONTH", "2099_01")
    found = keys.Keyring().keys(pa.array([ACCORD, whole(ACCORD[:11] + "004353")]))
    assert found.keys == [ACCORD, whole(ACCORD[:11] + "004353")]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_texts_of_every_kind_are_read_from_slices_too(kind: Any) -> None:
    vins = ["x", *[whole(f"1HGCM826_3A{n:06d}") for n in range(40)], "y"]
    column = pa.array(vins).cast(pa.large_string()).slice(1, 40).cast(kind)
    found = decode(pa.table({"vin": column}), columns=["ErrorCode", "Model"], now=NOW)
    assert set(found["ErrorCode"].to_pylist()) == {"0"}
    assert set(found["Model"].to_pylist()) == {"Accord"}


def test_own_columns_and_elements_do_not_share_a_name() -> None:
    assert not set(OWN) & set(FILED)
    assert len(FILED) == len(ultravin.ELEMENTS)
