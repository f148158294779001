"""Converted displacements in the decimals of the live service."""

from __future__ import annotations

import pytest

from carwire.core.vin.elements import Value
from carwire.wire.nhtsa.answers import text_of


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Conversion 4: 2.4 * 1000 ", "2400.0"),
        ("Conversion 6: 2.4 / 0.016387064", "146.45698582735"),
        ("Conversion 3: 348 / 1000.", "0.348000"),
        ("Conversion 1: 348 / 16.387064", "21.236262944"),
        ("Conversion 2: 360 * 16.387064 ", "5899.343040"),
        ("Conversion 5: .8 * 0.016387064", "0.0131096512"),
        ("Conversion 3: TBD / 1000.", "as it was"),
        ("Conversion 3:  / 1000.", "as it was"),
        ("Pattern", "as it was"),
    ],
)
def test_a_conversion_is_cut_where_the_live_service_cuts_it(source: str, text: str) -> None:
    assert text_of(Value(12, "as it was", "", source)) == text
