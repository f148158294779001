"""The script that takes authorisation checks away finds all there are, and what it runs exists."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.conftest import ROOT, built

from carwire.core.lookup.refusal import STATUSES
from carwire.http import faults

sys.path.append(str(ROOT / "tools"))
import authorisation_checks as tool

SOURCE = ROOT / tool.SOURCE
LEAST = 340


@cache
def checks() -> list[tool.Check]:
    return tool.find_all()


def test_every_check_stands_where_it_is_said_to_and_can_be_taken_away() -> None:
    texts = {path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    assert len(checks()) >= LEAST
    assert len({check.name for check in checks()}) > 0.95 * len(checks()), "some stand twice on a line"
    assert len({check.edits for check in checks()}) == len(checks())
    for check in checks():
        for edit in check.edits:
            text = texts[edit.file]
            assert text[edit.start :].startswith(edit.old), check.name
            ast.parse(text[: edit.start] + edit.new + text[edit.start + len(edit.old) :])
            assert edit.new != edit.old


@pytest.mark.parametrize("name", sorted(tool.RAISED))
def test_every_refusal_that_is_raised_is_tried(name: str) -> None:
    raised = sum(
        len(re.findall(rf"^ +raise {name}\b", path.read_text("utf-8"), re.MULTILINE))
        for path in SOURCE.rglob("*.py")
        if not path.relative_to(SOURCE).as_posix().startswith(("cli/", "testing/", "connectors/"))
    )
    tried = [check for check in checks() if check.edits[0].old.startswith(f"raise {name}")]
    assert len([each for each in tried if re.match(rf"raise {name}\b", each.edits[0].old)]) == raised > 0


def test_every_error_that_means_who_may_what_is_among_them() -> None:
    kinds = {kind.__name__ for kind, row in faults._ROWS.items() if row.status in {401, 403, 429}}
    assert kinds
    assert kinds <= tool.RAISED
    codes = {code for code, status in STATUSES.items() if status in {401, 403, 429}}
    assert {code for code in STATUSES if tool.LOOKUP.search(code)} == codes


@pytest.mark.parametrize("pattern", [pattern.pattern for pattern, _ in tool.SQL])
def test_every_condition_of_sql_is_found(pattern: str) -> None:
    found = {edit.old for check in checks() for edit in check.edits if edit.file.startswith("storage/sql/")}
    assert any(re.fullmatch(pattern, old) for old in found)


@pytest.mark.parametrize("name", sorted(tool.COMPARING))
def test_every_function_that_compares_is_called_somewhere(name: str) -> None:
    assert any(re.search(rf"\b{name}\(", check.edits[0].old) and check.edits[0].new == "True" for check in checks())


def test_the_door_of_every_route_is_tried(tmp_path: Path) -> None:
    with built(tmp_path) as client:
        doors = {(r.method, r.path) for r in client.carwire.routes if r.door not in {None, "lookup"}}
    assert {tuple(check.name.split(" ")[2:]) for check in checks() if check.name.startswith("door of ")} == doors
    assert len(doors) > 100


def test_every_place_that_is_left_out_exists() -> None:
    for place, functions in tool.EXEMPT.items():
        path = SOURCE / place
        assert path.exists(), place
        names = set(re.findall(r"def (\w+)\(", path.read_text("utf-8"))) if path.is_file() else set()
        assert (functions or set()) <= names, place


def test_every_test_that_is_run_exists_and_every_beginning_is_of_some_check() -> None:
    for beginning, tests in tool.TESTS:
        assert any(check.name.startswith(beginning) for check in checks()), beginning
        for test in tests:
            path, _, name = test.partition("::")
            assert (ROOT / path).exists(), path
            assert not name or re.search(rf"def {name}\(", (ROOT / path).read_text("utf-8")), test


def test_a_new_check_is_found_by_its_form(tmp_path: Path) -> None:
    """In code nobody has seen yet."""
    text = """
async def reach(self, call, vehicle):
    if vehicle.client_id != call.client_id:
        raise NotAuthenticated
    if not compare_digest(call.shown, self.key):
        raise LookupRefused("key_invalid", "No")
    demand(vehicle, "read_vin")
    return "read_vin" in vehicle.permissions or Gone("order", 403)
"""
    found = {edit.old: edit.new for edit in tool._in_file("services/new.py", text)}
    assert found == {
        "vehicle.client_id != call.client_id": "False",
        "raise NotAuthenticated": "pass",
        "compare_digest(call.shown, self.key)": "True",
        'raise LookupRefused("key_invalid", "No")': "pass",
        'demand(vehicle, "read_vin")': "pass",
        '"read_vin" in vehicle.permissions': "True",
    }
    sql = 'def find(self):\n    yield f"SELECT {X} FROM a WHERE client_id = ?" " AND expires_at > ?", ()\n'
    found = {edit.old: edit.new for edit in tool._in_file("storage/sql/new.py", sql)}
    assert found == {"client_id = ?": "? IS NOT NULL", "expires_at > ?": "? IS NOT NULL"}
