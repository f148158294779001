"""Nothing the official SDK documents is missing: every row of the parity table has its counterpart here."""

from __future__ import annotations

import inspect
import tomllib
import typing
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import carwire_client
from carwire_client import Batch, CarwireError, Client, Result
from carwire_client.call import Call
from carwire_client.models.base import Meta

ROWS: Final[dict[str, dict[str, Any]]] = tomllib.loads((Path(__file__).parent / "parity.toml").read_text("utf-8"))
LENGTHS: Final = {"F": 15, "A": 5, "V": 33, "X": 4, "T": 19}
AWAITED: Final = {
    name: f"Async{name}" for name in ("Client", "Vehicle", "AuthClient", "V3Client", "V3Vehicle", "V1Client")
}
NAMES: Final = [(id_, name) for id_, row in ROWS.items() for name in row["here"]]


def found(name: str) -> Any:
    """What a public name names."""
    owner, _, member = name.partition(".")
    assert owner in carwire_client.__all__, owner
    thing = getattr(carwire_client, owner)
    return inspect.getattr_static(thing, member) if member else thing


def test_no_row_is_missing() -> None:
    assert list(ROWS) == [f"{kind}{number}" for kind, length in LENGTHS.items() for number in range(1, length + 1)]
    assert all(row["node"] and row["here"] for row in ROWS.values())


@pytest.mark.parametrize(("row", "name"), NAMES)
def test_what_a_row_names_is_there_documented_and_typed(row: str, name: str) -> None:
    owner, _, member = name.partition(".")
    for each in {owner, AWAITED.get(owner, owner)}:
        thing = found(f"{each}.{member}" if member else each)
        if isinstance(thing, property):
            assert thing.__doc__
            assert "return" in typing.get_type_hints(thing.fget, vars(carwire_client))
        elif callable(thing):
            assert thing.__doc__, name
            check_types(thing)
        else:
            assert thing, (row, name)


def check_types(thing: Any) -> None:
    """A method's or function's parameters and result are typed; what is built from a call says whose result it is."""
    if inspect.isclass(thing):
        return
    built = getattr(thing, "__wrapped__", thing)
    assert "return" in built.__annotations__, thing
    named = [p for p in inspect.signature(built).parameters.values() if p.name != "self"]
    assert all(p.annotation is not inspect.Parameter.empty for p in named), thing
    if built is not thing:
        assert typing.get_origin(typing.get_type_hints(built)["return"]) is Call


@pytest.mark.parametrize("id_", [id_ for id_, row in ROWS.items() if "parameters" in row])
def test_a_row_takes_what_the_official_one_takes(id_: str) -> None:
    row = ROWS[id_]
    name = row["here"][0]
    assert set(row["parameters"]) <= set(inspect.signature(found(name)).parameters), id_


@pytest.mark.parametrize("id_", [id_ for id_, row in ROWS.items() if "fields" in row])
def test_a_type_has_its_fields_and_a_result_its_meta(id_: str) -> None:
    classes = [found(name) for name in ROWS[id_]["here"]]
    assert all(issubclass(each, msgspec.Struct) for each in classes)
    assert set(ROWS[id_]["fields"]) <= set(classes[0].__struct_fields__), id_
    if issubclass(classes[0], Result):
        assert typing.get_type_hints(classes[0])["meta"] is Meta


def test_errors_and_batches_have_the_members_of_their_rows() -> None:
    error, batch = CarwireError(), Batch((), Meta(), {})
    assert [name for name in ROWS["X1"]["attributes"] if not hasattr(error, name)] == []
    assert [name for name in ROWS["T17"]["attributes"] if not hasattr(batch, name)] == []


def test_both_kinds_have_the_same_methods_with_the_same_parameters() -> None:
    for one, other in AWAITED.items():
        blocking, awaited = getattr(carwire_client, one), getattr(carwire_client, other)
        names = {name for name in dir(blocking) if not name.startswith("_")}
        assert names == {name for name in dir(awaited) if not name.startswith("_")}
        for name in names:
            first, second = (getattr(each, name) for each in (blocking, awaited))
            if hasattr(first, "__wrapped__"):
                assert first.__wrapped__ is second.__wrapped__
            elif callable(first) and name not in {"auth", "vehicle"}:
                assert list(inspect.signature(first).parameters) == list(inspect.signature(second).parameters)


def test_a_method_shows_its_parameters_and_its_words() -> None:
    with Client("http://x.test", environ={}) as client:
        vehicle = client.vehicle("car", "t")
        assert list(inspect.signature(vehicle.send_destination).parameters) == [
            "latitude",
            "longitude",
            "idempotency_key",
        ]
        assert (vehicle.odometer.__doc__ or "").startswith("Read how far it has gone")


def test_a_missing_counterpart_would_be_seen() -> None:
    with pytest.raises(AttributeError):
        found("Vehicle.teleport")
    with pytest.raises(AssertionError):
        found("teleport")
