"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import carwire

MODULES = [
    m.name for m in pkgutil.walk_packages(carwire.__path__, "carwire.") if not m.name.endswith(("__main__", ".env"))
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    if name.startswith("carwire.batch.engines."):
        pytest.importorskip(name.rpartition(".")[2] if not name.endswith("spark") else "pyspark")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder, here = doctest.DocTestFinder(), [name for name in MODULES if ".engines." not in name]
    found = [t for name in here for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) >= 12
