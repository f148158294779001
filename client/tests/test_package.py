"""The distribution: its version, what it needs, and what its modules look like."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.shape.test_shape import LONGEST, undocumented

import carwire
import carwire_client

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "client"
SOURCES = sorted((CLIENT / "src").rglob("*.py"))
PROJECT = tomllib.loads((CLIENT / "pyproject.toml").read_text("utf-8"))
FRAMEWORKS = {"starlette": {"starlette"}, "flask": {"flask", "werkzeug"}, "django": {"django", "asgiref"}}
MODULES = sorted(each.name for each in pkgutil.walk_packages(carwire_client.__path__, "carwire_client."))


def test_the_version_is_the_servers() -> None:
    assert carwire_client.__version__ == carwire.__version__
    assert (CLIENT / PROJECT["tool"]["hatch"]["version"]["path"]).read_text().count(carwire.__version__) == 1


def test_it_needs_three_distributions_and_is_typed() -> None:
    needed = [names(each) for each in PROJECT["project"]["dependencies"]]
    assert needed == ["httpcore2", "httpx2", "msgspec"]
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert (CLIENT / "src/carwire_client/py.typed").is_file()
    assert (CLIENT / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def imported(sources: Iterable[Path]) -> set[str]:
    """Return the first names of what is imported, the standard library aside."""
    found = set()
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names)


def test_nothing_else_is_imported_save_by_handlers_and_by_what_tests_of_others_begin_with() -> None:
    for_tests = {path for path in SOURCES if {"testing", "pytest_carwire"} & set(path.parts)}
    handlers = {CLIENT / f"src/carwire_client/receiving/{name}.py" for name in FRAMEWORKS}
    assert imported(set(SOURCES) - for_tests - handlers) == {"carwire_client", "httpcore2", "httpx2", "msgspec"}
    assert imported(for_tests) == {"carwire_client", "httpx2", "carwire", "pytest"}
    assert {"carwire", "pytest"} == {*map(names, PROJECT["project"]["optional-dependencies"]["testing"])}
    assert "testing" not in (CLIENT / "src/carwire_client/__init__.py").read_text()


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_handler_imports_its_framework_and_what_that_brings(name: str) -> None:
    path = CLIENT / f"src/carwire_client/receiving/{name}.py"
    assert imported([path]) == {"carwire_client", *FRAMEWORKS[name]}
    assert [names(each) for each in PROJECT["project"]["optional-dependencies"][name]] == [name]


def names(requirement: str) -> str:
    """Return the name of a requirement."""
    return re.split(r"[<>=\[]", requirement)[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_module_is_short_and_what_is_public_has_a_docstring(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert list(undocumented(ast.parse(text))) == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_no_public_name_is_exported_twice() -> None:
    assert len(carwire_client.__all__) == len(set(carwire_client.__all__))
