"""The two wire versions do not know each other."""

from __future__ import annotations

import ast

import pytest
from tests.conftest import ROOT

WIRE = ROOT / "src" / "carwire" / "wire"


@pytest.mark.parametrize(("version", "other"), [("v2", "v3"), ("v3", "v2")])
def test_a_version_imports_nothing_of_another(version: str, other: str) -> None:
    names = []
    for path in sorted((WIRE / version).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names += [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
    assert any(name.startswith(f"carwire.wire.{version}.") for name in names)
    assert [name for name in names if name.startswith(f"carwire.wire.{other}")] == []
