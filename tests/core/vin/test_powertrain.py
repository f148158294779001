"""The powertrain rule, line by line, and over the combinations makers have filed."""

from __future__ import annotations

from typing import Final

import pytest

from carwire.core.vin.powertrain import Powertrain, powertrain

FCEV: Final = "FCEV (Fuel Cell Electric Vehicle)"
PHEV: Final = "PHEV (Plug-in Hybrid Electric Vehicle)"
BEV: Final = "BEV (Battery Electric Vehicle)"
STRONG: Final = "Strong HEV (Hybrid Electric Vehicle)"
MILD: Final = "Mild HEV (Hybrid Electric Vehicle)"
UNKNOWN_HEV: Final = "HEV (Hybrid Electric Vehicle) - Level Unknown"
HYBRIDS: Final = (STRONG, MILD, UNKNOWN_HEV)
HYDROGEN: Final = ("Fuel Cell", "Compressed Hydrogen/Hydrogen")
COMBUSTION: Final = (
    "Gasoline",
    "Diesel",
    "Ethanol (E85)",
    "Neat Ethanol (E100)",
    "Methanol (M85)",
    "Neat Methanol (M100)",
    "Natural Gas",
    "Compressed Natural Gas (CNG)",
    "Liquefied Natural Gas (LNG)",
    "Liquefied Petroleum Gas (propane or LPG)",
    "Flexible Fuel Vehicle (FFV)",
)
LEVELS: Final = (FCEV, PHEV, BEV, *HYBRIDS, None)
FUELS: Final = ("Electric", *HYDROGEN, *COMBUSTION, None)


@pytest.mark.parametrize(
    ("level", "primary", "secondary", "expected"),
    [
        (FCEV, "Fuel Cell", "Compressed Hydrogen/Hydrogen", "FCEV"),  # Toyota Mirai
        (FCEV, "Electric", None, "FCEV"),
        (FCEV, None, None, "FCEV"),
        (FCEV, "Electric", "Electric", "FCEV"),
        (None, "Fuel Cell", None, "FCEV"),
        (None, "Compressed Hydrogen/Hydrogen", None, "FCEV"),
        (BEV, "Fuel Cell", None, "FCEV"),  # fuel cell goes before BEV
        (BEV, "Compressed Hydrogen/Hydrogen", "Fuel Cell", "FCEV"),  # Nikola's trucks
        (STRONG, "Fuel Cell", "Electric", "FCEV"),
        (PHEV, "Electric", "Gasoline", "PHEV"),  # Chevrolet Volt
        (PHEV, "Gasoline", "Electric", "PHEV"),  # Porsche Panamera E-Hybrid
        (PHEV, None, None, "PHEV"),
        (BEV, "Electric", None, "BEV"),
        (BEV, "Electric", "Electric", "BEV"),
        (BEV, None, None, "BEV"),
        (BEV, None, "Electric", "BEV"),
        (BEV, "Diesel", None, "BEV"),  # a slip of the filing
        (BEV, "Diesel", "Electric", "BEV"),
        (BEV, "Electric", "Gasoline", "PHEV"),  # a range extender
        (BEV, "Electric", "Diesel", "PHEV"),
        (STRONG, "Gasoline", "Electric", "HEV"),
        (MILD, "Gasoline", "Electric", "HEV"),
        (UNKNOWN_HEV, "Diesel", "Electric", "HEV"),
        (MILD, "Electric", "Gasoline", "HEV"),
        (UNKNOWN_HEV, "Electric", None, "HEV"),
        (MILD, None, None, "HEV"),
        (None, "Electric", "Gasoline", "PHEV"),
        (None, "Electric", "Compressed Natural Gas (CNG)", "PHEV"),
        (None, "Electric", None, "BEV"),
        (None, "Electric", "Electric", "BEV"),
        (None, "Gasoline", "Electric", "HEV"),
        (None, "Diesel", "Electric", "HEV"),
        (None, "Gasoline", None, "ICE"),
        (None, "Gasoline", "Ethanol (E85)", "ICE"),
        (None, None, "Gasoline", "ICE"),
        (None, None, None, None),
        ("", "", "", None),
    ],
)
def test_the_first_line_that_applies_decides(
    level: str | None, primary: str | None, secondary: str | None, expected: Powertrain | None
) -> None:
    assert powertrain(level or None, primary or None, secondary or None) == expected


@pytest.mark.parametrize("primary", COMBUSTION)
@pytest.mark.parametrize("secondary", [*COMBUSTION, None])
def test_combustion_fuels_alone_are_ice(primary: str, secondary: str | None) -> None:
    assert powertrain(None, primary, secondary) == "ICE"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("primary", FUELS)
@pytest.mark.parametrize("secondary", FUELS)
def test_every_combination_keeps_to_what_the_words_mean(
    level: str | None, primary: str | None, secondary: str | None
) -> None:
    found = powertrain(level, primary, secondary)
    burns = primary in COMBUSTION or secondary in COMBUSTION
    if level == FCEV or primary in HYDROGEN:
        assert found == "FCEV"
    elif level == PHEV:
        assert found == "PHEV"
    elif level in HYBRIDS:
        assert found == "HEV"
    elif level == BEV:
        assert found == ("PHEV" if secondary in COMBUSTION else "BEV")
    if found == "ICE":
        assert burns, "only what burns a fuel is a combustion car"
        assert "Electric" not in (primary, secondary)
    if found is None:
        assert (level, primary) == (None, None)


@pytest.mark.parametrize("secondary", ["Electric", *HYDROGEN])
def test_a_secondary_fuel_that_does_not_burn_never_makes_a_combustion_car(secondary: str) -> None:
    assert powertrain(None, None, secondary) != "ICE"
