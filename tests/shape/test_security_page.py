"""The page on security has a row for each requirement of OWASP ASVS 5.0 (levels 1, 2) and cites tests that exist."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "explain" / "security.md"
# What the standard has at levels 1 and 2: how many by level, how many by chapter, the numbers of each section.
LEVELS: Final = {1: 70, 2: 183}
CHAPTERS: Final = {1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13} | {
    14: 9, 15: 13, 16: 16, 17: 7
}  # fmt: skip
SECTIONS: Final = {
    "1.1": range(1, 3), "1.2": range(1, 10), "1.3": range(1, 12), "1.4": range(1, 4), "1.5": range(1, 3),
    "2.1": range(1, 4), "2.2": range(1, 4), "2.3": range(1, 5), "2.4": range(1, 2), "3.2": range(1, 3),
    "3.3": range(1, 5), "3.4": range(1, 7), "3.5": range(1, 6), "3.7": range(1, 3), "4.1": range(1, 4),
    "4.2": range(1, 2), "4.3": range(1, 3), "4.4": range(1, 5), "5.1": range(1, 2), "5.2": range(1, 4),
    "5.3": range(1, 3), "5.4": range(1, 4), "6.1": range(1, 4), "6.2": range(1, 13), "6.3": range(1, 5),
    "6.4": range(1, 5), "6.5": range(1, 6), "6.6": range(1, 4), "6.8": range(1, 5), "7.1": range(1, 4),
    "7.2": range(1, 5), "7.3": range(1, 3), "7.4": range(1, 6), "7.5": range(1, 3), "7.6": range(1, 3),
    "8.1": range(1, 3), "8.2": range(1, 4), "8.3": range(1, 2), "8.4": range(1, 2), "9.1": range(1, 4),
    "9.2": range(1, 5), "10.1": range(1, 3), "10.2": range(1, 3), "10.3": range(1, 5), "10.4": range(1, 12),
    "10.5": range(1, 6), "10.6": range(1, 3), "10.7": range(1, 4), "11.1": range(1, 3), "11.2": range(1, 4),
    "11.3": range(1, 4), "11.4": range(1, 5), "11.5": range(1, 2), "11.6": range(1, 2), "12.1": range(1, 4),
    "12.2": range(1, 3), "12.3": range(1, 5), "13.1": range(1, 2), "13.2": range(1, 6), "13.3": range(1, 3),
    "13.4": range(1, 6), "14.1": range(1, 3), "14.2": range(1, 5), "14.3": range(1, 4), "15.1": range(1, 4),
    "15.2": range(1, 4), "15.3": range(1, 8), "16.1": range(1, 2), "16.2": range(1, 6), "16.3": range(1, 5),
    "16.4": range(1, 4), "16.5": range(1, 4), "17.1": range(1, 2), "17.2": range(1, 5), "17.3": range(1, 3),
}  # fmt: skip
LEVEL_1: Final = """
    1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2
    3.5.1 3.5.2 3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7
    6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2
    9.1.3 9.2.1 10.4.1 10.4.2 10.4.3 10.4.4 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1
    14.3.1 15.1.1 15.2.1 15.3.1
"""
ANSWERS: Final = {"met", "partly", "not", "n/a"}
OPEN: Final = {"partly", "not"}
_ROW: Final = re.compile(r"^\| ([0-9.]+) \| ([0-9]+) \| ([^|]+) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)
_OPEN_ROW: Final = re.compile(r"^\| ([0-9.]+) \| ([^|0-9]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_CITED: Final = re.compile(r"`((?:client/)?tests/[\w/]+\.py)(?:::(\w+))?`")


class Row(NamedTuple):
    """One line of the tables."""

    chapter: int
    number: str
    level: int
    here: str
    shown: str

    @property
    def reason(self) -> str:
        """What is said besides the tests that are cited."""
        return _CITED.sub("", self.shown)


@cache
def page() -> str:
    """Return the page."""
    return PAGE.read_text("utf-8")


@cache
def rows() -> tuple[Row, ...]:
    """Return the rows of the tables, each with the chapter whose heading it stands under."""
    found = []
    for part in re.split(r"^### V(?=[0-9])", page(), flags=re.MULTILINE)[1:]:
        chapter, inside = int(part.partition(":")[0]), part.partition("\n## ")[0]
        found += [Row(chapter, n, int(level), here, shown) for n, level, here, shown, _ in _ROW.findall(inside)]
    return tuple(found)


def expected() -> list[str]:
    """Return every number there has to be, in order."""
    return [f"{section}.{n}" for section, numbers in SECTIONS.items() for n in numbers]


def test_every_requirement_of_levels_1_and_2_has_one_row_in_its_chapter_and_nothing_else_has() -> None:
    assert [row.number for row in rows()] == expected()
    assert [row.number for row in rows() if row.number.split(".")[0] != str(row.chapter)] == []
    assert Counter(row.chapter for row in rows()) == CHAPTERS
    assert len(set(expected())) == len(expected()) == sum(LEVELS.values()) == sum(CHAPTERS.values())


def test_every_row_has_the_level_of_the_standard() -> None:
    assert Counter(row.level for row in rows()) == LEVELS
    assert {row.number for row in rows() if row.level == 1} == set(LEVEL_1.split())


def test_every_row_gives_one_of_four_answers() -> None:
    assert {row.here for row in rows()} == ANSWERS


def test_every_row_cites_a_test_or_gives_a_reason() -> None:
    bare = [row.number for row in rows() if not _CITED.search(row.shown) and len(row.reason.split()) < 3]
    assert bare == []
    assert [row.number for row in rows() if row.here != "met" and len(row.reason.split()) < 3] == []


def test_every_row_that_cites_a_test_names_it() -> None:
    assert [row.number for row in rows() if any(not name for _, name in _CITED.findall(row.shown))] == []


@pytest.mark.parametrize("path", sorted({path for path, _ in _CITED.findall(page())}))
def test_every_test_that_is_cited_exists(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    names = {name for cited, name in _CITED.findall(page()) if cited == path and name}
    assert [name for name in names if not re.search(rf"\bdef {name}\(", text)] == []


def test_nothing_that_looks_like_a_test_is_cited_in_another_form() -> None:
    cited = {f"{path}::{name}" if name else path for path, name in _CITED.findall(page())}
    assert set(re.findall(r"[\w/.]*tests/[^`\s]*", page())) == cited


def test_what_is_not_met_is_listed_at_the_end_with_what_would_meet_it() -> None:
    listed = _OPEN_ROW.findall(page().partition("\n## What is not met\n")[2])
    wanted = {(row.number, row.here) for row in rows() if row.here in OPEN}
    assert {(number, here) for number, here, _, _ in listed} == wanted
    assert len(listed) == len(wanted)


def test_the_counts_in_the_text_are_those_of_the_tables() -> None:
    here = Counter(row.here for row in rows())
    told = re.search(
        r"Of (\d+) requirements (\d+) are met, (\d+) partly, (\d+) are not, and (\d+) do not apply", page()
    )
    assert told
    assert [int(each) for each in told.groups()] == [len(rows()), *(here[a] for a in ("met", "partly", "not", "n/a"))]
