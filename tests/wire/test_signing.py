"""Webhook bodies as ``JSON.stringify`` writes them, and their signatures."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carwire.kit.secrets import Secret
from carwire.wire.signing import signature, stringify

AMT = Secret("amt-demo-7f3c")
EVENT = {
    "version": "2.0",
    "webhookId": "0b5e2f4a-8d7c-4e1b-9a63-2c1f7d905e38",
    "eventName": "eventBased",
    "mode": "test",
    "payload": {
        "eventId": "c1a9d6e2-3b47-4f58-8e20-64d7b1a3f905",
        "vehicleId": "7d2c5b18-94ae-4c03-b6f1-e85a30d7c249",
        "eventType": "CHARGING_STARTED",
        "eventTime": "2025-03-04T05:06:07.089Z",
    },
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "hexed"),
    [
        (b"open-sesame-42", "15c7dbf16b6727bc2f902cc5e62f239e32027ea6b7eaec9f5fc315ddfe3e2e9f"),
        (stringify(EVENT), "418f2ccbd6622b012d7ea9e8e187b1b19f0a7de762923d8825cbd5caef2faa30"),
        (
            stringify({"note": "Zürich 5°", "pct": 1.0, "n": 1e21}),
            "5d5758b21f941caf69e93c48447034e7c58d174e2ea601ffe9a9a5b8438b9b11",
        ),
    ],
)
def test_line_21_the_vectors_of_both_sdks_pass_over_the_bytes_we_write(body: bytes, hexed: str) -> None:
    assert signature(AMT, body) == hexed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (-0.0, "0"), (1e16, "10000000000000000"), (1e-7, "1e-7"), (0.000001, "0.000001"),
        (123456789.125, "123456789.125"), (1.5e300, "1.5e+300"), (float("nan"), "null"), (2**60, "1152921504606847000"),
        (9999999999999998.0, "9999999999999998"), (0.00009, "0.00009"), ("\ud83d\ude00", '"😀"'),
        ([True, (1.5,)], "[true,[1.5]]"),
        ({"b": 1, "10": 2, "2": 3, "01": 4}, '{"2":3,"10":2,"b":1,"01":4}'), ("\u2028\ud800", '"\u2028\\ud800"'),
    ],
)  # fmt: skip
def test_values_are_written_as_javascript_writes_them(value: object, text: str) -> None:
    assert stringify(value).decode() == text


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        stringify({"at": {1, 2}})


@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_node_writes_the_same_bytes_again() -> None:
    seen: list[bytes] = []

    @given(VALUES)
    @settings(max_examples=300, database=None, deadline=None)
    def collect(value: object) -> None:
        seen.append(stringify(value))

    collect()
    script = (
        "const lines = require('fs').readFileSync(0, 'utf8').split('\\u0000');"
        "process.stdout.write(JSON.stringify(lines.map(line => JSON.stringify(JSON.parse(line)) === line)))"
    )
    done = subprocess.run(["node", "-e", script], input=b"\0".join(seen), capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [True] * len(seen)
