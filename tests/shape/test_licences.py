"""Nothing of others is carried that is not said."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import licences  # noqa: E402


def test_every_file_of_a_distribution_that_is_not_code_is_in_the_table_and_every_row_stands_for_one() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "src", "client/src"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = listed.stdout.splitlines()
    places = [place for place, _, _ in licences.CARRIED]
    assert [f for f in files if not f.endswith(".py") and not any(fnmatch(f, place) for place in places)] == []
    assert [place for place in places if not any(fnmatch(f, place) for f in files)] == []


def test_a_module_that_names_where_its_table_is_from_is_in_the_table() -> None:
    told = {place for place, _, _ in licences.CARRIED}
    tables = {str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("_*.py") if not path.name.startswith("__")}
    assert tables <= told
