"""A line's name is within a car's names, or it is not: the spellings decoders and lists really use."""

from __future__ import annotations

import pytest

from carwire.core.compatibility import names


@pytest.mark.parametrize(
    ("line", "model", "series", "trim"),
    [
        ("3 Series", "328i", "3-Series", None),
        ("ID.4", "ID4", None, "Pro"),
        ("C-Class", "C-Class", None, "C 300"),
        ("C 63", "C-Class", None, "AMG C63 S"),
        ("Silverado 1500", "Silverado", "1500", None),
        ("Silverado", "Silverado", "1500", None),
        ("Bolt EUV", "Bolt EUV", None, None),
        ("Bolt EV", "Bolt EUV", None, None),
        ("Model 3", "Model 3", None, None),
        ("Q4 e-tron", "Q4 e-tron", None, "Premium"),
        ("EV6", "EV6", None, None),
        ("Golf PHEV", "Golf", None, None),
    ],
)
def test_a_name_within_the_cars_names_fits(line: str, model: str, series: str | None, trim: str | None) -> None:
    assert names.fits(line, model, series, trim)


@pytest.mark.parametrize(
    ("line", "model", "series", "trim"),
    [
        ("S5", "A5", None, "S Line"),
        ("i3", "X3", None, "xDrive28i"),
        ("X3 M", "X3", None, "M40i"),
        ("M4", "Z4", None, "M40i"),
        ("S-Class", "GLC-Class", None, "GLC 63 S"),
        ("E-Class", "GLE-Class", None, "GLE450e"),
        ("XC60", "S60", None, "XC60 / XC90"),
        ("EV6", "EV9", None, None),
        ("Model 3", "Model S", None, None),
        ("6", "EV6", None, None),
        ("F-150 Lightning", "F-150", None, None),
        ("", "F-150", None, None),
        ("Golf", None, None, "Golf"),
    ],
)
def test_a_name_of_another_model_does_not(line: str, model: str, series: str | None, trim: str | None) -> None:
    assert names.fits(line, model, series, trim) is None


def test_more_words_are_closer_and_the_model_is_closer_than_the_series() -> None:
    ranks = [names.fits(line, "Bolt EUV", "Bolt", None) for line in ("Bolt EUV", "Bolt")]
    assert ranks[0] is not None and ranks[1] is not None and ranks[0] > ranks[1]
    in_model, in_series = names.fits("M3", "M3", None, None), names.fits("M3", "328i", "M3", None)
    assert in_model is not None and in_series is not None and in_model > in_series


@pytest.mark.parametrize(("line", "model"), [("Mustang", "Mustang Mach-E"), ("Model S", "Model 3"), ("F-150", None)])
def test_a_name_that_does_not_begin_with_the_whole_model_does_not_continue_it(line: str, model: str | None) -> None:
    assert not names.continues(line, model)
