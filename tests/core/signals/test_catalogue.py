"""The signal catalogue is consistent with itself and with the permissions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from carwire.core.permissions import PERMISSIONS
from carwire.core.signals.catalogue import Field, Signal, signals

CANONICAL = {"ampere", "celsius", "count", "degrees", "km", "km/h", "kPa", "kWh", "liters", "minutes", "percent"}
CANONICAL |= {"volts", "watts"}


def fields_of(fields: dict[str, Field]) -> Iterator[Field]:
    for field in fields.values():
        yield field
        yield from fields_of(field.items)
        yield from fields_of(field.fields)


def test_there_are_93_published_codes_in_19_groups_and_four_others() -> None:
    kinds = Counter(signal.kind for signal in signals().values())
    assert kinds == {"signal": 87, "attribute": 6, "legacy": 1, "matrix-only": 3}
    assert len({signal.group for signal in signals().values()}) == 19


def test_a_code_is_made_of_group_and_name() -> None:
    for code, signal in signals().items():
        assert code == signal.code == f"{signal.group}-{signal.name}".lower()


def test_every_permission_exists_and_every_endpoint_is_a_path() -> None:
    assert {signal.permission for signal in signals().values()} <= PERMISSIONS
    assert all(s.v2_endpoint is None or s.v2_endpoint.startswith("/") for s in signals().values())
    assert all(signal.description and signal.powertrains for signal in signals().values())


def test_units_are_canonical_and_a_scalar_with_a_unit_has_the_unit_of_its_signal() -> None:
    for signal in signals().values():
        assert signal.unit is None or signal.unit in CANONICAL
        assert {field.unit for field in fields_of(signal.body)} - {None} <= CANONICAL
        if signal.scalar:
            assert signal.body["value"].unit == signal.unit


def test_bodies_have_the_forms_the_wire_knows() -> None:
    forms = Counter(
        "value" if s.scalar else "values" if "values" in s.body else "+".join(sorted(s.body))
        for s in signals().values()
    )
    assert forms["values"] == 10
    assert forms["description+status"] == 21
    assert forms["isLocked+isOpen"] == 3
    assert forms["isOpen"] == 2


def suits(code: str, powertrain: str) -> bool:
    signal: Signal = signals()[code]
    return signal.suits(powertrain)  # type: ignore[arg-type]


def test_a_fuel_cell_car_has_what_battery_cars_and_hybrids_share() -> None:
    assert suits("odometer-traveleddistance", "FCEV")
    assert not suits("tractionbattery-stateofcharge", "FCEV")
    assert not suits("internalcombustionengine-fuellevel", "FCEV")
    assert suits("internalcombustionengine-fuellevel", "HEV")
    assert not suits("internalcombustionengine-fuellevel", "BEV")
