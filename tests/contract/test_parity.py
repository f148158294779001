"""The official packages, unmodified, through Connect in Chromium and then through every row of the parity table.

The subjects of the suites the packages are tested with are named in the rows' docstrings; what they say of several
calls together is in `test_official_suites`.
"""

from __future__ import annotations

import importlib

import pytest
from tests.contract.hands import Hand
from tests.contract.rows.table import EXPECTED, ROWS, Row

for _name in ("functions", "reads", "vehicle", "types", "v3"):
    importlib.import_module(f"tests.contract.rows.{_name}")

# On one worker, whichever distribution knows the groups: owners connect once.
pytestmark = [pytest.mark.browser]


def _case(row: Row, sdk: str) -> object:
    marks = [pytest.mark.node] if sdk == "node" else []
    return pytest.param(sdk, row, id=row.name(sdk), marks=marks)


@pytest.mark.parametrize(
    ("hand", "row"),
    [_case(ROWS[id_], sdk) for id_ in EXPECTED if id_ in ROWS for sdk in ("python", "node")],
    indirect=["hand"],
)
def test_the_row_of_the_parity_table_holds(hand: Hand, row: Row) -> None:
    row.check(hand)


def test_line_24_no_row_of_the_parity_table_is_missing() -> None:
    assert sorted(ROWS) == sorted(EXPECTED)
    assert len(EXPECTED) == 76
