"""What v3 answers over HTTP is what is written down, in both generations: see `tests.contract.golden`, which also
writes it anew (``python -m tests.contract.golden``).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.conftest import built
from tests.contract.golden import FOLDER, ROWS, record, text_of

NAMES = ["oauth2-token.json", *(f"{row.name}.{form}.json" for row in ROWS for form in ("ga", "preview"))]


@pytest.fixture(scope="module")
def recorded() -> dict[str, dict[str, Any]]:
    return record()


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_its_golden_file(recorded: dict[str, dict[str, Any]], name: str) -> None:
    assert text_of(recorded[name]) == (FOLDER / name).read_text()


def test_every_golden_file_is_looked_at() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(NAMES)


def test_nothing_in_them_differs_from_run_to_run(recorded: dict[str, dict[str, Any]]) -> None:
    again = record()
    assert {name for name in again if again[name] != recorded[name]} == set()


def test_every_route_of_v3_has_a_row(tmp_path_factory: pytest.TempPathFactory) -> None:
    with built(tmp_path_factory.mktemp("golden")) as client:
        routes: list[Any] = [route for route in client.carwire.routes if route.tag == "v3"]
    for route in routes:
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path))
        assert any(row.method == route.method and pattern.fullmatch(f"/v3{row.path}") for row in ROWS), route.path


def test_the_wrong_in_them_is_on_purpose(recorded: dict[str, dict[str, Any]]) -> None:
    """What is called after its own call goes well; what does not is called after what is wrong with it."""
    words = ("missing", "unknown", "wrong", "without", "no-id", "stopped", "again", "deleted", "of-owners-token")
    for name, golden in recorded.items():
        assert (golden["status"] >= 400) is any(word in name for word in words), name


def test_either_form_answers_with_the_same_status_and_headers(recorded: dict[str, dict[str, Any]]) -> None:
    for row in ROWS:
        ga, preview = (recorded[f"{row.name}.{form}.json"] for form in ("ga", "preview"))
        for part in ("status", "contentType", "headers"):
            assert ga[part] == preview[part], row.name
